"""OKX's public side on recordings: marks, forced orders, refusals, the list of contracts, tiers, candles."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from liqwatch.errors import ExchangeBlocked, ExchangeError, PayloadError
from liqwatch.exchanges.payloads.okx_listing import (
    ListedContract,
    leverage_tiers_of,
    native_symbol,
    read_contracts,
    read_tiers,
    unified_symbol,
)
from liqwatch.exchanges.payloads.okx_market import read_candles, read_funding, read_marks, read_public_frame
from liqwatch.model import ContractKind, Instrument, PublicLiquidation, Side
from liqwatch.testing.contract import Everything

BTC = "BTC-USDT-SWAP"


def lines(shared: Path, channel: str) -> Iterator[tuple[str, bytes]]:
    for path in sorted((shared / "wire" / "okx").glob(f"{channel}.*jsonl")):
        yield from ((path.name, line) for line in path.read_bytes().splitlines() if line.strip())


def answer(*rows: Any, code: str = "0", message: str = "") -> bytes:
    return json.dumps({"code": code, "data": list(rows), "msg": message}).encode()


def mark(**fields: Any) -> dict[str, Any]:
    return {"instId": BTC, "instType": "SWAP", "markPx": "100.5", "ts": "5"} | fields


def frame_of(*rows: Any, channel: str = "mark-price") -> bytes:
    argument = {"channel": channel, "instId": BTC}
    return json.dumps({"arg": argument, "data": list(rows)}, separators=(",", ":")).encode()


def test_a_mark_is_read_for_wanted_markets_only() -> None:
    frame = read_public_frame(frame_of(mark()), {BTC: "BTC/USDT:USDT"})
    assert list(frame.rows) == [("BTC/USDT:USDT", 100.5, 5)]
    assert frame.is_data
    assert not read_public_frame(frame_of(mark()), {}).rows


def test_one_bad_row_does_not_cost_its_neighbours() -> None:
    frame = read_public_frame(frame_of(mark(markPx=""), mark(), 7), {BTC: "b"})
    assert list(frame.rows) == [("b", 100.5, 5)]
    assert list(frame.rejected) == ["bad_row", "bad_row"]
    assert not read_public_frame(frame_of(mark(markPx="")), {BTC: "b"}).is_data


def test_recorded_forced_orders_carry_the_side_of_the_position(shared: Path) -> None:
    found: dict[str, PublicLiquidation] = {}
    for _, line in lines(shared, "liquidation-orders"):
        frame = read_public_frame(line, Everything())
        assert (frame.is_alive, frame.is_data, list(frame.rejected)) == (True, False, [])
        found |= {each.symbol: each for each in frame.liquidations}
    assert found[BTC] == PublicLiquidation(BTC, Side.LONG, 8.55, 82655.7, 1791565600771)
    assert found["XRP-USD-230929"] == PublicLiquidation("XRP-USD-230929", Side.SHORT, 39.0, 0.55205, 1680173247614)
    assert len(found) == 5


def test_in_net_mode_a_selling_order_closes_a_long() -> None:
    detail = {"bkPx": "1", "posSide": "net", "side": "sell", "sz": "2", "ts": "3"}
    frame = read_public_frame(frame_of({"instId": BTC, "details": [detail]}, channel="liquidation-orders"), {BTC: "b"})
    assert list(frame.liquidations) == [PublicLiquidation("b", Side.LONG, 2.0, 1.0, 3)]
    bad = read_public_frame(frame_of({"instId": BTC, "details": [{}]}, channel="liquidation-orders"), {BTC: "b"})
    assert list(bad.rejected) == ["bad_liquidation"]


def test_recorded_control_messages_are_signs_of_life_refusals_or_an_end(shared: Path) -> None:
    outcomes: dict[str, set[tuple[bool, str, str | None]]] = {}
    for _, line in lines(shared, "control"):
        frame = read_public_frame(line, {})
        event = json.loads(line)["event"]
        outcomes.setdefault(event, set()).add((frame.is_alive, "".join(frame.rejected), frame.end))
    assert outcomes == {
        "subscribe": {(True, "", None)},
        "unsubscribe": {(True, "", None)},
        "channel-conn-count": {(True, "", None)},
        "notice": {(True, "", "service_upgrade")},
        "error": {(False, "unknown_market", None), (False, "request_refused", None)},
        "login": {(False, "unknown_event", None)},
    }


@pytest.mark.parametrize(
    ("raw", "reasons"),
    [
        (b"pong", ()),
        (b"ping", ("undecodable",)),
        (b"{}", ("unknown_frame",)),
        (b'{"event":"notice","code":"1"}', ("unknown_notice",)),
        (b'{"arg":{"channel":"tickers"},"data":[]}', ("unexpected_channel",)),
        (b'{"arg":{"channel":"mark-price","instId":"X"},"data":7}', ("undecodable",)),
    ],
)
def test_what_is_no_mark_is_named(raw: bytes, reasons: tuple[str, ...]) -> None:
    frame = read_public_frame(raw, Everything())
    assert (tuple(frame.rejected), frame.is_data) == (reasons, False)


def test_listed_contracts_are_named_and_sized_as_in_ccxts_own_table(shared: Path) -> None:
    table = json.loads((shared / "fixtures" / "ccxt_static_markets" / "okx.json").read_text(encoding="utf-8"))
    markets = [market for market in table.values() if market["type"] in ("swap", "future")]
    instruments, unreadable = read_contracts(answer(*(market["info"] for market in markets)))
    assert (len(instruments), unreadable) == (len(markets), 0)
    for market, instrument in zip(markets, instruments, strict=True):
        assert (instrument.symbol, instrument.native_symbol) == (market["symbol"], market["id"])
        assert instrument.contract_size == market["contractSize"]
        assert instrument.price_tick == market["precision"]["price"]
        assert instrument.settle_currency == market["settle"]
        assert (instrument.contract_kind is ContractKind.INVERSE) is market["inverse"]
        assert instrument.closing_fee_rate == market["taker"]
        assert native_symbol(instrument.symbol) == instrument.native_symbol


def contract(**fields: Any) -> dict[str, Any]:
    return {
        "instId": "BTC-USD_UM_XPERP-310404",
        "instType": "FUTURES",
        "ctType": "linear",
        "ctVal": "0.001",
        "settleCcy": "USD",
        "uly": "BTC-USD",
        "expTime": "1933056000000",
        "tickSz": "0.1",
        "state": "live",
    } | fields


def test_a_long_x_perp_keeps_its_date_and_names_before_the_list_is_known_follow_the_rule() -> None:
    [instrument], _ = read_contracts(answer(contract()))
    assert (instrument.symbol, instrument.contract_kind) == ("BTC/USD:USD-310404", ContractKind.LINEAR)
    assert native_symbol("BTC/USD:USD-261030") == "BTC-USD_UM-261030"
    assert native_symbol("BTC/USD:BTC-260925") == "BTC-USD-260925"
    assert native_symbol("BTC/USDT:USDT") == BTC


def test_announced_contracts_are_passed_over_and_odd_rows_counted() -> None:
    announced = {"instId": "ETH-USD_UM-SWAP", "instType": "SWAP", "state": "preopen", "ctVal": "", "expTime": ""}
    odd = [contract(ctVal=""), contract(ctType=""), contract(uly=""), contract(expTime=""), {"instType": "SWAP"}, 7]
    instruments, unreadable = read_contracts(answer(announced, contract(state="suspend"), *odd))
    assert ([each.is_trading for each in instruments], unreadable) == ([False], len(odd))
    with pytest.raises(PayloadError):
        unified_symbol(ListedContract(native_symbol="X"))


def tier(**fields: Any) -> dict[str, Any]:
    return {
        "instFamily": "BTC-USDT",
        "maxSz": "500",
        "minSz": "0",
        "mmr": "0.004",
        "maxLever": "100",
        "tier": "1",
    } | fields


def test_tiers_in_contracts_become_notional_at_the_mark() -> None:
    tables = read_tiers(answer(tier(maxSz="1000", minSz="501", mmr="0.005", maxLever="75"), tier()))
    linear = Instrument(symbol="b", native_symbol=BTC, settle_currency="USDT", contract_size=0.01)
    tiers = leverage_tiers_of(tables["BTC-USDT"], linear, 100_000.0)
    assert [(each.notional_floor, each.notional_cap) for each in tiers] == [(0.0, 500_000.0), (500_000.0, 1_000_000.0)]
    assert [(each.maintenance_margin_rate, each.max_leverage) for each in tiers] == [(0.004, 100.0), (0.005, 75.0)]
    inverse = Instrument(
        symbol="i",
        native_symbol="BTC-USD-SWAP",
        settle_currency="BTC",
        contract_kind=ContractKind.INVERSE,
        contract_size=100.0,
    )
    assert leverage_tiers_of(tables["BTC-USDT"], inverse, 100_000.0)[0].notional_cap == pytest.approx(0.5)


@pytest.mark.parametrize("fields", [{"mmr": ""}, {"mmr": "nan"}, {"maxSz": ""}])
def test_a_table_with_a_hole_is_refused_whole(fields: dict[str, Any]) -> None:
    with pytest.raises(PayloadError):
        read_tiers(answer(tier(), tier(**fields)))


def test_marks_funding_and_candles_over_rest() -> None:
    marks = read_marks(
        answer(mark(), mark(instId="A", markPx="0"), mark(instId="B", markPx=""), mark(instId="C", ts=""))
    )
    assert {native: update.mark_price for native, update in marks.items()} == {BTC: 100.5}
    rate = {"instId": BTC, "fundingRate": "0.0001", "fundingTime": "1765209600000", "nextFundingTime": "1765238400000"}
    [funding] = read_funding(answer(rate, {"instId": "SOS-USDT-SWAP", "fundingTime": "1"}, 7), Everything())
    assert (funding.rate, funding.next_at) == (0.0001, datetime(2025, 12, 8, 16, tzinfo=UTC))
    assert funding.interval == timedelta(hours=8)
    [candle] = read_candles(answer(["1597026383085", "3.721", "3.743", "3.677", "3.708", "0"]))
    assert (candle.high, candle.low) == (3.743, 3.677)
    with pytest.raises(PayloadError):
        read_candles(answer(["", "1"]))


def test_a_funding_push_of_an_x_perp_reads_like_the_rest_row(shared: Path) -> None:
    rows = [row for _, line in lines(shared, "funding-rate") for row in json.loads(line)["data"]]
    rates = {each.symbol: each for each in read_funding(answer(*rows), Everything())}
    assert rates["BTC-USD_UM_XPERP-310404"].rate == pytest.approx(-0.0004270396398519)
    assert rates["BTC-USD_UM_XPERP-310404"].interval == timedelta(hours=8)
    assert rates["WNCG-USDT-SWAP"].interval is None  # recorded in 2021, without the payment after the next
    assert "SOS-USDT-SWAP" not in rates
    assert all(math.isfinite(each.rate) for each in rates.values())


def test_refusals_in_the_body_have_their_meaning() -> None:
    with pytest.raises(ExchangeBlocked):
        read_marks(answer(code="50011", message="Too Many Requests"))
    with pytest.raises(ExchangeError, match="51001"):
        read_marks(answer(code="51001", message="Instrument ID doesn't exist"))
    with pytest.raises(PayloadError):
        read_marks(b"<html>")
