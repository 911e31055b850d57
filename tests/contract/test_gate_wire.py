"""Gate's recorded messages and answers, and the figures that follow from them."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import msgspec
import pytest

from liqwatch.errors import PayloadError
from liqwatch.exchanges.payloads import gate_contracts as contracts
from liqwatch.exchanges.payloads import gate_orders as orders
from liqwatch.exchanges.payloads.gate_account import FamilyAnswers, FuturesAccount, UnifiedAccount, snapshot_of
from liqwatch.exchanges.payloads.gate_events import RankChanged, hear_frame
from liqwatch.exchanges.payloads.gate_market import read_mark_frame
from liqwatch.exchanges.payloads.gate_positions import PositionRow, position_of, positions_of
from liqwatch.exchanges.plumbing.changes import AccountEvent, Forced, Noticed, Nudge, Rows
from liqwatch.exchanges.plumbing.listing import Listing
from liqwatch.margin.assess import assess
from liqwatch.margin.pools import pools_of
from liqwatch.model import (
    UNREACHABLE,
    ContractKind,
    Instrument,
    LeverageTier,
    MarginMode,
    NoticeKind,
    OrderKind,
    Reading,
    Side,
)
from liqwatch.testing.contract import Everything

NOW = datetime(2026, 11, 20, tzinfo=UTC)
NAMES = ("main", "gate")
TAKER_FEE_RATE = 0.00075
MULTIPLIERS = {"BTC_USDT": 0.0001, "ETH_USDT": 0.01, "LTC_USDT": 0.1, "HYPE_USDT": 0.1}
TICK = 0.01
EDITED_BY_HAND = "gate-047"
"""A negative margin beside an older price."""


def listed(native: str, maintenance_rate: float, *, fee_rate: float = TAKER_FEE_RATE) -> Instrument:
    tier = LeverageTier(notional_floor=0.0, notional_cap=math.inf, maintenance_margin_rate=maintenance_rate)
    return Instrument(
        symbol=contracts.unified_symbol(native, contracts.family_of(native)),
        native_symbol=native,
        settle_currency="USDT",
        contract_size=MULTIPLIERS.get(native, 1.0),
        price_tick=TICK,
        tiers=(tier,),
        closing_fee_rate=fee_rate,
    )


LISTING = Listing.of([listed("BTC_USDT", 0.005), listed("ETH_USDT", 0.005), listed("LTC_USDT", 0.01)])


def lines(shared: Path, pattern: str) -> Iterator[bytes]:
    for path in sorted((shared / "wire" / "gate").glob(pattern)):
        yield from (line for line in path.read_bytes().splitlines() if line.strip())


def events_of(shared: Path, channel: str) -> list[AccountEvent]:
    return [event for line in lines(shared, f"{channel}.*") for event in hear_frame(line, LISTING).events]


def row_of(raw: dict[str, Any]) -> PositionRow:
    return msgspec.convert(raw, PositionRow, strict=False)


def computed_price(row: PositionRow, wallet: float, maintenance_rate: float, fee_rate: float) -> Reading:
    """Through the whole way: a snapshot, its pools, their assessment."""
    instrument = listed(row.contract, maintenance_rate, fee_rate=fee_rate)
    account = FuturesAccount(total=wallet)
    snapshot = snapshot_of(NAMES, [FamilyAnswers("usdt", account, [row])], None, Listing.of([instrument]), NOW)
    (pool,) = pools_of(snapshot, {instrument.symbol: instrument}, exchange="gate", on=date(2026, 11, 20))
    marks = {instrument.symbol: row.mark_price or row.entry_price}
    return assess(pool, marks).positions[0].computed_liquidation_price


# Public frames


def test_a_ticker_frame_without_a_venue_time_says_so(shared: Path) -> None:
    times = {ms for line in lines(shared, "tickers.*") for _, _, ms in read_mark_frame(line, Everything()).rows}
    assert 0 in times
    assert 1789456337808 in times


def test_only_wanted_markets_come_through_under_their_unified_names() -> None:
    frame = (
        b'{"time_ms":5,"channel":"futures.tickers","event":"update","result":'
        b'[{"contract":"BTC_USDT","mark_price":"9.5"},{"contract":"ETH_USDT","mark_price":"3"}]}'
    )
    read = read_mark_frame(frame, {"BTC_USDT": "BTC/USDT:USDT"})
    assert list(read.rows) == [("BTC/USDT:USDT", 9.5, 5)]
    assert read.is_data


def test_one_bad_row_does_not_cost_its_neighbours() -> None:
    frame = (
        b'{"channel":"futures.tickers","event":"update","result":'
        b'[{"contract":"A_USDT","mark_price":""},{"contract":"B_USDT","mark_price":"2"},{"contract":"C_USDT"}]}'
    )
    read = read_mark_frame(frame, Everything())
    assert list(read.rows) == [("B_USDT", 2.0, 0)]
    assert list(read.rejected) == ["bad_row"]


def test_a_ticker_without_a_mark_is_no_price() -> None:
    read = read_mark_frame(b'{"channel":"futures.tickers","result":[{"contract":"A_USDT","last":"2"}]}', Everything())
    assert read.is_alive
    assert not read.is_data
    assert not read.rejected


def test_answers_and_pongs_prove_life_and_refusals_have_names(shared: Path) -> None:
    reasons: set[str] = set()
    for line in lines(shared, "control.*"):
        read = read_mark_frame(line, Everything())
        assert read.is_alive
        assert not read.is_data
        reasons.update(read.rejected)
    assert reasons == {"already_subscribed", "request_refused"}
    unknown = (
        b'{"channel":"futures.tickers","event":"subscribe","error":{"code":2,"message":"unknown currency pair X"}}'
    )
    assert list(read_mark_frame(unknown, Everything()).rejected) == ["unknown_market"]


@pytest.mark.parametrize(
    "notice",
    [
        b'{"type":"upgrade","msg":"The connection will soon be closed for a service upgrade. Please reconnect."}',
        b'{"time_ms":1,"channel":"futures.system","event":"update","result":{"type":"upgrade","msg":"soon"}}',
    ],
)
def test_an_announced_upgrade_asks_for_a_successor(notice: bytes) -> None:
    assert read_mark_frame(notice, Everything()).end == "upgrade_announced"
    assert hear_frame(notice, LISTING).end == "upgrade_announced"


def test_the_sign_of_a_public_liquidation_is_the_side_of_the_position(shared: Path) -> None:
    (line,) = lines(shared, "public_liquidates.*")
    (found,) = read_mark_frame(line, Everything()).liquidations
    assert (found.symbol, found.side, found.contracts, found.price) == ("BTC_USDT", Side.SHORT, 124.0, 215.1)
    assert found.exchange_ms == 1541486601123


# Private frames


def test_exact_sizes_are_taken_over_and_rounded_ones_only_nudge(shared: Path) -> None:
    for line in lines(shared, "positions.*"):
        (raw,) = json.loads(line)["result"]
        events = hear_frame(line, LISTING).events
        if isinstance(raw["size"], str):
            rows, nudge = events
            assert isinstance(rows, Rows)
            (position,) = rows.positions
            assert position.contracts == float(raw["size"])
            assert position.margin_mode is MarginMode.CROSS
            assert position.reported_liquidation_price is None, "a tick's worth means none"
            assert isinstance(nudge, Nudge)
        else:
            assert [type(event) for event in events] == [Nudge]


@pytest.mark.parametrize(
    ("mode", "size", "closed"),
    [
        ("single", "0", {"BTC/USDT:USDT long", "BTC/USDT:USDT short"}),
        ("single", "-2", {"BTC/USDT:USDT long"}),
        ("dual_long", "0", {"BTC/USDT:USDT long"}),
        ("dual_long", "2", set()),
    ],
)
def test_closes_flips_and_hedge_rows_are_each_what_they_are(mode: str, size: str, closed: set[str]) -> None:
    row = {"contract": "BTC_USDT", "size": size, "entry_price": 100 if size != "0" else 0, "mode": mode, "leverage": 0}
    frame = msgspec.json.encode({"time_ms": 7, "channel": "futures.positions", "event": "update", "result": [row]})
    rows = hear_frame(frame, LISTING).events[0]
    assert isinstance(rows, Rows)
    assert rows.closed == closed
    assert rows.at == datetime.fromtimestamp(0.007, UTC)


def test_what_the_venue_closes_by_itself_is_told_as_such(shared: Path) -> None:
    liquidations = [event for event in events_of(shared, "liquidates") if isinstance(event, Forced)]
    assert {event.word for event in liquidations} == {"liquidated by the venue"}
    assert {event.subject.split()[1] for event in liquidations} == {"short"}
    reduced = [event for event in events_of(shared, "auto_deleverages") if isinstance(event, Forced)]
    assert {event.word for event in reduced} == {"deleveraged by the venue (ADL)"}
    assert {event.subject.split()[1] for event in reduced} == {"long"}


def test_the_users_own_orders_and_closes_are_not_the_venues(shared: Path) -> None:
    assert not events_of(shared, "orders")
    assert {type(event) for event in events_of(shared, "position_closes")} == {Nudge}


@pytest.mark.parametrize(
    ("channel", "row"),
    [
        ("futures.orders", {"contract": "BTC_USDT", "size": "-3", "is_liq": True, "text": "-"}),
        ("futures.orders", {"contract": "BTC_USDT", "size": -3, "text": "hedge-liq-12"}),
        ("futures.position_closes", {"contract": "BTC_USDT", "side": "long", "text": "liq-88"}),
        ("futures.position_closes", {"contract": "BTC_USDT", "side": "long", "text": "scm_liquidate"}),
    ],
)
def test_the_venues_orders_are_known_by_their_text(channel: str, row: dict[str, Any]) -> None:
    frame = msgspec.json.encode({"channel": channel, "event": "update", "result": [row]})
    assert hear_frame(frame, LISTING).events[0] == Forced("BTC/USDT:USDT long", "liquidated by the venue")


def test_a_lowered_risk_limit_is_a_notice(shared: Path) -> None:
    notices = [event.notice for event in events_of(shared, "reduce_risk_limits") if isinstance(event, Noticed)]
    assert len(notices) == 4
    assert {notice.kind for notice in notices} == {NoticeKind.RISK_LIMIT_CHANGE}
    assert "BTC/USDT:USDT to 450" in notices[-1].text


def test_the_first_in_line_for_deleveraging_is_ranked_and_warned(shared: Path) -> None:
    changed, noticed = events_of(shared, "position_adl_rank")
    assert isinstance(changed, RankChanged)
    assert isinstance(noticed, Noticed)
    assert noticed.notice.kind is NoticeKind.DELEVERAGING_WARNING
    row = row_of({"contract": "BTC_USDT", "size": "2", "entry_price": "9"})
    snapshot = snapshot_of(NAMES, [FamilyAnswers("usdt", FuturesAccount(total=1.0), [row])], None, LISTING, NOW)
    after = changed.laid_over(snapshot, LISTING)
    assert after is not None
    assert after.positions[0].adl_rank == 1.0


def test_the_stream_is_ready_with_its_last_subscription_and_ends_with_a_refused_one() -> None:
    granted = b'{"channel":"futures.positions","event":"subscribe","result":{"status":"success"}}'
    assert hear_frame(granted, LISTING).is_ready
    refused = b'{"channel":"futures.balances","event":"subscribe","error":{"code":4,"message":"authentication fail"}}'
    assert hear_frame(refused, LISTING).end == "login_refused"
    beside = b'{"channel":"futures.orders","event":"subscribe","error":{"code":2,"message":"invalid argument"}}'
    assert hear_frame(beside, LISTING).end is None


def test_an_event_that_cannot_be_read_asks_rest() -> None:
    heard = hear_frame(b'{"channel":"futures.positions","event":"update","result":[{"contract":"X"}]}', LISTING)
    assert heard.rejected == "bad_event"
    assert [type(event) for event in heard.events] == [Nudge]


# Positions as the venue has reported them


def reported(shared: Path) -> dict[str, dict[str, Any]]:
    records = json.loads((shared / "golden" / "positions.json").read_text(encoding="utf-8"))
    return {each["id"]: each for each in records if each["exchange"] == "gate"}


def test_reported_liquidation_prices_are_the_raw_ones(shared: Path) -> None:
    records = reported(shared)
    assert len(records) == 6
    for each in records.values():
        row = row_of(each["raw"] | {"contract": each["raw"].get("contract", "LTC_USDT")})
        expected = float(each["raw"]["liq_price"]) or None
        assert position_of(row, LISTING).reported_liquidation_price == expected, each["id"]


@pytest.mark.parametrize("name", ["gate-045", "gate-046", "gate-165"])
def test_our_price_is_the_venues_within_a_tick(name: str, shared: Path) -> None:
    each = reported(shared)[name]
    row, inputs = row_of(each["raw"]), each["inputs"]
    ours = computed_price(row, inputs["margin"], inputs["mmr"], inputs["taker"])
    assert isinstance(ours, float)
    assert abs(ours - float(each["raw"]["liq_price"])) <= TICK


def test_where_the_venue_shows_no_price_there_is_none(shared: Path) -> None:
    each = reported(shared)["gate-166"]
    row = row_of(each["raw"] | {"contract": "LTC_USDT"})
    assert computed_price(row, each["inputs"]["margin"], each["inputs"]["mmr"], each["inputs"]["taker"]) is UNREACHABLE


def test_a_price_of_another_wallet_is_not_reproduced(shared: Path) -> None:
    """gate-047 was edited by hand; gate-048 lacks the account's wallet, which its own maintenance would need."""
    each = reported(shared)[EDITED_BY_HAND]
    ours = computed_price(row_of(each["raw"]), -3.9751696616, 0.01, TAKER_FEE_RATE)
    assert not isinstance(ours, float) or abs(ours - 60.07) > TICK
    assert reported(shared)["gate-048"]["raw"]["margin"] == "0"


