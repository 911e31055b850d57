"""Venues that only ccxt reaches: recorded answers served by a local server, read through the real ccxt classes."""

from __future__ import annotations

import asyncio
import base64
import json
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import ccxt.async_support as library
import pytest
from aiohttp import web

from liqwatch.clock import SystemClock
from liqwatch.errors import CredentialsError, ExchangeError, PayloadError
from liqwatch.exchanges import load_exchange
from liqwatch.exchanges._ccxt_account import CcxtAccount
from liqwatch.exchanges._ccxt_market import CcxtMarket
from liqwatch.exchanges._ccxt_venues import VENUES
from liqwatch.exchanges.payloads import ccxt_unified as read
from liqwatch.faces.metrics import PrometheusTelemetry
from liqwatch.model import MarginMode, Position, Side
from liqwatch.ports import AccountOptions, VenueOptions
from liqwatch.testing.canned_server import pushing, served

ADDRESS = "0x2653435D52a5f49551eBb757F25b2C8bB954859B"
KEY = {
    "api_key": "canary-key",
    "secret": base64.b64encode(b"canary-secret-canary-secret-0123").decode(),
    "passphrase": "canary-phrase",
    "wallet_address": ADDRESS,
}


@asynccontextmanager
async def market_at(
    name: str, url: str, markets: Mapping[str, Any], *, allow_last_price: bool = False
) -> AsyncIterator[CcxtMarket]:
    options = VenueOptions(
        venue=f"ccxt:{name}",
        clock=SystemClock(),
        telemetry=PrometheusTelemetry(),
        rest_url=url,
        websocket_url=url.replace("http", "ws"),
        allow_last_price=allow_last_price,
    )
    market = load_exchange(f"ccxt:{name}").open_market(options)
    assert isinstance(market, CcxtMarket)
    exchange = await market.session._open()
    exchange.set_markets(dict(markets))
    exchange.enableRateLimit = False
    try:
        yield market
    finally:
        await market.close()


@asynccontextmanager
async def account_at(name: str, url: str, markets: Mapping[str, Any]) -> AsyncIterator[CcxtAccount]:
    async with market_at(name, url, markets) as market:
        adapter = load_exchange(f"ccxt:{name}")
        key = {part: KEY[part] for part in adapter.required_credentials}
        account = adapter.open_account(market.options, AccountOptions(account="main", credentials=key), market)
        assert isinstance(account, CcxtAccount)
        try:
            yield account
        finally:
            await account.close()


def recorded(shared: Path, name: str, method: str = "fetchPositions") -> list[Any]:
    rows = json.loads((shared / "fixtures" / "ccxt" / f"{name}.json").read_text())
    return [row["http_response"] for row in rows if row["method"] == method]


def markets_of(shared: Path, name: str) -> dict[str, Any]:
    listed: dict[str, Any] = json.loads((shared / "fixtures" / "ccxt_static_markets" / f"{name}.json").read_text())
    return listed


LONG, SHORT = Side.LONG, Side.SHORT
HELD: Mapping[str, tuple[str, Side, float, float, float | None]] = {
    "phemex": ("XRP/USDT:USDT", LONG, 1.0, 2.9882, None),
    "bingx": ("LTC/USDT:USDT", LONG, 0.1, 95.61, None),
    "htx": ("BTC/USDT:USDT", LONG, 1.0, 63204.5, None),
    "woo": ("LTC/USDT:USDT", LONG, 0.1, 96.87, None),
    "blofin": ("LTC/USDT:USDT", LONG, 1.0, 67.85, 6.588863861975257),
    "backpack": ("ETH/USDC:USDC", LONG, 0.002, 4447.065, None),
    "lighter": ("ETH/USDC:USDC", LONG, 0.1, 1877.59, 1712.9916700404858),
    "pacifica": ("BTC/USDC:USDC", SHORT, 0.007, 89114.0, 102443.420678),
    "weex": ("ETH/USDT:USDT", LONG, 0.036, 2279.56, 2019.83),
    "poloniex": ("BTC/USDT:USDT", LONG, 3.0, 88186.586666666666666666, 86347.445746143527880952),
    "extended": ("BTC/USDC:USDC", LONG, 0.0001, 81500.0, None),
    "whitebit": ("BTC/USDT:USDT", LONG, 0.001, 82498.7, 70177.2),
    "bydfi": ("ETH/USDC:USDC", LONG, 1.0, 2920.77, None),
    "dydx": ("BTC/USDC:USDC", SHORT, 0.407, 118692.04840909091, None),
    "mudrex": ("APT/USDT:USDT", LONG, 68.86, 0.6075, 0.4091),
    "cryptocom": ("LTC/USD:USD", LONG, 4.7, 310.16670833333336 / 4.7, None),
}
"""The first position of each venue's recorded answer, read from the raw body by hand."""


