"""ccxt's structures as our nouns, and the order in which a mark price is looked for."""

from __future__ import annotations

import math
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import pytest

from liqwatch.bootstrap.plan import counted_as
from liqwatch.clock import ManualClock
from liqwatch.errors import ExchangeBlocked, ExchangeError, ExchangeUnreachable, PayloadError
from liqwatch.exchanges._ccxt_marks import REST_SOURCES, MarkFinder
from liqwatch.exchanges.payloads import ccxt_unified as read
from liqwatch.exchanges.payloads.ccxt_unified import PositionRules
from liqwatch.exchanges.plumbing.ccxt_unified import relocated
from liqwatch.model import ContractKind, MarginMode, OrderKind, Side

SYMBOL = "BTC/USDT:USDT"
ROW: Mapping[str, Any] = {"symbol": SYMBOL, "side": "long", "contracts": "2", "entryPrice": "100", "info": {}}
MARKET: Mapping[str, Any] = {
    "symbol": SYMBOL, "id": "BTCUSDT", "contract": True, "swap": True, "settle": "USDT", "linear": True,
    "contractSize": 0.001, "precision": {"price": 0.5}, "taker": 0.0006, "active": True,
}  # fmt: skip


@pytest.mark.parametrize("value", [None, "", "x", True, math.nan, "inf", {}, []])
def test_what_is_no_number_is_none(value: object) -> None:
    assert read.number(value) is None


@pytest.mark.parametrize("sentinel", [None, 0, "0", -110167.6, 0.0001, 1_000_000, "x"])
def test_every_way_to_say_that_there_is_no_liquidation_price_is_none(sentinel: object) -> None:
    position = read.position_of({**ROW, "liquidationPrice": sentinel, "markPrice": 101.0})
    assert position is not None
    assert position.reported_liquidation_price is None
    assert position.reported_mark_price == 101.0


def test_derived_figures_are_never_read() -> None:
    derived = {"marginRatio": 0.5, "collateral": 7.0, "maintenanceMargin": 3.0, "initialMargin": 5.0}
    assert read.position_of({**ROW, **derived}) == read.position_of(ROW)


def test_a_position_is_read_with_the_venues_own_fields_where_ccxt_has_none() -> None:
    rules = PositionRules(contracts="amount", entry_cost="cost", isolated_margin="margin")
    row = {"symbol": SYMBOL, "marginMode": "isolated", "info": {"amount": "-4", "cost": "-400", "margin": "12"}}
    position = read.position_of(row, rules)
    assert position is not None
    assert (position.side, position.contracts, position.entry_price) == (Side.SHORT, 4.0, 100.0)
    assert (position.margin_mode, position.isolated_wallet) == (MarginMode.ISOLATED, 12.0)


def test_size_zero_is_no_position_and_a_gap_is_an_error() -> None:
    assert read.positions_of([{**ROW, "contracts": 0}]) == []
    for gap in ({"contracts": None}, {"side": None}, {"entryPrice": None}, {"symbol": None}, {"contracts": "nan"}):
        with pytest.raises(PayloadError):
            read.positions_of([{**ROW, **gap}])


def test_an_unstated_side_is_a_short_only_by_its_sign() -> None:
    position = read.position_of({**ROW, "side": None, "contracts": -2})
    assert position is not None
    assert position.side is Side.SHORT


def test_contracts_keep_their_kind_size_and_tick() -> None:
    contract = read.instrument_of(MARKET, read.TICK_SIZE)
    assert contract is not None
    assert (contract.contract_kind, contract.contract_size, contract.price_tick) == (ContractKind.LINEAR, 0.001, 0.5)
    assert (contract.closing_fee_rate, contract.is_last_price) == (0.0006, False)
    inverse = read.instrument_of({**MARKET, "inverse": True, "precision": {"price": 2}}, read.DECIMAL_PLACES)
    assert inverse is not None
    assert (inverse.contract_kind, inverse.price_tick) == (ContractKind.INVERSE, 0.01)
    for other in ({"contract": False}, {"option": True}, {"contractSize": None}, {"settle": None}):
        assert read.instrument_of({**MARKET, **other}, read.TICK_SIZE) is None


def test_the_mark_is_the_unified_field_or_the_venues_own_never_the_last() -> None:
    assert read.mark_of({"markPrice": "5", "last": 4}) == 5.0
    assert read.mark_of({"last": 4, "info": {"lastPrice": 4}}, "fairPrice") is None
    assert read.mark_of({"last": 4, "info": {"fairPrice": "4.1"}}, "fairPrice") == 4.1
    assert read.mark_of({"last": 4, "info": ["BTC", "4.1"]}, "1") == 4.1
    assert read.mark_of({"last": 4, "info": ["BTC", "41"]}, "1") is None
    assert read.mark_of({"last": 4, "info": ["BTC"]}, "1") is None


def test_tiers_ascend_and_one_that_cannot_be_is_refused() -> None:
    rows: list[dict[str, Any]] = [
        {"minNotional": 100, "maxNotional": None, "maintenanceMarginRate": 0.02, "maxLeverage": 10},
        {"minNotional": 0, "maxNotional": 100, "maintenanceMarginRate": 0.01, "maxLeverage": 20},
    ]
    first, last = read.tiers_of(rows)
    assert (first.maintenance_margin_rate, last.notional_cap) == (0.01, math.inf)
    assert read.tiers_of([{"minNotional": 0, "maxNotional": 1, "maintenanceMarginRate": "1.0%"}]) == ()