def test_a_pushed_cross_position_of_2022_is_reproduced(shared: Path) -> None:
    for line in lines(shared, "positions.cap*"):
        row = row_of(json.loads(line)["result"][0])
        ours = computed_price(row, row.margin or 0.0, 0.005, TAKER_FEE_RATE)
        if row.liquidation_price:
            assert ours == pytest.approx(float(row.liquidation_price), abs=TICK)
        else:
            assert ours is UNREACHABLE


def test_rest_answers_recorded_by_ccxt_are_read(shared: Path) -> None:
    records = json.loads((shared / "fixtures" / "ccxt" / "gate.json").read_text(encoding="utf-8"))
    seen = 0
    for each in records:
        if each["method"] == "fetchPositions":
            rows = msgspec.convert(each["http_response"], list[PositionRow], strict=False)
            (position,) = positions_of(rows, LISTING)
            assert (position.symbol, position.side, position.contracts) == ("LTC/USDT:USDT", Side.LONG, 1.0)
            assert position.isolated_wallet == float(each["http_response"][0]["margin"])
            assert position.leverage == 5.0
            stated = float(each["http_response"][0]["maintenance_margin"])
            assert position.reported_maintenance_margin == (stated or None)
            seen += 1
        elif each["method"] == "fetchOpenOrders" and "swap" in each["description"]:
            (order,) = msgspec.convert(each["http_response"], list[orders.TriggerOrder], strict=False)
            found = orders.trigger_order(order, LISTING)
            assert (found.order_side, found.contracts, found.trigger_price) == (Side.LONG, 5.0, 67203.5)
            assert (found.kind, found.trigger_by) == (OrderKind.TAKE_PROFIT, "last")
            seen += 1
    assert seen == 4