REFUSED = {"code": 99999, "msg": "no such account", "status": "error", "err_code": 99999, "err_msg": "no such account"}
"""As bingx, htx and phemex refuse; their further kinds of contracts are left out then."""
SUB_ACCOUNTS = {"code": 200, "sub_accounts": [{"index": 715085}]}
NO_BALANCE = {"code": "0", "msg": "success", "data": {"ts": "1", "details": []}}


@pytest.mark.parametrize("name", sorted(HELD))
async def test_a_recorded_account_is_read_through_the_real_class(name: str, shared: Path) -> None:
    body = recorded(shared, name)[0]
    first_paths: list[str] = []

    def answer(request: web.Request) -> Any:
        if "accountsByL1Address" in request.path:
            return SUB_ACCOUNTS
        first_paths.append(request.path)
        if request.path == first_paths[0]:
            return body
        return NO_BALANCE if name == "blofin" else REFUSED

    async with served(answer) as url, account_at(name, url, markets_of(shared, name)) as account:
        snapshot = await account.snapshot()
    symbol, side, contracts, entry, liquidation = HELD[name]
    position = snapshot.positions[0]
    assert (position.symbol, position.side) == (symbol, side)
    assert position.contracts == pytest.approx(contracts, rel=1e-12)
    assert position.entry_price == pytest.approx(entry, rel=1e-9)
    assert position.reported_liquidation_price == (
        None if liquidation is None else pytest.approx(liquidation, rel=1e-12)
    )
    assert position.reported_maintenance_margin is None


def stated(rows: list[dict[str, Any]], name: str, markets: Mapping[str, Any]) -> list[Position]:
    """Rows as a venue states them, through its class's own reading of a position."""
    exchange = getattr(library, name)()
    exchange.set_markets(dict(markets))
    exchange.safe_position = lambda row: row
    return read.positions_of([exchange.parse_position(row) for row in rows], VENUES[name].positions)


def test_documented_rows_of_venues_without_a_recording(shared: Path) -> None:
    (mexc,) = stated(
        [
            {
                "symbol": "ETH_USDT", "positionType": 1, "openType": 1, "state": 1, "holdVol": 1, "leverage": 100,
                "holdAvgPrice": 1217.3, "openAvgPrice": 1217.3, "liquidatePrice": 1211.2, "oim": 0.129, "im": 0.129,
            }
        ],
        "mexc",
        markets_of(shared, "mexc"),
    )  # fmt: skip
    assert (mexc.side, mexc.contracts, mexc.entry_price, mexc.leverage) == (Side.LONG, 1.0, 1217.3, 100.0)
    assert (mexc.margin_mode, mexc.isolated_wallet) == (MarginMode.ISOLATED, 0.129)
    assert mexc.reported_liquidation_price == 1211.2


KEYLESS_ROWS = {
    "hashkey": ("ETH/USDT:USDT", SHORT, 5.0, 2995.99, 10908.34),
    "paradex": ("SOL/USD:USDC", LONG, 3.0, 183.06499451, None),
    "woofipro": ("BTC/USDC:USDC", SHORT, 5.0, 27908.14386047, 117335.92899428),
}
"""Recorded rows of venues that no key of ours opens, read from the raw body by hand."""


@pytest.mark.parametrize("name", sorted(KEYLESS_ROWS))
def test_rows_of_venues_that_no_key_of_ours_opens_can_still_be_read(name: str, shared: Path) -> None:
    rows = json.loads((shared / "fixtures" / "ccxt" / f"{name}.json").read_text())
    method = "fetchPositionsForSymbol" if name == "hashkey" else "fetchPositions"
    body = next(row["http_response"] for row in rows if row["method"] == method)
    raw = body if isinstance(body, list) else body.get("results") or body["data"]["rows"]
    position = stated(raw, name, markets_of(shared, name))[0]
    expected = KEYLESS_ROWS[name]
    assert (position.symbol, position.side, position.contracts) == expected[:3]
    assert position.entry_price == pytest.approx(expected[3], rel=1e-12)
    assert position.reported_liquidation_price == expected[4]


