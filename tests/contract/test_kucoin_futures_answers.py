"""KuCoin's recorded REST answers: contracts, positions and their prices, wallets, orders, the unified account."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import msgspec
import pytest

from liqwatch.errors import PayloadError
from liqwatch.exchanges._kucoin_futures_account import KucoinAccount
from liqwatch.exchanges.kucoin_futures import LIVE, server_time_ms
from liqwatch.exchanges.payloads.kucoin_futures_account import (
    KeyFacts,
    OrderRow,
    OrdersAnswer,
    Overview,
    OverviewAnswer,
    PositionRow,
    PositionsAnswer,
    cross_wallet,
    key_report,
    position_of,
    positions_of,
    resting_order_of,
    wallets_of,
)
from liqwatch.exchanges.payloads.kucoin_futures_listing import (
    native_symbol,
    read_current_funding,
    read_current_mark,
    read_funding,
    read_listing,
    read_marks,
    read_tiers,
)
from liqwatch.exchanges.payloads.kucoin_futures_unified import (
    UnifiedOrder,
    UnifiedOverview,
    UnifiedPositionsAnswer,
    UnifiedRow,
    pool_ratio,
    pool_wallet,
    unified_order_of,
    unified_position_of,
)
from liqwatch.exchanges.plumbing.changes import Rows
from liqwatch.exchanges.plumbing.listing import Listing
from liqwatch.margin.assess import computed_liquidation_price
from liqwatch.margin.families import MAINTENANCE_ON_MARK_WITH_FEE, Convention
from liqwatch.margin.marked import MarkedPool
from liqwatch.margin.pools import pools_of
from liqwatch.model import (
    AccountSnapshot,
    ContractKind,
    Instrument,
    LeverageTier,
    MarginMode,
    OrderKind,
    Position,
    Reading,
    Side,
    SnapshotSource,
)

NOW = datetime(2026, 11, 1, tzinfo=UTC)
TICKS = {
    "kucoinfutures-101": 0.05,
    "kucoinfutures-103": 1.0,
    "kucoinfutures-105": 0.1,
    "kucoinfutures-107": 0.1,
    "kucoinfutures-108": 0.00001,
    "kucoinfutures-109": 0.05,
    "kucoinfutures-113": 0.01,
    "kucoinfutures-152": 0.1,
    "kucoinfutures-167": 1.0,
}
"""The tick of the day, by the figures themselves; cross prices are told finer than orders may be."""
ACCOUNT_FEES = {"kucoinfutures-152": 0.00048}
"""This account paid less than the contract's fee, which we would take; the price is then 1.9 off, 0.2 basis points."""
UNUSED = {
    "kucoinfutures-110": "an extract without an entry price",
    "kucoinfutures-156": "a push of the unified account without a price, checked with the frames",
}


@pytest.fixture(scope="module")
def records(shared: Path) -> Mapping[str, dict[str, Any]]:
    rows = json.loads((shared / "golden" / "positions.json").read_text(encoding="utf-8"))
    return {row["id"]: row for row in rows if row["id"].startswith("kucoinfutures-")}


@pytest.fixture(scope="module")
def answers(shared: Path) -> Mapping[str, list[Any]]:
    """Recorded bodies by ccxt's method."""
    found: dict[str, list[Any]] = {}
    for name in ("kucoin", "kucoinfutures"):
        for row in json.loads((shared / "fixtures" / "ccxt" / f"{name}.json").read_text(encoding="utf-8")):
            found.setdefault(row["method"], []).append(row["http_response"])
    for row in json.loads((shared / "fixtures" / "ccxt_docstrings" / "kucoin.json").read_text(encoding="utf-8")):
        found.setdefault(row["method"], []).append(row["payload"])
    return found


def instrument(row: PositionRow, *, size: float, tick: float = 0.1, fee: float = 0.0006) -> Instrument:
    rate = row.maintenance_margin_rate or row.contract_margin_rate or 0.0
    return Instrument(
        symbol=row.symbol,
        native_symbol=row.symbol,
        settle_currency="USDT",
        contract_size=size,
        price_tick=tick,
        tiers=(LeverageTier(notional_floor=0.0, notional_cap=math.inf, maintenance_margin_rate=rate),),
        closing_fee_rate=fee,
    )


