"""Kraken Futures' recordings and reported positions, read into what they are."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import msgspec
import pytest

from liqwatch.errors import ExchangeError, PayloadError
from liqwatch.exchanges.payloads import kraken_futures_account as account
from liqwatch.exchanges.payloads import kraken_futures_listing as shapes
from liqwatch.exchanges.payloads.kraken_futures_market import read_market_frame
from liqwatch.exchanges.payloads.kraken_futures_pushes import AccountEar
from liqwatch.exchanges.plumbing.changes import Forced, Noticed, Nudge, Rows
from liqwatch.exchanges.plumbing.listing import Listing
from liqwatch.margin.assess import assess
from liqwatch.margin.pools import pools_of
from liqwatch.model import ContractKind, MarginMode, OrderKind, Position, Side
from liqwatch.testing.contract import Everything

NOW = datetime(2026, 11, 25, 12, 30, tzinfo=UTC)
NAMES = ("main", "kraken_futures")


def lines(folder: Path, pattern: str) -> Iterator[bytes]:
    for path in sorted((folder / "wire" / "krakenfutures").glob(pattern)):
        yield from (line for line in path.read_bytes().splitlines() if line.strip())


def answers_of(shared: Path, method: str) -> list[bytes]:
    records = json.loads((shared / "fixtures" / "ccxt" / "krakenfutures.json").read_text(encoding="utf-8"))
    return [json.dumps(each["http_response"]).encode() for each in records if each["method"] == method]


def documented(shared: Path, method: str) -> list[Any]:
    path = shared / "fixtures" / "ccxt_docstrings" / "krakenfutures.json"
    records = json.loads(path.read_text(encoding="utf-8"))
    return [each["payload"] for each in records if each["method"] == method]


@pytest.fixture(scope="module")
def static_markets(shared: Path) -> dict[str, Any]:
    path = shared / "fixtures" / "ccxt_static_markets" / "krakenfutures.json"
    markets: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return markets


@pytest.fixture(scope="module")
def listing(static_markets: dict[str, Any]) -> Listing:
    body = {"result": "success", "instruments": [market["info"] for market in static_markets.values()]}
    contracts, unreadable = shapes.read_contracts(json.dumps(body).encode())
    assert unreadable == 0
    return shapes.listing_of(contracts, unreadable, {"PI_XBTUSD": 39_962.5})


def accounts_answer(**wallets: Any) -> account.AccountsAnswer:
    return msgspec.convert({"accounts": wallets}, account.AccountsAnswer, strict=False)


def positions_answer(*rows: Any) -> account.PositionsAnswer:
    return msgspec.convert({"openPositions": list(rows)}, account.PositionsAnswer, strict=False)


def inverse_wallet(balance: float, profit: float = 0.0, maintenance: float = 0.0) -> dict[str, Any]:
    return {
        "auxiliary": {"pv": str(balance + profit), "pnl": str(profit)},
        "marginRequirements": {"mm": str(maintenance)},
        "currency": "xbt",
        "type": "marginAccount",
    }


def flex_wallet(equity: float, profit: float, maintenance: float = 0.0) -> dict[str, Any]:
    return {"marginEquity": str(equity), "pnl": str(profit), "maintenanceMargin": str(maintenance)}


def test_each_recorded_ticker_is_one_mark_and_says_no_more(shared: Path) -> None:
    seen = 0
    for line in lines(shared, "ticker.*.jsonl"):
        told = json.loads(line)
        frame = read_market_frame(line, Everything())
        assert list(frame.rows) == [(told["product_id"], told["markPrice"], told["time"])]
        assert frame.is_data
        assert not frame.rejected
        assert not read_market_frame(line, {}).rows
        seen += 1
    assert seen == 14


def test_control_frames_are_signs_of_life_and_refusals_have_a_name(shared: Path) -> None:
    assert all(read_market_frame(line, {}).is_alive for line in lines(shared, "control.jsonl"))
    reasons: Counter[str] = Counter()
    for line in lines(shared, "control.doc.jsonl"):
        if json.loads(line)["event"] not in {"subscribe", "challenge"}:
            frame = read_market_frame(line, {})
            assert frame.is_alive, line
            reasons.update(frame.rejected)
    assert reasons == {"request_refused": 2, "unknown_market": 1}


def test_a_recorded_session_holds_trades_but_no_liquidation(shared: Path) -> None:
    reasons: Counter[str] = Counter()
    [path] = (shared / "wire" / "sessions").glob("krakenfutures_2021-*.jsonl")
    for line in path.read_text(encoding="utf-8").splitlines():
        record = json.loads(line)
        if record["t"] == "recv":
            frame = read_market_frame(record["data"].encode(), Everything())
            assert not frame.liquidations
            assert frame.is_alive or frame.rejected
            reasons.update(frame.rejected)
    # Books, their snapshots, and best prices without a mark.
    assert reasons == {"unknown_feed": 7014 + 10 + 107}


def test_a_forced_trade_is_a_liquidation_of_the_side_that_the_taker_sells_or_buys() -> None:
    trade = {"feed": "trade", "product_id": "PF_XBTUSD", "side": "sell", "type": "liquidation", "seq": 1}
    body = json.dumps(trade | {"time": 5, "qty": 2.5, "price": 100.0}, separators=(",", ":")).encode()
    [found] = read_market_frame(body, {"PF_XBTUSD": "BTC/USD:USD"}).liquidations
    assert (found.symbol, found.side, found.contracts, found.price, found.exchange_ms) == (
        "BTC/USD:USD",
        Side.LONG,
        2.5,
        100.0,
        5,
    )
    assert read_market_frame(body.replace(b'"sell"', b'"both"'), Everything()).rejected == ("bad_row",)


def test_a_suspended_market_keeps_its_mark_and_is_named() -> None:
    body = b'{"feed":"ticker","product_id":"PF_XBTUSD","markPrice":1.5,"time":7,"suspended":true}'
    frame = read_market_frame(body, Everything())
    assert list(frame.rows) == [("PF_XBTUSD", 1.5, 7)]
    assert frame.rejected == ("market_suspended",)


def test_listed_contracts_have_ccxts_symbols_and_sizes(static_markets: dict[str, Any], listing: Listing) -> None:
    assert set(listing.by_symbol) == set(static_markets)
    for symbol, market in static_markets.items():
        instrument = listing.by_symbol[symbol]
        assert instrument.native_symbol == market["id"] == shapes.native_symbol(symbol)
        assert instrument.contract_size == market["contractSize"]
        assert instrument.price_tick == float(market["info"]["tickSize"])
        assert instrument.settle_currency == market["settle"]
        assert (instrument.contract_kind is ContractKind.INVERSE) is market["inverse"]


def test_tiers_are_the_listed_levels_and_those_of_inverse_contracts_are_in_the_coin(listing: Listing) -> None:
    linear = listing.by_symbol["BTC/USD:USD"].tiers
    assert [(tier.notional_floor, tier.maintenance_margin_rate) for tier in linear][:3] == [
        (0.0, 0.01),
        (500_000.0, 0.02),
        (2_000_000.0, 0.05),
    ]
    inverse = listing.by_symbol["BTC/USD:BTC"].tiers
    assert inverse[0].notional_cap == pytest.approx(500_000 / 39_962.5)
    assert inverse[0].maintenance_margin_rate == 0.01


def test_the_inverse_levels_of_an_unknown_mark_are_named_as_assumed(static_markets: dict[str, Any]) -> None:
    contract = msgspec.convert(static_markets["BTC/USD:BTC"]["info"], shapes.Contract, strict=False)
    assumed = shapes.instrument_of(contract, None)
    assert assumed.tiers_assumed
    assert len(assumed.tiers) == 1


def test_dated_contracts_carry_their_day_and_an_odd_row_blinds_nobody(shared: Path) -> None:
    [rows] = documented(shared, "fetch_leverage_tiers")
    dated = {"symbol": "FF_XBTUSD_250627", "type": "flexible_futures", "lastTradingTime": "2025-06-27T15:00:00.000Z"}
    body = json.dumps({"instruments": [*rows, dated, {"symbol": 7}, {"symbol": "F_X", "type": "futures_inverse"}]})
    contracts, unreadable = shapes.read_contracts(body.encode())
    listing = shapes.listing_of(contracts, unreadable, {})
    assert set(listing.by_symbol) == {"ETH/USD:ETH-180928", "BTC/USD:USD-250627"}
    assert listing.unreadable == 2
    for symbol, instrument in listing.by_symbol.items():
        assert shapes.native_symbol(symbol) == instrument.native_symbol


def test_recorded_rest_tickers_tell_mark_and_hourly_funding(shared: Path) -> None:
    [body] = answers_of(shared, "fetchFundingRates")
    rows, at = shapes.read_tickers(body)
    wanted = {"PF_DOGEUSD": "DOGE/USD:USD"}
    assert shapes.marks_of(rows, wanted) == [("DOGE/USD:USD", 0.09624183255, 0)]
    [funding] = shapes.funding_of(rows, wanted, at)
    assert funding.rate == pytest.approx(-0.000000742689179664 / 0.096257)
    assert funding.next_at == datetime(2026, 2, 8, 18, tzinfo=UTC)
    assert funding.interval == timedelta(hours=1)


def test_the_streams_own_relative_rate_confirms_how_amounts_are_counted(shared: Path) -> None:
    checked = 0
    for line in lines(shared, "ticker.*.jsonl"):
        told = json.loads(line)
        if not told.get("relative_funding_rate"):
            continue
        row = shapes.TickerRow(told["product_id"], told["markPrice"], told["index"], told["funding_rate"])
        [funding] = shapes.funding_of([row], Everything(), None)
        assert funding.rate == pytest.approx(told["relative_funding_rate"], rel=0.02)
        checked += 1
    assert checked >= 7


def test_candles_of_the_mark_are_read_and_a_refusal_is_one() -> None:
    body = b'{"candles":[{"time":1645198500000,"open":"309.15","high":"309.2","low":"308.7","close":"308.85","volume":0}],"more_candles":true}'  # noqa: E501  as the venue writes it
    [candle], has_more = shapes.read_candles(body)
    assert (candle.opened_at, candle.high, candle.low) == (datetime(2022, 2, 18, 15, 35, tzinfo=UTC), 309.2, 308.7)
    assert has_more
    with pytest.raises(ExchangeError, match="contractNotFound"):
        shapes.read_candles(b'{"result":"error","error":"contractNotFound"}')
    with pytest.raises(PayloadError):
        shapes.read_contracts(b'{"result":"success"}')


def test_the_documented_accounts_are_read_with_both_kinds_of_wallet(shared: Path, listing: Listing) -> None:
    [answer] = [each for each in documented(shared, "fetch_positions") if "openPositions" in each]
    flex = next(each for each in documented(shared, "parse_balance") if each.get("marginEquity") == "0.95")
    accounts = accounts_answer(flex=flex, fi_xbtusd=inverse_wallet(0.4), fv_xrpxbt=inverse_wallet(9.0))
    snapshot = account.snapshot_of(NAMES, accounts, positions_answer(*answer["openPositions"]), listing, NOW)
    assert snapshot.cross_wallets == {"USD": 0.95, "BTC": 0.4}
    [position] = snapshot.positions
    assert (position.symbol, position.side, position.contracts) == ("PI_XRPUSD", Side.LONG, 230.0)
    assert position.reported_liquidation_price is None


def test_isolated_positions_have_the_margin_of_their_leverage_and_it_is_not_counted_twice(listing: Listing) -> None:
    isolated = {"side": "long", "symbol": "pf_ftmusd", "price": "0.5", "size": "100", "maxFixedLeverage": "2.0"}
    cross = {"side": "short", "symbol": "PF_LTCUSD", "price": "70", "size": "1"}
    accounts = accounts_answer(flex=flex_wallet(1_000.0, 10.0, 3.0))
    snapshot = account.snapshot_of(NAMES, accounts, positions_answer(isolated, cross), listing, NOW)
    modes = {position.symbol: (position.margin_mode, position.isolated_wallet) for position in snapshot.positions}
    assert modes == {"FTM/USD:USD": (MarginMode.ISOLATED, 25.0), "LTC/USD:USD": (MarginMode.CROSS, None)}
    assert snapshot.cross_wallets == {"USD": 965.0}
    assert not snapshot.reported_margin_ratios


@pytest.mark.parametrize("missing", ["marginEquity", "pnl", "maintenanceMargin"])
def test_a_missing_figure_makes_the_answer_unusable_and_is_named(missing: str, listing: Listing) -> None:
    wallet = flex_wallet(1_000.0, 10.0, 3.0)
    del wallet[missing]
    row = {"side": "short", "symbol": "PF_LTCUSD", "price": "70", "size": "1"}
    with pytest.raises(PayloadError, match=missing):
        account.snapshot_of(NAMES, accounts_answer(flex=wallet), positions_answer(row), listing, NOW)


def test_the_venues_ratio_is_maintenance_by_equity_and_options_leave_nothing_else(listing: Listing) -> None:
    row = {"side": "long", "symbol": "OF_ETHUSD_240101_1000_C", "price": "10", "size": "1"}
    accounts = accounts_answer(flex=flex_wallet(200.0, 0.0, 50.0), fi_xbtusd=inverse_wallet(0.5, -0.1, 0.1))
    snapshot = account.snapshot_of(NAMES, accounts, positions_answer(row), listing, NOW)
    assert snapshot.is_ratio_only
    assert snapshot.reported_margin_ratios == pytest.approx({"USD": 0.25, "BTC": 0.25})


def test_recorded_orders_wait_at_their_prices(shared: Path, listing: Listing) -> None:
    for body in answers_of(shared, "fetchOpenOrders"):
        [row] = msgspec.convert(json.loads(body), account.OrdersAnswer, strict=False).rows
        order = account.resting_order_of(row, listing)
        assert (order.symbol, order.order_side, order.kind) == ("LTC/USD:USD", Side.LONG, OrderKind.LIMIT)
        assert (order.contracts, order.limit_price, order.trigger_price) == (0.1, 50.0, None)
    stop = account.OrderRow("pi_xbtusd", "sell", "stop", 5.0, None, 9_500.0, "mark", reduce_only=True)
    assert account.resting_order_of(stop, listing).trigger_by == "mark"
    assert account.resting_order_of(stop, listing).trigger_price == 9_500.0


def told(body: bytes, listing: Listing, ear: AccountEar | None = None) -> tuple[Any, ...]:
    heard = (ear or AccountEar()).hear(body, listing, NOW)
    assert heard.rejected is None
    return heard.events


def test_a_recorded_list_of_positions_is_the_whole_and_its_threshold_is_the_raw_one(
    shared: Path, listing: Listing
) -> None:
    for line in lines(shared, "open_positions.*.jsonl"):
        rows = json.loads(line)["positions"]
        ear = AccountEar(modes={listing.unified(row["instrument"]): MarginMode.CROSS for row in rows})
        [event] = told(line, listing, ear)
        assert isinstance(event, Rows)
        assert event.is_whole is not None
        for row, position in zip(rows, event.positions, strict=True):
            assert position.symbol == listing.unified(row["instrument"])
            assert (position.contracts, position.entry_price) == (row["balance"], row["entry_price"])
            assert position.reported_mark_price == row["mark_price"]
            is_price = 0.05 <= row.get("liquidation_threshold", 0) / row["mark_price"] <= 20
            assert position.reported_liquidation_price == (row["liquidation_threshold"] if is_price else None)
        assert told(line, listing, ear) == ()


def test_a_threshold_of_a_whole_account_far_away_is_none(shared: Path, listing: Listing) -> None:
    records = json.loads((shared / "golden" / "positions.json").read_text(encoding="utf-8"))
    [record] = [each for each in records if each["id"] == "krakenfutures-170"]
    body = {"feed": "open_positions", "positions": [{"instrument": "PF_LTCUSD", **record["raw"]}]}
    ear = AccountEar(modes={"LTC/USD:USD": MarginMode.CROSS})
    [event] = told(json.dumps(body).encode(), listing, ear)
    [position] = event.positions
    assert position.side is Side.SHORT
    assert position.reported_liquidation_price is None
    assert position.reported_maintenance_margin == 0.069


def test_the_computed_price_of_the_recorded_inverse_position_is_the_venues(shared: Path, listing: Listing) -> None:
    [wallets] = (json.loads(line) for line in lines(shared, "account_balances_and_margins.cap.jsonl"))
    wallet = next(each["pv"] for each in wallets["margin_accounts"] if each["name"] == "f-xbt:usd")
    raw = json.loads(list(lines(shared, "open_positions.cap.jsonl"))[1])["positions"][0]
    row = {"side": "long", "symbol": "PI_XBTUSD", "price": raw["entry_price"], "size": raw["balance"]}
    answer = accounts_answer(fi_xbtusd=inverse_wallet(wallet), flex=flex_wallet(0.0, 0.0))
    snapshot = account.snapshot_of(NAMES, answer, positions_answer(row), listing, NOW)
    [pool] = pools_of(snapshot, listing.by_symbol, exchange="kraken_futures", on=date(2026, 11, 25))
    [health] = assess(pool, {"BTC/USD:BTC": raw["mark_price"]}).positions
    tick = listing.by_symbol["BTC/USD:BTC"].price_tick
    assert health.computed_liquidation_price == pytest.approx(raw["liquidation_threshold"], rel=1e-7)
    assert abs(float(str(health.computed_liquidation_price)) - raw["liquidation_threshold"]) < tick


def test_wallets_are_pushed_without_profit_and_noise_is_not_told(shared: Path, listing: Listing) -> None:
    [line] = lines(shared, "balances_snapshot.doc.jsonl")
    ear = AccountEar()
    [event] = told(line, listing, ear)
    assert event.wallets == {"USD": 9_963.66}
    assert told(line, listing, ear) == ()
    pushed = {"unit": "XBT", "portfolio_value": 0.12, "pnl": 0.02}
    body = json.dumps({"feed": "balances", "futures": {"F-XBT:USD": pushed, "F-XRP:XBT": pushed}}).encode()
    [event] = told(body, listing, ear)
    assert event.wallets == pytest.approx({"BTC": 0.1})
    assert ear.hear(b'{"feed":"balances","flex_futures":{"pnl":1}}', listing, NOW).rejected == "bad_event"


def test_a_position_that_rest_has_not_told_of_asks_rest(listing: Listing) -> None:
    body = b'{"feed":"open_positions","positions":[{"instrument":"PF_LTCUSD","balance":1,"entry_price":70}]}'
    [event] = told(body, listing)
    assert isinstance(event, Nudge)
    known = Position(
        symbol="LTC/USD:USD", side=Side.LONG, contracts=1, entry_price=70.0, margin_mode=MarginMode.ISOLATED
    )
    ear = AccountEar(modes={known.symbol: MarginMode.ISOLATED}, positions=(replace(known, contracts=2.0),))
    [event] = told(body, listing, ear)
    assert isinstance(event, Nudge)


def test_an_empty_list_of_positions_is_a_statement(listing: Listing) -> None:
    [event] = told(b'{"feed":"open_positions","positions":[]}', listing)
    assert event.positions == ()
    assert event.is_whole is not None


def test_fills_by_which_the_venue_closes_are_told_with_the_side_of_the_position(shared: Path, listing: Listing) -> None:
    [line] = lines(shared, "fills.cap.jsonl")
    assert told(line, listing) == ()
    forced = line.replace(b'"maker"', b'"liquidation"')
    assert told(forced, listing) == (Forced("BTC/USD:BTC short", "liquidated by the venue"),)
    unwound = line.replace(b'"maker"', b'"unwindCounterparty"').replace(b'"buy":true', b'"buy":false')
    [event] = told(unwound, listing)
    assert event.subject == "BTC/USD:BTC long"
    assert "deleveraged" in event.word
    for past in lines(shared, "*_snapshot.cap.jsonl"):
        assert told(past.replace(b'"maker"', b'"liquidation"'), listing) == ()


def test_orders_of_a_liquidation_are_told(shared: Path, listing: Listing) -> None:
    recorded = list(lines(shared, "open_orders.*.jsonl"))
    assert all(told(line, listing) == () for line in recorded)
    forced = recorded[0].replace(b"new_placed_order_by_user", b"liquidation")
    assert told(forced, listing) == (Forced("BTC/USD:BTC short", "liquidated by the venue"),)
    [event] = told(recorded[3].replace(b"cancelled_by_user", b"liquidation"), listing)
    assert isinstance(event, Noticed)
