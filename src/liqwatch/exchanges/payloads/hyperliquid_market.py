"""Hyperliquid's public frames and answers: mark prices, the universe of each dex, margin tables, funding.

A frame is `{"channel":"activeAssetCtx","data":{"coin":"BTC","ctx":{"markPx":"85814.0",…}}}`; it has no time of its own.
Every REST question is a `POST /info`; `metaAndAssetCtxs` answers `[meta, contexts]`, both in the order of the universe.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from datetime import datetime
from typing import Annotated, TypeAlias

import msgspec

from liqwatch.errors import PayloadError
from liqwatch.exchanges.payloads.funding_interval import HOUR
from liqwatch.exchanges.payloads.unreadable import UNREADABLE
from liqwatch.exchanges.plumbing.mark_frame import ALIVE, MarkFrame
from liqwatch.model import FundingRate, Instrument, LeverageTier, MarkRow

MARK_PREFIX = b'{"channel":"activeAssetCtx"'
MAIN_DEX = ""
MAIN_COLLATERAL = "USDC"
FIRST_TIERED_TABLE = 50
"""Smaller margin table numbers are told nowhere: they are the one tier's highest leverage itself (docs, 2026-11)."""
SIGNIFICANT_FIGURES = 5
MOST_DECIMALS = 6
"""Prices have at most five significant figures and 6 - szDecimals decimals (docs, Tick and lot size, 2026-11)."""
COMMON_NAMES = {"XBT": "BTC", "BCHSV": "BSV"}
"""Names that ccxt writes differently on every venue."""
THOUSANDS = frozenset({"KPEPE", "KSHIB", "KBONK", "KFLOKI", "KLUNC", "KDOGS", "KNEIRO"})
"""Coins that the venue counts by the thousand: it writes their `k` small, unified symbols do not."""
ALREADY_SUBSCRIBED = "Already subscribed"
NO_TIME = 0

Positive: TypeAlias = Annotated[float, msgspec.Meta(gt=0)]
NotNegative: TypeAlias = Annotated[float, msgspec.Meta(ge=0)]


class Context(msgspec.Struct, frozen=True, gc=False):
    """What a market is worth now, as far as it is read."""

    mark_price: float = msgspec.field(name="markPx")


class CoinContext(msgspec.Struct, frozen=True, gc=False):
    """One coin's context."""

    coin: str
    ctx: Context


class ContextFrame(msgspec.Struct, frozen=True, gc=False):
    """A frame of `activeAssetCtx`."""

    data: CoinContext


ABSENT = msgspec.Raw()


class Head(msgspec.Struct, frozen=True, gc=False):
    """What any frame says of itself."""

    channel: str = ""
    data: msgspec.Raw = ABSENT


_context = msgspec.json.Decoder(ContextFrame, strict=False)
_head = msgspec.json.Decoder(Head)


def read_mark_frame(frame: bytes, wanted: Mapping[str, str]) -> MarkFrame:
    """Decode a frame of the market stream; rows only of `wanted` (coin to unified symbol). Never raises."""
    try:
        if frame.startswith(MARK_PREFIX):
            return _mark(frame, wanted)
        return _second_look(_head.decode(frame), frame, wanted)
    except msgspec.ValidationError:
        return MarkFrame(rejected=("bad_row",))
    except UNREADABLE:
        return MarkFrame(rejected=("undecodable",))


def _mark(frame: bytes, wanted: Mapping[str, str]) -> MarkFrame:
    data = _context.decode(frame).data
    return MarkFrame([(wanted[data.coin], data.ctx.mark_price, NO_TIME)] if data.coin in wanted else (), is_data=True)


def _second_look(head: Head, frame: bytes, wanted: Mapping[str, str]) -> MarkFrame:
    """Whatever does not begin as a mark price does."""
    if head.channel == "activeAssetCtx":
        return _mark(frame, wanted)
    if head.channel in {"pong", "subscriptionResponse"}:
        return ALIVE
    if head.channel == "error":
        return ALIVE if ALREADY_SUBSCRIBED in bytes(head.data).decode() else MarkFrame(rejected=("request_refused",))
    return MarkFrame(rejected=("unknown_channel" if head.channel else "unknown_frame",))


class PerpDex(msgspec.Struct, frozen=True, gc=False):
    """One builder-deployed dex of `perpDexs`."""

    name: str


class Token(msgspec.Struct, frozen=True, gc=False):
    """One token of `spotMeta`."""

    name: str
    index: int


class SpotMeta(msgspec.Struct, frozen=True):
    """`spotMeta`, as far as it names the tokens that dexes take as collateral."""

    tokens: list[Token]


