"""What an account at Bybit amounts to, held against recordings, captured frames and published positions."""

from __future__ import annotations

import json
import math
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import msgspec
import pytest

from liqwatch.errors import PayloadError
from liqwatch.exchanges.payloads import bybit_listing as answers
from liqwatch.exchanges.payloads.bybit_account import (
    AccountInfo,
    ApiKeyAnswer,
    Owner,
    PositionAnswer,
    PositionRow,
    Wallet,
    WalletAnswer,
    key_report_of,
    position_of,
    snapshot_of,
)
from liqwatch.exchanges.payloads.bybit_orders import OrderAnswer, OrderRow, resting_order_of
from liqwatch.exchanges.plumbing.listing import Listing
from liqwatch.margin.assess import assess
from liqwatch.margin.pools import pools_of
from liqwatch.model import (
    UNREACHABLE,
    AccountSnapshot,
    ContractKind,
    Instrument,
    LeverageTier,
    MarginMode,
    OrderKind,
    Reading,
    RestingOrder,
    Side,
)

NOW = datetime(2026, 11, 1, tzinfo=UTC)
OWNER = Owner(account="main", venue="bybit")
CROSS = AccountInfo(margin_mode="REGULAR_MARGIN", unified_status=6)
ISOLATED = AccountInfo(margin_mode="ISOLATED_MARGIN", unified_status=6)
PORTFOLIO = AccountInfo(margin_mode="PORTFOLIO_MARGIN", unified_status=5)
CLASSIC = AccountInfo(unified_status=1)
BEFORE_THE_CHANGE = date(2025, 5, 1)


def instrument(native: str, *, rate: float = 0.005, price_tick: float = 0.01) -> Instrument:
    is_inverse = answers.family_of(native) == answers.INVERSE
    base = native.removesuffix("PERP").removesuffix("USDT").removesuffix("USD")
    settle = base if is_inverse else "USDC" if native.endswith("PERP") else "USDT"
    tier = LeverageTier(notional_floor=0.0, notional_cap=math.inf, maintenance_margin_rate=rate)
    return Instrument(
        symbol=f"{base}/{'USD' if is_inverse else settle}:{settle}",
        native_symbol=native,
        settle_currency=settle,
        contract_kind=ContractKind.INVERSE if is_inverse else ContractKind.LINEAR,
        price_tick=price_tick,
        tiers=(tier,),
        closing_fee_rate=answers.TAKER_FEE_RATE,
    )


def rows_of(raw: list[dict[str, Any]]) -> list[PositionRow]:
    return msgspec.convert(raw, list[PositionRow], strict=False)


def recordings(shared: Path, method: str) -> list[Any]:
    path = shared / "fixtures" / "ccxt" / "bybit.json"
    found = json.loads(path.read_text(encoding="utf-8"))
    return [each["http_response"] for each in found if each["method"] == method]


def golden(shared: Path) -> dict[str, dict[str, Any]]:
    records = json.loads((shared / "golden" / "positions.json").read_text(encoding="utf-8"))
    return {each["id"]: each for each in records if each["exchange"] == "bybit"}


def golden_row(record: dict[str, Any]) -> dict[str, Any]:
    """Two of the records have lost their side on the way."""
    raw: dict[str, Any] = record["raw"]
    return {"side": "Buy" if record["side"] == "long" else "Sell"} | raw


def price_of(snapshot: AccountSnapshot, market: Instrument, mark_price: float, on: date) -> Reading:
    [pool] = pools_of(snapshot, {market.symbol: market}, exchange="bybit", on=on)
    [health] = assess(pool, {market.symbol: mark_price}).positions
    return health.computed_liquidation_price


@pytest.mark.parametrize("method", ["fetchPositions", "fetchPosition", "fetchPositionADLRank"])
def test_recorded_rest_positions_report_the_venues_own_price_or_none(method: str, shared: Path) -> None:
    found = recordings(shared, method)
    assert found
    for body in found:
        for raw, row in zip(
            body["result"]["list"], msgspec.convert(body, PositionAnswer, strict=False).result.rows, strict=True
        ):
            if not row.is_open:
                assert float(raw["size"]) == 0
                continue
            position = position_of(row, Listing(), is_isolated=False)
            price, mark_price = float(raw["liqPrice"] or 0), float(raw["markPrice"])
            is_one = 0.05 * mark_price <= price <= 20 * mark_price
            assert position.reported_liquidation_price == (price if is_one else None)
            assert (position.contracts, position.entry_price) == (float(raw["size"]), float(raw["avgPrice"]))
            assert position.side is (Side.LONG if raw["side"] == "Buy" else Side.SHORT)