async def test_the_wallet_is_the_balance_that_the_liquidation_price_was_made_from(shared: Path) -> None:
    """Phemex and Lighter state it without unrealised PnL; BloFin with, so that is taken off."""
    body = recorded(shared, "phemex")[0]

    def phemex(request: web.Request) -> Any:
        return body if request.path.startswith("/g-accounts/") else REFUSED

    async with served(phemex) as url, account_at("phemex", url, markets_of(shared, "phemex")) as account:
        assert (await account.snapshot()).cross_wallets == {"USDT": 40.171353827776}

    accounts = recorded(shared, "lighter")[0]

    def lighter(request: web.Request) -> Any:
        return SUB_ACCOUNTS if "accountsByL1Address" in request.path else accounts

    async with served(lighter) as url, account_at("lighter", url, markets_of(shared, "lighter")) as account:
        assert (await account.snapshot()).cross_wallets == {"USDC": 19.933208}

    held, balance = recorded(shared, "blofin")[0], recorded(shared, "blofin", "fetchBalance")[0]

    def blofin(request: web.Request) -> Any:
        return balance if request.path.endswith("/balance") else held

    async with served(blofin) as url, account_at("blofin", url, markets_of(shared, "blofin")) as account:
        wallet = (await account.snapshot()).cross_wallets["USDT"]
    assert wallet == pytest.approx(61.338743775651804 - (67.83143340000001 - 67.85), rel=1e-12)


async def test_a_kind_of_contracts_that_has_answered_once_must_answer(shared: Path) -> None:
    body, empty = recorded(shared, "bingx")[0], {"code": 0, "msg": "", "data": []}
    answers: dict[str, Any] = {"inverse": empty}

    def answer(request: web.Request) -> Any:
        return answers["inverse"] if "cswap" in request.path else body

    async with served(answer) as url, account_at("bingx", url, markets_of(shared, "bingx")) as account:
        assert len((await account.snapshot()).positions) == 1
        answers["inverse"] = REFUSED
        with pytest.raises(ExchangeError):
            await account.snapshot()


async def test_a_position_that_cannot_be_read_makes_the_whole_answer_useless(shared: Path) -> None:
    body = json.loads(json.dumps(recorded(shared, "weex")[0]))
    body[0]["side"] = "?"
    async with served(lambda _: body) as url, account_at("weex", url, markets_of(shared, "weex")) as account:
        with pytest.raises(PayloadError, match="side"):
            await account.snapshot()


async def test_a_refused_key_is_told_without_its_secret(shared: Path) -> None:
    async with served(lambda _: 401) as url, account_at("weex", url, markets_of(shared, "weex")) as account:
        with pytest.raises(CredentialsError) as caught:
            await account.snapshot()
    assert "canary" not in str(caught.value)


async def test_clock_skew_is_measured_and_rights_are_said_to_be_unsaid(shared: Path) -> None:
    body, markets = {"code": 0, "data": {"serverTime": 1_000}}, markets_of(shared, "bingx")
    async with served(lambda _: body) as url, account_at("bingx", url, markets) as account:
        report = await account.probe()
    assert report.clock_skew_ms is not None
    assert report.clock_skew_ms < -1e12
    assert report.can_withdraw is None
    assert "does not say" in report.note


