"""Every recorded Bybit frame is read into the right thing, or refused by a named reason."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest

from liqwatch.exchanges._bybit_account import SUBSCRIBE
from liqwatch.exchanges.bybit import LIVE, BybitMarkDialect
from liqwatch.exchanges.payloads.bybit_events import POSITION, WALLET, heard_of
from liqwatch.exchanges.payloads.bybit_market import read_mark_frame
from liqwatch.exchanges.plumbing.changes import Forced, Heard, Noticed, Nudge, Rows
from liqwatch.exchanges.plumbing.listing import Listing
from liqwatch.exchanges.plumbing.mark_frame import MarkFrame
from liqwatch.model import Instrument, MarginMode, NoticeKind, Side
from liqwatch.testing.contract import Everything

BTC = Instrument(symbol="BTC/USDT:USDT", native_symbol="BTCUSDT", settle_currency="USDT", closing_fee_rate=0.00055)
LISTING = Listing.of([BTC])
WANTED = {"BTCUSDT": "BTC/USDT:USDT"}


def lines(folder: Path, pattern: str) -> Iterator[bytes]:
    for path in sorted((folder / "wire" / "bybit").glob(pattern)):
        yield from (line for line in path.read_bytes().splitlines() if line.strip())


def heard(frame: bytes | dict[str, Any], *, is_isolated: bool | None = False) -> Heard:
    raw = frame if isinstance(frame, bytes) else msgspec.json.encode(frame)
    return heard_of(raw, LISTING, is_isolated=is_isolated, subscribe=SUBSCRIBE)


def read(document: Any, wanted: dict[str, str] = WANTED) -> MarkFrame:
    return read_mark_frame(msgspec.json.encode(document), wanted)


def test_every_recorded_liquidation_keeps_the_side_of_the_position(shared: Path) -> None:
    seen = 0
    for line in lines(shared, "allLiquidation*"):
        frame = read_mark_frame(line, Everything())
        rows = json.loads(line)["data"]
        sides = {"Buy": Side.LONG, "Sell": Side.SHORT}
        expected = [(row["s"], sides[row["S"]], float(row["v"]), float(row["p"]), row["T"]) for row in rows]
        found = [(each.symbol, each.side, each.contracts, each.price, each.exchange_ms) for each in frame.liquidations]
        assert found == expected
        assert not frame.rejected
        assert frame.is_alive
        assert not frame.is_data
        seen += len(rows)
    assert seen == 4


def test_recorded_times_never_run_back_within_a_market(shared: Path) -> None:
    latest: dict[str, int] = {}
    for line in lines(shared, "tickers.jsonl"):
        for symbol, _, exchange_ms in read_mark_frame(line, Everything()).rows:
            assert exchange_ms >= latest.get(symbol, 0)
            latest[symbol] = exchange_ms
    assert len(latest) >= 4


def test_spot_tickers_bring_no_mark(shared: Path) -> None:
    assert not [line for line in lines(shared, "tickers_spot*") if read_mark_frame(line, Everything()).rows]


def test_every_recorded_position_is_laid_over_as_it_says(shared: Path) -> None:
    opened = closed = 0
    for line in lines(shared, "position*"):
        [row] = json.loads(line)["data"]
        *changes, nudge = heard(line).events
        assert nudge is POSITION
        [change] = changes
        assert isinstance(change, Rows)
        if float(row["size"]) == 0:
            assert not change.positions
            assert change.closed
            closed += 1
            continue
        [position] = change.positions
        assert (position.contracts, position.entry_price) == (float(row["size"]), float(row["entryPrice"]))
        assert position.side is (Side.LONG if row["side"] == "Buy" else Side.SHORT)
        assert position.margin_mode is MarginMode.CROSS
        price, mark_price = float(row["liqPrice"] or 0), float(row["markPrice"])
        is_one = 0.05 * mark_price <= price <= 20 * mark_price
        assert position.reported_liquidation_price == (price if is_one else None)
        opened += 1
    assert (opened, closed) == (7, 2)


def test_every_recorded_wallet_asks_for_a_look_at_rest(shared: Path) -> None:
    found = [heard(line) for line in lines(shared, "wallet*")]
    assert found
    assert all(each.events == (WALLET,) and each.rejected is None for each in found)


def test_of_the_recorded_executions_and_orders_one_is_the_venues_own(shared: Path) -> None:
    found = [heard(line) for pattern in ("execution*", "order*") for line in lines(shared, pattern)]
    assert not [each for each in found if each.rejected]
    [forced] = [event for each in found for event in each.events]
    assert forced == Forced("BTC/USDT:USDT long", "deleveraged by the venue (ADL)")


# From here on payloads written for this repository.


def ticker(**changes: Any) -> dict[str, Any]:
    row = {"symbol": "BTCUSDT", "markPrice": "100.5"}
    return {"topic": "tickers.BTCUSDT", "type": "delta", "data": row, "cs": 7, "ts": 5} | changes


def test_a_mark_is_read_whatever_the_order_of_fields() -> None:
    frame = ticker()
    for document in (frame, dict(reversed(frame.items()))):
        assert list(read(document).rows) == [("BTC/USDT:USDT", 100.5, 5)]


def test_a_delta_without_a_mark_and_an_unwanted_market_prove_that_data_flows() -> None:
    for frame in (read(ticker(data={"symbol": "BTCUSDT", "bid1Size": "1"})), read(ticker(), wanted={})):
        assert frame.is_data
        assert not frame.rows


@pytest.mark.parametrize(
    ("document", "reason"),
    [
        (ticker(data={"symbol": "BTCUSDT", "markPrice": "much"}), "bad_row"),
        (ticker(data=[]), "bad_row"),
        ({"topic": "allLiquidation.BTCUSDT", "data": 7}, "bad_row"),
        ({"topic": "orderbook.1.BTCUSDT", "data": {}}, "unknown_topic"),
        ({"success": False, "ret_msg": "error:handler not found", "op": "subscribe"}, "request_refused"),
        ({}, "unknown_frame"),
        ([], "undecodable"),
    ],
)
def test_what_is_no_mark_is_named(document: Any, reason: str) -> None:
    frame = read(document)
    assert tuple(frame.rejected) == (reason,)
    assert not frame.is_data


def test_one_bad_liquidation_does_not_cost_its_neighbours() -> None:
    good = {"T": 9, "s": "BTCUSDT", "S": "Buy", "v": "2", "p": "90"}
    frame = read({"topic": "allLiquidation.BTCUSDT", "data": [{"s": 1}, good, good | {"S": "Both"}]})
    assert [each.exchange_ms for each in frame.liquidations] == [9]
    assert tuple(frame.rejected) == ("bad_row", "unknown_side")


def test_families_have_connections_of_their_own() -> None:
    dialect = BybitMarkDialect("bybit", LIVE)
    names = ("BTCUSDT", "BTCPERP", "BTC-25DEC26", "BTCUSDT-25DEC26", "RLUSDUSDT", "BTCUSD", "BTCUSDZ26")
    assert [dialect.route(name) for name in names] == ["linear"] * 5 + ["inverse"] * 2
    streams = dialect.streams(["BTCUSD"], singly=False)
    assert list(streams) == ["tickers.BTCUSD", "allLiquidation.BTCUSD"]
    assert dialect.url(streams[0]) == "wss://stream.bybit.com/v5/public/inverse"
    assert not dialect.streams_in_url(streams[0])


def test_a_refused_request_is_repeated_topic_by_topic() -> None:
    dialect = BybitMarkDialect("bybit", LIVE)
    [asked] = dialect.requests(["tickers.BTCUSDT", "tickers.GONE"], 1, subscribe=True)

    def refusal(message: str) -> bytes:
        return msgspec.json.encode(
            {"success": False, "ret_msg": "", "req_id": json.loads(message)["req_id"], "op": "subscribe"}
        )

    again = dialect.read(refusal(asked), WANTED)
    assert [json.loads(each)["args"] for each in again.replies] == [["tickers.BTCUSDT"], ["tickers.GONE"]]
    assert not again.rejected
    assert tuple(dialect.read(refusal(again.replies[1]), WANTED).rejected) == ("request_refused",)


def test_a_granted_request_is_not_repeated_and_giving_up_is_asked_in_one_message() -> None:
    dialect = BybitMarkDialect("bybit", LIVE)
    [asked] = dialect.requests(["tickers.A", "tickers.B"], 1, subscribe=True)
    reply = {"success": True, "ret_msg": "", "req_id": json.loads(asked)["req_id"], "op": "subscribe"}
    assert dialect.read(msgspec.json.encode(reply), WANTED).is_alive
    assert dialect.read(msgspec.json.encode(reply | {"success": False}), WANTED).rejected
    [asked] = dialect.requests(["tickers.A"], 2, subscribe=False)
    assert json.loads(asked)["op"] == "unsubscribe"


def test_the_login_is_followed_by_the_subscription_and_that_by_readiness() -> None:
    for granted in ({"op": "auth", "success": True, "ret_msg": ""}, {"op": "auth", "retCode": 0, "retMsg": "OK"}):
        assert heard(granted).replies == (SUBSCRIBE,)
    for refused in ({"op": "auth", "success": False, "retCode": 10003}, {"op": "auth", "retCode": 10003}):
        assert heard(refused).end == "login_refused"
    assert heard({"op": "subscribe", "success": True, "req_id": "private"}).is_ready
    assert heard({"op": "subscribe", "success": False}).end == "not_granted"
    pong = heard({"op": "pong", "args": ["1"], "conn_id": "x"})
    assert pong == Heard()


def a_row(**fields: Any) -> dict[str, Any]:
    return {
        "symbol": "BTCUSDT",
        "category": "linear",
        "positionIdx": 0,
        "side": "Sell",
        "size": "2",
        "entryPrice": "100",
        "markPrice": "101",
        "leverage": "10",
        "liqPrice": "150",
        "tradeMode": 0,
        "positionBalance": "0",
    } | fields


def a_push(*rows: Any) -> dict[str, Any]:
    return {"topic": "position", "creationTime": 1_700_000_000_000, "data": list(rows)}


def changed(frame: Heard) -> Rows:
    [rows] = [event for event in frame.events if isinstance(event, Rows)]
    return rows


def test_a_one_way_row_states_the_end_of_the_other_side() -> None:
    assert changed(heard(a_push(a_row()))).closed == {"BTC/USDT:USDT long"}
    both = {"BTC/USDT:USDT long", "BTC/USDT:USDT short"}
    assert changed(heard(a_push(a_row(size="0", side="", entryPrice="0")))).closed == both
    assert changed(heard(a_push(a_row(size="0", side="None", entryPrice="0")))).closed == both


def test_a_hedged_row_speaks_of_its_own_side_alone() -> None:
    pushed = changed(heard(a_push(a_row(positionIdx=2), a_row(positionIdx=1, size="0", side=""))))
    assert [position.side for position in pushed.positions] == [Side.SHORT]
    assert pushed.closed == {"BTC/USDT:USDT long"}
    assert not changed(heard(a_push(a_row(positionIdx=1, side="Buy")))).closed


def test_before_the_margin_mode_is_known_a_push_only_asks_for_rest() -> None:
    assert heard(a_push(a_row()), is_isolated=None).events == (POSITION,)


def test_an_isolated_push_brings_its_margin_without_the_fee_to_close() -> None:
    [position] = changed(heard(a_push(a_row(positionBalance="30.121")), is_isolated=True)).positions
    assert position.margin_mode is MarginMode.ISOLATED
    assert position.isolated_wallet == pytest.approx(30.121 - 200 * 1.1 * 0.00055)


def test_an_unusable_row_costs_neither_its_neighbours_nor_the_look_at_rest() -> None:
    frame = heard(a_push({"symbol": 1}, a_row()))
    assert frame.rejected == "bad_event"
    assert len(changed(frame).positions) == 1
    frame = heard(a_push(a_row(entryPrice="")))
    assert (frame.events, frame.rejected) == ((POSITION,), "bad_event")


def test_the_venues_own_hand_on_a_position_is_told() -> None:
    frame = heard(a_push(a_row(positionStatus="Liq", isReduceOnly=True)))
    assert Forced("BTC/USDT:USDT short", "liquidated by the venue") in frame.events
    [noticed] = [event for event in frame.events if isinstance(event, Noticed)]
    assert noticed.notice.kind is NoticeKind.RISK_LIMIT_CHANGE
    assert noticed.notice.subject == "BTC/USDT:USDT short"


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({"execType": "BustTrade"}, Forced("BTC/USDT:USDT long", "liquidated by the venue")),
        ({"createType": "CreateByLiq"}, Forced("BTC/USDT:USDT long", "partly liquidated by the venue")),
        ({"execType": "Funding"}, Nudge("funding")),
        ({"execType": "Trade"}, None),
        ({"execType": "BustTrade", "category": "option"}, None),
    ],
)
def test_executions_tell_who_closed(fields: dict[str, Any], expected: object) -> None:
    row = {"symbol": "BTCUSDT", "side": "Sell", "category": "linear"} | fields
    frame = heard({"topic": "execution", "creationTime": 1, "data": [row]})
    assert frame.events == (() if expected is None else (expected,))


@pytest.mark.parametrize(
    ("raw", "reason"),
    [
        (b"junk", "undecodable"),
        (b'{"topic":"greeks","data":[]}', "unknown_topic"),
        (b'{"topic":"position","data":7}', "bad_event"),
        (b"{}", "unknown_event"),
        (b'{"success":false,"op":"unsubscribe"}', "request_refused"),
    ],
)
def test_an_unusable_private_frame_is_named(raw: bytes, reason: str) -> None:
    assert heard(raw).rejected == reason
