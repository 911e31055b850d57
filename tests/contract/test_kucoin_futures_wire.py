"""KuCoin's recorded frames: marks, and what the two private streams say."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from liqwatch.clock import from_milliseconds
from liqwatch.exchanges._kucoin_futures_account import CLASSIC_REQUESTS, UNIFIED_REQUESTS, KucoinAccount
from liqwatch.exchanges.kucoin_futures import LIVE, KucoinMarks
from liqwatch.exchanges.payloads.kucoin_futures_market import read_mark_frame
from liqwatch.exchanges.plumbing.changes import Forced, Heard, Noticed, Nudge, Rows
from liqwatch.exchanges.plumbing.listing import Listing
from liqwatch.model import ContractKind, Instrument, MarginMode, NoticeKind, Position, Side
from liqwatch.testing.contract import Everything

XBT = Instrument(
    symbol="BTC/USDT:USDT", native_symbol="XBTUSDTM", settle_currency="USDT", contract_size=0.001, price_tick=0.1
)
XBT_INVERSE = Instrument(
    symbol="BTC/USD:BTC",
    native_symbol="XBTUSDM",
    settle_currency="BTC",
    contract_kind=ContractKind.INVERSE,
    price_tick=0.1,
)
TRUMP = Instrument(symbol="TRUMP/USDT:USDT", native_symbol="TRUMPUSDTM", settle_currency="USDT", contract_size=0.1)
LISTING = Listing.of([XBT, XBT_INVERSE, TRUMP])


@pytest.fixture
def wire(shared: Path) -> Path:
    return shared / "wire" / "kucoinfutures"


def lines(folder: Path, channel: str) -> Iterator[bytes]:
    for path in sorted(folder.glob(f"{channel}.*.jsonl")):
        yield from (line for line in path.read_bytes().splitlines() if line.strip())


def account() -> KucoinAccount:
    return KucoinAccount("kucoin_futures", LIVE.private, is_elsewhere=False, ping=None)


def heard(document: dict[str, Any], ear: KucoinAccount | None = None) -> Heard:
    return (ear or account()).hear(json.dumps(document).encode(), LISTING)


def test_a_mark_has_the_time_of_the_price_and_not_of_the_sending(wire: Path) -> None:
    [line] = lines(wire, "pro_mark-price")
    frame = read_mark_frame(line, {"XBTUSDTM": "BTC/USDT:USDT"})
    assert frame.rows == (("BTC/USDT:USDT", 86201.79, 1790113097000),)
    assert frame.is_data
    unwanted = read_mark_frame(line, {"ETHUSDTM": "ETH/USDT:USDT"})
    assert unwanted.is_data
    assert not unwanted.rows


def test_both_sockets_give_the_same_mark_of_the_same_second_the_same_time(wire: Path) -> None:
    [pushed] = lines(wire, "pro_mark-price")
    rows = read_mark_frame(pushed, Everything()).rows
    assert any(read_mark_frame(line, Everything()).rows == rows for line in lines(wire, "contract_instrument"))


def test_what_the_connection_says_of_itself_is_life_and_a_refusal_has_a_name(wire: Path) -> None:
    for line in lines(wire, "control"):
        frame = read_mark_frame(line, Everything())
        document = json.loads(line)
        is_refused = document.get("result") is False or document.get("type") == "error"
        assert frame.rejected == (("request_refused",) if is_refused else ())
        assert frame.is_alive
        assert not frame.is_data


@pytest.mark.parametrize(
    ("frame", "reason"),
    [
        (b'{"T":"mark-price","P":1,"d":{"s":"XBTUSDTM","mp":"soon"}}', "bad_row"),
        (b'{"T":"ticker.FUTURES","P":1,"d":{}}', "unknown_event"),
        (b'{"topic":"/contract/instrument:XBTUSDTM","subject":"mark.index.price","data":{}}', "bad_row"),
        (b'{"d":1}', "unknown_frame"),
        (b'{"T":"mark-price"', "undecodable"),
    ],
)
def test_what_is_no_mark_is_refused_by_name(frame: bytes, reason: str) -> None:
    assert read_mark_frame(frame, Everything()).rejected == (reason,)


def test_each_market_is_asked_for_by_a_message_of_its_own() -> None:
    requests = KucoinMarks("kucoin_futures", LIVE.websocket).requests(["XBTUSDTM", "ETHUSDTM"], 7, subscribe=True)
    first, second = map(json.loads, requests)
    assert first == {
        "id": "7000",
        "action": "SUBSCRIBE",
        "channel": "mark-price",
        "tradeType": "FUTURES",
        "symbol": "XBTUSDTM",
    }
    assert (second["id"], second["symbol"]) == ("7001", "ETHUSDTM")


def test_a_recorded_wallet_push_is_the_cross_wallet_without_unrealised_profit(wire: Path) -> None:
    told: list[Rows] = []
    for line in lines(wire, "contractAccount_wallet"):
        [event] = account().hear(line, LISTING).events or (None,)
        if json.loads(line)["subject"] == "walletBalance.change":
            assert isinstance(event, Rows)
            told.append(event)
        elif json.loads(line)["subject"] != "orderMargin.change":
            assert isinstance(event, Nudge)
    amounts = [dict(each.wallets) for each in told]
    assert {"USDT": 100.0} in amounts
    assert {"BTC": 2.002} in amounts
    # The second recording: 99.944536096 in the wallet, all of it cross, 0.01278 lost on paper.
    assert {"USDT": pytest.approx(99.944536096, abs=1e-9)} in amounts
    assert all(each.at is not None for each in told)


def test_the_recorded_end_of_a_position_closes_both_sides_of_one_way_mode(wire: Path) -> None:
    [line] = list(lines(wire, "contract_position"))[:1]
    [event] = account().hear(line, LISTING).events
    assert isinstance(event, Rows)
    assert not event.positions
    assert event.closed == {"BTC/USDT:USDT long", "BTC/USDT:USDT short"}
    assert event.at == from_milliseconds(1758424326819)


def test_recorded_position_frames_are_rows_nudges_or_mere_marks(wire: Path) -> None:
    for line in lines(wire, "contract_position"):
        document = json.loads(line)
        events = account().hear(line, LISTING).events
        if document["subject"] != "position.change":
            assert [type(event) for event in events] == [Nudge], line
        elif "currentQty" in document["data"]:
            assert [type(event) for event in events] == [Rows], line
        else:
            assert not events, line


def test_a_pushed_inverse_short_has_no_price_where_the_venue_writes_the_highest(wire: Path) -> None:
    pushed = [each for each in lines(wire, "contract_position") if b'"currentQty":-20' in each and b"XBTUSDM" in each]
    [event] = account().hear(pushed[0], LISTING).events
    assert isinstance(event, Rows)
    [position] = event.positions
    assert (position.symbol, position.side, position.contracts) == ("BTC/USD:BTC", Side.SHORT, 20.0)
    assert position.margin_mode is MarginMode.ISOLATED
    assert position.reported_liquidation_price is None
    assert position.isolated_wallet == pytest.approx(0.00266779 - 1.724e-05 + 0.005 * 0.00266375)
    assert event.closed == {"BTC/USD:BTC long"}


def position_change(**changes: object) -> dict[str, Any]:
    data = {"symbol": "XBTUSDTM", "currentQty": 0, "isOpen": False, "currentTimestamp": 1758424326819, **changes}
    return {"topic": "/contract/positionAll", "type": "message", "subject": "position.change", "data": data}


@pytest.mark.parametrize(("reason", "word"), [("liquidation", "liquidated"), ("adl", "deleveraged")])
def test_a_forced_close_names_the_side_that_was_open(reason: str, word: str) -> None:
    ear = account()
    opened = {"currentQty": -3, "isOpen": True, "avgEntryPrice": 100_000.0, "marginMode": "CROSS"}
    heard(position_change(**opened), ear)
    forced, rows = heard(position_change(changeReason=reason), ear).events
    assert isinstance(forced, Forced)
    assert forced.subject == "BTC/USDT:USDT short"
    assert word in forced.word
    assert isinstance(rows, Rows)


def test_a_forced_close_in_hedge_mode_says_its_side_itself() -> None:
    document = position_change(changeReason="liquidation", positionSide="LONG")
    forced, rows = heard(document).events
    assert isinstance(forced, Forced)
    assert forced.subject == "BTC/USDT:USDT long"
    assert isinstance(rows, Rows)
    assert rows.closed == {"BTC/USDT:USDT long"}


def test_a_partly_liquidated_position_is_forced_and_still_there() -> None:
    document = position_change(
        changeReason="liquidation", currentQty=5, isOpen=True, avgEntryPrice=1e5, marginMode="CROSS"
    )
    forced, rows = heard(document).events
    assert isinstance(forced, Forced)
    assert isinstance(rows, Rows)
    assert [position.contracts for position in rows.positions] == [5.0]
    assert rows.closed == {"BTC/USDT:USDT short"}


def test_an_isolated_row_that_lacks_its_margin_is_refused_by_name() -> None:
    document = position_change(currentQty=5, isOpen=True, avgEntryPrice=1e5, marginMode="ISOLATED")
    assert heard(document).rejected == "bad_event"


def test_the_recorded_unified_position_is_cross_and_has_no_price(wire: Path) -> None:
    [line] = lines(wire, "pro_positionAll_UNIFIED")
    [event] = account().hear(line, LISTING).events
    assert isinstance(event, Rows)
    assert event.positions == (
        Position(
            symbol="BTC/USDT:USDT",
            side=Side.LONG,
            contracts=1.0,
            entry_price=68130.0,
            margin_mode=MarginMode.CROSS,
            leverage=3.0,
            reported_maintenance_margin=0.2725216,
            reported_mark_price=68130.4,
        ),
    )
    assert event.closed == {"BTC/USDT:USDT short"}
    assert event.at == datetime(2026, 2, 22, 12, 5, 13, 781000, tzinfo=UTC)


def test_an_isolated_position_of_the_new_stream_has_the_margin_that_its_bankruptcy_price_uses_up(wire: Path) -> None:
    [line] = lines(wire, "pro_positionAll_FUTURES")
    [event] = account().hear(line, LISTING).events
    assert isinstance(event, Rows)
    [position] = event.positions
    assert position.side is Side.SHORT
    assert position.reported_liquidation_price == 9.395059599
    assert position.isolated_wallet == pytest.approx(0.1 * (9.51343735 - 4.786))


def test_the_venues_warning_is_a_notice_about_the_whole_account(wire: Path) -> None:
    [line] = lines(wire, "pro_lw_FUTURES")
    [event] = account().hear(line, LISTING).events
    assert isinstance(event, Noticed)
    assert (event.notice.kind, event.notice.subject) == (NoticeKind.MARGIN_CALL, "")
    assert "93.8%" in event.notice.text
    assert event.notice.at == from_milliseconds(1729842192785)


def test_the_new_streams_futures_wallet_agrees_with_its_own_sums(wire: Path) -> None:
    [line] = lines(wire, "pro_balance_FUTURES")
    [event] = account().hear(line, LISTING).events
    assert isinstance(event, Rows)
    # Wallet balance less the isolated margin: the same figure by the other two fields.
    assert dict(event.wallets) == {"USDT": pytest.approx(13.96916376 - 0.94548747)}


@pytest.mark.parametrize("channel", ["pro_balance_UNIFIED", "pro_leverage_FUTURES", "margin_mode"])
def test_what_only_rest_can_tell_is_a_nudge(channel: str, wire: Path) -> None:
    for line in lines(wire, channel):
        assert [type(event) for event in account().hear(line, LISTING).events] == [Nudge]


@pytest.mark.parametrize("channel", ["tradeOrders", "pro_orderAll_UNIFIED", "pro_orderAll_SPOT", "pro_execution_SPOT"])
def test_orders_are_no_news_of_positions(channel: str, wire: Path) -> None:
    for line in lines(wire, channel):
        assert account().hear(line, LISTING) == Heard()


def test_subscriptions_wait_for_the_welcome_and_readiness_for_the_last_grant() -> None:
    assert heard({"id": "liqwatch", "type": "welcome"}).replies == CLASSIC_REQUESTS
    assert heard({"sessionId": "e8e4", "message": "welcome", "pingInterval": 18000}).replies == UNIFIED_REQUESTS
    for requests, granted in ((CLASSIC_REQUESTS, {"type": "ack"}), (UNIFIED_REQUESTS, {"result": True})):
        identifiers = [json.loads(request)["id"] for request in requests]
        assert [heard({"id": each, **granted}).is_ready for each in identifiers] == [
            *[False] * (len(requests) - 1),
            True,
        ]


def test_a_refused_grant_and_a_refused_token_end_the_connection() -> None:
    positions = json.loads(UNIFIED_REQUESTS[-1])["id"]
    assert heard({"id": positions, "result": False, "message": "invalid request data"}).end == "not_granted"
    assert heard({"id": "x", "type": "error", "code": 401, "data": "token is invalid"}).end == "login_refused"
    warned = json.loads(UNIFIED_REQUESTS[0])["id"]
    refused = heard({"id": warned, "result": False, "message": "invalid request data"})
    assert (refused.end, refused.rejected) == (None, "request_refused")