FRAMES: Mapping[str, tuple[str, float, int, Any]] = {
    "mexc": (
        "LTC/USDT:USDT", 76.4, 1731137509138,
        {"symbol": "LTC_USDT", "channel": "push.ticker", "ts": 1731137509138,
         "data": {"symbol": "LTC_USDT", "lastPrice": 76.1, "fairPrice": 76.4, "timestamp": 1731137509138}},
    ),
    "phemex": (
        "BTC/USDT:USDT", 0.71720199, 1677094918686,
        {"data": [["BTCUSDT", "0.6", "0.8", "0.6", "0.71737", "4", "3", "6", "0.71720205", "0.71720199", "0", "0"]],
         "method": "perp_market24h_pack_p.update", "timestamp": "1677094918686806209", "type": "snapshot"},
    ),
    "lighter": (
        "ETH/USDC:USDC", 3013.91, 0,
        {"channel": "market_stats:0", "type": "update/market_stats",
         "market_stats": {"market_id": 0, "mark_price": "3013.91", "last_trade_price": "3013.13"}},
    ),
    "weex": (
        "ETH/USDT:USDT", 2184.28, 1776081600000,
        {"e": "ticker", "E": 1776081628845, "s": "ETHUSDT",
         "d": [{"c": "2184.20", "C": 1776081600000, "m": "2184.28", "i": "2185.2"}]},
    ),
    "extended": (
        "BTC/USDC:USDC", 80988.4, 1778641421485,
        {"type": "MP", "data": {"m": "BTC-USD", "p": "80988.4", "ts": 0}, "ts": 1778641421485, "seq": 1},
    ),
    "pacifica": (
        "BTC/USDC:USDC", 105473.0, 1749051612681,
        {"channel": "prices", "data": [{"mark": "105473", "mid": "105476", "oracle": "105473", "symbol": "BTC",
                                        "timestamp": 1749051612681, "yesterday_price": "955476"}]},
    ),
}  # fmt: skip
"""Frames as the venues document them (in ccxt 4.5.90's sources), with the mark they carry."""


@pytest.mark.parametrize("name", sorted(FRAMES))
async def test_a_pushed_mark_reaches_the_stream(name: str, shared: Path) -> None:
    symbol, mark, exchange_ms, frame = FRAMES[name]
    async with pushing(frame) as url, market_at(name, url, markets_of(shared, name)) as market:
        await market.instruments()
        market.watch([symbol])
        stream = market.stream()
        async with asyncio.timeout(20):
            batch = await anext(stream)
        assert batch.rows == [(symbol, mark, exchange_ms)]
        await market.close()
        await stream.aclose()  # type: ignore[attr-defined]


async def test_a_renewed_session_goes_on_pushing(shared: Path) -> None:
    symbol, _, _, frame = FRAMES["lighter"]
    async with pushing(frame) as url, market_at("lighter", url, markets_of(shared, "lighter")) as market:
        await market.instruments()
        market.watch([symbol])
        stream = market.stream()
        async with asyncio.timeout(20):
            assert (await anext(stream)).rows
            await market.session.renew()
            assert (await anext(stream)).rows
        await market.close()
        await stream.aclose()  # type: ignore[attr-defined]


async def test_marks_come_from_the_best_source_that_has_them(shared: Path) -> None:
    """Bingx has a question for marks; htx has none but candles of the mark; mexc drops it from its tickers."""

    def bingx(request: web.Request) -> Any:
        assert "premiumIndex" in request.path
        return {"code": 0, "data": [{"symbol": "LTC-USDT", "markPrice": "95.62", "time": 1749830400000}]}

    async with served(bingx) as url, market_at("bingx", url, markets_of(shared, "bingx")) as market:
        assert [row[:2] for row in await market.mark_prices(["LTC/USDT:USDT"])] == [("LTC/USDT:USDT", 95.62)]

    def htx(request: web.Request) -> Any:
        if "mark_price_kline" in request.path:
            rows = [{"id": 60 * n, "open": "1", "high": "3", "low": "1", "close": f"{63_000 + n}"} for n in range(2)]
            return {"status": "ok", "ch": "x", "ts": 1, "data": rows}
        return REFUSED

    async with served(htx) as url, market_at("htx", url, markets_of(shared, "htx")) as market:
        assert await market.mark_prices(["BTC/USDT:USDT"]) == [("BTC/USDT:USDT", 63_001.0, 0)]

    def mexc(request: web.Request) -> Any:
        row = {"symbol": "LTC_USDT", "lastPrice": 76.1, "fairPrice": 76.4, "timestamp": 1731137509138}
        return {"success": True, "code": 0, "data": row} if "ticker" in request.path else {"success": True, "data": {}}

    async with served(mexc) as url, market_at("mexc", url, markets_of(shared, "mexc")) as market:
        assert await market.mark_prices(["LTC/USDT:USDT"]) == [("LTC/USDT:USDT", 76.4, 1731137509138)]


