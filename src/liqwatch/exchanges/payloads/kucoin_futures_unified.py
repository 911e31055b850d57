"""KuCoin's unified (UTA) account: its signed answers. Pure.

All currencies stand behind all cross positions there, counted in USD.
"""

from __future__ import annotations

import math
from collections.abc import Iterable

import msgspec

from liqwatch.errors import PayloadError
from liqwatch.exchanges.payloads.kucoin_futures_account import (
    TRIGGERS,
    number_or_none,
    order_kind,
    reported_price,
    side_of,
)
from liqwatch.exchanges.plumbing.listing import Listing
from liqwatch.model import ContractKind, MarginMode, OrderKind, Position, RestingOrder, Side


class ModeFacts(msgspec.Struct, frozen=True, gc=False):
    """`/api/ua/v1/account/mode`: `CLASSIC` or `UNIFIED`."""

    mode: str = msgspec.field(name="selfAccountMode", default="CLASSIC")


class ModeAnswer(msgspec.Struct, frozen=True):
    """The envelope."""

    data: ModeFacts


class UnifiedOverview(msgspec.Struct, frozen=True, gc=False):
    """`/api/ua/v1/unified/account/overview`, USD. The adjusted equity is what stands against `mm`."""

    adjusted_equity: float = msgspec.field(name="adjustedEquity")
    maintenance_margin: float = msgspec.field(name="mm")
    risk_ratio: float = msgspec.field(name="riskRatio", default=0.0)


class UnifiedOverviewAnswer(msgspec.Struct, frozen=True):
    """The envelope."""

    data: UnifiedOverview


class UnifiedRow(msgspec.Struct, frozen=True, gc=False):
    """A position of `/api/ua/v1/unified/position/open-list`; `size` is signed."""

    symbol: str
    contracts: float = msgspec.field(name="size")
    entry_price: float = msgspec.field(name="entryPrice")
    mark_price: float = msgspec.field(name="markPrice", default=0.0)
    identifier: str = msgspec.field(name="id", default="")
    margin_mode: str = msgspec.field(name="marginMode", default="CROSS")
    position_side: str = msgspec.field(name="positionSide", default="BOTH")
    leverage: float | None = None
    initial_margin: float | None = msgspec.field(name="initialMargin", default=None)
    maintenance_margin: float | None = msgspec.field(name="maintenanceMargin", default=None)
    unrealised_pnl: float = msgspec.field(name="unrealizedPnL", default=0.0)
    liquidation_price: str | float | None = msgspec.field(name="liquidationPrice", default=None)
    bankruptcy_price: str | float | None = msgspec.field(name="bankruptPrice", default=None)
    exchange_ns: int = msgspec.field(name="updateTime", default=0)


class PushedRow(msgspec.Struct, frozen=True, gc=False):
    """The same position as the private stream writes it (`positionAll.UNIFIED`, `positionAll.FUTURES`)."""

    symbol: str = msgspec.field(name="s")
    contracts: float = msgspec.field(name="q")
    entry_price: float = msgspec.field(name="eP", default=0.0)
    mark_price: float = msgspec.field(name="mP", default=0.0)
    margin_mode: str = msgspec.field(name="mM", default="CROSS")
    position_side: str = msgspec.field(name="pS", default="BOTH")
    leverage: float | None = msgspec.field(name="l", default=None)
    initial_margin: float | None = msgspec.field(name="iM", default=None)
    maintenance_margin: float | None = msgspec.field(name="mtM", default=None)
    liquidation_price: str | float | None = msgspec.field(name="lP", default=None)
    bankruptcy_price: str | float | None = msgspec.field(name="bP", default=None)
    exchange_ns: int = msgspec.field(name="U", default=0)


class UnifiedPositionsAnswer(msgspec.Struct, frozen=True):
    """The envelope."""

    data: list[UnifiedRow]


class UnifiedOrder(msgspec.Struct, frozen=True, gc=False):
    """An order of `/api/ua/v1/unified/order/open-list`."""

    symbol: str
    order_side: str = msgspec.field(name="side")
    order_id: str = msgspec.field(name="orderId", default="")
    contracts: float | None = msgspec.field(name="size", default=None)
    filled_contracts: float | None = msgspec.field(name="filledSize", default=None)
    limit_price: float | str | None = msgspec.field(name="price", default=None)
    trigger_direction: str | None = msgspec.field(name="triggerDirection", default=None)
    trigger_price: float | str | None = msgspec.field(name="triggerPrice", default=None)
    trigger_by: str | None = msgspec.field(name="triggerPriceType", default=None)
    is_reduce_only: bool | None = msgspec.field(name="reduceOnly", default=None)


