"""Binance's signed answers and pushed events, as far as they are read. Everything else in them is ignored."""

from __future__ import annotations

from datetime import datetime
from typing import TypeAlias

import msgspec

from liqwatch.clock import from_milliseconds
from liqwatch.errors import PayloadError
from liqwatch.exchanges.payloads.unreadable import UNREADABLE
from liqwatch.model import LeverageTier


class AssetRow(msgspec.Struct, frozen=True, gc=False):
    """One asset of `/fapi/v3/account`; the cross wallet is without unrealised PnL."""

    asset: str
    cross_wallet: float = msgspec.field(name="crossWalletBalance")


class AccountAnswer(msgspec.Struct, frozen=True):
    """`/fapi/v3/account`; the totals are in USD."""

    assets: list[AssetRow]
    total_cross_wallet: float | None = msgspec.field(name="totalCrossWalletBalance", default=None)


class PositionRow(msgspec.Struct, frozen=True, gc=False):
    """One row of `positionRisk`. USDⓈ-M v3 has neither `leverage` nor `marginType`, v2 and COIN-M have both."""

    symbol: str
    amount: float = msgspec.field(name="positionAmt")
    entry_price: float = msgspec.field(name="entryPrice")
    position_side: str = msgspec.field(name="positionSide", default="BOTH")
    mark_price: float = msgspec.field(name="markPrice", default=0.0)
    liquidation_price: str | float | None = msgspec.field(name="liquidationPrice", default=None)
    notional: float = 0.0
    isolated_wallet: float = msgspec.field(name="isolatedWallet", default=0.0)
    isolated_margin: float = msgspec.field(name="isolatedMargin", default=0.0)
    position_initial_margin: float = msgspec.field(name="positionInitialMargin", default=0.0)
    maintenance_margin: float | None = msgspec.field(name="maintMargin", default=None)
    leverage: float | None = None
    margin_type: str | None = msgspec.field(name="marginType", default=None)
    adl_rank: float | None = msgspec.field(name="adl", default=None)
    settle_currency: str = msgspec.field(name="marginAsset", default="")


class MultiAssetsAnswer(msgspec.Struct, frozen=True, gc=False):
    """`/fapi/v1/multiAssetsMargin`."""

    is_multi_asset: bool = msgspec.field(name="multiAssetsMargin")


class ListenKeyAnswer(msgspec.Struct, frozen=True, gc=False):
    """`POST /fapi/v1/listenKey`; the key is a secret."""

    listen_key: str = msgspec.field(name="listenKey")


class BracketRow(msgspec.Struct, frozen=True, gc=False):
    """One leverage bracket; `deduction` is the venue's `cum`. COIN-M counts in coins, which is its settle currency."""

    maintenance_margin_rate: float = msgspec.field(name="maintMarginRatio")
    deduction: float = msgspec.field(name="cum")
    notional_floor: float = msgspec.field(name="notionalFloor", default=0.0)
    notional_cap: float = msgspec.field(name="notionalCap", default=0.0)
    coin_floor: float = msgspec.field(name="qtyFloor", default=0.0)
    coin_floor_as_spelt: float = msgspec.field(name="qtylFloor", default=0.0)
    coin_cap: float = msgspec.field(name="qtyCap", default=0.0)
    max_leverage: float | None = msgspec.field(name="initialLeverage", default=None)


class BracketsAnswer(msgspec.Struct, frozen=True):
    """One symbol of `/fapi/v1/leverageBracket`. The bounds are taken as stated, whatever `notionalCoef` says."""

    symbol: str
    brackets: list[BracketRow]