def test_golden_positions_report_the_raw_price_where_it_is_one(shared: Path) -> None:
    none = {"bybit-044": "clamped to the lowest price the venue shows", "bybit-163": "empty"}
    for name, record in golden(shared).items():
        [row] = rows_of([golden_row(record)])
        reported = position_of(row, Listing(), is_isolated=False).reported_liquidation_price
        assert reported == (None if name in none else record["exchange_liquidation_price"]), name


UNCHECKED = {
    "bybit-040": "a row of the old copy trading interface: its margin has another name, which v5 does not know",
    "bybit-042": "the wallet of the same instant is not in the record",
    "bybit-043": "the wallet of the same instant is not in the record",
    "bybit-044": "no price: clamped to the lowest price the venue shows",
    "bybit-163": "no price",
}
TICKS_AND_FEES = {"bybit-038": (0.05, 0.0006), "bybit-039": (0.05, 0.0006), "bybit-162": (0.1, 0.00055)}
"""Price tick, and the taker fee of the day: 0.06 % until 2023."""


def test_isolated_prices_computed_from_raw_rows_agree_within_one_tick(shared: Path) -> None:
    records = golden(shared)
    assert set(records) == set(UNCHECKED) | set(TICKS_AND_FEES)
    for name, (price_tick, fee_rate) in TICKS_AND_FEES.items():
        record = records[name]
        [row] = rows_of([golden_row(record) | {"tradeMode": 1}])
        market = replace(instrument(row.symbol, price_tick=price_tick), closing_fee_rate=fee_rate)
        position = position_of(row, Listing.of([market]), is_isolated=False)
        snapshot = snapshot_of(OWNER, ISOLATED, Wallet(), [], Listing(), NOW)
        mark_price = float(record["mark"] or position.entry_price)
        computed = price_of(replace(snapshot, positions=(position,)), market, mark_price, BEFORE_THE_CHANGE)
        assert computed == pytest.approx(record["exchange_liquidation_price"], abs=1.001 * price_tick), name


def captured(shared: Path, topic: str, symbol: str) -> dict[str, Any]:
    """The push of a topic in the frames that one fill of that market has set off."""
    folder = shared / "wire" / "bybit"
    documents = [json.loads(line) for line in (folder / f"{topic}.cap.jsonl").read_text(encoding="utf-8").splitlines()]
    positions = [json.loads(line) for line in (folder / "position.cap.jsonl").read_text(encoding="utf-8").splitlines()]
    at = next(each["creationTime"] for each in positions if each["data"][0]["symbol"] == symbol)
    found: dict[str, Any] = next(each for each in documents if abs(each["creationTime"] - at) < 10)["data"][0]
    return found


def captured_snapshot(shared: Path, market: Instrument) -> AccountSnapshot:
    wallet = msgspec.convert(captured(shared, "wallet", market.native_symbol), Wallet, strict=False)
    rows = rows_of([captured(shared, "position", market.native_symbol)])
    return snapshot_of(OWNER, CROSS, wallet, rows, Listing.of([market]), NOW)


def test_a_captured_unified_account_is_one_pool_whose_price_the_venue_takes_with_frozen_maintenance(
    shared: Path,
) -> None:
    """Bybit holds maintenance at the present mark: its reference price is 0.2 % nearer than ours, and counts."""
    market, raw = instrument("SOLUSDT"), captured(shared, "wallet", "SOLUSDT")
    snapshot = captured_snapshot(shared, market)
    [position] = snapshot.positions
    mark_price, reported = position.reported_mark_price, position.reported_liquidation_price
    assert mark_price is not None
    assert reported == 176.89650029
    balance, required = float(raw["totalMarginBalance"]), float(raw["totalMaintenanceMargin"])
    assert mark_price - (balance - required) / position.contracts == pytest.approx(reported, rel=1e-9)
    assert snapshot.cross_wallets == {"USD": pytest.approx(float(raw["totalWalletBalance"]), abs=1e-7)}
    assert snapshot.reported_margin_ratios["USD"] == pytest.approx(required / balance)
    assert (snapshot.is_multi_asset, snapshot.pool_currency) == (True, "USD")
    computed = price_of(snapshot, market, mark_price, NOW.date())
    assert isinstance(computed, float)
    assert reported - computed == pytest.approx(0.32, abs=0.01)


def test_a_captured_account_far_from_danger_has_no_price_here_nor_there(shared: Path) -> None:
    market = instrument("XRPUSDT", rate=0.0075)
    snapshot = captured_snapshot(shared, market)
    [position] = snapshot.positions
    assert position.reported_liquidation_price is None
    assert price_of(snapshot, market, 3.1342, NOW.date()) is UNREACHABLE