def test_the_maintenance_that_the_venue_states_holds_the_taker_fee(shared: Path) -> None:
    each = reported(shared)["gate-048"]["raw"]
    value, rate = float(each["value"]), float(each["average_maintenance_rate"])
    assert float(each["maintenance_margin"]) == pytest.approx(value * (rate + TAKER_FEE_RATE), rel=0.005)


# Contracts


def test_contracts_have_the_names_that_ccxt_gives_them(shared: Path) -> None:
    markets = json.loads((shared / "fixtures" / "ccxt_static_markets" / "gate.json").read_text(encoding="utf-8"))
    seen = 0
    for symbol, market in markets.items():
        if market.get("type") != "swap":
            continue
        settle = market["settleId"]
        (instrument,), unreadable = contracts.read_contracts(msgspec.json.encode([market["info"]]), settle)
        assert not unreadable
        assert instrument.symbol == symbol
        assert contracts.native_symbol(symbol) == market["id"] == instrument.native_symbol
        assert contracts.family_of(market["id"]) == settle
        assert instrument.contract_size == market["contractSize"]
        assert (instrument.contract_kind is ContractKind.INVERSE) is market["inverse"]
        assert instrument.closing_fee_rate == TAKER_FEE_RATE
        assert instrument.is_trading is market["active"]
        seen += 1
    assert seen >= 9


