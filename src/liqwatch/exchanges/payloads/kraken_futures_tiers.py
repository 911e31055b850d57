"""Kraken Futures' margin schedules: which rate a position has to hold, and which of the schedules an account is under.

The list of contracts holds two schedules, for professional and for retail clients, and an account's answer does not
say which is its own; nor does any document at hand say whether a higher level's rate counts for the whole position or
for what is above its floor. The maintenance margin that the venue states of an account tells both, where they differ.
Levels of inverse contracts count contracts (USD), tiers the coin: they are brought over at the present mark.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias

import msgspec

from liqwatch.model import LeverageTier

AGREEMENT = 0.02
"""Share of the stated maintenance margin within which a schedule explains it; marks move between two answers."""

Schedule: TypeAlias = Mapping[str, tuple[LeverageTier, ...]]
"""Tiers by native symbol."""


class MarginLevel(msgspec.Struct, frozen=True, gc=False):
    """One level; its floor is in contracts (inverse) or in USD (multi-collateral)."""

    initial_margin: float = msgspec.field(name="initialMargin")
    maintenance_margin: float = msgspec.field(name="maintenanceMargin")
    contracts: float | None = None
    units: float | None = msgspec.field(name="numNonContractUnits", default=None)

    @property
    def floor(self) -> float:
        """Where the level begins."""
        return self.contracts if self.contracts is not None else self.units or 0.0


@dataclass(frozen=True, slots=True)
class Exposure:
    """A held position: its native symbol, and its notional in the settle currency."""

    native_symbol: str
    notional: float


def leverage_tiers(
    levels: Sequence[MarginLevel], unit_value: float, *, stepwise: bool = False
) -> tuple[LeverageTier, ...]:
    """Tiers in the settle currency; `unit_value` is what one unit of a floor is worth in it.

    With `stepwise` a level's rate counts above its floor only. Empty where a level cannot be.
    """
    steps = sorted(levels, key=lambda level: level.floor)
    if not steps or not 0 < unit_value < math.inf or not all(map(_is_possible, steps)):
        return ()
    floors = [step.floor * unit_value for step in steps]
    caps = [*floors[1:], math.inf]
    tiers: list[LeverageTier] = []
    rate = deduction = 0.0
    for step, floor, cap in zip(steps, floors, caps, strict=True):
        deduction += floor * (step.maintenance_margin - rate) if stepwise else 0.0
        rate = step.maintenance_margin
        tiers.append(
            LeverageTier(
                notional_floor=floor,
                notional_cap=cap,
                maintenance_margin_rate=rate,
                maintenance_deduction=deduction,
                max_leverage=1.0 / step.initial_margin,
            )
        )
    return tuple(tiers)


def maintenance_margin(tiers: Sequence[LeverageTier], notional: float) -> float:
    """What a position of that notional must hold, settle currency."""
    tier = next((tier for tier in tiers if notional <= tier.notional_cap), tiers[-1])
    return notional * tier.maintenance_margin_rate - tier.maintenance_deduction


def schedule_in_force(
    schedules: Sequence[Schedule], pools: Iterable[tuple[float, Sequence[Exposure]]]
) -> Schedule | None:
    """The schedule that explains the stated maintenance margins of all pools; None: none does, or nothing is held.

    `pools` are stated amount and positions. Of schedules that explain them equally well the first one counts.
    """
    stated = [(amount, held) for amount, held in pools if amount > 0 and held]
    if not stated:
        return None
    misses = [max(_miss(schedule, amount, held) for amount, held in stated) for schedule in schedules]
    nearest = min(misses, default=math.inf)
    if nearest > AGREEMENT:
        return None
    return next(schedule for schedule, miss in zip(schedules, misses, strict=True) if miss <= nearest + AGREEMENT / 10)


def _miss(schedule: Schedule, amount: float, held: Sequence[Exposure]) -> float:
    if not all(schedule.get(each.native_symbol) for each in held):
        return math.inf
    total = sum(maintenance_margin(schedule[each.native_symbol], each.notional) for each in held)
    return abs(total - amount) / amount


def _is_possible(level: MarginLevel) -> bool:
    return 0 <= level.floor < math.inf and 0 < level.initial_margin <= 1 and 0 < level.maintenance_margin < 1