class UnifiedOrdersPage(msgspec.Struct, frozen=True):
    """One page of orders."""

    items: list[UnifiedOrder]
    pages: int = msgspec.field(name="totalPage", default=1)


class UnifiedOrdersAnswer(msgspec.Struct, frozen=True):
    """The envelope."""

    data: UnifiedOrdersPage


def unified_position_of(row: UnifiedRow | PushedRow, listing: Listing) -> Position:
    """One open row in our terms. Raises PayloadError for a figure that cannot be."""
    if not (math.isfinite(row.contracts) and row.contracts != 0 and 0.0 < row.entry_price < math.inf):
        raise PayloadError(f"unified positions: size or entryPrice of {row.symbol} cannot be")
    is_isolated = row.margin_mode == "ISOLATED"
    return Position(
        symbol=listing.unified(row.symbol),
        side=side_of(row.position_side, row.contracts),
        contracts=abs(row.contracts),
        entry_price=row.entry_price,
        margin_mode=MarginMode.ISOLATED if is_isolated else MarginMode.CROSS,
        leverage=row.leverage,
        isolated_wallet=_isolated_wallet(row, listing) if is_isolated else None,
        reported_liquidation_price=reported_price(row.liquidation_price, row.mark_price, row.symbol, listing),
        reported_maintenance_margin=row.maintenance_margin,
        reported_mark_price=row.mark_price if 0.0 < row.mark_price < math.inf else None,
    )


def _isolated_wallet(row: UnifiedRow | PushedRow, listing: Listing) -> float:
    """The margin that the bankruptcy price uses up; the initial margin where there is no such price."""
    price = reported_price(row.bankruptcy_price, row.mark_price, row.symbol, listing)
    instrument = listing.by_native.get(row.symbol)
    if price is not None and instrument is not None:
        quantity = abs(row.contracts) * instrument.contract_size
        if instrument.contract_kind is ContractKind.INVERSE:
            return quantity * abs(1.0 / row.entry_price - 1.0 / price)
        return quantity * abs(row.entry_price - price)
    if row.initial_margin is None or not math.isfinite(row.initial_margin):
        raise PayloadError(f"unified positions: initialMargin of {row.symbol} is missing")
    return row.initial_margin


def pool_wallet(overview: UnifiedOverview, rows: Iterable[UnifiedRow], listing: Listing) -> float:
    """The equity that counts, in USD, without the unrealised PnL of the cross positions in the same answer.

    Raises:
        PayloadError: a figure is no number.
    """
    profit = sum(_profit_usd(row, listing) for row in rows if row.margin_mode != "ISOLATED")
    wallet = overview.adjusted_equity - profit
    if not math.isfinite(wallet):
        raise PayloadError("unified overview: adjustedEquity or an unrealizedPnL is no number")
    return wallet


def _profit_usd(row: UnifiedRow, listing: Listing) -> float:
    """Inverse contracts pay in the coin that the mark prices."""
    instrument = listing.by_native.get(row.symbol)
    is_inverse = instrument is not None and instrument.contract_kind is ContractKind.INVERSE
    return row.unrealised_pnl * row.mark_price if is_inverse else row.unrealised_pnl


def pool_ratio(overview: UnifiedOverview) -> float:
    """Maintenance ÷ equity, 1 is liquidation: the worse of what the venue states and what its two figures make.

    Raises:
        PayloadError: a figure is no number.
    """
    equity, maintenance = overview.adjusted_equity, overview.maintenance_margin
    made = maintenance / equity if equity > 0 else float(maintenance > 0)
    ratio = max(overview.risk_ratio, made)
    if not (math.isfinite(ratio) and math.isfinite(maintenance)):
        raise PayloadError("unified overview: mm or riskRatio is no number")
    return ratio


def unified_order_of(row: UnifiedOrder, listing: Listing) -> RestingOrder:
    """One order in our terms."""
    order_side = Side.LONG if row.order_side.upper() == "BUY" else Side.SHORT
    trigger = number_or_none(row.trigger_price)
    return RestingOrder(
        symbol=listing.unified(row.symbol),
        order_side=order_side,
        kind=order_kind(row.trigger_direction, order_side) if trigger is not None else OrderKind.LIMIT,
        contracts=row.contracts - (row.filled_contracts or 0.0) if row.contracts else None,
        trigger_price=trigger,
        limit_price=number_or_none(row.limit_price),
        trigger_by=TRIGGERS.get(row.trigger_by or "", "") if trigger is not None else "",
        is_reduce_only=bool(row.is_reduce_only),
        order_id=row.order_id,
    )
