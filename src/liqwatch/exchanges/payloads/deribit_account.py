"""Deribit's signed answers in our terms: positions, wallets, resting orders, and what a key may do. Pure.

Every position is cross. An account keeps a pool for each currency, or one for all of them ("cross collateral").
`margin_balance` is the equity that margin is held against: balance, profit of the session and open profit of futures.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Final

import msgspec

from liqwatch.errors import PayloadError
from liqwatch.exchanges.payloads.deribit_listing import settle_currency_of
from liqwatch.exchanges.payloads.liquidation_price import cleaned_liquidation_price
from liqwatch.exchanges.plumbing.listing import Listing
from liqwatch.model import (
    AccountSnapshot,
    ContractKind,
    MarginMode,
    OrderKind,
    Position,
    RestingOrder,
    Side,
    SnapshotSource,
)
from liqwatch.ports import KeyReport

POOL_OF_ALL: Final = "USD"
STABLE: Final = frozenset({"USDC", "USDT"})
COIN_SHARE: Final = 0.01
"""Up to this part of the equity, coins that back a pool of dollars are taken as standing still."""
DIGITS_OF_CONTRACTS: Final = 9
"""Sizes come in base or quote units; what the division by the contract size leaves beyond is rounding."""
SIDES: Final[Mapping[str, Side]] = {"buy": Side.LONG, "sell": Side.SHORT}
ORDER_KINDS: Final[Mapping[str, OrderKind]] = {
    "stop": OrderKind.STOP,
    "take": OrderKind.TAKE_PROFIT,
    "trailing": OrderKind.TRAILING,
}
"""By the first word of `order_type`; any other is a plain order."""
WRITING: Final = "read_write"


class PositionRow(msgspec.Struct, frozen=True, gc=False):
    """One row of `private/get_positions`, or of a push.

    `size` is in quote units (options: in base units) and signed, `size_currency` in base units; a closed position has
    size 0. `total_profit_loss` is the open profit since entry, in the settle currency.
    """

    instrument_name: str
    size: float
    direction: str = ""
    average_price: float = 0.0
    size_currency: float | None = None
    mark_price: float = 0.0
    leverage: float | None = None
    maintenance_margin: float | None = None
    total_profit_loss: float | None = None
    estimated_liquidation_price: str | float | None = None


class Portfolio(msgspec.Struct, frozen=True):
    """One currency of `private/get_account_summaries`, or a push of `user.portfolio`.

    With cross collateral each currency repeats the figures of the whole account, converted: they are never summed.
    """

    currency: str
    margin_balance: float
    maintenance_margin: float
    balance: float = 0.0
    session_rpl: float = 0.0
    margin_model: str = ""
    portfolio_margining_enabled: bool = False
    cross_collateral_enabled: bool = False
    total_margin_balance_usd: float | None = None
    total_maintenance_margin_usd: float | None = None
    liquidation_ratios: dict[str, float | None] = msgspec.field(
        name="estimated_liquidation_ratio_map", default_factory=dict
    )

    @property
    def is_cross(self) -> bool:
        """Whether all currencies are one pool."""
        return self.cross_collateral_enabled or self.margin_model.startswith("cross")

    @property
    def is_portfolio_margin(self) -> bool:
        """Whether margin comes from scenarios, which nobody can rebuild from outside."""
        return self.portfolio_margining_enabled or self.margin_model.endswith("_pm")

    @property
    def pool(self) -> str:
        """The currency under which the pool is kept."""
        return POOL_OF_ALL if self.is_cross else self.currency

    @property
    def realised(self) -> float:
        """What prices do not move: it changes by trades, funding, transfers, and at the daily settlement."""
        return self.balance + self.session_rpl

    @property
    def margin_ratio(self) -> float:
        """Maintenance ÷ equity of the pool; the venue liquidates at 1.

        Raises:
            PayloadError: a figure is missing or no number.
        """
        equity = self.total_margin_balance_usd if self.is_cross else self.margin_balance
        required = self.total_maintenance_margin_usd if self.is_cross else self.maintenance_margin
        if equity is None or required is None or not (math.isfinite(equity) and math.isfinite(required)):
            raise PayloadError(f"account summary of {self.currency}: margin balance or maintenance margin is missing")
        if required <= 0:
            return 0.0
        return required / equity if equity > 0 else math.inf


class PositionsAnswer(msgspec.Struct, frozen=True):
    """`private/get_positions`."""

    rows: list[PositionRow] = msgspec.field(name="result")


class Summaries(msgspec.Struct, frozen=True):
    """What `private/get_account_summaries` tells."""

    portfolios: list[Portfolio] = msgspec.field(name="summaries")


class SummariesAnswer(msgspec.Struct, frozen=True):
    """`private/get_account_summaries`."""

    result: Summaries


class OrderRow(msgspec.Struct, frozen=True, gc=False):
    """One order; `price` can be the word `market_price`. `is_liquidation`: the venue's own order."""

    instrument_name: str
    direction: str
    order_type: str = ""
    order_id: str = ""
    contracts: float | None = None
    price: str | float | None = None
    trigger_price: float | None = None
    trigger: str | None = None
    reduce_only: bool = False
    is_liquidation: bool = False