def test_recorded_contracts_tell_their_funding_and_how_long_a_rate_holds(shared: Path) -> None:
    records = json.loads((shared / "fixtures" / "ccxt" / "gate.json").read_text(encoding="utf-8"))
    [body] = [each["http_response"] for each in records if each["method"] == "fetchFundingRates"]
    [rate] = contracts.read_funding(msgspec.json.encode(body), {"BTC_USD": "BTC/USD:BTC"})
    assert (rate.rate, rate.next_at) == (0.0001, datetime(2025, 3, 7, 16, tzinfo=UTC))
    assert rate.interval == timedelta(hours=8)
    markets = json.loads((shared / "fixtures" / "ccxt_static_markets" / "gate.json").read_text(encoding="utf-8"))
    rows = [market["info"] for market in markets.values() if "funding_interval" in market.get("info", {})]
    rates = contracts.read_funding(msgspec.json.encode(rows), Everything())
    assert [each.interval for each in rates] == [timedelta(seconds=int(row["funding_interval"])) for row in rows]
    assert {each.interval for each in rates} == {timedelta(hours=4), timedelta(hours=8)}


def test_a_contract_that_cannot_be_read_blinds_nobody() -> None:
    good = {"name": "BTC_USDT", "quanto_multiplier": "0.0001", "maintenance_rate": "0.004"}
    body = msgspec.json.encode([good, {"name": "X_USDT", "quanto_multiplier": "0"}, {"title": "?"}])
    found, unreadable = contracts.read_contracts(body, "usdt")
    assert [each.symbol for each in found] == ["BTC/USDT:USDT"]
    assert unreadable == 2


