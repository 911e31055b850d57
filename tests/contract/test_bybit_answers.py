"""What Bybit tells anybody: contracts and their names, marks, funding, candles and tiers."""

from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path
from typing import Any

import msgspec
import pytest

from liqwatch.errors import ExchangeBlocked, ExchangeError, PayloadError
from liqwatch.exchanges.payloads import bybit_listing as answers
from liqwatch.model import ContractKind


def recordings(shared: Path, method: str) -> list[Any]:
    path = shared / "fixtures" / "ccxt" / "bybit.json"
    found = json.loads(path.read_text(encoding="utf-8"))
    return [each["http_response"] for each in found if each["method"] == method]


def test_recorded_markets_are_named_as_ccxt_names_them(shared: Path) -> None:
    path = shared / "fixtures" / "ccxt_static_markets" / "bybit.json"
    markets = json.loads(path.read_text(encoding="utf-8"))
    listed = [each for each in markets.values() if each["type"] in ("swap", "future") and each.get("info")]
    assert len(listed) > 10
    for market in listed:
        found = answers.instrument_of(msgspec.convert(market["info"], answers.ListedContract, strict=False))
        assert found.symbol == market["symbol"]
        assert found.contract_size == market["contractSize"]
        assert found.settle_currency == market["settle"]
        assert (found.contract_kind is ContractKind.INVERSE) == market["inverse"]
        assert found.price_tick == pytest.approx(market["precision"]["price"])
        assert answers.native_symbol(found.symbol) == found.native_symbol
        assert answers.family_of(found.native_symbol) == ("inverse" if market["inverse"] else "linear")


@pytest.mark.parametrize("method", ["fetchFundingRate", "fetchFundingRates", "fetchTicker"])
def test_recorded_tickers_bring_marks_and_funding(method: str, shared: Path) -> None:
    [body] = recordings(shared, method)
    page, at_ms = answers.page_of(msgspec.json.encode(body), "tickers")
    [raw] = body["result"]["list"]
    wanted = {raw["symbol"]: "x"}
    assert answers.marks_of(page, at_ms, wanted) == [("x", float(raw["markPrice"]), int(body["time"]))]
    [rate] = answers.funding_of(page, wanted)
    assert rate.rate == float(raw["fundingRate"])
    assert rate.next_at is not None
    assert rate.interval is None  # recorded in 2024, before the venue told it here


def test_recorded_whole_tickers_tell_how_long_a_rate_holds(shared: Path) -> None:
    told = [
        json.loads(line)["data"] for line in (shared / "wire" / "bybit" / "tickers.jsonl").read_bytes().splitlines()
    ]
    whole = [row for row in told if "fundingIntervalHour" in row and row.get("markPrice")]
    assert whole
    wanted = {row["symbol"]: row["symbol"] for row in whole}
    rates = answers.funding_of(page(*whole), wanted)
    assert [rate.interval for rate in rates] == [timedelta(hours=int(row["fundingIntervalHour"])) for row in whole]


# From here on payloads written for this repository.


def a_page(*rows: Any, cursor: str = "", code: int = 0, at_ms: int = 7) -> bytes:
    result = {"list": rows, "nextPageCursor": cursor}
    return msgspec.json.encode({"retCode": code, "retMsg": "words", "result": result, "time": at_ms})


def page(*rows: Any) -> answers.Page:
    return answers.page_of(a_page(*rows), "test")[0]


def test_refusals_in_the_body_are_what_they_are() -> None:
    with pytest.raises(ExchangeBlocked):
        answers.page_of(a_page(code=10006), "test")
    with pytest.raises(ExchangeError, match=r"words \(10001\)"):
        answers.page_of(a_page(code=10001), "test")
    for body in (b"<html>", b"[]", b'{"retCode":0,"result":[]}'):
        with pytest.raises(PayloadError):
            answers.page_of(body, "test")
    assert answers.page_of(a_page(cursor="a%2C1%3A2"), "test")[0].next_cursor == "a,1:2"


