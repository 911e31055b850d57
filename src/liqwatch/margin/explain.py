"""One liquidation price as a person would work it out by hand: every step with the user's own numbers.

The steps read the same curve that gave the price, so they cannot tell another story than the figure does.
P is the mark price looked for; inverse contracts are counted in 1/P.
"""

from __future__ import annotations

import math
from bisect import bisect_left
from collections.abc import Iterator
from dataclasses import dataclass

from liqwatch.margin.assess import NO_WAY_BACK, computed_liquidation_price
from liqwatch.margin.conventions import Basis, Convention, ConventionRow
from liqwatch.margin.curve import Leg, MarketCurve
from liqwatch.margin.maintenance import closing_fee_of, maintenance_of, rate_factor, tiers_of
from liqwatch.margin.marked import MarkedPool, known_instrument
from liqwatch.margin.pnl import coordinate, notional
from liqwatch.margin.pools import Holding
from liqwatch.margin.rounding import round_toward
from liqwatch.margin.tiers import tier_of
from liqwatch.model import UNREACHABLE, ContractKind, Reading, Unknown

JUMP = 1e-6
"""Where equity and requirement differ by more than this fraction at the solution, the requirement jumps there."""

DUST = 1e-12
"""What rounding leaves of terms that cancel; no currency is counted so finely."""


@dataclass(frozen=True, slots=True)
class ExplanationStep:
    """One line of the arithmetic: what it is, the sum with numbers filled in, and its result where it is a number."""

    title: str
    sum: str
    result: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Explanation:
    """How the liquidation price of one position comes about. Money in `currency`.

    `row` is the convention's row in force; None where the venue has none. `overridden` names the fields of the
    convention that the user has set. Without steps, `conclusion` says why nothing could be computed.
    """

    subject: str
    currency: str
    convention: Convention | None
    row: ConventionRow | None
    overridden: tuple[str, ...]
    steps: tuple[ExplanationStep, ...]
    liquidation_price: Reading
    conclusion: str


def explain(
    marked: MarkedPool, holding: Holding, *, row: ConventionRow | None, overridden: tuple[str, ...] = ()
) -> Explanation:
    """Tell how our own liquidation price of a holding comes about; never raises for missing facts."""
    price = computed_liquidation_price(marked, holding)
    is_known = not isinstance(price, Unknown)
    return Explanation(
        subject=holding.position.subject,
        currency=marked.pool.currency,
        convention=marked.pool.convention,
        row=row,
        overridden=overridden,
        steps=tuple(_steps(marked, holding, price)) if is_known else (),
        liquidation_price=price,
        conclusion=_conclusion(marked, holding, price),
    )


def _steps(marked: MarkedPool, holding: Holding, price: Reading) -> Iterator[ExplanationStep]:
    symbol = holding.position.symbol
    kind = known_instrument(holding).contract_kind
    curve = marked.curve(symbol)
    x = coordinate(kind, price if isinstance(price, float) else marked.marks[symbol])
    mine = [each for each in marked.pool.holdings if each.position.symbol == symbol]
    yield from _standing(marked, symbol)
    for each, leg in zip(mine, curve.legs, strict=True):
        yield _profit(each)
        yield _maintenance(marked, each, leg, x)
        yield _closing_fee(marked, each)
    yield from _equation(curve, kind, x, is_solved=isinstance(price, float))
    if isinstance(price, float):
        yield from _ending(marked, holding, price)


