"""Deribit public frames and listings that no recording shows."""

from __future__ import annotations

import json
import math
from typing import TYPE_CHECKING, Any

import msgspec
import pytest

from liqwatch.errors import PayloadError
from liqwatch.exchanges.deribit import DeribitMarks
from liqwatch.exchanges.payloads.deribit_listing import (
    instrument_of,
    listing_of,
    native_symbol,
    read_futures,
    read_summaries,
    read_ticker,
)
from liqwatch.exchanges.payloads.deribit_market import HEARTBEAT, read_market_frame
from liqwatch.exchanges.payloads.deribit_pushes import hear_frame
from liqwatch.exchanges.plumbing.listing import Listing
from liqwatch.model import (
    ContractKind,
    Instrument,
    LeverageTier,
    PublicLiquidation,
    Side,
)

if TYPE_CHECKING:
    from tests.contract.conftest import DeribitRows


def notification(channel: str, data: object) -> bytes:
    document = {"jsonrpc": "2.0", "method": "subscription", "params": {"channel": channel, "data": data}}
    return msgspec.json.encode(document)


def test_an_exponent_and_another_order_of_fields_read_the_same() -> None:
    raw = (
        b'{"params":{"data":{"timestamp":7,"mark_price":1.25e-3,"instrument_name":"X"},"channel":"ticker.X.100ms"},'
        b'"method":"subscription","jsonrpc":"2.0"}'
    )
    assert read_market_frame(raw, {"X": "x"}).rows == (("x", 0.00125, 7),)


def test_a_ticker_without_a_mark_is_refused_and_an_unwanted_one_proves_that_data_flows() -> None:
    empty = notification("ticker.X.100ms", {"instrument_name": "X", "mark_price": None, "timestamp": 7})
    assert read_market_frame(empty, {"X": "x"}).rejected == ("bad_row",)
    unwanted = notification("ticker.Y.100ms", {"instrument_name": "Y", "mark_price": 1.0, "timestamp": 7})
    frame = read_market_frame(unwanted, {"X": "x"})
    assert (list(frame.rows), frame.is_data) == ([], True)


@pytest.mark.parametrize("raw", [b"", b"\xff\x00", b"[" * 100_000, b"7", b'{"params":7}', b'{"jsonrpc":"2.0"}'])
def test_what_is_no_frame_is_named_and_never_raises(raw: bytes) -> None:
    assert set(read_market_frame(raw, {}).rejected) <= {"undecodable", "unknown_frame"}
    assert read_market_frame(raw, {}).rejected
    assert hear_frame(raw, Listing()).rejected in {"undecodable", "unknown_frame"}


def test_a_channel_missing_from_its_acknowledgement_is_unknown_whatever_the_order() -> None:
    marks = DeribitMarks("deribit", "ws://x")
    asked = marks.streams(["A", "B"], singly=False)
    assert asked == ["ticker.A.100ms", "ticker.B.100ms", "trades.A.100ms", "trades.B.100ms", "platform_state"]
    heartbeat, subscription = marks.requests(asked, 1, subscribe=True)
    assert heartbeat == HEARTBEAT
    identifier = json.loads(subscription)["id"]
    granted = {"jsonrpc": "2.0", "id": identifier, "result": list(reversed(asked))}
    assert marks.read(msgspec.json.encode(granted), {}).is_alive
    assert not marks.read(msgspec.json.encode(granted), {}).rejected
    granted["result"] = list(asked)[1:]
    assert marks.read(msgspec.json.encode(granted), {}).rejected == ("unknown_channel",)


@pytest.mark.parametrize(
    ("data", "rejected", "end"),
    [
        ({"maintenance": True}, ("maintenance",), "maintenance"),
        ({"maintenance": False}, (), None),
        ({"price_index": "btc_usd", "locked": True}, ("trading_locked",), None),
        ({"price_index": "btc_usd", "locked": False}, (), None),
    ],
)
def test_the_state_of_the_platform(data: dict[str, Any], rejected: tuple[str, ...], end: str | None) -> None:
    frame = read_market_frame(notification("platform_state", data), {})
    assert (tuple(frame.rejected), frame.end, frame.is_alive) == (rejected, end, True)


def test_a_refusal_for_maintenance_ends_both_connections() -> None:
    raw = b'{"jsonrpc":"2.0","id":3,"error":{"code":11051,"message":"system_maintenance"}}'
    assert read_market_frame(raw, {}).end == "maintenance"
    assert hear_frame(raw, Listing()).end == "maintenance"


def a_trade(**changes: Any) -> dict[str, Any]:
    facts = {"instrument_name": "X", "price": 9.5, "direction": "sell", "timestamp": 7, "contracts": 4.0}
    return facts | changes