@pytest.mark.parametrize(
    ("symbol", "native"),
    [
        ("BTC/USDC:USDC", "BTCPERP"),
        ("BTC/USDC:USDC-261225", "BTC-25DEC26"),
        ("BTC/USDT:USDT-270305", "BTCUSDT-05MAR27"),
        ("BTC/USD:BTC-261225", "BTCUSDZ26"),
    ],
)
def test_unlisted_markets_are_named_by_rule(symbol: str, native: str) -> None:
    assert answers.native_symbol(symbol) == native


def a_contract(**fields: Any) -> dict[str, Any]:
    return {
        "symbol": "BTCUSDT",
        "contractType": "LinearPerpetual",
        "status": "Trading",
        "baseCoin": "BTC",
        "quoteCoin": "USDT",
        "settleCoin": "USDT",
        "deliveryTime": "0",
        "priceFilter": {"tickSize": "0.10"},
    } | fields


def test_a_listing_row_that_cannot_be_read_costs_only_itself() -> None:
    dated = {"contractType": "LinearFutures", "deliveryTime": "1798185600000", "symbol": "BTCUSDT-25DEC26"}
    leaving = {"deliveryTime": "1798185600000", "status": "Closed", "symbol": "OLDUSDT", "baseCoin": "OLD"}
    found, unreadable = answers.instruments_of(
        page(a_contract(), a_contract(**dated), a_contract(**leaving), {"symbol": 3}, a_contract(**dated, note=1))
    )
    assert unreadable == 1
    assert [each.symbol for each in found[:3]] == ["BTC/USDT:USDT", "BTC/USDT:USDT-261225", "OLD/USDT:USDT"]
    assert [each.is_trading for each in found[:3]] == [True, True, False]


def test_tickers_without_a_usable_figure_are_left_out() -> None:
    rows = [
        {"symbol": "A", "markPrice": "1.5", "fundingRate": "", "nextFundingTime": ""},
        {"symbol": "B", "markPrice": ""},
        {"symbol": "C", "markPrice": "0"},
    ]
    wanted = {"A": "a", "B": "b", "C": "c"}
    assert answers.marks_of(page(*rows), 9, wanted) == [("a", 1.5, 9)]
    assert not answers.funding_of(page(*rows), wanted)


def test_candles_come_oldest_first() -> None:
    found = answers.candles_of(page(["120000", "3", "5", "2", "4"], ["60000", "1", "4", "0.5", "3"]))
    assert [(each.opened_at.timestamp(), each.high, each.low) for each in found] == [(60, 4.0, 0.5), (120, 5.0, 2.0)]
    with pytest.raises(PayloadError):
        answers.candles_of(page(["x"]))


def a_limit(cap: str, rate: str, **fields: Any) -> dict[str, Any]:
    return {"symbol": "BTCUSDT", "riskLimitValue": cap, "maintenanceMargin": rate, "initialMargin": "0.01"} | fields


def test_tiers_carry_the_deduction_as_stated_or_that_which_joins_them() -> None:
    stated = (a_limit("2600000", "0.0056", mmDeduction="1200"), a_limit("2000000", "0.005", mmDeduction=""))
    silent = (a_limit("2600000", "0.0056"), a_limit("2000000", "0.005"))
    for rows in (stated, silent):
        first, second = answers.tiers_of(page(*rows, a_limit("1", "1") | {"symbol": "X"}), "BTCUSDT")
        assert (first.notional_floor, first.notional_cap, first.maintenance_deduction) == (0.0, 2e6, 0.0)
        assert (second.notional_floor, second.maintenance_margin_rate) == (2e6, 0.0056)
        assert second.maintenance_deduction == pytest.approx(1200.0)
    with pytest.raises(PayloadError):
        answers.tiers_of(page({"symbol": "BTCUSDT"}), "BTCUSDT")


def test_rates_in_percent_are_known_by_their_leverage() -> None:
    row = a_limit("150", "0.5", maxLeverage="100.00") | {"initialMargin": "1"}
    [tier] = answers.tiers_of(page(row), "BTCUSDT")
    assert (tier.maintenance_margin_rate, tier.max_leverage) == (0.005, 100.0)