def _standing(marked: MarkedPool, symbol: str) -> Iterator[ExplanationStep]:
    """What does not move with this market: the wallet, and everything in other markets at its own mark."""
    pool = marked.pool
    yield ExplanationStep("Wallet, without unrealised profit", _number(pool.wallet_balance or 0.0), pool.wallet_balance)
    if pool.outside_unrealized_pnl or pool.outside_maintenance_margin:
        yield ExplanationStep(
            "Positions known by their sums",
            f"profit {_number(pool.outside_unrealized_pnl)}, maintenance {_number(pool.outside_maintenance_margin)}",
        )
    for each in pool.collateral:
        share = each.slope / each.quantity if each.quantity else 1.0
        mark = "P" if each.symbol == symbol else _number(marked.marks[each.symbol])
        worth = None if each.symbol == symbol else each.slope * marked.marks[each.symbol]
        yield ExplanationStep(
            f"Collateral {each.asset}", f"{_number(each.quantity)} * {_number(share)} * {mark}", worth
        )
    for holding in pool.holdings:
        if holding.position.symbol != symbol:
            amounts = marked.amounts[holding.position.subject]
            text = f"profit {_number(amounts.unrealized_pnl)}, maintenance {_number(amounts.maintenance_margin)}"
            fee = f", closing fee {_number(amounts.closing_fee)}" if amounts.closing_fee else ""
            at = f" at its mark {_number(marked.marks[holding.position.symbol])}"
            yield ExplanationStep(f"{holding.position.subject}{at}", text + fee)


def _profit(holding: Holding) -> ExplanationStep:
    position, instrument = holding.position, known_instrument(holding)
    face = f"{_number(position.contracts)} * {_number(instrument.contract_size)}"
    entry = _number(position.entry_price)
    if instrument.contract_kind is ContractKind.INVERSE:
        way = f"(1/{entry} - 1/P)" if position.side.value > 0 else f"(1/P - 1/{entry})"
    else:
        way = f"(P - {entry})" if position.side.value > 0 else f"({entry} - P)"
    return ExplanationStep(f"Profit of the {position.side.word} at P", f"{face} * {way}")


def _maintenance(marked: MarkedPool, holding: Holding, leg: Leg, x: float) -> ExplanationStep:
    position, instrument, convention = holding.position, known_instrument(holding), marked.convention
    title, basis = f"Maintenance of the {position.side.word}", convention.maintenance_basis
    if basis is Basis.FIXED:
        told = position.reported_maintenance_margin or 0.0
        return ExplanationStep(f"{title}, as the venue tells it", _number(told), told)
    mark_price = marked.marks[position.symbol]
    amount: float | None = None
    if basis is Basis.LIQUIDATION:
        at = "1/P" if instrument.contract_kind is ContractKind.INVERSE else "P"
        where, value, base = "at P", leg.exposure * x, f"{_number(leg.exposure)} * {at}"
    else:
        where, anchor = ("entry", position.entry_price) if basis is Basis.ENTRY else ("mark", mark_price)
        where, value = f"at the {where} price", notional(position, instrument, anchor)
        base, amount = _number(value), maintenance_of(position, instrument, convention, mark_price)
    tiers = tiers_of(instrument, convention)
    tier = tier_of(tiers, value)
    place = f", tier {tiers.index(tier) + 1} of {len(tiers)} (notional {_number(value)})" if len(tiers) > 1 else ""
    deduction = f" - {_number(tier.maintenance_deduction)}" if tier.maintenance_deduction else ""
    rate = _rate(tier.maintenance_margin_rate, rate_factor(position, convention), instrument.maintenance_rate_growth)
    return ExplanationStep(f"{title} {where}{place}", f"{rate} * {base}{deduction}", amount)


def _rate(rate: float, factor: float, growth: float) -> str:
    """The maintenance rate with what a venue does to it."""
    text = _number(rate) if factor == 1 else f"{_number(rate)} / {_number(1 / factor)}"
    if growth:
        text += f" + {_number(growth)} * notional"
    return text if text == _number(rate) else f"({text})"