class OrdersAnswer(msgspec.Struct, frozen=True):
    """`private/get_open_orders`."""

    rows: list[OrderRow] = msgspec.field(name="result")


class Login(msgspec.Struct, frozen=True, gc=False):
    """What `public/auth` grants; the tokens in it are never read."""

    scope: str = ""


class LoginAnswer(msgspec.Struct, frozen=True):
    """`public/auth` over REST."""

    result: Login


class TimeAnswer(msgspec.Struct, frozen=True, gc=False):
    """`public/get_time`, epoch milliseconds."""

    milliseconds: float = msgspec.field(name="result")


def snapshot_of(
    owner: tuple[str, str],
    portfolios: Sequence[Portfolio],
    rows: Iterable[PositionRow],
    listing: Listing,
    as_of: datetime,
) -> AccountSnapshot:
    """The whole account from its two answers; `owner` is account and venue.

    Raises:
        PayloadError: a figure is missing or no number, so that the account would be half read.
    """
    held = [row for row in rows if row.size != 0]
    ratios = {each.currency: each.liquidation_ratios for each in portfolios}
    is_multi_asset = any(each.is_cross for each in portfolios)
    wallets = (_wallet_of_all if is_multi_asset else _wallets)(portfolios, held, listing)
    account, venue = owner
    return AccountSnapshot(
        account=account,
        venue=venue,
        positions=tuple(position_of(row, listing, ratios) for row in held),
        cross_wallets=wallets,
        as_of=as_of,
        source=SnapshotSource.REST,
        is_multi_asset=is_multi_asset,
        pool_currency=POOL_OF_ALL,
        reported_margin_ratios=_ratios(portfolios, held, listing),
        is_ratio_only=(is_multi_asset and not wallets) or any(each.is_portfolio_margin for each in portfolios),
    )


def _ratios(portfolios: Sequence[Portfolio], held: Iterable[PositionRow], listing: Listing) -> dict[str, float]:
    """The ratio of each pool that must hold something, also under the names by which its options are kept."""
    ratios = {each.pool: each.margin_ratio for each in portfolios if each.margin_ratio > 0}
    for row in held:
        name, currency = row.instrument_name.partition("-")[0], settle_currency_of(row.instrument_name)
        if row.instrument_name not in listing.by_native and currency in ratios:
            ratios[name] = ratios[currency]
    return ratios


def _wallets(portfolios: Iterable[Portfolio], held: Sequence[PositionRow], listing: Listing) -> dict[str, float]:
    """A wallet for each currency of which the margin can be rebuilt: no options, no portfolio margin.

    Where it cannot, the wallet is left out: unknown, so that the venue's own ratio and prices count alone.
    """
    wallets: dict[str, float] = {}
    for each in portfolios:
        mine = [row for row in held if settle_currency_of(row.instrument_name) == each.currency]
        if each.is_portfolio_margin or any(row.instrument_name not in listing.by_native for row in mine):
            continue
        wallet = _finite(each.margin_balance, f"margin_balance of {each.currency}") - _open_profit(mine)
        if wallet != 0 or mine:
            wallets[each.currency] = wallet
    return wallets


def _wallet_of_all(portfolios: Sequence[Portfolio], held: Sequence[PositionRow], listing: Listing) -> dict[str, float]:
    """The one wallet of all currencies, in dollars, with stable coins at par; none where coins settle or back it.

    A coin's worth moves with the very mark that liquidates: a wallet that stands still would promise too much.
    """
    whole = next(each for each in portfolios if each.is_cross)
    for row in held:
        instrument = listing.by_native.get(row.instrument_name)
        if instrument is None or instrument.contract_kind is not ContractKind.LINEAR:
            return {}
    if whole.is_portfolio_margin or _coin_share(portfolios) > COIN_SHARE:
        return {}
    equity = whole.total_margin_balance_usd
    return {POOL_OF_ALL: _finite(equity, "total_margin_balance_usd") - _open_profit(held)}


def _coin_share(portfolios: Iterable[Portfolio]) -> float:
    """What part of the equity is coins. `margin_balance` is the whole account in each currency, `balance` its own."""
    coins = [each for each in portfolios if each.currency not in STABLE and each.balance != 0]
    return math.fsum(abs(each.balance / each.margin_balance) if each.margin_balance else math.inf for each in coins)


