"""Every recorded Deribit payload is read into the right thing, or refused by a named reason."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec
import pytest

from liqwatch.exchanges.payloads.deribit_account import (
    OrderRow,
    PositionRow,
    PositionsAnswer,
    SummariesAnswer,
    position_of,
    resting_order_of,
    snapshot_of,
)
from liqwatch.exchanges.payloads.deribit_listing import (
    ListedFuture,
    funding_of,
    instrument_of,
    marks_of,
    native_symbol,
    read_summaries,
    read_ticker,
    settle_currency_of,
)
from liqwatch.exchanges.payloads.deribit_market import TEST, read_market_frame
from liqwatch.exchanges.payloads.deribit_pushes import (
    PortfolioChange,
    hear_frame,
)
from liqwatch.exchanges.plumbing.listing import Listing
from liqwatch.margin.assess import assess
from liqwatch.margin.pools import pools_of
from liqwatch.model import (
    ContractKind,
    OrderKind,
    RestingOrder,
    Side,
)
from liqwatch.testing.contract import Everything

if TYPE_CHECKING:
    from tests.contract.conftest import DeribitRows

SESSION = "deribit_public_2021-07-22_option_tickers.jsonl"


def lines(folder: Path, pattern: str = "*.jsonl") -> Iterator[tuple[str, bytes]]:
    for path in sorted(folder.glob(pattern)):
        for line in path.read_bytes().splitlines():
            if line.strip():
                yield path.name.partition(".")[0], line


def fixtures(shared: Path, method: str) -> list[Any]:
    recordings = json.loads((shared / "fixtures" / "ccxt" / "deribit.json").read_text(encoding="utf-8"))
    return [each["http_response"] for each in recordings if each["method"] == method]


def recorded_rows(shared: Path) -> list[PositionRow]:
    (answer,) = fixtures(shared, "fetchPositions")
    return msgspec.convert(answer, PositionsAnswer, strict=False).rows


def test_every_recorded_ticker_yields_exactly_its_mark_and_time(shared: Path) -> None:
    seen = 0
    for _, line in lines(shared / "wire" / "deribit", "ticker*.jsonl"):
        data = json.loads(line)["params"]["data"]
        frame = read_market_frame(line, Everything())
        assert list(frame.rows) == [(data["instrument_name"], float(data["mark_price"]), data["timestamp"])]
        assert frame.is_data
        assert not frame.rejected
        seen += 1
    assert seen == 104


def test_every_other_recorded_frame_is_no_price_and_says_what_it_is(shared: Path) -> None:
    for channel, line in lines(shared / "wire" / "deribit"):
        if channel == "ticker":
            continue
        frame = read_market_frame(line, Everything())
        assert not frame.rows
        assert not frame.is_data
        assert frame.rejected or frame.is_alive, line
        if channel != "control":
            assert frame.rejected == ("other_channel",), line


def test_recorded_control_frames_are_told_apart(shared: Path) -> None:
    found: dict[str, list[Any]] = {}
    for _, line in lines(shared / "wire" / "deribit", "control*.jsonl"):
        frame = read_market_frame(line, {})
        document = json.loads(line)
        if document.get("method") == "heartbeat":
            assert frame.replies == (TEST,)
            assert frame.is_alive
        elif "error" in document:
            found.setdefault("error", []).append(tuple(frame.rejected))
        elif document.get("result") == [] and "id" in document:
            assert frame.rejected == ("unknown_channel",)
            found.setdefault("empty", []).append(document["id"])
        elif "id" not in document:
            assert frame.rejected == ("unknown_frame",)
        else:
            assert frame.is_alive
            assert not frame.rejected
    assert set(found["error"]) == {("too_many_requests",), ("bad_request",), ("channel_needs_login",)}
    assert found["empty"] == [4]


def test_the_recorded_session_replays(shared: Path) -> None:
    """Tickers of options are marks although options are no positions that are priced."""
    marks, times = 0, dict[str, int]()
    for line in (shared / "wire" / "sessions" / SESSION).read_text(encoding="utf-8").splitlines():
        event = json.loads(line)
        if event["t"] != "recv":
            continue
        frame = read_market_frame(event["data"].encode(), Everything())
        assert frame.rows or frame.is_alive or frame.rejected == ("other_channel",), event["data"]
        for name, price, exchange_ms in frame.rows:
            assert 0 < price < math.inf
            assert times.get(name, 0) <= exchange_ms
            times[name] = exchange_ms
            marks += 1
    assert marks >= 50
    assert len(times) == 10


def test_every_recorded_portfolio_is_a_ratio_and_a_balance(shared: Path) -> None:
    seen = []
    for channel, line in lines(shared / "wire" / "deribit"):
        heard = hear_frame(line, Listing())
        if channel != "user_portfolio":
            assert not heard.events
            continue
        (event,) = heard.events
        assert isinstance(event, PortfolioChange)
        data = json.loads(line)["params"]["data"]
        assert event.margin_balance == data["margin_balance"]
        assert event.realised == data["balance"] + data["session_rpl"]
        seen.append((event.currency, event.pool, event.margin_ratio))
    assert seen == [("BTC", "BTC", 0.0), ("USDT", "USD", 0.0)]


def test_recorded_positions_are_read_raw(deribit: DeribitRows, shared: Path) -> None:
    rows = recorded_rows(shared)
    listing = deribit.listing(rows)
    read = {row.instrument_name: position_of(row, listing) for row in rows}
    btc, eth, ada = read["BTC-PERPETUAL"], read["ETH-PERPETUAL"], read["ADA_USDC-PERPETUAL"]
    assert (btc.symbol, btc.side, btc.contracts, btc.entry_price) == ("BTC/USD:BTC", Side.LONG, 6.0, 21731.29)
    assert (btc.leverage, btc.reported_mark_price, btc.reported_maintenance_margin) == (50.0, 109440.37, 5.482e-6)
    assert (eth.symbol, eth.side, eth.contracts) == ("ETH/USD:ETH", Side.SHORT, 3.0)
    assert (ada.symbol, ada.contracts) == ("ADA/USDC:USDC", 30.0)
    assert {each.reported_liquidation_price for each in read.values()} == {None}


def test_the_golden_position_has_no_liquidation_price_because_what_is_shown_is_practically_zero(
    deribit: DeribitRows, shared: Path
) -> None:
    golden = json.loads((shared / "golden" / "positions.json").read_text(encoding="utf-8"))
    (record,) = [each for each in golden if each["exchange"] == "deribit"]
    row = msgspec.convert(record["raw"], PositionRow, strict=False)
    assert row.estimated_liquidation_price == str(record["exchange_liquidation_price"]) == "0.77"
    assert position_of(row, deribit.listing()).reported_liquidation_price is None


def test_our_maintenance_and_profit_are_what_the_venue_reported_of_six_positions(
    deribit: DeribitRows, shared: Path
) -> None:
    """Wallets are made up: no recorded answer has both positions and their summaries, and no price to compare with."""
    rows = recorded_rows(shared)
    listing = deribit.listing(rows)
    wallets = {"BTC": 1.0, "ETH": 1.0, "USDC": 1000.0}
    portfolios = [deribit.portfolio(currency=name, margin_balance=wallet) for name, wallet in wallets.items()]
    snapshot = snapshot_of(deribit.owner, portfolios, rows, listing, deribit.now)
    marks = {listing.unified(row.instrument_name): row.mark_price for row in rows}
    told = {position_of(row, listing).subject: row for row in rows}
    checked = 0
    for pool in pools_of(snapshot, listing.by_symbol, exchange="deribit", on=deribit.now.date()):
        health = assess(pool, marks)
        assert health.equity == pytest.approx(wallets[pool.currency])
        for each in health.positions:
            row = told[each.position.subject]
            assert each.maintenance_margin == pytest.approx(row.maintenance_margin, rel=2e-9, abs=1e-9)
            assert each.unrealized_pnl == pytest.approx(row.total_profit_loss, rel=1e-6, abs=1e-8)
            checked += 1
    assert checked == 6


def test_recorded_account_summaries_have_the_documented_shape(deribit: DeribitRows, shared: Path) -> None:
    (answer,) = fixtures(shared, "fetchBalance")
    portfolios = msgspec.convert(answer, SummariesAnswer, strict=False).result.portfolios
    assert {each.currency for each in portfolios} >= {"BTC", "ETH", "USDC"}
    snapshot = snapshot_of(deribit.owner, portfolios, [], Listing(), deribit.now)
    told = {each["currency"]: float(each["margin_balance"]) for each in answer["result"]["summaries"]}
    assert snapshot.cross_wallets == {name: balance for name, balance in told.items() if balance}
    assert not snapshot.is_multi_asset


def test_recorded_summaries_are_marks_and_funding(shared: Path) -> None:
    seen: dict[str, tuple[float, int]] = {}
    funding: dict[str, tuple[float, timedelta | None]] = {}
    for _, line in lines(shared / "wire" / "deribit", "control.cap.jsonl"):
        document = json.loads(line)
        if "id" in document or not isinstance(document.get("result"), list):
            continue
        summaries = read_summaries(line)
        seen |= {name: (price, at) for name, price, at in marks_of(summaries, Everything())}
        funding |= {each.symbol: (each.rate, each.interval) for each in funding_of(summaries, Everything())}
    assert seen["BTC-PERPETUAL"] == (29700.53, 1654340303741)
    assert seen["BTC-24JUN22"] == (29727.97, 1654341687529)
    assert funding == {"BTC-PERPETUAL": (0.0, timedelta(hours=8))}


def test_a_recorded_ticker_answer_is_a_mark(shared: Path) -> None:
    (answer,) = fixtures(shared, "fetchTicker")
    rows = read_ticker(msgspec.json.encode(answer), Everything())
    assert rows == [("BTC_USDT", 73367.995, 1710328244150)]


def test_symbols_are_named_as_ccxt_names_them(shared: Path) -> None:
    path = shared / "fixtures" / "ccxt_static_markets" / "deribit.json"
    seen = 0
    for market in json.loads(path.read_text(encoding="utf-8")).values():
        info = market.get("info") or {}
        if info.get("kind") != "future":
            continue
        instrument = instrument_of(msgspec.convert(info, ListedFuture, strict=False), 100.0)
        assert instrument.symbol == market["symbol"]
        assert instrument.contract_size == market["contractSize"]
        assert (instrument.contract_kind is ContractKind.INVERSE) is market["inverse"]
        assert instrument.price_tick == float(info["tick_size"])
        assert native_symbol(instrument.symbol) == instrument.native_symbol == market["id"]
        assert settle_currency_of(market["id"]) == market["settle"]
        seen += 1
    assert seen == 3


def test_a_recorded_stop_is_read_as_what_it_waits_for(deribit: DeribitRows, shared: Path) -> None:
    found: list[RestingOrder] = []
    for _, line in lines(shared / "wire" / "deribit", "control.doc.jsonl"):
        result = json.loads(line).get("result")
        if isinstance(result, dict) and "order" in result:
            found.append(resting_order_of(msgspec.convert(result["order"], OrderRow, strict=False), deribit.listing()))
    stop = next(each for each in found if each.order_id == "USDC-SLMB-19641")
    assert stop == RestingOrder(
        symbol="BTC/USDC:USDC",
        order_side=Side.SHORT,
        kind=OrderKind.STOP,
        contracts=10.0,
        trigger_price=2228.0,
        trigger_by="mark",
        is_reduce_only=True,
        order_id="USDC-SLMB-19641",
    )
    assert {each.limit_price for each in found if each.kind is OrderKind.LIMIT} >= {2973.55, 3286.7}