@pytest.mark.parametrize(
    ("name", "symbol", "interval"),
    [
        ("weex", "ETH/USDT:USDT", timedelta(hours=8)),  # collectCycle: 480 minutes
        ("htx", "BTC/USDT:USDT", timedelta(hours=8)),  # from one payment to the next; asked market by market
        ("woo", "BTC/USDT:USDT", timedelta(hours=8)),  # estFundingIntervalHours
        ("backpack", "ETH/USDC:USDC", None),  # ccxt says 1h of every market, the venue nothing
    ],
)
async def test_an_interval_of_funding_counts_where_the_venue_says_it(
    name: str, symbol: str, interval: timedelta | None, shared: Path
) -> None:
    body = recorded(shared, name, "fetchFundingRate")[0]
    async with served(lambda _: body) as url, market_at(name, url, markets_of(shared, name)) as market:
        [rate] = await market.funding_rates([symbol])
        assert (rate.symbol, rate.interval) == (symbol, interval)


def tickers_only(request: web.Request) -> Any:
    row = {"symbol": "ETH_USDC_PERP", "lastPrice": "4182.41", "high": "4349.75", "low": "4161.84"}
    if request.path.endswith("/ticker"):
        return row
    return [row] if request.path.endswith("/tickers") else []


async def test_the_last_price_is_refused_without_permission(shared: Path) -> None:
    async with served(tickers_only) as url, market_at("backpack", url, markets_of(shared, "backpack")) as market:
        instruments = await market.instruments()
        assert not instruments["ETH/USDC:USDC"].is_last_price
        with pytest.raises(ExchangeError, match="no mark price") as caught:
            await market.mark_prices(["ETH/USDC:USDC"])
    assert "allow_last_price = true" in (caught.value.mend or "")


async def test_with_permission_the_last_price_counts_and_every_contract_says_so(shared: Path) -> None:
    markets = markets_of(shared, "backpack")
    async with served(tickers_only) as url, market_at("backpack", url, markets, allow_last_price=True) as market:
        instruments = await market.instruments()
        assert all(instrument.is_last_price for instrument in instruments.values())
        assert [row[:2] for row in await market.mark_prices(["ETH/USDC:USDC"])] == [("ETH/USDC:USDC", 4182.41)]


async def test_permission_changes_nothing_where_there_is_a_mark(shared: Path) -> None:
    markets = markets_of(shared, "backpack")
    marks = recorded(shared, "backpack", "fetchFundingRate")[0]

    def answer(request: web.Request) -> Any:
        return marks if request.path.endswith("/markPrices") else tickers_only(request)

    async with served(answer) as url, market_at("backpack", url, markets, allow_last_price=True) as market:
        instruments = await market.instruments()
        assert not any(instrument.is_last_price for instrument in instruments.values())
        assert [row[:2] for row in await market.mark_prices(["ETH/USDC:USDC"])] == [("ETH/USDC:USDC", 4307.57627888)]


async def test_tiers_are_told_as_notional(shared: Path) -> None:
    body = recorded(shared, "bingx", "fetchMarketLeverageTiers")[0]
    markets = markets_of(shared, "bingx")
    async with served(lambda _: body) as url, account_at("bingx", url, markets) as account:
        (tiers,) = (await account.leverage_tiers(["LTC/USDT:USDT"])).values()
    assert (tiers[0].notional_floor, tiers[0].notional_cap, tiers[0].maintenance_margin_rate) == (0, 900_000, 0.0033)


async def test_only_reading_methods_can_be_called(shared: Path) -> None:
    async with market_at("backpack", "http://127.0.0.1:1", markets_of(shared, "backpack")) as market:
        for call in ("create_order", "withdraw", "set_leverage", "sign_in", "privatePostOrder", "close"):
            with pytest.raises(ValueError, match="not among"):
                await market.session.ask(call)


async def test_a_venue_that_does_not_answer_is_unreachable(shared: Path) -> None:
    async with market_at("backpack", "http://127.0.0.1:1", markets_of(shared, "backpack")) as market:
        with pytest.raises(ExchangeError):
            await market.mark_prices(["ETH/USDC:USDC"])
