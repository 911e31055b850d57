"""Binance Portfolio Margin (`papi`): one ratio for the whole account, and what its stream says beside futures. Pure.

`uniMMR` is the account's equity after collateral rates ÷ its maintenance margin, both in USD: in the documented answer
of `GET /papi/v1/account` 122607.35137903 / 23.72469206 = 5167.92171923, and in the documented `riskLevelChange`
30.23416728 / 15.11708371 = 1.99999999. The venue liquidates at 1.05 (Binance FAQ, Portfolio Margin, read 2026-11).
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

import msgspec

from liqwatch.errors import PayloadError
from liqwatch.exchanges.payloads.binance_account import PositionRow, read_user_event
from liqwatch.exchanges.payloads.binance_events import heard_of
from liqwatch.exchanges.payloads.binance_snapshot import MULTI_ASSET_CURRENCY, Owner, position_of
from liqwatch.exchanges.payloads.unreadable import UNREADABLE
from liqwatch.exchanges.plumbing.changes import Heard, Nudge
from liqwatch.exchanges.plumbing.listing import Listing
from liqwatch.model import AccountSnapshot, SnapshotSource

LIQUIDATED_AT = 1.05
"""The venue's liquidation begins when uniMMR has fallen to this."""
LEAST_RATIO = 1e-6
"""Equity at or below zero: the ratio stays finite and beyond every level."""
MOVES_EQUITY = frozenset({"outboundAccountPosition", "balanceUpdate", "liabilityChange"})
"""Margin assets and loans have moved; only REST tells what that makes of the ratio."""
OTHER_ORDERS = frozenset({"executionReport", "CONDITIONAL_ORDER_TRADE_UPDATE", "openOrderLoss"})
"""Orders of the margin side, conditional orders, and what open orders would lose."""


class PortfolioAnswer(msgspec.Struct, frozen=True, gc=False):
    """`GET /papi/v1/account`, in USD. Any of the figures can be empty."""

    uni_mmr: str | float = msgspec.field(name="uniMMR", default="")
    equity: str | float = msgspec.field(name="accountEquity", default="")
    maintenance_margin: str | float = msgspec.field(name="accountMaintMargin", default="")
    status: str = msgspec.field(name="accountStatus", default="")


class PortfolioPositionRow(PositionRow, frozen=True, gc=False):
    """A row of `GET /papi/v1/um/positionRisk` or `cm/positionRisk`: always cross."""

    unrealized_pnl: float = msgspec.field(name="unRealizedProfit", default=0.0)


@dataclass(frozen=True, slots=True, kw_only=True)
class PortfolioAnswers:
    """What makes the whole account; COIN-M rows apart."""

    account: PortfolioAnswer
    linear: Iterable[PortfolioPositionRow]
    inverse: Iterable[PortfolioPositionRow]


def snapshot_of(owner: Owner, answers: PortfolioAnswers, listing: Listing, as_of: datetime) -> AccountSnapshot:
    """The whole account: its positions, and the one ratio that counts.

    COIN-M positions keep the venue's own name, as the public side lists USDⓈ-M only; the ratio holds them all.

    Raises:
        PayloadError: a figure of an account with positions is missing or no number.
    """
    linear = [row for row in answers.linear if row.amount != 0]
    inverse = [row for row in answers.inverse if row.amount != 0]
    has_positions = bool(linear or inverse)
    return AccountSnapshot(
        account=owner.account,
        venue=owner.venue,
        positions=tuple(position_of(row, listing.by_native) for row in (*linear, *inverse)),
        cross_wallets=_wallets(answers.account, linear) if linear and not inverse else {},
        as_of=as_of,
        source=SnapshotSource.REST,
        is_multi_asset=True,
        pool_currency=MULTI_ASSET_CURRENCY,
        reported_margin_ratios={MULTI_ASSET_CURRENCY: margin_ratio(answers.account)} if has_positions else {},
        is_ratio_only=True,
    )


def margin_ratio(answer: PortfolioAnswer) -> float:
    """What the venue requires ÷ what the account has: 1 is liquidation.

    Raises:
        PayloadError: uniMMR is missing or no number.
    """
    return LIQUIDATED_AT / max(_figure(answer.uni_mmr, "uniMMR"), LEAST_RATIO)


def _wallets(answer: PortfolioAnswer, linear: Iterable[PortfolioPositionRow]) -> dict[str, float]:
    """The equity without what the positions have gained: told for completeness, no sum is made of it."""
    profit = sum(row.unrealized_pnl for row in linear)
    return {MULTI_ASSET_CURRENCY: _figure(answer.equity, "accountEquity") - profit}


def _figure(value: str | float, name: str) -> float:
    try:
        figure = float(value)
    except ValueError:
        raise PayloadError(f"papi account: {name} is no number") from None
    if not math.isfinite(figure):
        raise PayloadError(f"papi account: {name} is no number")
    return figure


class _Head(msgspec.Struct, frozen=True, gc=False):
    event: str = msgspec.field(name="e", default="")


_head = msgspec.json.Decoder(_Head)


def heard_in(frame: bytes, listing: Listing) -> Heard:
    """What a frame of the account's stream says. Never raises."""
    try:
        name = _head.decode(frame).event
    except UNREADABLE:
        return Heard(rejected="undecodable")
    if name in MOVES_EQUITY:
        return Heard(events=(Nudge("margin assets"),))
    return Heard() if name in OTHER_ORDERS else heard_of(read_user_event(frame), listing)