@pytest.mark.parametrize(
    ("trade", "sides"),
    [
        (a_trade(liquidation="T"), [Side.LONG]),
        (a_trade(liquidation="M"), [Side.SHORT]),
        (a_trade(liquidation="MT", direction="buy"), [Side.LONG, Side.SHORT]),
        (a_trade(liquidation="T", instrument_name="unwanted"), []),
    ],
)
def test_a_trade_names_the_side_of_the_position_that_was_liquidated(trade: dict[str, Any], sides: list[Side]) -> None:
    frame = read_market_frame(notification("trades.X.100ms", [a_trade(), trade]), {"X": "x"})
    assert list(frame.liquidations) == [PublicLiquidation("x", side, 4.0, 9.5, 7) for side in sides]
    assert not frame.rejected


def test_trades_without_a_liquidation_are_life_and_no_more() -> None:
    frame = read_market_frame(notification("trades.X.100ms", [a_trade()]), {"X": "x"})
    assert (frame.is_alive, frame.is_data, len(frame.liquidations)) == (True, False, 0)


def test_one_bad_trade_does_not_cost_its_neighbours() -> None:
    data = [a_trade(liquidation="T", contracts=None), a_trade(liquidation="T")]
    frame = read_market_frame(notification("trades.X.100ms", data), {"X": "x"})
    assert len(frame.liquidations) == 1
    assert list(frame.rejected) == ["bad_row"]


@pytest.mark.parametrize(
    ("symbol", "native"),
    [
        ("BTC/USD:BTC", "BTC-PERPETUAL"),
        ("BTC/USDC:USDC", "BTC_USDC-PERPETUAL"),
        ("BTC/USD:BTC-261225", "BTC-25DEC26"),
        ("ETH/USD:ETH-261204", "ETH-4DEC26"),
        ("BTC/USDC:USDC-261225", "BTC_USDC-25DEC26"),
    ],
)
def test_native_names(symbol: str, native: str) -> None:
    assert native_symbol(symbol) == native


def test_a_listing_knows_futures_their_growth_and_where_it_is_only_assumed(deribit: DeribitRows) -> None:
    rows = [
        msgspec.to_builtins(deribit.listed("BTC", "BTC", contract_size=10.0, max_liquidation_commission=0.0075)),
        msgspec.to_builtins(
            deribit.listed("BTC", "BTC", instrument_name="BTC-25DEC26", settlement_period="month")
            # 2026-12-25 08:00 UTC
        )
        | {"expiration_timestamp": 1798185600000},
        msgspec.to_builtins(deribit.listed("BTC", "USDC")),
        msgspec.to_builtins(deribit.listed("SOL", "USDC", is_active=False)),
        {"instrument_name": "BTC-25DEC26-100000-C", "kind": "option"},
        {"instrument_name": "ODD", "kind": "future"},
    ]
    futures, unreadable = read_futures(msgspec.json.encode({"jsonrpc": "2.0", "result": rows}))
    listing = listing_of(futures, unreadable, {"BTC_USDC-PERPETUAL": 100_000.0})
    assert set(listing.by_symbol) == {"BTC/USD:BTC", "BTC/USD:BTC-261225", "BTC/USDC:USDC", "SOL/USDC:USDC"}
    assert listing.unreadable == 1
    inverse, linear = listing.by_symbol["BTC/USD:BTC"], listing.by_symbol["BTC/USDC:USDC"]
    tier = LeverageTier(notional_floor=0.0, notional_cap=math.inf, maintenance_margin_rate=0.01, max_leverage=50.0)
    assert inverse == Instrument(
        symbol="BTC/USD:BTC",
        native_symbol="BTC-PERPETUAL",
        settle_currency="BTC",
        contract_kind=ContractKind.INVERSE,
        contract_size=10.0,
        price_tick=0.5,
        tiers=(tier,),
        maintenance_rate_growth=0.00005,
        liquidation_fee_rate=0.0075,
    )
    assert linear.maintenance_rate_growth == pytest.approx(5e-10)
    assert not linear.tiers_assumed
    sol = listing.by_symbol["SOL/USDC:USDC"]
    assert (sol.tiers_assumed, sol.is_trading, sol.maintenance_rate_growth) == (True, False, 0.0)


def test_growth_that_needs_a_mark_which_is_not_known_is_assumed_away(deribit: DeribitRows) -> None:
    instrument = instrument_of(deribit.listed("BTC", "USDC"), None)
    assert (instrument.tiers_assumed, instrument.maintenance_rate_growth) == (True, 0.0)


def test_answers_of_another_shape_are_refused_whole() -> None:
    for read in (read_futures, read_summaries):
        with pytest.raises(PayloadError):
            read(b'{"error":{"code":11050}}')
    with pytest.raises(PayloadError):
        read_ticker(b"<html>", {})