class MarginTier(msgspec.Struct, frozen=True, gc=False):
    """From this notional on, so much leverage is allowed."""

    lower_bound: NotNegative = msgspec.field(name="lowerBound")
    max_leverage: Positive = msgspec.field(name="maxLeverage")


class MarginTable(msgspec.Struct, frozen=True):
    """One margin table."""

    tiers: list[MarginTier] = msgspec.field(name="marginTiers")


class Meta(msgspec.Struct, frozen=True):
    """What a dex lists; coins and tables are decoded one by one, so that an odd one blinds nobody."""

    universe: list[msgspec.Raw]
    margin_tables: list[msgspec.Raw] = msgspec.field(name="marginTables", default_factory=list)
    collateral_token: int = msgspec.field(name="collateralToken", default=0)


class Coin(msgspec.Struct, frozen=True, gc=False):
    """One row of the universe."""

    name: str
    size_decimals: int = msgspec.field(name="szDecimals")
    max_leverage: Positive = msgspec.field(name="maxLeverage")
    margin_table_id: int = msgspec.field(name="marginTableId", default=0)
    is_delisted: bool = msgspec.field(name="isDelisted", default=False)


class AssetContext(msgspec.Struct, frozen=True, gc=False):
    """One row of the contexts."""

    mark_price: float = msgspec.field(name="markPx", default=0.0)
    funding_rate: float = msgspec.field(name="funding", default=0.0)


_perp_dexs = msgspec.json.Decoder(list[PerpDex | None], strict=False)
_spot_meta = msgspec.json.Decoder(SpotMeta, strict=False)
_meta_and_contexts = msgspec.json.Decoder(tuple[Meta, list[msgspec.Raw]], strict=False)
_margin_table = msgspec.json.Decoder(tuple[int, MarginTable], strict=False)
_coin = msgspec.json.Decoder(Coin, strict=False)
_asset_context = msgspec.json.Decoder(AssetContext, strict=False)


def read_dexes(body: bytes) -> list[str]:
    """The builder-deployed dexes of `perpDexs`, without the venue's own (its name is empty, its row null).

    Raises:
        PayloadError: the answer does not have the documented shape.
    """
    try:
        return [dex.name for dex in _perp_dexs.decode(body) if dex is not None and dex.name]
    except UNREADABLE as error:
        raise PayloadError(f"perpDexs: {error}") from error


def read_token_names(body: bytes) -> dict[int, str]:
    """Token names by index, of `spotMeta`. Raises PayloadError for another shape."""
    try:
        return {token.index: token.name for token in _spot_meta.decode(body).tokens}
    except UNREADABLE as error:
        raise PayloadError(f"spotMeta: {error}") from error


class Universe(msgspec.Struct, frozen=True):
    """One dex as listed: each readable coin with its context, how many rows were unreadable, its collateral token."""

    dex: str
    coins: tuple[tuple[Coin, AssetContext], ...]
    unreadable: int
    collateral_token: int
    margin_tables: Mapping[int, tuple[MarginTier, ...]]


def read_universe(body: bytes, dex: str) -> Universe:
    """One dex's `metaAndAssetCtxs`. A market whose context cannot be read keeps its place, without a price.

    Raises:
        PayloadError: the answer as a whole does not have the documented shape.
    """
    try:
        meta, contexts = _meta_and_contexts.decode(body)
    except UNREADABLE as error:
        raise PayloadError(f"metaAndAssetCtxs: {error}") from error
    coins: list[tuple[Coin, AssetContext]] = []
    for place, row in enumerate(meta.universe):
        try:
            coins.append((_coin.decode(row), _context_at(contexts, place)))
        except msgspec.ValidationError:
            continue
    return Universe(
        dex=dex,
        coins=tuple(coins),
        unreadable=len(meta.universe) - len(coins),
        collateral_token=meta.collateral_token,
        margin_tables=dict(_readable_tables(meta.margin_tables)),
    )


def _readable_tables(rows: Iterable[msgspec.Raw]) -> Iterator[tuple[int, tuple[MarginTier, ...]]]:
    for row in rows:
        with suppress(msgspec.ValidationError):
            number, table = _margin_table.decode(row)
            yield number, tuple(table.tiers)


def _context_at(contexts: Sequence[msgspec.Raw], place: int) -> AssetContext:
    if place >= len(contexts):
        return AssetContext()
    try:
        return _asset_context.decode(contexts[place])
    except msgspec.ValidationError:
        return AssetContext()


