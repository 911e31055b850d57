"""A rule that fails is a fault of ours: its figure is unknown then, it is told once, and all other rules go on.

Without this, one division by zero would end the look at a pool, and with it the watch over everybody on the venue.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import structlog

from liqwatch.alerts.finding import Finding
from liqwatch.engine import conditions
from liqwatch.model import Reading, Severity, Unknown
from liqwatch.redaction import redact
from liqwatch.rules.base import RuleKind
from liqwatch.rules.sight import Sight

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Said:
    """What a rule says of a look."""

    headline: str
    detail: tuple[str, ...] = ()
    advice: str | None = None


class RuleFaults:
    """Asks rules, and remembers which of them have failed."""

    def __init__(self) -> None:
        """None has."""
        self._known: set[str] = set()
        self._news: list[Finding] = []

    def read(self, rule: RuleKind, sight: Sight) -> Reading:
        """The rule's figure."""
        try:
            return rule.read(sight) if rule.read else 0.0
        except Exception as error:  # noqa: BLE001 - its bug must not blind the others
            self._note(rule.kind, error)
            return Unknown(f"its rule failed ({type(error).__name__})")

    def words(self, rule: RuleKind, sight: Sight, reading: Reading, *, is_worth_words: bool) -> Said:
        """Headline, further lines and advice."""
        try:
            headline = rule.headline(reading)
            if not is_worth_words:
                return Said(headline)
            detail = rule.detail(sight) if rule.detail else ()
            return Said(headline, detail, rule.advice(sight) if rule.advice else None)
        except Exception as error:  # noqa: BLE001 - its bug must not blind the others
            self._note(rule.kind, error)
            return Said(f"{rule.figure}: no words for it, a rule failed ({type(error).__name__})")

    def news(self) -> Iterator[Finding]:
        """Every rule that has failed for the first time since this was last asked."""
        while self._news:
            yield self._news.pop()

    def _note(self, kind: str, error: Exception) -> None:
        if kind in self._known:
            return
        self._known.add(kind)
        log.error("rule_failed", rule=kind, error=redact(str(error)), exc_info=error)
        headline = f"fails ({type(error).__name__}): what it looks at is not watched; the log says more"
        self._news.append(conditions.trouble(conditions.RULE_FAILING, f"rule {kind}", headline, Severity.CRITICAL))