def _open_profit(rows: Iterable[PositionRow]) -> float:
    return math.fsum(_finite(row.total_profit_loss, f"total_profit_loss of {row.instrument_name}") for row in rows)


def _finite(figure: float | None, name: str) -> float:
    if figure is None or not math.isfinite(figure):
        raise PayloadError(f"account: {name} is missing or no number")
    return figure


NO_RATIOS: Final[Mapping[str, Mapping[str, float | None]]] = {}


def position_of(
    row: PositionRow, listing: Listing, ratios: Mapping[str, Mapping[str, float | None]] = NO_RATIOS
) -> Position:
    """One open row in our terms; `ratios` are the liquidation ratios by currency and index.

    An option, like any market that is not listed, keeps the venue's name and is not priced.

    Raises:
        PayloadError: size or entry price is no number.
    """
    return Position(
        symbol=listing.unified(row.instrument_name),
        side=side_of(row),
        contracts=contracts_of(row, listing),
        entry_price=_finite(row.average_price, f"average_price of {row.instrument_name}"),
        margin_mode=MarginMode.CROSS,
        leverage=row.leverage if row.leverage is not None and row.leverage > 0 else None,
        reported_liquidation_price=_liquidation_price(row, ratios),
        reported_maintenance_margin=row.maintenance_margin,
        reported_mark_price=row.mark_price if 0 < row.mark_price < math.inf else None,
    )


def side_of(row: PositionRow) -> Side:
    """As the venue names it; else by the sign of the size."""
    return SIDES.get(row.direction) or (Side.LONG if row.size > 0 else Side.SHORT)


def contracts_of(row: PositionRow, listing: Listing) -> float:
    """Contracts of a future: quote units ÷ contract size (inverse), base units ÷ contract size (linear).

    Raises:
        PayloadError: the size is missing or no number, or a listed future has no entry price.
    """
    instrument = listing.by_native.get(row.instrument_name)
    if instrument is None:
        return abs(_finite(row.size, f"size of {row.instrument_name}"))
    if not 0 < row.average_price < math.inf:
        raise PayloadError(f"account: average_price of {row.instrument_name} is missing or no number")
    is_linear = instrument.contract_kind is ContractKind.LINEAR
    size = _finite(
        row.size_currency if is_linear else row.size,
        f"{'size_currency' if is_linear else 'size'} of {row.instrument_name}",
    )
    return round(abs(size) / instrument.contract_size, DIGITS_OF_CONTRACTS)


def _liquidation_price(row: PositionRow, ratios: Mapping[str, Mapping[str, float | None]]) -> float | None:
    """The venue's price; where it gives none, its ratio of the index times the mark, which is how it defines it."""
    stated = cleaned_liquidation_price(row.estimated_liquidation_price, row.mark_price)
    if stated is not None:
        return stated
    ratio = ratios.get(settle_currency_of(row.instrument_name), {}).get(index_of(row.instrument_name))
    return cleaned_liquidation_price(ratio * row.mark_price, row.mark_price) if ratio is not None else None


def index_of(native: str) -> str:
    """`btc_usd` of `BTC-PERPETUAL`, `btc_usdc` of `BTC_USDC-PERPETUAL`."""
    name = native.partition("-")[0].lower()
    return name if "_" in name else f"{name}_usd"


def resting_order_of(row: OrderRow, listing: Listing) -> RestingOrder:
    """An order that waits."""
    return RestingOrder(
        symbol=listing.unified(row.instrument_name),
        order_side=SIDES.get(row.direction, Side.SHORT),
        kind=ORDER_KINDS.get(row.order_type.partition("_")[0], OrderKind.LIMIT),
        contracts=row.contracts,
        trigger_price=row.trigger_price,
        limit_price=_price(row.price),
        trigger_by=(row.trigger or "").removesuffix("_price"),
        is_reduce_only=row.reduce_only,
        order_id=row.order_id,
    )


def _price(raw: str | float | None) -> float | None:
    try:
        price = float(raw) if raw is not None else 0.0
    except ValueError:
        return None
    return price if 0 < price < math.inf else None


def key_report_of(scope: str) -> KeyReport:
    """What a scope such as `account:read trade:read wallet:none mainaccount` allows."""
    rights = dict(word.partition(":")[::2] for word in scope.split())
    may_move_money = rights.get("wallet") == WRITING
    note = "Deribit's login tells neither the expiry of a key nor the addresses it is bound to"
    if rights.get("account") == WRITING:
        note = f"this key may change account settings and make other keys (account:read_write); {note}"
    return KeyReport(
        can_withdraw=may_move_money,
        can_transfer=may_move_money,
        can_trade=WRITING in (rights.get("trade"), rights.get("block_trade"), rights.get("block_rfq")),
        note=note,
    )
