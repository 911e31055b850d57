"""Bitget's public answers, waiting orders and rights of a key: contracts, tiers, funding, candles."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import msgspec
import pytest

from liqwatch.errors import ExchangeError
from liqwatch.exchanges.bitget import BitgetMarkDialect, ProductTypes
from liqwatch.exchanges.payloads import bitget_listing as market
from liqwatch.exchanges.payloads import bitget_orders as orders
from liqwatch.exchanges.plumbing.hosts import Hosts
from liqwatch.exchanges.plumbing.listing import Listing
from liqwatch.model import ContractKind, Instrument, OrderKind, Side

LISTING = Listing.of([Instrument(symbol="BTC/USDT:USDT", native_symbol="BTCUSDT", settle_currency="USDT")])


def recorded(shared: Path, method: str) -> list[dict[str, Any]]:
    document = json.loads((shared / "fixtures" / "ccxt" / "bitget.json").read_text(encoding="utf-8"))
    return [each["http_response"] for each in document if each["method"] == method]


def test_listed_contracts_have_the_symbols_that_ccxt_gives_them(shared: Path) -> None:
    path = shared / "fixtures" / "ccxt_static_markets" / "bitget.json"
    seen = 0
    for symbol, listed in json.loads(path.read_text(encoding="utf-8")).items():
        if not listed.get("contract"):
            continue
        body = json.dumps({"code": "00000", "data": [listed["info"]]}).encode()
        [instrument], unreadable = market.read_contracts(body)
        assert unreadable == 0
        assert instrument.symbol == symbol
        assert instrument.native_symbol == listed["id"] == market.native_symbol(symbol)
        assert instrument.price_tick == listed["precision"]["price"]
        assert instrument.closing_fee_rate == listed["taker"]
        assert (instrument.contract_kind is ContractKind.INVERSE) == listed["inverse"]
        assert market.product_of(instrument) == market.product_by_name(instrument.native_symbol)
        seen += 1
    assert seen > 5


def test_a_dated_contract_is_named_by_its_date() -> None:
    row = {
        "symbol": "BTCUSDZ24",
        "baseCoin": "BTC",
        "quoteCoin": "USD",
        "supportMarginCoins": ["ETH", "BTC"],
        "symbolType": "delivery",
        "deliveryTime": "1735286400000",
    }
    body = json.dumps({"code": "00000", "data": [row, {**row, "deliveryTime": ""}]}).encode()
    [instrument], unreadable = market.read_contracts(body)
    assert (instrument.symbol, instrument.settle_currency, unreadable) == ("BTC/USD:BTC-241227", "BTC", 1)
    assert market.native_symbol(instrument.symbol) == "BTCUSDZ24"


def test_each_market_is_asked_for_under_its_own_product_type_and_ten_at_a_time() -> None:
    """Under another product type the venue grants it and says nothing; over too many arguments it hangs up."""
    products = ProductTypes()
    products.learn(
        [
            Instrument(symbol="SOL/USD:BTC", native_symbol="SOLUSD", settle_currency="BTC"),
            Instrument(symbol="ODD/USDC:USDC", native_symbol="ODDUSDT", settle_currency="USDC"),
        ]
    )
    dialect = BitgetMarkDialect("bitget", Hosts(rest="http://x", websocket="ws://x"), products)
    unlisted = [f"C{number}USDT" for number in range(8)]
    streams = dialect.streams(["SOLUSD", "ODDUSDT", "ETHPERP", "BTCUSDZ24", *unlisted], singly=False)
    messages = [json.loads(each) for each in dialect.requests(streams, 1, subscribe=True)]
    assert [(each["op"], len(each["args"])) for each in messages] == [("subscribe", 10), ("subscribe", 2)]
    asked = {each["instId"]: each["instType"] for message in messages for each in message["args"]}
    assert asked == {
        "SOLUSD": "COIN-FUTURES",
        "ODDUSDT": "USDC-FUTURES",
        "ETHPERP": "USDC-FUTURES",
        "BTCUSDZ24": "COIN-FUTURES",
        **dict.fromkeys(unlisted, "USDT-FUTURES"),
    }


def test_recorded_tiers_join_without_a_jump(shared: Path) -> None:
    text = (shared / "golden" / "tiers" / "bitget_position_tiers_sample_jkorf.txt").read_text(encoding="utf-8")
    first, second = market.read_tiers(text[text.index("{") :].encode())
    assert (first.maintenance_margin_rate, first.maintenance_deduction) == (0.004, 0.0)
    assert second.notional_floor == 50_000.0
    assert second.maintenance_deduction == pytest.approx(50.0)


def test_recorded_funding_and_candles(shared: Path) -> None:
    body = json.dumps(recorded(shared, "fetchFundingRate")[0]).encode()
    [rate] = market.read_funding(body, {"BTCUSDT": "BTC/USDT:USDT"})
    assert rate.rate == -0.000014
    assert rate.next_at is not None
    assert rate.next_at.timestamp() == 1745510400
    assert rate.interval == timedelta(hours=8)
    rows = [["1645911960000", "39406", "39407", "39374.5", "39379", "35.5", "1399132.3"]]
    at = datetime.fromtimestamp(1645911960, UTC)
    [candle] = market.read_candles(json.dumps({"code": "00000", "data": rows}).encode(), at, at)
    assert (candle.low, candle.high) == (39374.5, 39407.0)


def test_a_refusal_inside_a_good_answer_is_a_refusal() -> None:
    with pytest.raises(ExchangeError, match="40017: no such product"):
        market.read_marks(b'{"code":"40017","msg":"no such product","data":null}', {})


def test_recorded_orders_are_told_by_kind_side_and_trigger(shared: Path) -> None:
    document = json.loads((shared / "fixtures" / "ccxt_docstrings" / "bitget.json").read_text(encoding="utf-8"))
    found = [each["payload"] for each in document if each["method"] == "fetch_open_orders"]
    [plain] = [each["data"]["entrustedList"] for each in found if "entrustedList" in each.get("data", {})]
    order = orders.resting_order(msgspec.convert(plain[0], orders.OrderRow, strict=False), LISTING)
    assert (order.kind, order.order_side, order.limit_price) == (OrderKind.LIMIT, Side.LONG, 25000.0)
    [trigger] = [each["entrustedList"] for each in found if "entrustedList" in each]
    order = orders.resting_order(msgspec.convert(trigger[0], orders.OrderRow, strict=False), LISTING)
    assert (order.kind, order.trigger_price, order.trigger_by) == (OrderKind.STOP, 24000.0, "mark")
    closing = {**trigger[0], "planType": "pos_loss", "size": "", "tradeSide": "close"}
    order = orders.resting_order(msgspec.convert(closing, orders.OrderRow, strict=False), LISTING)
    assert (order.order_side, order.contracts, order.is_reduce_only) == (Side.SHORT, None, True)

    answers = recorded(shared, "fetchOpenOrders")
    [strategy] = [
        row for each in answers if isinstance(each["data"], list) for row in each["data"] if "stopLoss" in row
    ]
    [stop] = orders.strategy_orders(msgspec.convert(strategy, orders.StrategyRow, strict=False), LISTING)
    assert (stop.kind, stop.order_side, stop.trigger_price) == (OrderKind.STOP, Side.SHORT, 114000.0)
    assert (stop.trigger_by, stop.limit_price) == ("mark", 113000.0)


def test_rights_that_write_are_told_from_those_that_read() -> None:
    report = orders.classic_rights(orders.ClassicRights(ips="", authorities=["coor", "cpor", "wtor"]))
    assert (report.can_trade, report.can_transfer, report.can_withdraw, report.is_ip_bound) == (False,) * 4
    report = orders.classic_rights(orders.ClassicRights(ips="1.2.3.4", authorities=["coow", "wwow"]))
    assert (report.can_trade, report.can_transfer, report.can_withdraw, report.is_ip_bound) == (True, False, True, True)
    every = ["uta_mgt", "uta_trade", "withdraw"]
    report = orders.unified_rights(orders.UnifiedRights(permission_type="read-only", permissions=every))
    assert (report.can_trade, report.can_transfer, report.can_withdraw) == (False, False, False)
    report = orders.unified_rights(orders.UnifiedRights(permission_type="read-and-write", permissions=every))
    assert (report.can_trade, report.can_transfer, report.can_withdraw) == (True, True, True)
