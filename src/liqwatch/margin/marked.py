"""A margin pool at the marks of one moment: every amount once, and the curve of each market when asked for."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

from liqwatch.margin.conventions import Basis, Convention
from liqwatch.margin.curve import MarketCurve, leg_of
from liqwatch.margin.maintenance import closing_fee_of, maintenance_of
from liqwatch.margin.pnl import exposure, unrealized_pnl
from liqwatch.margin.pools import Holding, Pool
from liqwatch.model import ContractKind, Instrument


@dataclass(slots=True)
class Amounts:
    """What one holding adds to its pool at the present marks, settle currency."""

    unrealized_pnl: float
    maintenance_margin: float
    closing_fee: float


class MarkedPool:
    """Everything about a pool that its health, its guards and its explanation share.

    `why_unknown` is the first missing fact, or None; with it, only `pool` and `marks` may be used.
    `equity` and `requirement` are sums over the whole pool, in its currency.
    """

    __slots__ = ("_curves", "amounts", "equity", "marks", "pool", "requirement", "standing_equity", "why_unknown")

    def __init__(self, pool: Pool, marks: Mapping[str, float]) -> None:
        """`marks` are mark prices by symbol. Missing facts do not raise."""
        self.pool = pool
        self.marks = marks
        self.why_unknown = why_unknown(pool, marks)
        self.amounts: dict[str, Amounts] = {}
        self.equity = self.requirement = self.standing_equity = math.nan
        self._curves: dict[str, MarketCurve] = {}
        if self.why_unknown is None:
            self._add_up()

    @property
    def convention(self) -> Convention:
        """The family in force; only where nothing is unknown."""
        if self.pool.convention is None:
            raise ValueError("a pool without a convention has no arithmetic")
        return self.pool.convention

    def curve(self, symbol: str) -> MarketCurve:
        """The pool along one of its markets."""
        known = self._curves.get(symbol)
        if known is None:
            known = self._curves[symbol] = self._curve(symbol)
        return known

    def losing_side(self, symbol: str) -> int:
        """+1 when a falling price hurts the pool in this market, -1 when a rising one does, 0 when neither."""
        return losing_side(self.pool, symbol)

    def _add_up(self) -> None:
        pool, marks, convention = self.pool, self.marks, self.convention
        self.standing_equity = (pool.wallet_balance or 0.0) + pool.outside_unrealized_pnl
        self.standing_equity += sum(each.slope * marks[each.symbol] for each in pool.collateral)
        self.equity, self.requirement = self.standing_equity, pool.outside_maintenance_margin
        for holding in pool.holdings:
            position, instrument = holding.position, known_instrument(holding)
            mark_price = marks[position.symbol]
            amounts = Amounts(
                unrealized_pnl(position, instrument, mark_price),
                maintenance_of(position, instrument, convention, mark_price),
                closing_fee_of(position, instrument, convention, mark_price),
            )
            self.amounts[position.subject] = amounts
            self.equity += amounts.unrealized_pnl
            self.requirement += amounts.maintenance_margin + amounts.closing_fee

    def _curve(self, symbol: str) -> MarketCurve:
        slope = sum(each.slope for each in self.pool.collateral if each.symbol == symbol)
        equity, requirement = self.equity - slope * self.marks[symbol], self.requirement
        legs = []
        for holding in self.pool.holdings:
            if holding.position.symbol == symbol:
                mine = self.amounts[holding.position.subject]
                equity -= mine.unrealized_pnl
                requirement -= mine.maintenance_margin + mine.closing_fee
                legs.append(leg_of(holding.position, known_instrument(holding), self.convention, self.marks[symbol]))
        return MarketCurve(legs=legs, outside_equity=equity, outside_requirement=requirement, collateral_slope=slope)


def losing_side(pool: Pool, symbol: str) -> int:
    """As `MarkedPool.losing_side`; needs no marks."""
    net = sum(each.slope for each in pool.collateral if each.symbol == symbol)
    for holding in pool.holdings:
        if holding.position.symbol == symbol and holding.instrument:
            net += holding.position.side.value * exposure(holding.position, holding.instrument)
    return 0 if net == 0 else int(math.copysign(1, net))


def known_instrument(holding: Holding) -> Instrument:
    """The holding's contract, where `why_unknown` has vouched for it."""
    if holding.instrument is None:
        raise ValueError(f"{holding.position.symbol} has no contract")
    return holding.instrument


def why_unknown(pool: Pool, marks: Mapping[str, float]) -> str | None:
    """The first missing fact that keeps this pool from being computed, or None."""
    if pool.convention is None:
        return "no verified formula for this exchange"
    for each in pool.collateral:
        if each.symbol not in marks:
            return f"no mark price yet for {each.symbol}, which values {each.asset}"
    needs_tiers = pool.convention.maintenance_basis is not Basis.FIXED
    for holding in pool.holdings:
        reason = _missing_fact(holding, marks, needs_tiers=needs_tiers)
        if reason:
            return reason
    return "the wallet balance is not known" if pool.wallet_balance is None else None


def _missing_fact(holding: Holding, marks: Mapping[str, float], *, needs_tiers: bool) -> str | None:
    symbol = holding.position.symbol
    if holding.instrument is None:
        return f"{symbol} is not a market this exchange lists"
    if symbol not in marks:
        return f"no mark price yet for {symbol}"
    if needs_tiers and not holding.instrument.tiers:
        return f"no leverage tiers for {symbol}"
    return None if holding.position.entry_price > 0 else f"no entry price for {symbol}"


def is_bent(holding: Holding) -> bool:
    """Whether this holding's worth is not a straight line in its price."""
    instrument = known_instrument(holding)
    return instrument.contract_kind is ContractKind.INVERSE or instrument.maintenance_rate_growth != 0
