"""Names of channels and accounts, wherever they are referred to."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from liqwatch.config.checks.surroundings import Surroundings
from liqwatch.config.codes import Code
from liqwatch.config.suggest import did_you_mean
from liqwatch.config.values import shown
from liqwatch.errors import Problem


def unknown_channels(path: str, names: Sequence[str], surroundings: Surroundings) -> Iterator[Problem]:
    """Channels in the list at `path` that are not configured."""
    yield from _unknown(path, names, surroundings.channel_names, Code.UNKNOWN_CHANNEL, "channel")


def unknown_accounts(path: str, names: Sequence[str], surroundings: Surroundings) -> Iterator[Problem]:
    """Accounts in the list at `path` that are not configured."""
    yield from _unknown(path, names, surroundings.account_names, Code.UNKNOWN_ACCOUNT, "account")


def _unknown(path: str, names: Sequence[str], known: Sequence[str], code: Code, noun: str) -> Iterator[Problem]:
    for place, name in enumerate(names):
        if name not in known:
            yield code.problem(f"{path}[{place}]", f"no {noun} {shown(name)}", did_you_mean(name, known))
