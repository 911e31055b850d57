"""The last look at everything: by alert, and all looks at one subject together."""

from __future__ import annotations

from collections.abc import Container
from typing import TypeAlias

from liqwatch.alerts.finding import Finding
from liqwatch.alerts.policy import AlertPolicy
from liqwatch.model import AlertKey

Look: TypeAlias = tuple[Finding, AlertPolicy]


class Looks:
    """What was last seen of each alert, and how it behaves."""

    def __init__(self) -> None:
        """Nothing has been looked at yet."""
        self._by_account: dict[str, dict[str, dict[str, Look]]] = {}

    def note(self, finding: Finding, policy: AlertPolicy) -> None:
        """This is the last look at it."""
        key = finding.key
        self._by_account.setdefault(key.account, {}).setdefault(key.subject, {})[key.rule] = finding, policy

    def of(self, key: AlertKey) -> Look | None:
        """The last look at an alert."""
        return self._of_subject(key.account, key.subject).get(key.rule)

    def forget(self, key: AlertKey) -> None:
        """There is no more to be seen of it."""
        self._of_subject(key.account, key.subject).pop(key.rule, None)

    def forget_others(self, account: str, present: Container[str]) -> None:
        """Of positions and pools only these are left; what is measured beside them stays."""
        subjects = self._by_account.get(account, {})
        for subject in [each for each in subjects if each not in present]:
            if all(finding.pool is not None for finding, _ in subjects[subject].values()):
                del subjects[subject]

    def _of_subject(self, account: str, subject: str) -> dict[str, Look]:
        return self._by_account.get(account, {}).get(subject, {})