class RestrictionsAnswer(msgspec.Struct, frozen=True, gc=False):
    """`/sapi/v1/account/apiRestrictions`: what the key may do."""

    withdrawals: bool = msgspec.field(name="enableWithdrawals")
    internal_transfer: bool = msgspec.field(name="enableInternalTransfer", default=False)
    universal_transfer: bool = msgspec.field(name="permitsUniversalTransfer", default=False)
    futures: bool = msgspec.field(name="enableFutures", default=False)
    spot: bool = msgspec.field(name="enableSpotAndMarginTrading", default=False)
    margin: bool = msgspec.field(name="enableMargin", default=False)
    options: bool = msgspec.field(name="enableVanillaOptions", default=False)
    portfolio_margin: bool = msgspec.field(name="enablePortfolioMarginTrading", default=False)
    is_ip_bound: bool | None = msgspec.field(name="ipRestrict", default=None)
    trading_expires_ms: int = msgspec.field(name="tradingAuthorityExpirationTime", default=0)

    @property
    def can_trade(self) -> bool:
        """Whether the key may trade anything at all."""
        return self.futures or self.spot or self.margin or self.options or self.portfolio_margin

    @property
    def expires_at(self) -> datetime | None:
        """When the venue takes the key's trading right back; reading goes on."""
        return from_milliseconds(self.trading_expires_ms) if self.trading_expires_ms else None


class WalletChange(msgspec.Struct, frozen=True, gc=False):
    """One asset whose wallet moved."""

    asset: str = msgspec.field(name="a")
    cross_wallet: float = msgspec.field(name="cw")


class PositionChange(msgspec.Struct, frozen=True, gc=False):
    """One position that moved; `amount` is signed, and 0 for a closed one. Old frames have neither mode nor wallet."""

    symbol: str = msgspec.field(name="s")
    amount: float = msgspec.field(name="pa")
    entry_price: float = msgspec.field(name="ep")
    position_side: str = msgspec.field(name="ps", default="BOTH")
    margin_type: str | None = msgspec.field(name="mt", default=None)
    isolated_wallet: float | None = msgspec.field(name="iw", default=None)


class Changes(msgspec.Struct, frozen=True):
    """The body of an account update: changed rows only."""

    wallets: list[WalletChange] = msgspec.field(name="B", default_factory=list)
    positions: list[PositionChange] = msgspec.field(name="P", default_factory=list)


class AccountUpdate(msgspec.Struct, frozen=True, tag_field="e", tag="ACCOUNT_UPDATE"):
    """`ACCOUNT_UPDATE`: absolute new values of what changed."""

    exchange_ms: int = msgspec.field(name="E")
    changes: Changes = msgspec.field(name="a")


class SettingsChanged(msgspec.Struct, frozen=True, gc=False, tag_field="e", tag="ACCOUNT_CONFIG_UPDATE"):
    """`ACCOUNT_CONFIG_UPDATE`: leverage or multi-assets mode; REST says what is true now."""


class CalledPosition(msgspec.Struct, frozen=True, gc=False):
    """One position of a margin call."""

    symbol: str = msgspec.field(name="s")
    position_side: str = msgspec.field(name="ps", default="BOTH")
    amount: float = msgspec.field(name="pa", default=0.0)
    maintenance_margin: float | None = msgspec.field(name="mm", default=None)


class MarginCall(msgspec.Struct, frozen=True, tag_field="e", tag="MARGIN_CALL"):
    """`MARGIN_CALL`: the venue's own warning. No guarantee, and no substitute for ours."""

    exchange_ms: int = msgspec.field(name="E", default=0)
    positions: list[CalledPosition] = msgspec.field(name="p", default_factory=list)


class RiskLevelChange(msgspec.Struct, frozen=True, gc=False, tag_field="e", tag="riskLevelChange"):
    """`riskLevelChange`: the same for portfolio margin. `level` is MARGIN_CALL, SUPPLY_MARGIN or FORCE_LIQUIDATION."""

    exchange_ms: int = msgspec.field(name="E", default=0)
    level: str = msgspec.field(name="s", default="")


class Order(msgspec.Struct, frozen=True, gc=False):
    """The order in an order event, as far as it tells who closed what."""

    symbol: str = msgspec.field(name="s")
    client_order_id: str = msgspec.field(name="c", default="")
    order_side: str = msgspec.field(name="S", default="")
    position_side: str = msgspec.field(name="ps", default="BOTH")