def computed(
    position: Position, contract: Instrument, wallet: float = 0.0, convention: Convention | None = None
) -> Reading:
    """Our price, by the way that the daemon goes."""
    snapshot = AccountSnapshot(
        account="main",
        venue="kucoin_futures",
        positions=(position,),
        cross_wallets={"USDT": wallet},
        as_of=NOW,
        source=SnapshotSource.REST,
    )
    [pool] = pools_of(snapshot, {contract.symbol: contract}, exchange="kucoin_futures", on=date(2026, 11, 1))
    pool = replace(pool, convention=convention or pool.convention)
    mark_price = position.reported_mark_price
    assert mark_price is not None
    return computed_liquidation_price(MarkedPool(pool, {contract.symbol: mark_price}), pool.holdings[0])


def test_every_reported_price_is_read_as_it_stands_and_ours_is_within_a_tick(
    records: Mapping[str, dict[str, Any]],
) -> None:
    assert set(records) == set(TICKS) | set(UNUSED)
    for name, tick in TICKS.items():
        record = records[name]
        row = msgspec.convert(record["raw"], PositionRow, strict=False)
        size = record["inputs"].get("multiplier", 0.001)
        contract = instrument(row, size=size, tick=tick, fee=ACCOUNT_FEES.get(name, 0.0006))
        position = position_of(row, Listing.of([contract]))
        assert position.reported_liquidation_price == record["exchange_liquidation_price"], name
        assert position.margin_mode.value == record["margin_mode"], name
        # No cross wallet was recorded: the venue's own bankruptcy price tells what it is.
        wallet = position.side.value * (position.entry_price - record["raw"]["bankruptPrice"]) * size
        assert computed(position, contract, wallet) == pytest.approx(position.reported_liquidation_price, abs=tick), (
            name
        )


def test_a_price_of_one_tick_is_none_and_so_is_ours(answers: Mapping[str, list[Any]]) -> None:
    seen = 0
    for body in answers["fetchPositions"]:
        rows = msgspec.convert(body, PositionsAnswer, strict=False).data
        for row in rows:
            contract = instrument(row, size=0.01, tick=0.01)
            [position] = positions_of([row], Listing.of([contract]))
            assert row.liquidation_price == 0.01
            assert position.reported_liquidation_price is None
            assert position.side is Side.LONG
            assert position.reported_maintenance_margin == row.maintenance_margin
            seen += 1
    assert seen == 1


def test_every_recorded_position_is_read(answers: Mapping[str, list[Any]]) -> None:
    methods = ("fetch_positions", "parse_position", "fetch_positions_adl_rank", "fetchPositionADLRank")
    bodies = [body for method in methods for body in answers[method] if isinstance(body.get("data"), list)]
    assert len(bodies) >= 4
    for body in bodies:
        for position in positions_of(msgspec.convert(body, PositionsAnswer, strict=False).data, Listing()):
            assert position.leverage is not None
            assert (position.isolated_wallet is None) == (position.margin_mode is MarginMode.CROSS)


def test_a_short_with_added_margin_has_the_price_that_its_answer_tells(answers: Mapping[str, list[Any]]) -> None:
    [body] = [each for each in answers["add_margin"] if "XRPUSDTM" in str(each)]
    row = msgspec.convert(body["data"], PositionRow, strict=False)
    contract = instrument(row, size=10.0, tick=0.0001)
    position = position_of(row, Listing.of([contract]))
    assert (position.side, position.reported_liquidation_price) == (Side.SHORT, 1.6239)
    assert computed(position, contract) == pytest.approx(1.6239, abs=0.0001)


def test_an_isolated_price_told_in_2026_counts_maintenance_and_fee_at_the_mark(shared: Path) -> None:
    path = shared / "wire" / "kucoinfutures" / "pro_positionAll_FUTURES.doc.jsonl"
    contract = Instrument(
        symbol="TRUMP/USDT:USDT",
        native_symbol="TRUMPUSDTM",
        settle_currency="USDT",
        contract_size=0.1,
        tiers=(LeverageTier(notional_floor=0.0, notional_cap=math.inf, maintenance_margin_rate=0.012),),
        closing_fee_rate=0.0006,
    )
    ear = KucoinAccount("kucoin_futures", LIVE.private, is_elsewhere=False, ping=None)
    [event] = ear.hear(path.read_bytes().strip(), Listing.of([contract])).events
    assert isinstance(event, Rows)
    [position] = event.positions
    price = computed(position, contract, convention=MAINTENANCE_ON_MARK_WITH_FEE)
    assert price == pytest.approx(position.reported_liquidation_price, abs=1e-8)


