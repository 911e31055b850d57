"""Every recorded Binance payload is read into the right thing, or refused by a named reason."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import msgspec
import pytest

from liqwatch.errors import PayloadError
from liqwatch.exchanges.payloads.binance_account import (
    AccountAnswer,
    AccountUpdate,
    ListenKeyExpired,
    MarginCall,
    OrderUpdate,
    PositionRow,
    RiskLevelChange,
    SettingsChanged,
    leverage_tiers_of,
    read_brackets,
    read_user_event,
)
from liqwatch.exchanges.payloads.binance_funding import read_intervals
from liqwatch.exchanges.payloads.binance_market import (
    ListedContract,
    instrument_of,
    native_symbol,
    read_funding,
    read_listing,
    read_mark_frame,
    read_premiums,
)
from liqwatch.exchanges.payloads.binance_snapshot import Owner, merge_account_update, position_of, snapshot_of
from liqwatch.exchanges.payloads.liquidation_price import cleaned_liquidation_price
from liqwatch.model import AccountSnapshot, Instrument, MarginMode, Position, Side, SnapshotSource
from liqwatch.testing.contract import Everything

NOW = datetime(2026, 1, 1, tzinfo=UTC)
OWNER = Owner(account="main", venue="binance_usdm")
BTC = Instrument(symbol="BTC/USDT:USDT", native_symbol="BTCUSDT", settle_currency="USDT")
EVENTS: dict[str, type] = {
    "ACCOUNT_UPDATE": AccountUpdate,
    "ACCOUNT_CONFIG_UPDATE": SettingsChanged,
    "MARGIN_CALL": MarginCall,
    "riskLevelChange": RiskLevelChange,
    "ORDER_TRADE_UPDATE": OrderUpdate,
    "listenKeyExpired": ListenKeyExpired,
}
ORDERS = ("TRADE_LITE", "ALGO_UPDATE", "CONDITIONAL_ORDER_TRIGGER_REJECT")


def lines(folder: Path, pattern: str = "*.jsonl") -> Iterator[tuple[str, bytes]]:
    for path in sorted(folder.glob(pattern)):
        for line in path.read_bytes().splitlines():
            if line.strip():
                yield path.name.partition(".")[0], line


def mark_rows(line: bytes) -> list[dict[str, Any]]:
    document = json.loads(line)
    data = document.get("data", document) if isinstance(document, dict) else document
    return data if isinstance(data, list) else [data]


def test_every_recorded_mark_message_yields_exactly_its_price_and_time(shared: Path) -> None:
    seen = 0
    for _, line in lines(shared / "wire" / "binance-usdm", "markPrice*.jsonl"):
        frame = read_mark_frame(line, Everything())
        assert frame.is_data
        assert not frame.rejected
        assert list(frame.rows) == [(row["s"], float(row["p"]), row["E"]) for row in mark_rows(line)]
        seen += len(frame.rows)
    assert seen > 10


def test_every_other_recorded_frame_is_refused_by_name_on_the_mark_stream_and_proves_nothing(shared: Path) -> None:
    for channel, line in lines(shared / "wire" / "binance-usdm"):
        if channel.startswith("markPrice"):
            continue
        frame = read_mark_frame(line, Everything())
        assert not frame.is_data
        assert not frame.rows
        if channel == "forceOrder":
            (liquidation,) = frame.liquidations
            assert liquidation.side is (Side.LONG if b'"S":"SELL"' in line else Side.SHORT)
            continue
        expected = set() if channel == "control" else {"unknown_event"}
        assert set(frame.rejected) == expected, (channel, line)


def test_every_recorded_account_event_is_read_as_what_it_is(shared: Path) -> None:
    seen: set[str] = set()
    for channel, line in lines(shared / "wire" / "binance-usdm"):
        event = read_user_event(line)
        if channel in EVENTS:
            assert isinstance(event, EVENTS[channel]), line
            seen.add(channel)
        elif channel in ORDERS or channel == "control":
            assert event is None, line
        else:
            assert event in {"unknown_event", "undecodable"}, line
    assert seen == set(EVENTS)


def test_the_venues_own_closing_orders_are_known_by_the_mark_it_puts_on_them(shared: Path) -> None:
    marks = {"autoclose": "liquidated", "adl_autoclose": "deleveraged", "settlement": "settled", "delivery": "settled"}
    for _, line in lines(shared / "wire" / "binance-usdm", "ORDER_TRADE_UPDATE*.jsonl"):
        event = read_user_event(line)
        assert isinstance(event, OrderUpdate)
        client_order_id = event.order.client_order_id
        expected = next((word for mark, word in marks.items() if client_order_id.startswith(mark)), None)
        assert (event.forced_close or "").startswith(expected or ""), line
        assert (event.forced_close is None) == (expected is None), line


def test_every_recorded_account_update_merges_to_what_it_says(shared: Path) -> None:
    for _, line in lines(shared / "wire" / "binance-usdm", "ACCOUNT_UPDATE*.jsonl"):
        update = read_user_event(line)
        assert isinstance(update, AccountUpdate)
        merged = merge_account_update(a_snapshot(), update, {})
        document = json.loads(line)
        changes = document.get("data", document)["a"]
        assert merged.cross_wallets == {row["a"]: float(row["cw"]) for row in changes["B"]}
        told = {(row["s"], abs(float(row["pa"])), float(row["ep"])) for row in changes["P"] if float(row["pa"])}
        assert {(row.symbol, row.contracts, row.entry_price) for row in merged.positions} == told
        assert merged.source is SnapshotSource.STREAM


def test_recorded_rest_positions_report_the_venues_own_liquidation_price(shared: Path) -> None:
    recordings = json.loads((shared / "fixtures" / "ccxt" / "binance.json").read_text(encoding="utf-8"))
    seen = 0
    for recording in recordings:
        if recording["method"] != "fetchPositions" or not isinstance(recording["http_response"], list):
            continue
        for raw in recording["http_response"]:
            row = msgspec.convert(raw, PositionRow, strict=False)
            if row.amount:
                assert position_of(row, {}).reported_liquidation_price == float(raw["liquidationPrice"])
                seen += 1
    assert seen == 3


def test_recorded_account_answers_have_the_documented_shape(shared: Path) -> None:
    recordings = json.loads((shared / "fixtures" / "ccxt" / "binance.json").read_text(encoding="utf-8"))
    answers = [
        msgspec.convert(recording["http_response"], AccountAnswer, strict=False)
        for recording in recordings
        if recording["method"] == "fetchPositions" and isinstance(recording["http_response"], dict)
    ]
    assert {row.asset: row.cross_wallet for row in answers[0].assets if row.cross_wallet}["USDT"] > 0


def test_symbols_are_named_as_ccxt_names_them(shared: Path) -> None:
    path = shared / "fixtures" / "ccxt_static_markets" / "binance.json"
    markets = json.loads(path.read_text(encoding="utf-8"))
    listed = [row for row in markets.values() if row.get("contract") and row.get("linear") and row.get("info")]
    assert listed
    for market in listed:
        info = market["info"]
        if "marginAsset" not in info:
            continue
        instrument = instrument_of(msgspec.convert(info, ListedContract, strict=False))
        assert instrument.symbol == market["symbol"]
        assert instrument.price_tick == pytest.approx(market["precision"]["price"])
        assert native_symbol(instrument.symbol) == instrument.native_symbol


# From here on payloads written for this repository.


def a_snapshot(*positions: Position, **changes: Any) -> AccountSnapshot:
    facts: dict[str, Any] = {
        "account": "main",
        "venue": "binance_usdm",
        "positions": positions,
        "cross_wallets": {},
        "as_of": NOW,
        "source": SnapshotSource.REST,
    }
    return AccountSnapshot(**(facts | changes))


def mark(**fields: Any) -> dict[str, Any]:
    return {"e": "markPriceUpdate", "E": 5, "s": "BTCUSDT", "p": "100.5", "st": 1} | fields


def read(document: Any) -> Any:
    return read_mark_frame(msgspec.json.encode(document), {"BTCUSDT": "BTC/USDT:USDT"})


def test_a_mark_is_read_bare_in_an_array_and_combined() -> None:
    expected = [("BTC/USDT:USDT", 100.5, 5)]
    for document in (mark(), [mark()], {"stream": "x", "data": mark()}, {"data": [mark()], "stream": "x"}):
        frame = read(document)
        assert list(frame.rows) == expected
        assert frame.is_data


def test_coin_margined_and_unwanted_rows_are_left_out_but_prove_that_data_flows() -> None:
    frame = read([mark(st=2), mark(s="牛来USDT")])
    assert not frame.rows
    assert frame.is_data


def test_one_bad_row_does_not_cost_its_neighbours() -> None:
    frame = read([mark(p="much"), mark(), {"e": "24hrTicker", "s": "BTCUSDT"}, 7])
    assert list(frame.rows) == [("BTC/USDT:USDT", 100.5, 5)]
    assert sorted(frame.rejected) == ["bad_row", "undecodable", "unknown_event"]


@pytest.mark.parametrize(
    ("raw", "reasons"),
    [
        (b'{"result":null,"id":1}', ()),
        (b'{"error":{"code":2,"msg":"Invalid request"},"id":1}', ("request_refused",)),
        (b'{"code":1,"msg":"Invalid value type"}', ("request_refused",)),
        (b"{}", ("unknown_frame",)),
        (b"", ("undecodable",)),
        (b"\xff\xfe\x00", ("undecodable",)),
        (b"[" * 100_000, ("undecodable",)),
        (b'{"data":' * 50_000 + b"1" + b"}" * 50_000, ("undecodable",)),
    ],
)
def test_what_is_no_mark_price_is_named_and_never_raises(raw: bytes, reasons: tuple[str, ...]) -> None:
    frame = read_mark_frame(raw, {})
    assert tuple(frame.rejected) == reasons
    assert not frame.is_data


def a_contract(**fields: Any) -> dict[str, Any]:
    return {
        "symbol": "BTCUSDT",
        "contractType": "PERPETUAL",
        "deliveryDate": 4133404800000,
        "status": "TRADING",
        "baseAsset": "BTC",
        "quoteAsset": "USDT",
        "marginAsset": "USDT",
        "maintMarginPercent": "2.5000",
        "liquidationFee": "0.012500",
        "filters": [{"filterType": "LOT_SIZE"}, {"filterType": "PRICE_FILTER", "tickSize": "0.10"}],
    } | fields


def test_a_listing_gives_instruments_with_an_assumed_rate() -> None:
    listing = read_listing(msgspec.json.encode({"symbols": [a_contract(), {"symbol": "ODD"}]}))
    instruments, unreadable = listing.by_symbol, listing.unreadable
    instrument = instruments["BTC/USDT:USDT"]
    assert unreadable == 1
    assert (instrument.price_tick, instrument.liquidation_fee_rate, instrument.is_trading) == (0.1, 0.0125, True)
    assert instrument.tiers_assumed
    assert instrument.tiers[0].maintenance_margin_rate == pytest.approx(0.025)
    assert instrument.tiers[0].notional_cap == math.inf


@pytest.mark.parametrize(
    ("fields", "symbol"),
    [
        ({}, "BTC/USDT:USDT"),
        ({"contractType": "TRADIFI_PERPETUAL", "baseAsset": "TSLA"}, "TSLA/USDT:USDT"),
        ({"contractType": "CURRENT_QUARTER", "deliveryDate": 1798185600000}, "BTC/USDT:USDT-261225"),
        ({"contractType": "", "quoteAsset": "USDC", "marginAsset": "USDC"}, "BTC/USDC:USDC"),
        ({"contractType": "PERPETUAL", "deliveryDate": 1798185600000, "status": "SETTLING"}, "BTC/USDT:USDT"),
    ],
)
def test_unified_symbols(fields: dict[str, Any], symbol: str) -> None:
    assert instrument_of(msgspec.convert(a_contract(**fields), ListedContract, strict=False)).symbol == symbol


def test_answers_of_another_shape_are_refused_whole() -> None:
    with pytest.raises(PayloadError):
        read_listing(b'{"msg":"nope"}')
    with pytest.raises(PayloadError):
        read_premiums(b"<html>", {})
    with pytest.raises(PayloadError):
        read_brackets({"msg": "nope"})


def test_premiums_without_a_usable_price_are_left_out() -> None:
    rows = [{"symbol": name, "markPrice": price, "time": 9} for name, price in (("A", "1.5"), ("B", "0"), ("C", "nan"))]
    assert read_premiums(msgspec.json.encode(rows), {"A": "a", "B": "b", "C": "c"}) == [("a", 1.5, 9)]
    assert read_premiums(msgspec.json.encode(rows[0]), {"A": "a"}) == [("a", 1.5, 9)]


def test_the_documented_funding_rate_and_interval_belong_together(shared: Path) -> None:
    documented = json.loads((shared / "fixtures" / "ccxt_docstrings" / "binance.json").read_text(encoding="utf-8"))
    found = [each["payload"] for each in documented if each["method"] == "parse_funding_rate"]
    [adjusted] = [each for each in found if "fundingIntervalHours" in each]
    [premium] = [each for each in found if each.get("symbol") == "BTCUSDT" and "lastFundingRate" in each]
    intervals = read_intervals(json.dumps([adjusted]).encode())
    premiums = json.dumps([premium, premium | {"symbol": adjusted["symbol"]}, premium | {"lastFundingRate": ""}])
    usual, four_hours = read_funding(premiums.encode(), Everything(), intervals)
    assert (usual.symbol, usual.rate, usual.interval) == ("BTCUSDT", 0.00063521, timedelta(hours=8))
    assert usual.next_at == datetime(2021, 5, 17, 16, tzinfo=UTC)
    assert (four_hours.symbol, four_hours.interval) == ("BLZUSDT", timedelta(hours=4))
    assert {each.interval for each in read_funding(premiums.encode(), Everything(), None)} == {None}


def test_an_adjusted_market_without_a_readable_interval_is_not_taken_for_a_usual_one() -> None:
    intervals = read_intervals(
        b'[{"symbol":"A"},{"symbol":"B","fundingIntervalHours":"x"},{"symbol":"C","fundingIntervalHours":1}]'
    )
    assert [intervals.of(native) for native in "ABCD"] == [None, None, timedelta(hours=1), timedelta(hours=8)]
    for body in (b"<html>", b"{}", b'[{"fundingIntervalHours":4}]'):
        with pytest.raises(PayloadError):
            read_intervals(body)


def a_row(**fields: Any) -> PositionRow:
    document = {
        "symbol": "BTCUSDT",
        "positionSide": "BOTH",
        "positionAmt": "-0.5",
        "entryPrice": "100",
        "markPrice": "110",
        "liquidationPrice": "150",
        "notional": "-55",
        "positionInitialMargin": "5.5",
        "maintMargin": "0.3",
        "isolatedWallet": "0",
        "isolatedMargin": "0",
        "marginAsset": "USDT",
        "adl": "2",
    }
    return msgspec.convert(document | fields, PositionRow, strict=False)


def test_a_position_row_is_read_raw() -> None:
    position = position_of(a_row(), {"BTCUSDT": BTC})
    assert position == Position(
        symbol="BTC/USDT:USDT",
        side=Side.SHORT,
        contracts=0.5,
        entry_price=100.0,
        margin_mode=MarginMode.CROSS,
        leverage=10.0,
        reported_liquidation_price=150.0,
        reported_maintenance_margin=0.3,
        reported_mark_price=110.0,
        adl_rank=2.0,
    )


def test_hedge_side_isolated_wallet_and_stated_leverage_are_taken_as_stated() -> None:
    row = a_row(positionSide="LONG", positionAmt="0.5", isolatedWallet="7.5", isolatedMargin="9", leverage="20")
    position = position_of(row, {})
    assert (position.symbol, position.side, position.margin_mode) == ("BTCUSDT", Side.LONG, MarginMode.ISOLATED)
    assert (position.isolated_wallet, position.leverage) == (7.5, 20.0)


@pytest.mark.parametrize("fields", [{"positionAmt": "nan"}, {"entryPrice": "0"}, {"isolatedWallet": "inf"}])
def test_an_impossible_figure_refuses_the_account(fields: dict[str, Any]) -> None:
    with pytest.raises(PayloadError):
        position_of(a_row(**fields), {})


@pytest.mark.parametrize("raw", [None, "", "0", 0, "-5", "nan", "inf", "junk", "4.9", "2001"])
def test_a_liquidation_price_that_means_none_is_none(raw: str | float | None) -> None:
    assert cleaned_liquidation_price(raw, 100.0) is None


def test_a_liquidation_price_is_kept_when_there_is_no_mark_to_judge_by() -> None:
    assert cleaned_liquidation_price("150.25", 0.0) == 150.25
    assert cleaned_liquidation_price(150.25, 100.0) == 150.25


def an_answer(total: float | None = 900.0) -> AccountAnswer:
    wallets = {"USDT": 500.0, "BNB": 0.0, "USDC": 0.0}
    document = {
        "assets": [{"asset": asset, "crossWalletBalance": wallet} for asset, wallet in wallets.items()],
        "totalCrossWalletBalance": total,
    }
    return msgspec.convert(document, AccountAnswer, strict=False)


def test_wallets_that_hold_something_or_are_used_are_kept() -> None:
    rows = [a_row(marginAsset="USDC"), a_row(positionAmt="0")]
    snapshot = snapshot_of(OWNER, an_answer(), rows, {}, is_multi_asset=False, as_of=NOW)
    assert snapshot.cross_wallets == {"USDT": 500.0, "USDC": 0.0}
    assert len(snapshot.positions) == 1


def test_multi_asset_mode_has_one_pool_in_dollars() -> None:
    snapshot = snapshot_of(OWNER, an_answer(), [], {}, is_multi_asset=True, as_of=NOW)
    assert (snapshot.cross_wallets, snapshot.pool_currency) == ({"USD": 900.0}, "USD")
    with pytest.raises(PayloadError):
        snapshot_of(OWNER, an_answer(total=None), [], {}, is_multi_asset=True, as_of=NOW)


def test_brackets_carry_their_deduction_alone_or_in_a_list() -> None:
    bracket = {
        "bracket": 2,
        "initialLeverage": 50,
        "notionalCap": 250000,
        "notionalFloor": 50000,
        "maintMarginRatio": 0.01,
        "cum": 300.0,
    }
    first = bracket | {"notionalFloor": 0, "notionalCap": 50000, "cum": 0.0}
    document = {"symbol": "BTCUSDT", "notionalCoef": 1.5, "brackets": [bracket, first]}
    for answer in (document, [document]):
        tiers = leverage_tiers_of(read_brackets(answer)[0])
        assert [tier.notional_floor for tier in tiers] == [0, 50_000]
        assert (tiers[1].maintenance_deduction, tiers[1].max_leverage) == (300.0, 50.0)


@pytest.mark.parametrize(
    ("raw", "reason"),
    [
        (b"junk", "undecodable"),
        (b"[]", "undecodable"),
        (b"{}", "unknown_event"),
        (b'{"e":"NEWS"}', "unknown_event"),
        (b'{"e":"ACCOUNT_UPDATE","E":1}', "bad_event"),
        (b'{"e":"ACCOUNT_UPDATE","E":1,"a":{"P":[{"s":"BTCUSDT","pa":null,"ep":"1"}]}}', "bad_event"),
    ],
)
def test_an_unusable_account_event_is_named(raw: bytes, reason: str) -> None:
    assert read_user_event(raw) == reason