def test_a_third_settle_currency_makes_a_quanto() -> None:
    body = msgspec.json.encode([{"name": "ETH_USD", "type": "direct", "quanto_multiplier": "0.000001"}])
    ((instrument,), _) = contracts.read_contracts(body, "btc")
    assert (instrument.symbol, instrument.contract_kind) == ("ETH/USD:BTC", ContractKind.QUANTO)


def test_tiers_take_a_stated_deduction_and_derive_one_that_is_missing() -> None:
    rows = [
        {"risk_limit": "2000", "maintenance_rate": "0.02", "leverage_max": "33.33"},
        {"risk_limit": "1000", "maintenance_rate": "0.01", "leverage_max": "50"},
        {"risk_limit": "5000", "maintenance_rate": "0.05", "deduction": "70"},
    ]
    tiers = contracts.read_tiers(msgspec.json.encode(rows))
    assert [tier.notional_cap for tier in tiers] == [1000.0, 2000.0, 5000.0]
    assert [tier.maintenance_deduction for tier in tiers] == [0.0, pytest.approx(10.0), 70.0]


def test_candles_are_as_fine_as_one_answer_allows() -> None:
    short = contracts.candle_query(
        "BTC_USDT", datetime(2026, 1, 1, 0, 0, 30, tzinfo=UTC), datetime(2026, 1, 1, 1, tzinfo=UTC)
    )
    assert (short["contract"], short["interval"]) == ("mark_BTC_USDT", "1m")
    assert int(short["from"]) % 60 == 0
    long = contracts.candle_query("BTC_USDT", datetime(2026, 1, 1, tzinfo=UTC), datetime(2026, 1, 20, tzinfo=UTC))
    assert long["interval"] == "15m"


# Wallets


def classic(**more: Any) -> FuturesAccount:
    return msgspec.convert({"total": "1000", **more}, FuturesAccount, strict=False)


ISOLATED = {
    "contract": "BTC_USDT",
    "size": "3",
    "entry_price": "100",
    "leverage": "5",
    "margin": "40",
    "mark_price": "1",
}
CROSS = {
    "contract": "ETH_USDT",
    "size": "-2",
    "entry_price": "9",
    "leverage": "0",
    "unrealised_pnl": "-7",
    "mark_price": "8",
}


