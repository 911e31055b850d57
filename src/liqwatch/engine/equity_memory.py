"""What an account was worth during the last day, deposits and withdrawals left out."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from liqwatch.model import AccountSnapshot

EVERY = timedelta(minutes=5)
MOST_SAMPLES = 288
LEAST_TRANSFER = 0.005
"""A wallet that changes by more than this share while no position does has been paid into, or out of."""
LEAST_TRANSFER_OF_A_POOL = 0.05
"""Where coins stand in one pool, their prices move the wallet as well: less than this may be such a move."""


@dataclass(frozen=True, slots=True)
class Standing:
    """What an account held at one moment: contracts by position, and its wallet of one currency."""

    sizes: Mapping[str, float]
    wallet: float


class EquityMemory:
    """One account's equity in the one currency that its positions are settled in.

    Money moved in or out shifts the past with it. Where the currency changes, all that was before is no comparison.
    """

    __slots__ = ("_before_restart", "_samples", "_seen", "currency")

    def __init__(self) -> None:
        """Nothing is known yet."""
        self.currency = ""
        self._samples: deque[tuple[datetime, float]] = deque(maxlen=MOST_SAMPLES)
        self._seen: AccountSnapshot | None = None
        self._before_restart: Standing | None = None

    def note(self, equity: float, currency: str, now: datetime) -> None:
        """The equity of this moment; within five minutes only the greatest is kept."""
        if currency != self.currency:
            self.currency, self._before_restart = currency, None
            self._samples.clear()
        if self._samples and now - self._samples[-1][0] < EVERY:
            at, greatest = self._samples[-1]
            self._samples[-1] = (at, max(greatest, equity))
        else:
            self._samples.append((now, equity))

    def saw(self, snapshot: AccountSnapshot) -> None:
        """A new answer of the account: where only its wallet has changed, money was moved."""
        before, now = self._standing(), standing_of(snapshot, self.currency)
        self._seen, self._before_restart = snapshot, None
        if before is None or before.sizes != now.sizes:
            return
        is_pool = snapshot.is_multi_asset or snapshot.is_ratio_only
        least = (LEAST_TRANSFER_OF_A_POOL if is_pool else LEAST_TRANSFER) * max(before.wallet, 0.0)
        if abs(now.wallet - before.wallet) > least:
            self.moved(now.wallet - before.wallet)

    def moved(self, amount: float) -> None:
        """Money came in (positive) or went out: the remembered figures move with it."""
        self._samples = deque(((at, equity + amount) for at, equity in self._samples), maxlen=MOST_SAMPLES)

    def peak(self, since: datetime) -> float | None:
        """The greatest equity since then; None: nothing remembered."""
        return max((equity for at, equity in self._samples if at >= since), default=None)

    def saved(self) -> dict[str, Any]:
        """For the note that survives a restart."""
        samples, standing = [[round(at.timestamp()), equity] for at, equity in self._samples], self._standing()
        known = {} if standing is None else {"wallet": standing.wallet, "sizes": dict(standing.sizes)}
        return {"currency": self.currency, "samples": samples, **known}

    def restore(self, saved: Mapping[str, Any]) -> None:
        """What was remembered before a restart."""
        self.currency = saved["currency"]
        if "wallet" in saved:
            self._before_restart = Standing(saved["sizes"], saved["wallet"])
        self._samples.extend((datetime.fromtimestamp(at, UTC), equity) for at, equity in saved["samples"])

    def _standing(self) -> Standing | None:
        return self._before_restart if self._seen is None else standing_of(self._seen, self.currency)


def standing_of(snapshot: AccountSnapshot, currency: str) -> Standing:
    """The sizes, and everything of a currency that is not profit: money put behind a position has not left."""
    isolated = sum(
        position.isolated_wallet or 0.0
        for position in snapshot.positions
        if position.symbol.rpartition(":")[2].partition("-")[0] == currency
    )
    sizes = {position.subject: position.contracts for position in snapshot.positions}
    return Standing(sizes, snapshot.cross_wallets.get(currency, 0.0) + isolated)