def test_figures_that_cannot_be_are_refused_with_their_name() -> None:
    good = PositionRow(
        symbol="XBTUSDTM", contracts=1.0, entry_price=1e5, margin=10.0, maintenance_margin=0.5, entry_value=100.0
    )
    assert position_of(good, Listing()).isolated_wallet == pytest.approx(9.5)
    for field in ("contracts", "entry_price", "margin", "maintenance_margin", "entry_value"):
        with pytest.raises(PayloadError, match=r"positions: .* of XBTUSDTM cannot be"):
            position_of(msgspec.structs.replace(good, **{field: math.nan}), Listing())
    for field in ("margin", "maintenance_margin", "entry_value"):
        with pytest.raises(PayloadError, match=r"of XBTUSDTM is missing"):
            position_of(msgspec.structs.replace(good, **{field: None}), Listing())


def test_a_hedge_row_says_its_side_and_closed_rows_are_left_out() -> None:
    rows = [
        PositionRow(symbol="A", contracts=2.0, entry_price=1.0, margin_mode="CROSS", position_side="LONG"),
        PositionRow(symbol="A", contracts=-1.0, entry_price=1.0, margin_mode="CROSS", position_side="SHORT"),
        PositionRow(symbol="B", contracts=0.0, is_open=False),
    ]
    held = positions_of(rows, Listing())
    assert [(each.subject, each.contracts) for each in held] == [("A long", 2.0), ("A short", 1.0)]


def test_the_cross_wallet_is_what_isolated_positions_do_not_hold(answers: Mapping[str, list[Any]]) -> None:
    rows = [
        PositionRow(symbol="A", contracts=1.0, margin_mode="ISOLATED", margin=4.0, settle_currency="USDT"),
        PositionRow(symbol="B", contracts=1.0, margin_mode="CROSS", margin=3.0, settle_currency="USDT"),
        PositionRow(symbol="C", contracts=1.0, margin_mode="ISOLATED", margin=0.1, settle_currency="XBT"),
    ]
    [body] = [each for each in answers["fetchBalance"] if "accountEquity" in str(each)]
    overview = msgspec.convert(body, OverviewAnswer, strict=False).data
    assert cross_wallet(overview, []) == 44.53821148
    assert cross_wallet(overview, rows) == pytest.approx(40.53821148)
    empty = [Overview(currency="USDC", margin_balance=0.0), Overview(currency="XBT", margin_balance=0.1)]
    assert wallets_of([overview, *empty], rows) == {"USDT": pytest.approx(40.53821148), "BTC": 0.0}
    with pytest.raises(PayloadError, match="marginBalance of USDT"):
        cross_wallet(msgspec.structs.replace(overview, margin_balance=math.inf), [])


def contracts(shared: Path) -> Iterator[dict[str, Any]]:
    markets = json.loads((shared / "fixtures" / "ccxt_static_markets" / "kucoin.json").read_text(encoding="utf-8"))
    yield from (market for market in markets.values() if market["contract"])


def test_every_recorded_contract_is_listed_as_ccxt_names_it(shared: Path) -> None:
    markets = list(contracts(shared))
    body = json.dumps({"code": "200000", "data": [market["info"] for market in markets]}).encode()
    listing = read_listing(body)
    assert listing.unreadable == 0
    assert len(listing.by_symbol) == len(markets) >= 6
    for market in markets:
        found = listing.by_symbol[market["symbol"]]
        assert found.native_symbol == market["id"] == native_symbol(market["symbol"])
        assert (found.contract_size, found.settle_currency) == (market["contractSize"], market["settle"])
        assert (found.contract_kind is ContractKind.INVERSE) == market["inverse"]
        assert found.price_tick == market["precision"]["price"]
        assert (found.closing_fee_rate, found.tiers_assumed) == (market["info"]["takerFeeRate"], True)
        assert found.is_trading
    wanted = {market["id"]: market["symbol"] for market in markets}
    assert {symbol: price for symbol, price, _ in read_marks(body, wanted)} == {
        market["symbol"]: market["info"]["markPrice"] for market in markets
    }
    assert {each.symbol: each.rate for each in read_funding(body, wanted)} == {
        market["symbol"]: market["info"]["fundingFeeRate"] for market in markets
    }