def test_the_older_classic_mode_leaves_to_cross_what_isolated_positions_do_not_bind() -> None:
    rows = [row_of(ISOLATED), row_of(CROSS)]
    snapshot = snapshot_of(NAMES, [FamilyAnswers("usdt", classic(), rows)], None, LISTING, NOW)
    assert snapshot.cross_wallets == {"USDT": 960.0}
    assert not snapshot.is_multi_asset


def test_the_newer_classic_mode_states_its_cross_balance() -> None:
    account = classic(enable_evolved_classic=True, cross_margin_balance="930", cross_unrealised_pnl="-7")
    snapshot = snapshot_of(NAMES, [FamilyAnswers("usdt", account, [row_of(CROSS)])], None, LISTING, NOW)
    assert snapshot.cross_wallets == {"USDT": 937.0}


def test_a_unified_account_is_one_pool_in_dollars() -> None:
    told = {"total_margin_balance": "500", "total_maintenance_margin": "50"}
    unified = msgspec.convert(told, UnifiedAccount, strict=False)
    families = [FamilyAnswers("usdt", classic(margin_mode=1), [row_of(CROSS | {"maintenance_margin": "50"})])]
    snapshot = snapshot_of(NAMES, families, unified, LISTING, NOW)
    assert snapshot.is_multi_asset
    assert snapshot.cross_wallets == {"USD": 507.0}
    assert snapshot.reported_margin_ratios == {"USD": 0.1}
    assert not snapshot.is_ratio_only
    in_debt = snapshot_of(
        NAMES, [FamilyAnswers("usdt", classic(margin_mode=1), [row_of(CROSS)])], unified, LISTING, NOW
    )
    assert in_debt.is_ratio_only


def test_a_unified_account_with_single_currency_margin_keeps_a_pool_each() -> None:
    unified = msgspec.convert(
        {"balances": {"USDT": {"margin_balance": "93", "mm": "9.3"}}}, UnifiedAccount, strict=False
    )
    families = [FamilyAnswers("usdt", classic(margin_mode=3), [row_of(CROSS)])]
    snapshot = snapshot_of(NAMES, families, unified, LISTING, NOW)
    assert snapshot.cross_wallets == {"USDT": 100.0}
    assert snapshot.reported_margin_ratios == {"USDT": pytest.approx(0.1)}


@pytest.mark.parametrize(
    ("account", "row", "field"),
    [
        ({"total": "nan"}, CROSS, "total"),
        ({}, ISOLATED | {"margin": "inf"}, "margin"),
        ({}, CROSS | {"entry_price": "0"}, "entry_price"),
    ],
)
def test_a_figure_that_cannot_be_refuses_the_whole_account(
    account: dict[str, str], row: dict[str, str], field: str
) -> None:
    with pytest.raises(PayloadError, match=field):
        snapshot_of(NAMES, [FamilyAnswers("usdt", classic(**account), [row_of(row)])], None, LISTING, NOW)


def test_hedge_twins_stay_two_and_split_parts_become_one() -> None:
    twins = [row_of(CROSS | {"mode": "dual_short"}), row_of(CROSS | {"mode": "dual_long", "size": "2"})]
    assert {position.side for position in positions_of(twins, LISTING)} == set(Side)
    parts = [row_of(CROSS | {"pid": 1}), row_of(CROSS | {"pid": 2, "entry_price": "12"}), row_of(CROSS | {"pid": 2})]
    (joined,) = positions_of(parts, LISTING)
    assert (joined.contracts, joined.entry_price) == (4.0, 9.0)


# Keys


def test_the_rights_are_those_of_the_key_that_asks() -> None:
    detail = orders.AccountDetail(user_id=1)
    keys = msgspec.convert(
        [
            {"key": "other*****", "perms": [{"name": "withdrawal", "read_only": False}]},
            {"key": "abcdef*****", "perms": [{"name": "futures", "read_only": True}], "ip_whitelist": ["203.0.113.1"]},
        ],
        list[orders.MainKey],
    )
    report = orders.key_report("abcdef0123", keys, detail)
    assert (report.can_trade, report.can_withdraw, report.is_ip_bound) == (False, False, True)
    hidden = orders.key_report("zzz", keys, detail)
    assert hidden.can_trade is None
    assert hidden.note
