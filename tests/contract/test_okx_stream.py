"""OKX's private stream: recordings and small frames of its own, read into what they say of the account."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import msgspec
import pytest

from liqwatch.exchanges.payloads.okx_events import AccountStream
from liqwatch.exchanges.payloads.okx_orders import ConditionalRow, OrderRow, resting_orders_of, waking_orders_of
from liqwatch.exchanges.plumbing.changes import Forced, Heard, Noticed, Nudge
from liqwatch.exchanges.plumbing.listing import Listing
from liqwatch.margin.assess import assess
from liqwatch.margin.pools import pools_of
from liqwatch.model import (
    AccountSnapshot,
    Instrument,
    LeverageTier,
    MarginMode,
    NoticeKind,
    OrderKind,
    Position,
    RestingOrder,
    Side,
    SnapshotSource,
)

NOW = datetime(2020, 1, 1, tzinfo=UTC)
BTC = Instrument(
    symbol="BTC/USDT:USDT",
    native_symbol="BTC-USDT-SWAP",
    settle_currency="USDT",
    contract_size=0.01,
    tiers=(LeverageTier(notional_floor=0.0, notional_cap=1e9, maintenance_margin_rate=0.004),),
    closing_fee_rate=0.0005,
)
ETH = replace(BTC, symbol="ETH/USDT:USDT", native_symbol="ETH-USDT-SWAP", contract_size=0.1)
LISTING = Listing.of([BTC, ETH])
LONG, SHORT = "BTC/USDT:USDT long", "BTC/USDT:USDT short"


def lines(shared: Path, channel: str) -> Iterator[bytes]:
    for path in sorted((shared / "wire" / "okx").glob(f"{channel}.*jsonl")):
        yield from (line for line in path.read_bytes().splitlines() if line.strip())


def snapshot(*positions: Position, **wallets: float) -> AccountSnapshot:
    return AccountSnapshot(
        account="main",
        venue="okx",
        positions=positions,
        cross_wallets=wallets or {"USDT": 100.0},
        as_of=NOW,
        source=SnapshotSource.REST,
    )


def position(side: Side = Side.LONG, mode: MarginMode = MarginMode.CROSS, symbol: str = BTC.symbol) -> Position:
    return Position(
        symbol=symbol,
        side=side,
        contracts=2.0,
        entry_price=100.0,
        margin_mode=mode,
        isolated_wallet=5.0 if mode is MarginMode.ISOLATED else None,
    )


def row(**fields: Any) -> dict[str, Any]:
    return {
        "instId": "BTC-USDT-SWAP",
        "instType": "SWAP",
        "mgnMode": "cross",
        "posSide": "net",
        "pos": "3",
        "avgPx": "101",
        "markPx": "110",
        "liqPx": "50",
        "ccy": "USDT",
    } | fields


def push(*rows: Any, channel: str = "positions", **head: Any) -> bytes:
    return json.dumps({"arg": {"channel": channel}, **head, "data": rows}).encode()


def hear(frame: bytes, stream: AccountStream | None = None) -> Heard:
    return (stream or AccountStream()).hear(frame, LISTING)


def laid(heard: Heard, before: AccountSnapshot) -> AccountSnapshot | None:
    after: AccountSnapshot | None = before
    for event in heard.events:
        assert not isinstance(event, Nudge | Forced | Noticed)
        assert after is not None
        after = event.laid_over(after, LISTING)
    return after


def test_recorded_pushes_of_one_account_give_the_price_that_the_venue_reports(shared: Path) -> None:
    *_, both = [line for line in lines(shared, "balance_and_position") if b"200.5137143201668551" in line]
    [positions] = [line for line in lines(shared, "positions") if b"23739.456120525683" in line]
    account: AccountSnapshot | None = snapshot()
    for frame in (both, positions):
        assert account is not None
        account = laid(hear(frame), account)
    assert account is not None
    assert account.cross_wallets["USDT"] == 200.5137143201668551
    assert account.positions[0].reported_liquidation_price == 23739.456120525683
    [pool] = pools_of(account, LISTING.by_symbol, exchange="okx", on=date(2026, 1, 1))
    [health] = assess(pool, {BTC.symbol: 43691.043152768407}).positions
    assert health.computed_liquidation_price == pytest.approx(23739.456120525683, rel=1e-12)


def test_every_recorded_push_is_read_as_what_it_is(shared: Path) -> None:
    for channel in ("positions", "account", "balance_and_position"):
        for line in lines(shared, channel):
            heard = hear(line)
            has_rows = any(each.get("details", True) for each in json.loads(line)["data"])
            assert heard.rejected is None
            assert bool(heard.events) is has_rows, line[:200]
            assert all(not isinstance(event, Nudge | Forced | Noticed) for event in heard.events)


def test_recorded_closing_orders_of_the_venue_are_told_apart_from_the_users(shared: Path) -> None:
    forced = [event for line in lines(shared, "orders") for event in hear(line).events]
    assert sorted((each.subject, each.word) for each in forced if isinstance(each, Forced)) == [
        (LONG, "liquidated by the venue"),
        ("ETH/USDT:USDT short", "deleveraged by the venue (ADL)"),
    ]
    assert len(forced) == 2


def test_recorded_warnings_are_notices(shared: Path) -> None:
    notices = [event.notice for line in lines(shared, "*-warning") for event in hear(line).events]  # type: ignore[union-attr]
    assert [each.kind for each in notices] == [NoticeKind.DELEVERAGING_WARNING, *[NoticeKind.LIQUIDATION_WARNING] * 2]
    assert notices[0].subject == ""
    assert notices[1].subject == "ETH-USD-210430 long"
    assert notices[1].text.endswith("maintenance takes 9 % of its equity")
    assert not hear(push({"instFamily": "BTC-USDT", "state": "normal", "ts": "1"}, channel="adl-warning")).events


def test_recorded_control_messages(shared: Path) -> None:
    ends = {hear(line).end for line in lines(shared, "control") if json.loads(line)["event"] in ("error", "notice")}
    assert ends == {None, "login_refused", "service_upgrade"}
    rejected = {hear(line).rejected for line in lines(shared, "control")}
    assert rejected == {None, "request_refused"}


def test_a_granted_login_asks_for_channels_and_two_of_them_make_the_stream_ready() -> None:
    stream = AccountStream(subscription="please")
    assert hear(b'{"event":"login","code":"0","msg":""}', stream).replies == ("please",)
    grants = [
        hear(json.dumps({"event": "subscribe", "arg": {"channel": channel}}).encode(), stream).is_ready
        for channel in ("orders", "account", "positions")
    ]
    assert grants == [False, False, True]
    assert hear(b"pong", stream) == Heard()


def test_a_late_login_asks_for_the_venues_clock() -> None:
    stream = AccountStream()
    assert hear(b'{"event":"error","code":"60006","msg":"Timestamp request expired"}', stream).end == "clock_refused"
    assert stream.clock_refused


@pytest.mark.parametrize(
    ("frame", "reason", "events"),
    [
        (b"junk", "undecodable", 0),
        (b'{"event":"party"}', "unknown_event", 0),
        (b'{"event":"notice","code":"1"}', "unknown_notice", 0),
        (b'{"arg":{"channel":"tickers"},"data":[{}]}', "unexpected_channel", 0),
        (push(row(avgPx="nan")), "bad_event", 1),
        (push({"instId": "X"}), "bad_event", 1),
        (push({"balData": [{"ccy": "USDT", "cashBal": "inf"}]}, channel="balance_and_position"), "bad_event", 1),
    ],
)
def test_what_cannot_be_used_is_named_and_a_bad_push_asks_rest(frame: bytes, reason: str, events: int) -> None:
    heard = hear(frame)
    assert (heard.rejected, len(heard.events)) == (reason, events)
    assert all(isinstance(event, Nudge) for event in heard.events)


def test_a_closed_row_ends_what_it_names() -> None:
    before = snapshot(position(), position(symbol=ETH.symbol))
    after = laid(hear(push(row(pos="0", avgPx=""), eventType="event_update")), before)
    assert after is not None
    assert [each.symbol for each in after.positions] == [ETH.symbol]
    assert LONG in after.closed


def test_a_flip_in_net_mode_ends_the_other_side() -> None:
    after = laid(hear(push(row(pos="-3"))), snapshot(position()))
    assert after is not None
    assert [each.subject for each in after.positions] == [SHORT]
    assert LONG in after.closed


def test_in_long_short_mode_a_row_speaks_of_its_side_alone() -> None:
    before = snapshot(position(), position(Side.SHORT))
    after = laid(hear(push(row(posSide="long", pos="0", avgPx=""))), before)
    assert after is not None
    assert [each.subject for each in after.positions] == [SHORT]
    changed = laid(hear(push(row(posSide="long"))), before)
    assert changed is not None
    assert {each.subject for each in changed.positions} == {LONG, SHORT}


def test_an_isolated_close_does_not_end_the_cross_position_of_the_same_market() -> None:
    closing = hear(push(row(mgnMode="isolated", pos="0", avgPx="")))
    after = laid(closing, snapshot(position()))
    assert after is not None
    assert [each.margin_mode for each in after.positions] == [MarginMode.CROSS]


def test_twins_in_both_margin_modes_are_left_to_rest() -> None:
    twins = snapshot(position(), position(mode=MarginMode.ISOLATED))
    assert laid(hear(push(row(mgnMode="isolated", pos="0", avgPx=""))), twins) is None
    assert laid(hear(push(row())), snapshot(position(mode=MarginMode.ISOLATED))) is None
    assert laid(hear(push(row(), row(mgnMode="isolated", margin="5"))), snapshot()) is None


def test_a_snapshot_counts_when_its_last_page_has_come() -> None:
    stream = AccountStream()
    first = push(row(), eventType="snapshot", curPage=1, lastPage=False)
    last = push(row(instId="ETH-USDT-SWAP"), eventType="snapshot", curPage=2, lastPage=True)
    assert not hear(first, stream).events
    after = laid(hear(last, stream), snapshot(position(Side.SHORT), position(symbol="XRP/USDT:USDT")))
    assert after is not None
    assert {each.subject for each in after.positions} == {LONG, "ETH/USDT:USDT long"}
    assert {SHORT, "XRP/USDT:USDT long"} <= after.closed


def test_a_snapshot_with_a_missing_page_is_left_to_rest() -> None:
    stream = AccountStream()
    hear(push(row(), eventType="snapshot", curPage=1, lastPage=False), stream)
    [event] = hear(push(eventType="snapshot", curPage=3, lastPage=True), stream).events
    assert isinstance(event, Nudge)


def test_wallets_and_positions_of_one_event_come_together_and_a_liquidation_says_so() -> None:
    both = {
        "pTime": "1597026383085",
        "eventType": "liquidation",
        "balData": [{"ccy": "USDT", "cashBal": "7"}],
        "posData": [row(posSide="long", pos="0", avgPx=""), row(instId="ETH-USDT-SWAP", mgnMode="isolated")],
    }
    forced, change = hear(push(both, channel="balance_and_position")).events
    assert forced == Forced(LONG, "liquidated by the venue")
    assert not isinstance(change, Nudge | Forced | Noticed)
    after = change.laid_over(snapshot(position()), LISTING)
    assert after is not None
    assert (after.positions, after.cross_wallets) == ((), {"USDT": 7.0})
    assert after.as_of.year == NOW.year
    assert after.as_of > NOW


def test_where_another_coin_stands_in_a_pushed_wallet_asks_rest() -> None:
    stream = AccountStream(has_stand_in=True)
    account = push({"details": [{"ccy": "USDC", "cashBal": "7"}]}, channel="account")
    assert all(isinstance(event, Nudge) for event in hear(account, stream).events)
    both = push({"balData": [{"ccy": "USDC", "cashBal": "7"}], "posData": []}, channel="balance_and_position")
    change, nudge = hear(both, stream).events
    assert isinstance(nudge, Nudge)
    assert not isinstance(change, Nudge)


def conditional(**fields: Any) -> ConditionalRow:
    document = {"instId": "BTC-USDT-SWAP", "side": "sell", "algoId": "7", "sz": "2", "last": "100", "ordType": "oco"}
    return msgspec.convert(document | fields, ConditionalRow)


def kinds(orders: list[RestingOrder]) -> list[tuple[OrderKind, float | None, float | None]]:
    return [(each.kind, each.trigger_price, each.limit_price) for each in orders]


def test_recorded_orders_are_read(shared: Path) -> None:
    fixtures = json.loads((shared / "fixtures" / "ccxt" / "okx.json").read_text(encoding="utf-8"))
    rows = [each["http_response"]["data"][0] for each in fixtures if each["method"] == "fetchOpenOrders"]
    [stop] = waking_orders_of([msgspec.convert(rows[0], ConditionalRow)], LISTING)
    assert (stop.kind, stop.trigger_price, stop.limit_price, stop.trigger_by) == (OrderKind.STOP, 100.0, None, "last")
    [plain] = resting_orders_of([msgspec.convert(rows[1], OrderRow)], LISTING)
    assert (plain.symbol, plain.order_side, plain.limit_price, plain.contracts) == (
        "ADA-USDT-SWAP",
        Side.LONG,
        0.2,
        50.0,
    )


def test_conditional_orders_say_what_they_are_for() -> None:
    pair = conditional(slTriggerPx="90", slOrdPx="-1", tpTriggerPx="120", tpOrdPx="119", closeFraction="1")
    orders = waking_orders_of([pair], LISTING)
    assert kinds(orders) == [(OrderKind.STOP, 90.0, None), (OrderKind.TAKE_PROFIT, 120.0, 119.0)]
    assert [(each.contracts, each.is_reduce_only) for each in orders] == [(None, True)] * 2
    triggers = [conditional(ordType="trigger", triggerPx=price, ordPx="-1") for price in ("90", "110")]
    assert kinds(waking_orders_of(triggers, LISTING)) == [
        (OrderKind.STOP, 90.0, None),
        (OrderKind.TAKE_PROFIT, 110.0, None),
    ]
    trailing = conditional(ordType="move_order_stop", moveTriggerPx="95")
    assert kinds(waking_orders_of([trailing], LISTING)) == [(OrderKind.TRAILING, 95.0, None)]
    assert not waking_orders_of([conditional(instId="BTC-USDT", slTriggerPx="1")], LISTING)