def instruments_of(universe: Universe, collateral: str) -> list[Instrument]:
    """A dex's markets in our terms; `collateral` is the name of its collateral token.

    `settle_currency` names the margin pool: each builder-deployed dex has one of its own (docs, HIP-3, 2026-11), so
    `xyz:USDC` is not the main dex's `USDC`.
    """
    return [
        Instrument(
            symbol=unified_symbol(coin.name, collateral),
            native_symbol=coin.name,
            settle_currency=pool_name(universe.dex, collateral),
            price_tick=price_tick(context.mark_price, coin.size_decimals),
            tiers=leverage_tiers(universe.margin_tables.get(coin.margin_table_id, ()), coin.max_leverage),
            tiers_assumed=coin.margin_table_id >= FIRST_TIERED_TABLE
            and coin.margin_table_id not in universe.margin_tables,
            is_trading=not coin.is_delisted,
        )
        for coin, context in universe.coins
    ]


def pool_name(dex: str, collateral: str) -> str:
    """The currency under which a dex's cross wallet is kept."""
    return f"{dex}:{collateral}" if dex else collateral


def dex_of(native_symbol: str) -> str:
    """The dex that a coin is traded on; "" is the venue's own."""
    return native_symbol.rpartition(":")[0]


def unified_symbol(coin: str, collateral: str) -> str:
    """As ccxt writes it: `BTC` is `BTC/USDC:USDC`, `flx:CRCL` is `FLX-CRCL/USDH:USDH`."""
    base = coin.upper()
    return f"{COMMON_NAMES.get(base, base).replace(':', '-')}/{collateral}:{collateral}"


def native_symbol(symbol: str) -> str:
    """The venue's name for a unified symbol, by its own rule of naming: for use before the list is known."""
    base = symbol.partition("/")[0]
    dex, dash, coin = base.partition("-")
    if dash:
        return f"{dex.lower()}:{coin}"
    return f"k{base[1:]}" if base in THOUSANDS else base


def price_tick(mark_price: float, size_decimals: int) -> float:
    """The smallest step at this price; whole numbers are always allowed."""
    most = max(MOST_DECIMALS - size_decimals, 0)
    if not 0.0 < mark_price < math.inf:
        return 10.0**-most
    figures = SIGNIFICANT_FIGURES - 1 - math.floor(math.log10(mark_price))
    return 10.0 ** -min(max(figures, 0), most)


def leverage_tiers(table: Sequence[MarginTier], max_leverage: float) -> tuple[LeverageTier, ...]:
    """Maintenance is half of the initial margin at the highest leverage of the tier.

    The deduction of a tier is that of the one before, plus its lower bound times the step in the rate (docs, Margin
    tiers, 2026-11). A table that is not told holds one tier at the market's own highest leverage.
    """
    steps = sorted(table, key=lambda tier: tier.lower_bound) or [MarginTier(0.0, max_leverage)]
    caps = [*(tier.lower_bound for tier in steps[1:]), math.inf]
    tiers: list[LeverageTier] = []
    rate_before, deduction = 0.0, 0.0
    for tier, cap in zip(steps, caps, strict=True):
        rate = maintenance_margin_rate(tier.max_leverage)
        deduction += tier.lower_bound * (rate - rate_before)
        rate_before = rate
        tiers.append(
            LeverageTier(
                notional_floor=tier.lower_bound,
                notional_cap=cap,
                maintenance_margin_rate=rate,
                maintenance_deduction=deduction,
                max_leverage=tier.max_leverage,
            )
        )
    return tuple(tiers)


def maintenance_margin_rate(max_leverage: float) -> float:
    """Half of the initial margin rate at the highest leverage (docs, Margining, 2026-11)."""
    return 1.0 / (2.0 * max_leverage)


def marks_of(universes: Iterable[Universe], wanted: Mapping[str, str]) -> list[MarkRow]:
    """The usable mark prices of `wanted`; the answers have no time of their own."""
    return [
        (wanted[coin.name], context.mark_price, NO_TIME)
        for universe in universes
        for coin, context in universe.coins
        if coin.name in wanted and 0.0 < context.mark_price < math.inf
    ]


def funding_of(universes: Iterable[Universe], wanted: Mapping[str, str], now: datetime) -> list[FundingRate]:
    """The funding in force: it is paid at every full hour, and the rate is that of one hour."""
    next_at = now.replace(minute=0, second=0, microsecond=0) + HOUR
    return [
        FundingRate(symbol=wanted[coin.name], rate=context.funding_rate, next_at=next_at, interval=HOUR)
        for universe in universes
        for coin, context in universe.coins
        if coin.name in wanted and not coin.is_delisted
    ]