def test_every_recorded_contract_tells_how_long_a_rate_holds(shared: Path) -> None:
    path = shared / "fixtures" / "ccxt_static_markets" / "kucoinfutures.json"
    rows = [market["info"] for market in json.loads(path.read_text(encoding="utf-8")).values()]
    body = json.dumps({"code": "200000", "data": rows}).encode()
    intervals = {
        each.symbol: each.interval for each in read_funding(body, {row["symbol"]: row["symbol"] for row in rows})
    }
    assert intervals == {row["symbol"]: timedelta(milliseconds=row["fundingRateGranularity"]) for row in rows}
    assert set(intervals.values()) == {timedelta(hours=4), timedelta(hours=8)}


def test_an_announced_change_of_the_interval_does_not_count_yet() -> None:
    row = {"symbol": "XBTUSDTM", "fundingFeeRate": 0.0001, "fundingRateGranularity": 14_400_000}
    body = json.dumps({"code": "200000", "data": [row | {"currentFundingRateGranularity": 28_800_000}]}).encode()
    [rate] = read_funding(body, {"XBTUSDTM": "BTC/USDT:USDT"})
    assert rate.interval == timedelta(hours=8)


def test_a_dated_contract_and_a_row_that_cannot_be_read() -> None:
    dated = {
        "symbol": "XBTMM22",
        "baseCurrency": "XBT",
        "quoteCurrency": "USD",
        "settleCurrency": "XBT",
        "multiplier": -1.0,
        "tickSize": 1.0,
        "isInverse": True,
        "status": "BeingSettled",
        "expireDate": 1656057600000,
        "nextFundingRateTime": None,
    }
    listing = read_listing(json.dumps({"code": "200000", "data": [dated, {**dated, "multiplier": 0}, 7]}).encode())
    assert listing.unreadable == 2
    [found] = listing.by_symbol.values()
    assert (found.symbol, found.contract_kind, found.is_trading) == ("BTC/USD:BTC-220624", ContractKind.INVERSE, False)
    assert native_symbol(found.symbol) == "XBTMM22"
    assert found.tiers == ()


@pytest.mark.parametrize("body", [b"", b"[]", b'{"code":"429000","msg":"Too many requests"}', b'{"code":"200000"}'])
def test_an_answer_that_is_none_is_refused(body: bytes) -> None:
    for read in (read_listing, read_tiers):
        with pytest.raises(PayloadError):
            read(body)


def test_the_recorded_funding_rate_and_risk_limits(answers: Mapping[str, list[Any]]) -> None:
    [body] = [each for each in answers["fetchFundingRate"] if each["data"].get("value") == -2.8e-05]
    [rate] = read_current_funding(json.dumps(body).encode(), "ETH/USDT:USDT")
    assert (rate.symbol, rate.rate) == ("ETH/USDT:USDT", -2.8e-05)
    assert rate.next_at == datetime(2026, 3, 12, 8, tzinfo=UTC)
    assert rate.interval == timedelta(hours=8)
    [limits] = answers["fetch_market_leverage_tiers"]
    [tier] = read_tiers(json.dumps(limits).encode())
    assert (tier.notional_cap, tier.maintenance_margin_rate, tier.max_leverage) == (300_000.0, 0.005, 100.0)
    current = (
        b'{"code":"200000","data":{"symbol":"XBTUSDM","granularity":1000,"timePoint":1557999585000,"value":8052.5}}'
    )
    assert read_current_mark(current, {"XBTUSDM": "BTC/USD:BTC"}) == [("BTC/USD:BTC", 8052.5, 1557999585000)]


def test_the_recorded_open_order_rests_as_a_limit_order(answers: Mapping[str, list[Any]]) -> None:
    bodies = [each for each in answers["fetchOpenOrders"] if "LTCUSDTM" in str(each)]
    for body in bodies:
        [row] = msgspec.convert(body, OrdersAnswer, strict=False).data.items
        order = resting_order_of(row, Listing())
        assert (order.symbol, order.order_side, order.kind) == ("LTCUSDTM", Side.LONG, OrderKind.LIMIT)
        assert (order.contracts, order.limit_price, order.trigger_price) == (1.0, 50.0, None)
    assert bodies


