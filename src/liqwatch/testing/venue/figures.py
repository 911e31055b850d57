"""The venue's own arithmetic, written from its published formula alone.

It shares no line with `liqwatch.margin`, so that the two can check each other.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from liqwatch.model import Side
from liqwatch.testing.venue.markets import VenueBracket


@dataclass(frozen=True, slots=True, kw_only=True)
class Leg:
    """One position as the formula sees it; `entry_price` in quote.

    `contracts` are base units of a linear contract, and quote units of an inverse one, whose money and brackets are in
    base units.
    """

    side: Side
    contracts: float
    entry_price: float
    brackets: tuple[VenueBracket, ...]
    fee_rate: float = 0.0
    is_inverse: bool = False


def notional_of(leg: Leg, price: float) -> float:
    """What the position is worth in its settle currency."""
    return leg.contracts / price if leg.is_inverse else leg.contracts * price


def bracket_at(brackets: Sequence[VenueBracket], notional: float) -> VenueBracket:
    """The bracket that a notional falls into; beyond the table, the last one."""
    for bracket in brackets:
        if notional <= bracket.notional_cap:
            return bracket
    return brackets[-1]


def maintenance_margin(leg: Leg, mark_price: float) -> float:
    """Margin that must remain, counted on the notional at the mark."""
    notional = notional_of(leg, mark_price)
    bracket = bracket_at(leg.brackets, notional)
    return notional * (bracket.maintenance_margin_rate + leg.fee_rate) - bracket.deduction


def unrealized_profit(leg: Leg, mark_price: float) -> float:
    """Profit (positive) or loss if the position were closed at the mark."""
    if leg.is_inverse:
        return leg.side.value * leg.contracts * (1 / leg.entry_price - 1 / mark_price)
    return leg.side.value * leg.contracts * (mark_price - leg.entry_price)


def liquidation_price(balance: float, legs: Sequence[Leg], mark_price: float) -> float | None:
    """Price of one market at which its pool can no longer carry its maintenance margin.

    `balance` is WB - TMM1 + UPNL1 of the formula: the wallet, less the maintenance margin and plus the
    profit of everything else in the pool. `legs` are the positions of this market: one, or both twins of
    hedge mode. Brackets are first taken at the mark and again at the price found, until they agree.
    None when no positive price does it.
    """
    rounds = 1 + sum(len(leg.brackets) for leg in legs)
    price = mark_price
    for _ in range(rounds):
        found = _solve(balance, legs, price)
        if found is None or found <= 0:
            return None
        if _brackets(legs, found) == _brackets(legs, price):
            return found
        price = found
    return price


def _brackets(legs: Sequence[Leg], price: float) -> list[VenueBracket]:
    return [bracket_at(leg.brackets, notional_of(leg, price)) for leg in legs]


def _solve(balance: float, legs: Sequence[Leg], bracket_price: float) -> float | None:
    """LP = (balance + Σcum - Σ s q E) / (Σ q m - Σ s q), rates and deductions taken at `bracket_price`.

    Inverse, with everything linear in 1/LP: LP = (Σ q m + Σ s q) / (balance + Σcum + Σ s q / E).
    """
    if any(leg.is_inverse for leg in legs):
        return _solve_inverse(balance, legs, bracket_price)
    numerator, denominator = balance, 0.0
    for leg, bracket in zip(legs, _brackets(legs, bracket_price), strict=True):
        sign = leg.side.value
        numerator += bracket.deduction - sign * leg.contracts * leg.entry_price
        denominator += leg.contracts * (bracket.maintenance_margin_rate + leg.fee_rate - sign)
    return None if denominator == 0 else numerator / denominator


def _solve_inverse(balance: float, legs: Sequence[Leg], bracket_price: float) -> float | None:
    numerator, denominator = 0.0, balance
    for leg, bracket in zip(legs, _brackets(legs, bracket_price), strict=True):
        sign = leg.side.value
        numerator += leg.contracts * (bracket.maintenance_margin_rate + leg.fee_rate + sign)
        denominator += bracket.deduction + sign * leg.contracts / leg.entry_price
    return None if denominator == 0 else numerator / denominator