def _closing_fee(marked: MarkedPool, holding: Holding) -> ExplanationStep:
    position, instrument, convention = holding.position, known_instrument(holding), marked.convention
    title, basis = "Closing fee", convention.closing_fee_basis
    if basis is Basis.NONE:
        return ExplanationStep(title, "not counted by this convention", 0.0)
    rate, face = instrument.closing_fee_rate, position.contracts * instrument.contract_size
    if basis is Basis.LIQUIDATION:
        at = "1/P" if instrument.contract_kind is ContractKind.INVERSE else "P"
        return ExplanationStep(f"{title} at P", f"{_number(rate)} * {_number(face)} * {at}")
    where = "at the entry price" if basis is Basis.ENTRY else "at the present mark"
    fee = closing_fee_of(position, instrument, convention, marked.marks[position.symbol])
    value = fee / rate if rate else 0.0
    return ExplanationStep(f"{title} {where}", f"{_number(rate)} * {_number(value)}", fee)


def _equation(curve: MarketCurve, kind: ContractKind, x: float, *, is_solved: bool) -> Iterator[ExplanationStep]:
    """Everything added up: two expressions in x, and where they meet."""
    name = "1/P" if kind is ContractKind.INVERSE else "P"
    constant, linear, square = curve.requirement_terms(bisect_left(curve.edges, x))
    yield ExplanationStep("Equity", _expression(name, curve.equity_constant, curve.equity_slope))
    yield ExplanationStep("Must hold", _expression(name, constant, linear, square))
    if not is_solved:
        return
    if abs(curve.surplus(x)) > JUMP * max(abs(curve.equity(x)), abs(curve.requirement(x))):
        text = f"the requirement jumps past the equity where a tier ends, at {name} = {_number(x)}"
    elif square:
        text = f"the nearest solution of the quadratic equation: {name} = {_number(x)}"
    else:
        top, bottom = constant - curve.equity_constant, curve.equity_slope - linear
        top, bottom = (top, bottom) if bottom > 0 else (-top, -bottom)
        text = f"{name} = {_number(top)} / {_number(bottom)} = {_number(x)}"
    yield ExplanationStep("They meet at", text, x if kind is not ContractKind.INVERSE else 1.0 / x)


def _ending(marked: MarkedPool, holding: Holding, price: float) -> Iterator[ExplanationStep]:
    symbol, tick = holding.position.symbol, known_instrument(holding).price_tick
    mark_price, curve = marked.marks[symbol], marked.curve(symbol)
    x = coordinate(known_instrument(holding).contract_kind, price)
    proof = f"equity {_number(curve.equity(x))}, must hold {_number(curve.requirement(x))}"
    yield ExplanationStep("Proof: put in", proof)
    if tick > 0:
        rounded = round_toward(price, tick, mark_price)
        yield ExplanationStep("Rounded to the tick, toward the mark", f"{rounded:,.15g}", rounded)


def _conclusion(marked: MarkedPool, holding: Holding, price: Reading) -> str:
    if isinstance(price, Unknown) and price.reason == NO_WAY_BACK:
        return f"Beyond liquidation: {NO_WAY_BACK}."
    if isinstance(price, Unknown):
        return f"Not computed: {price.reason}."
    if price is UNREACHABLE:
        return "Cannot be liquidated by this market alone: no price above zero brings equity down to what it must hold."
    mark_price = marked.marks[holding.position.symbol]
    if marked.equity <= marked.requirement:
        return (
            f"Beyond liquidation: at {_number(price)} the pool would be out of it again (mark {_number(mark_price)})."
        )
    share = abs(mark_price - price) / mark_price
    direction = "below" if price < mark_price else "above"
    others = "" if len(marked.pool.symbols) == 1 else ", as long as the other markets stay where they are"
    return f"Liquidation at {_number(price)}, {share:.2%} {direction} the mark of {_number(mark_price)}{others}."


def _expression(name: str, constant: float, linear: float, square: float = 0.0) -> str:
    text = _number(constant if abs(constant) > DUST else 0.0)
    for factor, power in ((linear, name), (square, f"({name})²")):
        if factor:
            sign = "+" if factor > 0 else "-"
            text += f" {sign} {_number(abs(factor))} * {power}"
    return text


def _number(value: float) -> str:
    """Ten significant digits: enough to check by hand."""
    return f"{value:,.10g}" if math.isfinite(value) else "∞"