class OrderUpdate(msgspec.Struct, frozen=True, tag_field="e", tag="ORDER_TRADE_UPDATE"):
    """`ORDER_TRADE_UPDATE`: read only to recognise the venue's own closing orders."""

    order: Order = msgspec.field(name="o")

    @property
    def forced_close(self) -> str | None:
        """What the venue does to the position by this order, by the mark it puts on it; None: the user's own order."""
        names = FORCED_CLOSES.items()
        return next((word for mark, word in names if self.order.client_order_id.startswith(mark)), None)


class ListenKeyExpired(msgspec.Struct, frozen=True, gc=False, tag_field="e", tag="listenKeyExpired"):
    """`listenKeyExpired`: the socket stays open, but nothing will come any more."""


UserEvent: TypeAlias = AccountUpdate | SettingsChanged | MarginCall | RiskLevelChange | OrderUpdate | ListenKeyExpired

FORCED_CLOSES = {
    "autoclose-": "liquidated by the venue",
    "adl_autoclose": "deleveraged by the venue (ADL)",
    "settlement_autoclose-": "settled by the venue",
    "delivery_autoclose-": "settled by the venue at delivery",
}
"""How the venue marks its own closing orders."""

NO_CONCERN = frozenset(
    {
        "TRADE_LITE",
        "ALGO_UPDATE",
        "CONDITIONAL_ORDER_TRIGGER_REJECT",
        "STRATEGY_UPDATE",
        "GRID_UPDATE",
    }
)
"""Events about orders: what they change in a position arrives as an ACCOUNT_UPDATE too."""


ABSENT = msgspec.Raw()


class _Head(msgspec.Struct, frozen=True):
    event: str | None = msgspec.field(name="e", default=None)
    data: msgspec.Raw = ABSENT
    identifier: int | str | None = msgspec.field(name="id", default=None)


_head = msgspec.json.Decoder(_Head)
_event: msgspec.json.Decoder[UserEvent] = msgspec.json.Decoder(UserEvent, strict=False)
_event_names = {kind.__struct_config__.tag for kind in UserEvent.__args__}


def read_user_event(frame: bytes) -> UserEvent | str | None:
    """The event in a frame of the user-data stream, the reason why it cannot be used, or None for no concern."""
    try:
        head = _head.decode(frame)
        if inner := bytes(head.data):
            frame = inner
            head = _head.decode(frame)
    except UNREADABLE:
        return "undecodable"
    if head.event in NO_CONCERN or (head.event is None and head.identifier is not None):
        return None
    if head.event not in _event_names:
        return "unknown_event"
    try:
        return _event.decode(frame)
    except msgspec.DecodeError:
        return "bad_event"


def read_brackets(answer: object) -> list[BracketsAnswer]:
    """The rows of `/fapi/v1/leverageBracket`, which answers a lone object when one symbol is asked for.

    Raises:
        PayloadError: the answer does not have the documented shape.
    """
    try:
        return msgspec.convert(answer if isinstance(answer, list) else [answer], list[BracketsAnswer], strict=False)
    except msgspec.ValidationError as error:
        raise PayloadError(f"leverageBracket: {error}") from error


def leverage_tiers_of(answer: BracketsAnswer) -> tuple[LeverageTier, ...]:
    """Brackets in our terms, ascending."""
    return tuple(
        LeverageTier(
            notional_floor=row.notional_floor or row.coin_floor or row.coin_floor_as_spelt,
            notional_cap=row.notional_cap or row.coin_cap,
            maintenance_margin_rate=row.maintenance_margin_rate,
            maintenance_deduction=row.deduction,
            max_leverage=row.max_leverage,
        )
        for row in sorted(answer.brackets, key=lambda row: row.notional_cap or row.coin_cap)
    )
