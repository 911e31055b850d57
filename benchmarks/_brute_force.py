"""The peer of the guards: plain objects, each of them looked at in every batch, as bots do it.

Isolated positions are levelled by their distance to a liquidation price that was worked out once. Cross accounts are
levelled by their margin ratio: profit and maintenance of every position summed up anew. The other rules that
liqwatch judges at the same ticks are left out, which favours the peer.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from liqwatch.engine.watch import Watch
from liqwatch.model import AlertKey, Instrument, Position, Severity
from liqwatch.rules.base import Ladder


@dataclass(slots=True)
class Steps:
    """A ladder as four pairs of numbers; `sign` -1 where more is worse."""

    sign: int
    rungs: Sequence[tuple[int, float, float]]

    @classmethod
    def of(cls, ladder: Ladder, sign: int) -> Steps:
        """From the policy in force, the mildest first."""
        return cls(sign, [(each.severity, sign * each.fire_at, sign * each.clear_at) for each in ladder.levels])

    def level(self, reading: float, before: int) -> int:
        """The level with its hysteresis; 0 is calm."""
        reading, fired, held = self.sign * reading, 0, 0
        for severity, fire_at, clear_at in self.rungs:
            if reading <= clear_at:
                held = severity
            if reading <= fire_at:
                fired = severity
        return max(fired, min(held, before))


@dataclass(slots=True)
class Isolated:
    """One isolated position."""

    key: AlertKey
    symbol: str
    side: int
    liquidation_price: float
    level: int = 0


@dataclass(slots=True)
class Leg:
    """One position of a cross account."""

    symbol: str
    side: int
    quantity: float
    entry_price: float
    tiers: Sequence[tuple[float, float, float]]


@dataclass(slots=True)
class Account:
    """One cross account."""

    key: AlertKey
    wallet: float
    legs: Sequence[Leg]
    level: int = 0


def isolated_of(watch: Watch) -> list[Isolated]:
    """Every isolated position that has a liquidation price."""
    return [
        Isolated(
            AlertKey(health.pool.account, "liquidation_distance", each.position.subject),
            each.position.symbol, each.position.side.value, each.liquidation_price,
        )
        for health in watch.health.values() for each in health.positions if isinstance(each.liquidation_price, float)
    ]  # fmt: skip


def accounts_of(watch: Watch) -> list[Account]:
    """Every cross account."""
    return [
        Account(
            AlertKey(health.pool.account, "margin_ratio", health.pool.subject),
            health.pool.wallet_balance or 0.0,
            [_leg(each.position, each.instrument) for each in health.pool.holdings if each.instrument is not None],
        )
        for health in watch.health.values()
    ]


def _leg(position: Position, instrument: Instrument) -> Leg:
    tiers = [(tier.notional_cap, tier.maintenance_margin_rate, tier.maintenance_deduction) for tier in instrument.tiers]
    return Leg(position.symbol, position.side.value, position.contracts, position.entry_price, tiers)


def level_isolated(positions: Sequence[Isolated], marks: Mapping[str, float], steps: Steps) -> None:
    """One batch over isolated positions."""
    level = steps.level
    for each in positions:
        mark_price = marks[each.symbol]
        each.level = level((mark_price - each.liquidation_price) * each.side / mark_price, each.level)


def level_accounts(accounts: Sequence[Account], marks: Mapping[str, float], steps: Steps) -> None:
    """One batch over cross accounts."""
    for account in accounts:
        equity, requirement = account.wallet, 0.0
        for leg in account.legs:
            mark_price = marks[leg.symbol]
            equity += leg.side * leg.quantity * (mark_price - leg.entry_price)
            notional = leg.quantity * mark_price
            for cap, rate, deduction in leg.tiers:
                if notional <= cap:
                    requirement += rate * notional - deduction
                    break
        account.level = steps.level(requirement / equity if equity > 0 else float("inf"), account.level)


def check(watch: Watch, judged: Sequence[Isolated | Account]) -> None:
    """The peer's levels are the daemon's; raises AssertionError at the first that is not."""
    for each in judged:
        record = watch.records.get(each.key)
        told = int(record.severity or 0) if record else 0
        if told != each.level:
            raise AssertionError(f"{each.key}: the guards say {told}, brute force {Severity(each.level)}")
