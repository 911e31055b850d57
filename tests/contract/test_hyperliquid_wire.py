"""Hyperliquid's recorded frames and lists: states, forced closes, orders, markets, margin tables."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import msgspec
import pytest

from liqwatch.exchanges.payloads import hyperliquid_account as account
from liqwatch.exchanges.payloads import hyperliquid_market as market
from liqwatch.exchanges.payloads.hyperliquid_stream import UserEar
from liqwatch.exchanges.plumbing.changes import Forced, Noticed, Nudge, Rows
from liqwatch.exchanges.plumbing.listing import Listing
from liqwatch.model import (
    AccountSnapshot,
    Instrument,
    OrderKind,
    Side,
    SnapshotSource,
)

NOW = datetime(2026, 11, 1, tzinfo=UTC)
RECORDED_USER = "0x0000000000000000000000000000000000000001"
COLLATERALS = {0: "USDC", 360: "USDH"}

Record = Mapping[str, Any]


def coin_instrument(coin: str, max_leverage: float, collateral: str = "USDC") -> Instrument:
    return Instrument(
        symbol=market.unified_symbol(coin, collateral),
        native_symbol=coin,
        settle_currency=market.pool_name(market.dex_of(coin), collateral),
        tiers=market.leverage_tiers((), max_leverage),
    )


def listing_for(states: Iterable[Any]) -> Listing:
    positions = [row["position"] for state in states for row in state["assetPositions"]]
    return Listing.of(
        coin_instrument(each["coin"], float(each["maxLeverage"]), "USDH" if each["coin"].startswith("flx:") else "USDC")
        for each in positions
    )


def lines(shared: Path, channel: str) -> list[bytes]:
    paths = sorted((shared / "wire" / "hyperliquid").glob(f"{channel}.*"))
    return [line for path in paths for line in path.read_bytes().splitlines() if line.strip()]


def test_both_forms_of_a_state_are_heard_alike_and_a_state_that_only_marks_have_moved_says_nothing(
    shared: Path,
) -> None:
    whole, parts = lines(shared, "allDexsClearinghouseState"), lines(shared, "clearinghouseState")
    states = [json.loads(line)["data"]["clearinghouseState"] for line in parts]
    listing = listing_for(states)
    ear = UserEar(user=RECORDED_USER, keeps_wallets=True)
    [rows] = ear.hear(whole[0], listing, NOW).events
    assert isinstance(rows, Rows)
    assert {each.subject for each in rows.positions} == {"SAGA/USDC:USDC short", "SOL/USDC:USDC short"}
    assert rows.is_whole is not None
    assert all(rows.is_whole(each) for each in rows.positions)
    assert ear.hear(whole[0].replace(b"2527.94682", b"2600.0"), listing, NOW).events == ()
    assert all(ear.hear(line, listing, NOW).events == () for line in parts)
    gone = json.loads(parts[0])
    gone["data"]["clearinghouseState"]["assetPositions"].pop()
    [fewer] = ear.hear(json.dumps(gone).encode(), listing, NOW).events
    assert isinstance(fewer, Rows)
    assert [each.subject for each in fewer.positions] == ["SAGA/USDC:USDC short"]


def test_a_pushed_list_ends_what_it_lacks_on_its_own_dex_only(shared: Path) -> None:
    listing = Listing.of([coin_instrument("BTC", 40), coin_instrument("xyz:NVDA", 20)])
    [main, other] = lines(shared, "clearinghouseState")
    held = [
        replace(account.position_of(row_of(coin), listing), reported_liquidation_price=None)
        for coin in ("BTC", "xyz:NVDA")
    ]
    before = AccountSnapshot(
        account="main",
        venue="hyperliquid",
        positions=tuple(held),
        cross_wallets={"USDC": 1.0, "xyz:USDC": 1.0},
        as_of=NOW,
        source=SnapshotSource.REST,
    )
    [rows] = UserEar(user=RECORDED_USER, keeps_wallets=True).hear(other, listing, NOW).events
    assert isinstance(rows, Rows)
    after = rows.laid_over(before, listing)
    assert after is not None
    assert [each.symbol for each in after.positions] == ["BTC/USDC:USDC"]
    assert after.cross_wallets == {"USDC": 1.0, "xyz:USDC": 0.0}
    assert UserEar(user="0x" + "0" * 40).hear(main, listing, NOW).rejected == "other_user"


def row_of(coin: str) -> account.PositionRow:
    return account.PositionRow(
        coin=coin,
        leverage=account.Leverage("cross", 10.0),
        signed_contracts=1.0,
        position_value=100.0,
        margin_used=10.0,
        told_entry_price=100.0,
    )


def test_where_spot_balances_are_pooled_a_frame_never_tells_a_wallet(shared: Path) -> None:
    [frame] = lines(shared, "allDexsClearinghouseState")
    [rows] = UserEar(user=RECORDED_USER, keeps_wallets=False).hear(frame, Listing(), NOW).events
    assert isinstance(rows, Rows)
    assert rows.wallets == {}
    [nudge] = UserEar(user=RECORDED_USER, keeps_wallets=None).hear(frame, Listing(), NOW).events
    assert isinstance(nudge, Nudge)


def test_only_the_end_of_an_own_position_is_forced(shared: Path) -> None:
    expected = {
        "0x360878d351f05975e25f1807a27895e1e5e004fb": [Forced("BTC/USDC:USDC short", "liquidated by the venue")],
        "0x000000000000000000000000000000000000000b": [
            Forced("BTC/USDC:USDC short", "liquidated by the venue (backstop)")
        ],
        RECORDED_USER: [],
    }
    listing = Listing.of([coin_instrument("BTC", 40)])
    for user, forced in expected.items():
        ear = UserEar(user=user, keeps_wallets=True)
        frames = [*lines(shared, "userEvents"), *lines(shared, "userFills")]
        heard = [event for line in frames for event in ear.hear(line, listing, NOW).events]
        assert [event for event in heard if isinstance(event, Forced)] == forced
        told = [event for event in heard if isinstance(event, Noticed)]
        assert len(told) == (user == "0x000000000000000000000000000000000000000b")


def test_a_position_that_the_venue_deleverages_is_forced() -> None:
    fill = {"coin": "BTC", "startPosition": "0.5", "dir": "Auto-Deleveraging"}
    frame = json.dumps({"channel": "user", "data": {"fills": [fill, fill]}}).encode()
    heard = UserEar(user=RECORDED_USER).hear(frame, Listing.of([coin_instrument("BTC", 40)]), NOW)
    assert heard.events == (Forced("BTC/USDC:USDC long", "deleveraged by the venue (ADL)"),)


def test_money_that_comes_or_goes_is_asked_about_and_the_past_is_not() -> None:
    told = {"user": RECORDED_USER, "nonFundingLedgerUpdates": []}
    for is_snapshot, events in ((True, ()), (False, (Nudge("ledger"),))):
        data = {**told, **({"isSnapshot": True} if is_snapshot else {})}
        frame = json.dumps({"channel": "userNonFundingLedgerUpdates", "data": data}).encode()
        assert UserEar(user=RECORDED_USER).hear(frame, Listing(), NOW).events == events


def test_readiness_waits_for_the_states() -> None:
    def acknowledged(kind: str) -> bool:
        data = {"method": "subscribe", "subscription": {"type": kind, "user": RECORDED_USER}}
        frame = json.dumps({"channel": "subscriptionResponse", "data": data}).encode()
        return UserEar(user=RECORDED_USER).hear(frame, Listing(), NOW).is_ready

    assert acknowledged("allDexsClearinghouseState")
    assert not acknowledged("userEvents")


def test_recorded_orders_are_read_and_those_of_spot_pairs_left_out(shared: Path) -> None:
    cases = json.loads((shared / "fixtures" / "ccxt" / "hyperliquid.json").read_text(encoding="utf-8"))
    answers = [case["http_response"] for case in cases if case["method"] == "fetchOpenOrders"]
    rows = [row for answer in answers for row in msgspec.convert(answer, list[account.OrderRow], strict=False)]
    listing = Listing.of(coin_instrument(row.coin, 10) for row in rows)
    spot = account.OrderRow(coin="@107", side="A", contracts=1.0, limit_price=1.0)
    orders = account.orders_of([*rows, spot], listing)
    assert [(order.symbol, order.kind, order.trigger_price, order.limit_price) for order in orders] == [
        ("FLX-CRCL/USDC:USDC", OrderKind.LIMIT, None, 70.0),
        ("SOL/USDC:USDC", OrderKind.LIMIT, None, 60.0),
        ("ADA/USDC:USDC", OrderKind.STOP, 0.6, 0.4),
    ]
    assert {order.order_side for order in orders} == {Side.LONG}
    whole = account.OrderRow(
        coin="BTC",
        side="A",
        contracts=0.0,
        limit_price=90.0,
        order_type="Take Profit Market",
        is_trigger=True,
        trigger_price=100.0,
        is_reduce_only=True,
        is_whole_position=True,
    )
    [order] = account.orders_of([whole], listing)
    assert (order.kind, order.contracts, order.limit_price) == (OrderKind.TAKE_PROFIT, None, None)


def test_listed_markets_are_named_and_stepped_as_ccxt_has_them(shared: Path) -> None:
    markets = json.loads((shared / "fixtures" / "ccxt_static_markets" / "hyperliquid.json").read_text(encoding="utf-8"))
    swaps = [each for each in markets.values() if each["swap"]]
    assert len(swaps) > 9
    for each in swaps:
        row = each["info"]
        meta = {"universe": [row], "marginTables": [], "collateralToken": int(row.get("collateralToken", 0))}
        universe = market.read_universe(json.dumps([meta, [row]]).encode(), row.get("dex", ""))
        [instrument] = market.instruments_of(universe, COLLATERALS[universe.collateral_token])
        assert instrument.symbol == each["symbol"]
        assert instrument.price_tick == pytest.approx(each["precision"]["price"])
        assert market.native_symbol(instrument.symbol) == instrument.native_symbol
        assert instrument.tiers[0].maintenance_margin_rate == 1 / (2 * float(row["maxLeverage"]))
        assert instrument.tiers_assumed is (int(row["marginTableId"]) >= 50)
        assert market.marks_of([universe], {row["name"]: "x"}) == [("x", float(row["markPx"]), 0)]


def test_margin_tables_give_tiers_whose_maintenance_does_not_jump() -> None:
    """The table of BTC as the venue tells it (meta, 2026-08)."""
    table = (market.MarginTier(0.0, 40.0), market.MarginTier(150_000_000.0, 20.0))
    low, high = market.leverage_tiers(table, 40.0)
    assert (low.notional_cap, high.notional_floor) == (150_000_000.0, 150_000_000.0)
    assert (low.maintenance_margin_rate, high.maintenance_margin_rate) == (0.0125, 0.025)
    assert low.notional_cap * low.maintenance_margin_rate == pytest.approx(
        low.notional_cap * high.maintenance_margin_rate - high.maintenance_deduction
    )


def test_an_odd_row_costs_neither_its_neighbours_nor_their_places() -> None:
    meta = {
        "universe": [
            {"name": "BTC", "szDecimals": 5, "maxLeverage": 40, "marginTableId": 56},
            {"name": "ODD"},
            {"name": "ETH", "szDecimals": 4, "maxLeverage": 25, "marginTableId": 55},
        ],
        "marginTables": [[56, {"marginTiers": [{"lowerBound": "0.0", "maxLeverage": 40}]}], ["odd"]],
        "collateralToken": 0,
    }
    contexts = [{"markPx": "86000.0", "funding": "0.00001"}, {"markPx": "1.0"}, {"markPx": "2100.0"}]
    universe = market.read_universe(json.dumps([meta, contexts]).encode(), "")
    assert universe.unreadable == 1
    assert market.marks_of([universe], {"ETH": "ETH", "BTC": "BTC"}) == [("BTC", 86000.0, 0), ("ETH", 2100.0, 0)]
    assert [each.tiers_assumed for each in market.instruments_of(universe, "USDC")] == [False, True]
    [funding] = market.funding_of([universe], {"BTC": "BTC"}, datetime(2026, 11, 1, 23, 30, tzinfo=UTC))
    assert funding.next_at == datetime(2026, 11, 2, tzinfo=UTC)
    assert funding.interval == timedelta(hours=1)


@pytest.mark.parametrize(
    ("frame", "reason"),
    [
        (b'{"channel":"activeAssetCtx","data":{"coin":"BTC","ctx":{"midPx":"1"}}}', "bad_row"),
        (b'{"channel":"allMids","data":{"mids":{"BTC":"1"}}}', "unknown_channel"),
        (b'{"channel":"activeSpotAssetCtx","data":{"coin":"@1","ctx":{"markPx":"1"}}}', "unknown_channel"),
        (b'{"channel":"error","data":"Invalid subscription"}', "request_refused"),
        (b'{"mids":1}', "unknown_frame"),
    ],
)
def test_what_is_no_mark_is_refused_by_name(frame: bytes, reason: str) -> None:
    heard = market.read_mark_frame(frame, {"BTC": "BTC/USDC:USDC"})
    assert (list(heard.rows), tuple(heard.rejected), heard.is_data) == ([], (reason,), False)


def test_a_mark_is_found_however_its_frame_is_spaced() -> None:
    frame = b'{ "data": {"ctx": {"markPx": "86000.0"}, "coin": "BTC"}, "channel": "activeAssetCtx" }'
    assert list(market.read_mark_frame(frame, {"BTC": "b"}).rows) == [("b", 86000.0, 0)]