def test_a_recorded_wallet_is_the_margin_balance_without_open_profit(shared: Path) -> None:
    [body] = recordings(shared, "fetchBalance")
    wallet = msgspec.convert(body, WalletAnswer, strict=False).result.rows[0]
    snapshot = snapshot_of(OWNER, CROSS, wallet, [], Listing(), NOW)
    assert snapshot.cross_wallets["USD"] == pytest.approx(90_042.2788482 + 21.66812467)
    assert snapshot.reported_margin_ratios["USD"] == pytest.approx(7.38826721 / 90_042.2788482)


def test_recorded_orders_that_wait_are_told(shared: Path) -> None:
    [body] = recordings(shared, "fetchOpenOrder")
    [row] = msgspec.convert(body, OrderAnswer, strict=False).result.rows
    assert row.is_waiting
    order = resting_order_of(row, Listing())
    assert (order.kind, order.order_side, order.limit_price, order.contracts) == (
        OrderKind.LIMIT,
        Side.LONG,
        102_000.0,
        0.001,
    )


# From here on payloads written for this repository.


def a_row(**fields: Any) -> dict[str, Any]:
    return {
        "symbol": "BTCUSDT",
        "side": "Buy",
        "size": "2",
        "avgPrice": "100",
        "markPrice": "101",
        "leverage": "10",
        "liqPrice": "80",
        "tradeMode": 0,
        "positionBalance": "0",
        "positionIM": "20.099",
        "positionMM": "1.099",
        "adlRankIndicator": 2,
    } | fields


def a_wallet(**fields: Any) -> Wallet:
    document = {
        "totalMarginBalance": "500",
        "totalPerpUPL": "-20",
        "totalMaintenanceMargin": "50",
        "coin": [{"coin": "USDT", "walletBalance": "600"}, {"coin": "BTC", "walletBalance": "0"}],
    }
    return msgspec.convert(document | fields, Wallet, strict=False)


LISTING = Listing.of([instrument("BTCUSDT"), instrument("BTCUSD")])


def account(info: AccountInfo, *rows: dict[str, Any], **wallet: Any) -> AccountSnapshot:
    return snapshot_of(OWNER, info, a_wallet(**wallet), rows_of(list(rows)), LISTING, NOW)


def test_a_unified_account_is_one_pool_in_dollars() -> None:
    found = account(CROSS, a_row(), a_row(size="0", side=""))
    assert (found.cross_wallets, found.reported_margin_ratios) == ({"USD": 520.0}, {"USD": 0.1})
    [position] = found.positions
    assert (position.margin_mode, position.leverage, position.adl_rank) == (MarginMode.CROSS, 10.0, 2.0)
    assert (position.reported_maintenance_margin, position.reported_liquidation_price) == (1.099, 80.0)


def test_an_inverse_position_or_portfolio_margin_leaves_the_wallet_unknown_and_the_ratio_told() -> None:
    for found in (account(PORTFOLIO, a_row()), account(CROSS, a_row(), a_row(symbol="BTCUSD"))):
        assert not found.cross_wallets
        assert found.reported_margin_ratios == {"USD": 0.1}
        assert found.is_multi_asset


def test_an_isolated_account_keeps_margins_apart_and_the_rest_by_coin() -> None:
    found = account(ISOLATED, a_row(positionBalance="25.099"), totalMarginBalance="", totalPerpUPL="")
    [position] = found.positions
    assert position.margin_mode is MarginMode.ISOLATED
    assert position.isolated_wallet == pytest.approx(25.099 - 200 * 0.9 * 0.00055)
    assert found.cross_wallets == {"USDT": pytest.approx(600 - 25.099)}
    assert (found.is_multi_asset, found.reported_margin_ratios) == (False, {})
    [position] = account(ISOLATED, a_row()).positions
    assert position.isolated_wallet == pytest.approx(20.0)


def test_a_classic_row_says_its_own_mode() -> None:
    found = account(CLASSIC, a_row(), a_row(tradeMode=1, positionBalance="30", positionIdx=2, side="Sell"))
    assert [position.margin_mode for position in found.positions] == [MarginMode.CROSS, MarginMode.ISOLATED]
    assert [position.side for position in found.positions] == [Side.LONG, Side.SHORT]
    assert found.cross_wallets == {"USDT": 570.0}
    assert not found.is_multi_asset