@pytest.mark.parametrize(
    ("side", "stop", "kind"),
    [
        ("sell", "down", OrderKind.STOP),
        ("sell", "up", OrderKind.TAKE_PROFIT),
        ("buy", "up", OrderKind.STOP),
        ("buy", "down", OrderKind.TAKE_PROFIT),
    ],
)
def test_a_stop_waits_where_it_limits_a_loss(side: str, stop: str, kind: OrderKind) -> None:
    row = OrderRow(
        symbol="A", order_side=side, contracts=3.0, stop=stop, trigger_price="90", trigger_by="MP", is_close_order=True
    )
    order = resting_order_of(row, Listing())
    assert (order.kind, order.trigger_price, order.trigger_by) == (kind, 90.0, "mark")
    assert (order.contracts, order.is_reduce_only) == (None, True)
    unified = UnifiedOrder(
        symbol="A", order_side=side.upper(), contracts=3.0, trigger_direction=stop.upper(), trigger_price="90"
    )
    assert unified_order_of(unified, Listing()).kind is kind


def test_a_keys_permissions() -> None:
    report = key_report(KeyFacts(permission="General, Futures", ip_whitelist=""))
    assert (report.can_trade, report.can_transfer, report.can_withdraw) == (True, False, False)
    assert report.is_ip_bound is False
    assert key_report(KeyFacts(permission="General,InnerTransfer")).can_transfer
    assert key_report(KeyFacts(permission="General,Transfer", ip_whitelist="10.0.0.1")).can_withdraw


def test_the_recorded_unified_account(answers: Mapping[str, list[Any]]) -> None:
    [body] = [each for each in answers["fetchPosition"] if "DOGEUSDTM" in str(each)]
    rows = msgspec.convert(body, UnifiedPositionsAnswer, strict=False).data
    [position] = [unified_position_of(row, Listing()) for row in rows]
    assert (position.side, position.contracts, position.entry_price) == (Side.LONG, 1.0, 0.093795)
    assert (position.margin_mode, position.reported_liquidation_price) == (MarginMode.CROSS, None)
    [told] = [each["data"] for each in answers["fetch_accounts"] if "adjustedEquity" in str(each)]
    overview = msgspec.convert(told, UnifiedOverview, strict=False)
    assert pool_wallet(overview, rows, Listing()) == pytest.approx(30.1985)
    assert pool_ratio(overview) == 0.0
    assert pool_ratio(msgspec.structs.replace(overview, maintenance_margin=15.0)) == 0.5
    assert pool_ratio(msgspec.structs.replace(overview, maintenance_margin=15.0, risk_ratio=0.7)) == 0.7
    assert pool_ratio(msgspec.structs.replace(overview, maintenance_margin=1.0, adjusted_equity=0.0)) == 1.0


def test_unified_figures_that_cannot_be_are_refused() -> None:
    row = UnifiedRow(symbol="A", contracts=1.0, entry_price=1.0, margin_mode="ISOLATED")
    with pytest.raises(PayloadError, match="initialMargin of A"):
        unified_position_of(row, Listing())
    with pytest.raises(PayloadError, match="size or entryPrice of A"):
        unified_position_of(msgspec.structs.replace(row, entry_price=0.0), Listing())
    overview = UnifiedOverview(adjusted_equity=math.nan, maintenance_margin=0.0)
    with pytest.raises(PayloadError, match="adjustedEquity"):
        pool_wallet(overview, [], Listing())
    with pytest.raises(PayloadError, match="mm or riskRatio"):
        pool_ratio(msgspec.structs.replace(overview, adjusted_equity=1.0, maintenance_margin=math.nan))


def test_the_venues_clock() -> None:
    assert server_time_ms({"code": "200000", "data": 1790113097236}) == 1790113097236.0
    wrong: tuple[object, ...] = ([], {}, {"data": None}, {"data": "soon"})
    for answer in wrong:
        with pytest.raises((LookupError, TypeError, ValueError)):
            server_time_ms(answer)