def test_orders_say_what_they_are_for() -> None:
    order: dict[str, Any] = {"symbol": SYMBOL, "side": "sell", "type": "market", "remaining": 2, "id": 7}
    kinds: list[tuple[dict[str, Any], OrderKind]] = [
        ({}, OrderKind.LIMIT), ({"triggerPrice": 90}, OrderKind.STOP), ({"stopLossPrice": 90}, OrderKind.STOP),
        ({"takeProfitPrice": 110}, OrderKind.TAKE_PROFIT), ({"type": "trailing_stop"}, OrderKind.TRAILING),
    ]  # fmt: skip
    for more, kind in kinds:
        found = read.order_of({**order, **more})
        assert found is not None
        assert (found.order_side, found.kind, found.contracts, found.order_id) == (Side.SHORT, kind, 2.0, "7")
    assert read.order_of({"symbol": SYMBOL, "side": None}) is None


def test_funding_and_candles_leave_out_what_is_none() -> None:
    rates = read.funding_of([{"symbol": SYMBOL, "fundingRate": "0.0001", "fundingTimestamp": 1_000}, {}], [SYMBOL])
    assert [(rate.rate, rate.next_at) for rate in rates] == [(0.0001, datetime(1970, 1, 1, 0, 0, 1, tzinfo=UTC))]
    assert [candle.high for candle in read.candles_of([[0, 1, 3, 1, 2, 0], [None, 1, 3, 1, 2, 0]])] == [3.0]


def test_addresses_move_by_their_kind() -> None:
    urls = {"rest": "https://api.{hostname}/v1", "ws": {"swap": "wss://x.example/ws"}, "n": None}
    moved = relocated(urls, "http://127.0.0.1:1", "ws://127.0.0.1:2")
    assert moved == {"rest": "http://127.0.0.1:1/v1", "ws": {"swap": "ws://127.0.0.1:2/ws"}, "n": None}
    assert relocated(urls, None, None) == urls


def test_margin_is_counted_under_the_bare_name() -> None:
    names = {"ccxt:phemex": "phemex", "ccxt:gateio": "gate", "binance_usdm": "binance_usdm"}
    assert {name: counted_as(name) for name in names} == names


class Answers:
    """Answers by method; an error is raised. Remembers what was asked."""

    def __init__(self, **answers: Any) -> None:
        self.answers = answers
        self.asked: list[str] = []

    async def offers(self, feature: str) -> bool:
        return next(source.call for source in REST_SOURCES if source.feature == feature) in self.answers

    async def ask(self, call: str, *arguments: object) -> Any:
        self.asked.append(call)
        answer = self.answers[call]
        if isinstance(answer, Exception):
            raise answer
        return answer


MARK, LAST = {"symbol": SYMBOL, "markPrice": 5.0, "last": 4.0}, {"symbol": SYMBOL, "last": 4.0}
CANDLES = [[0, 1, 2, 1, 6.0, 0]]
CLOCK = ManualClock(datetime(2026, 1, 1, tzinfo=UTC))


async def test_sources_are_asked_best_first_and_one_that_answers_is_enough() -> None:
    order = [source.call for source in REST_SOURCES]
    for count in range(len(order)):
        barren = {call: [] if call == "fetch_mark_ohlcv" else LAST for call in order[:count]}
        best = CANDLES if order[count] == "fetch_mark_ohlcv" else MARK
        calls = Answers(**barren, **{order[count]: best})
        finder = MarkFinder(calls, CLOCK)
        assert [row[1] for row in await finder.marks([SYMBOL])] == [6.0 if best is CANDLES else 5.0]
        assert calls.asked == order[: count + 1]
        await finder.marks([SYMBOL])
        assert calls.asked[count + 1 :] == order[count : count + 1]


async def test_the_last_price_is_never_a_mark() -> None:
    finder = MarkFinder(Answers(fetch_tickers={SYMBOL: LAST}, fetch_ticker=LAST), CLOCK)
    assert await finder.marks([SYMBOL]) == []
    assert await finder.last_prices([SYMBOL]) == [(SYMBOL, 4.0, 0)]


@pytest.mark.parametrize("trouble", [ExchangeUnreachable("x"), ExchangeBlocked("x", retry_after_seconds=9)])
async def test_a_venue_that_cannot_be_asked_is_no_venue_without_marks(trouble: ExchangeError) -> None:
    with pytest.raises(type(trouble)):
        await MarkFinder(Answers(fetch_mark_price=trouble, fetch_ticker=LAST), CLOCK).marks([SYMBOL])
    calls = Answers(fetch_mark_price=trouble, fetch_ticker=MARK)
    assert await MarkFinder(calls, CLOCK).marks([SYMBOL]) == [(SYMBOL, 5.0, 0)]


async def test_a_refusing_source_is_passed_over() -> None:
    calls = Answers(fetch_mark_prices=ExchangeError("no such market"), fetch_mark_price=MARK)
    assert await MarkFinder(calls, CLOCK).marks([SYMBOL]) == [(SYMBOL, 5.0, 0)]