@pytest.mark.parametrize(
    ("info", "row", "wallet", "named"),
    [
        (CROSS, {"size": "nan"}, {}, "size of BTCUSDT"),
        (CROSS, {"avgPrice": ""}, {}, "entry price of BTCUSDT"),
        (CROSS, {"side": ""}, {}, "side or entry price of BTCUSDT"),
        (CROSS, {}, {"totalMarginBalance": ""}, "totalMarginBalance"),
        (CROSS, {}, {"totalPerpUPL": "x"}, "totalPerpUPL"),
        (PORTFOLIO, {}, {"totalMaintenanceMargin": "inf"}, "totalMaintenanceMargin"),
        (ISOLATED, {}, {"coin": []}, "walletBalance of USDT"),
        (CLASSIC, {}, {"coin": [{"coin": "USDT", "walletBalance": ""}]}, "walletBalance of USDT"),
    ],
)
def test_a_figure_that_cannot_be_refuses_the_account_by_name(
    info: AccountInfo, row: dict[str, Any], wallet: dict[str, Any], named: str
) -> None:
    with pytest.raises(PayloadError, match=named):
        account(info, a_row(**row), **wallet)


def test_an_account_whose_equity_is_gone_is_far_beyond_the_event() -> None:
    assert account(CROSS, totalMarginBalance="-1").reported_margin_ratios["USD"] > 1000
    assert not account(CROSS, totalMaintenanceMargin="0").reported_margin_ratios


def order(**fields: Any) -> RestingOrder:
    document = {
        "symbol": "BTCUSDT",
        "side": "Sell",
        "orderStatus": "Untriggered",
        "qty": "2",
        "leavesQty": "1.5",
        "triggerPrice": "90",
        "triggerBy": "MarkPrice",
        "stopOrderType": "StopLoss",
        "price": "0",
        "orderId": "7",
    }
    return resting_order_of(msgspec.convert(document | fields, OrderRow, strict=False), LISTING)


def test_a_stop_on_the_whole_position_has_no_size_of_its_own() -> None:
    found = order(qty="0", leavesQty="0", closeOnTrigger=True)
    assert found == RestingOrder(
        symbol="BTC/USDT:USDT",
        order_side=Side.SHORT,
        kind=OrderKind.STOP,
        trigger_price=90.0,
        trigger_by="mark",
        is_reduce_only=True,
        order_id="7",
    )


@pytest.mark.parametrize(
    ("fields", "kind"),
    [
        ({}, OrderKind.STOP),
        ({"stopOrderType": "PartialTakeProfit"}, OrderKind.TAKE_PROFIT),
        ({"stopOrderType": "TrailingStop"}, OrderKind.TRAILING),
        ({"stopOrderType": "Stop", "triggerDirection": 2, "reduceOnly": True}, OrderKind.STOP),
        ({"stopOrderType": "Stop", "triggerDirection": 1, "reduceOnly": True}, OrderKind.TAKE_PROFIT),
        ({"stopOrderType": "Stop", "triggerDirection": 2, "reduceOnly": True, "side": "Buy"}, OrderKind.TAKE_PROFIT),
        ({"stopOrderType": "Stop", "triggerDirection": 1, "side": "Buy"}, OrderKind.STOP),
        ({"stopOrderType": "", "triggerPrice": ""}, OrderKind.LIMIT),
        ({"stopOrderType": "UNKNOWN", "triggerPrice": "0.00"}, OrderKind.LIMIT),
    ],
)
def test_orders_are_what_they_are_for(fields: dict[str, Any], kind: OrderKind) -> None:
    assert order(**fields).kind is kind


def key(**fields: Any) -> ApiKeyAnswer:
    result = {"readOnly": 0, "permissions": {"Spot": [], "Wallet": [], "NFT": None}, "ips": ["*"], "expiredAt": ""}
    return msgspec.convert({"result": result | fields}, ApiKeyAnswer, strict=False)


def test_a_key_may_do_what_it_is_granted_unless_it_is_read_only() -> None:
    rights = {"ContractTrade": ["Order", "Position"], "Wallet": ["AccountTransfer", "Withdraw"]}
    report = key_report_of(key(permissions=rights).result)
    assert (report.can_trade, report.can_transfer, report.can_withdraw) == (True, True, True)
    report = key_report_of(key(permissions=rights, readOnly=1).result)
    assert (report.can_trade, report.can_transfer, report.can_withdraw) == (False, False, False)
    report = key_report_of(key(permissions={"Exchange": ["ExchangeHistory"], "Wallet": [""]}).result)
    assert (report.can_trade, report.can_transfer, report.can_withdraw) == (False, False, False)


def test_a_key_tells_its_end_and_its_addresses() -> None:
    report = key_report_of(key(ips=["1.2.3.4"], expiredAt="2027-05-15T03:21:05Z").result)
    assert report.is_ip_bound
    assert report.expires_at == datetime(2027, 5, 15, 3, 21, 5, tzinfo=UTC)
    report = key_report_of(key(expiredAt="1970-01-01T00:00:00Z").result)
    assert (report.is_ip_bound, report.expires_at) == (False, None)
    assert key_report_of(key(ips=None).result).is_ip_bound is None
