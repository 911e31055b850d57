"""What is known of each venue that is reached through ccxt: one row each, by ccxt's id.

Read from ccxt 4.5.90 and its recorded answers (2026-11). A venue without a row is tried with the usual key and polled.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from liqwatch.exchanges.payloads.ccxt_unified import PLAIN, PositionRules
from liqwatch.model import MarginMode

USUAL_KEY = ("api_key", "secret")
WITH_PASSPHRASE = ("api_key", "secret", "passphrase")
ADDRESS = ("wallet_address",)
PUSHED_MARK, PUSHED_TICKER = "watch_mark_price", "watch_ticker"


@dataclass(frozen=True, slots=True, kw_only=True)
class Wallet:
    """How a swap balance is asked for; `includes_pnl`: its total counts the unrealised PnL in."""

    parameters: Mapping[str, object] = field(default_factory=dict)
    includes_pnl: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class CcxtVenue:
    """One venue. `stream` is the method whose answers carry the mark price, "" where none does.

    `raw_mark`: the ticker's own field (or its place in a bare row) where ccxt drops the mark. `needless`: what ccxt
    demands and reading does without. `no_key`: why an account cannot be read by key at all. `families`: further
    questions for positions, each with these parameters. `wallet` None: what the balance counts is not known, so it is
    left out.
    """

    exchange_id: str
    credentials: tuple[str, ...] = USUAL_KEY
    needless: frozenset[str] = frozenset()
    no_key: str = ""
    stream: str = ""
    raw_mark: str = ""
    options: Mapping[str, object] = field(default_factory=dict)
    families: tuple[Mapping[str, object], ...] = ()
    positions: PositionRules = PLAIN
    wallet: Wallet | None = None
    tiers_unusable: bool = False
    verified: str = ""
    missing: str = ""


RECORDED = "a recorded answer to the question for positions"
NO_PLACE = "needs {}, for which the configuration has no key"
PRIVATE_KEY = "needs a private key, which could trade: liqwatch does not take one"
ONE_BY_ONE = "tells positions only market by market, so an account cannot be read as a whole"
BOTH_KINDS = ({"subType": "inverse"},)

_ROWS = (
    CcxtVenue(exchange_id="apex", credentials=WITH_PASSPHRASE),
    CcxtVenue(
        exchange_id="aster",
        no_key=PRIVATE_KEY,
        stream=PUSHED_MARK,
        positions=PositionRules(isolated_margin="isolatedWallet"),
    ),
    CcxtVenue(exchange_id="backpack", verified=RECORDED),
    CcxtVenue(exchange_id="bequant"),
    CcxtVenue(exchange_id="bingx", families=BOTH_KINDS, verified=RECORDED),
    CcxtVenue(exchange_id="bitfinex"),
    CcxtVenue(exchange_id="bitflyer", no_key=ONE_BY_ONE),
    CcxtVenue(exchange_id="blofin", credentials=WITH_PASSPHRASE, wallet=Wallet(includes_pnl=True), verified=RECORDED),
    CcxtVenue(exchange_id="btse"),
    CcxtVenue(exchange_id="bullish"),
    CcxtVenue(exchange_id="bydfi", verified=RECORDED),
    CcxtVenue(exchange_id="coinbaseinternational", stream=PUSHED_MARK),
    CcxtVenue(
        exchange_id="cryptocom",
        positions=PositionRules(entry_cost="open_pos_cost"),
        verified=RECORDED,
        missing="no liquidation price",
    ),
    CcxtVenue(exchange_id="deepcoin", credentials=WITH_PASSPHRASE),
    CcxtVenue(
        exchange_id="delta",
        positions=PositionRules(isolated_margin="margin", unstated_mode=MarginMode.ISOLATED),
    ),
    CcxtVenue(exchange_id="derive", no_key=PRIVATE_KEY),
    CcxtVenue(exchange_id="digifinex"),
    CcxtVenue(
        exchange_id="dydx", credentials=ADDRESS, verified=RECORDED, missing="no liquidation price, no mark stream"
    ),
    CcxtVenue(
        exchange_id="extended",
        credentials=("api_key",),
        needless=frozenset({"privateKey"}),
        stream=PUSHED_MARK,
        verified=RECORDED,
    ),
    CcxtVenue(exchange_id="fmfwio"),
    CcxtVenue(exchange_id="grvt", no_key=PRIVATE_KEY, stream=PUSHED_TICKER),
    CcxtVenue(exchange_id="hashkey", no_key=ONE_BY_ONE),
    CcxtVenue(exchange_id="hibachi", no_key=PRIVATE_KEY),
    CcxtVenue(exchange_id="hitbtc"),
    CcxtVenue(
        exchange_id="htx",
        families=({"subType": "inverse", "type": "swap"}, {"subType": "inverse", "type": "future"}),
        positions=PositionRules(leverage_counts=False),
        tiers_unusable=True,
        verified=RECORDED,
        missing="leverage is left out: maintenance here depends on it in a way that is not settled",
    ),
    CcxtVenue(
        exchange_id="lighter",
        credentials=ADDRESS,
        needless=frozenset({"privateKey"}),
        stream=PUSHED_MARK,
        wallet=Wallet(),
        verified=f"{RECORDED}, a cross wallet that agrees with its liquidation price",
        missing="the first sub-account of the address only",
    ),
    CcxtVenue(
        exchange_id="mexc",
        stream=PUSHED_TICKER,
        raw_mark="fairPrice",
        positions=PositionRules(isolated_margin="im"),
        tiers_unusable=True,
        verified="documented positions and tickers",
        missing="tiers are counted in contracts and left out",
    ),
    CcxtVenue(exchange_id="modetrade", no_key=NO_PLACE.format("an account id")),
    CcxtVenue(
        exchange_id="mudrex",
        credentials=("secret",),
        positions=PositionRules(isolated_margin="initial_margin", unstated_mode=MarginMode.ISOLATED),
        verified=RECORDED,
    ),
    CcxtVenue(exchange_id="nado", credentials=ADDRESS, needless=frozenset({"privateKey"})),
    CcxtVenue(
        exchange_id="pacifica",
        credentials=ADDRESS,
        needless=frozenset({"privateKey"}),
        stream=PUSHED_TICKER,
        raw_mark="mark",
        verified=RECORDED,
    ),
    CcxtVenue(exchange_id="paradex", no_key=PRIVATE_KEY, stream=PUSHED_TICKER),
    CcxtVenue(
        exchange_id="phemex",
        stream=PUSHED_TICKER,
        raw_mark="9",
        families=({"settle": "BTC"}, {"settle": "USD"}),
        positions=PositionRules(isolated_margin="assignedPosBalanceRv"),
        wallet=Wallet(parameters={"type": "swap", "settle": "USDT"}),
        verified=f"{RECORDED}, a cross wallet that agrees with its liquidation price",
        missing="no tiers of USDT contracts",
    ),
    CcxtVenue(exchange_id="poloniex", stream=PUSHED_TICKER, verified=RECORDED),
    CcxtVenue(exchange_id="toobit"),
    CcxtVenue(exchange_id="weex", credentials=WITH_PASSPHRASE, stream=PUSHED_TICKER, verified=RECORDED),
    CcxtVenue(
        exchange_id="whitebit",
        positions=PositionRules(contracts="amount"),
        verified=RECORDED,
        missing="the side is read from the sign of the amount; no short has been seen",
    ),
    CcxtVenue(exchange_id="woo", needless=frozenset({"uid"}), verified=RECORDED),
    CcxtVenue(exchange_id="woofipro", no_key=NO_PLACE.format("an account id")),
    CcxtVenue(exchange_id="xt", families=BOTH_KINDS),
    CcxtVenue(exchange_id="zebpay"),
)
VENUES: Mapping[str, CcxtVenue] = {row.exchange_id: row for row in _ROWS}

FIRST_CLASS: Mapping[str, tuple[str, str]] = {
    "binance": ("binance_usdm", ""),
    "binancecoinm": ("binance_coinm", ""),
    "binanceusdm": ("binance_usdm", ""),
    "bitget": ("bitget", ""),
    "bybit": ("bybit", ""),
    "bybiteu": ("bybit", "eu"),
    "bybitid": ("bybit", "indonesia"),
    "deribit": ("deribit", ""),
    "gate": ("gate", ""),
    "gateeu": ("gate", ""),
    "hyperliquid": ("hyperliquid", ""),
    "kraken": ("kraken_futures", ""),
    "krakenfutures": ("kraken_futures", ""),
    "kucoin": ("kucoin_futures", ""),
    "kucoinfutures": ("kucoin_futures", ""),
    "myokx": ("okx", "eea"),
    "okx": ("okx", ""),
    "okxus": ("okx", "us"),
}
"""ccxt's ids of venues that have files of their own here: our name, and the region."""

WITHOUT_POSITIONS: Mapping[str, str] = {
    "coinbase": "its positions can no longer be read: try ccxt:coinbaseinternational",
    "polymarket": "it lists no leveraged contracts",
}
"""Venues that ccxt says have positions, and why there is nothing to watch."""
