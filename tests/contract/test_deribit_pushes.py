"""Deribit private stream, as its documentation shows it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import msgspec
import pytest

from liqwatch.exchanges.deribit import DeribitAccount
from liqwatch.exchanges.payloads.deribit_account import (
    Portfolio,
    PositionRow,
    snapshot_of,
)
from liqwatch.exchanges.payloads.deribit_listing import (
    ListedFuture,
    listing_of,
)
from liqwatch.exchanges.payloads.deribit_market import HEARTBEAT, TEST
from liqwatch.exchanges.payloads.deribit_pushes import (
    CHANGES,
    PORTFOLIO,
    SUBSCRIBE,
    PositionRows,
    hear_frame,
    login,
)
from liqwatch.exchanges.plumbing.changes import Forced, Nudge
from liqwatch.exchanges.plumbing.listing import Listing
from liqwatch.model import (
    AccountSnapshot,
    Side,
)

NOW = datetime(2026, 11, 1, tzinfo=UTC)
OWNER = ("main", "deribit")


def a_portfolio(**changes: Any) -> Portfolio:
    facts: dict[str, Any] = {"currency": "USDC", "margin_balance": 1000.0, "maintenance_margin": 0.0}
    return Portfolio(**(facts | changes))


def a_row(**changes: Any) -> PositionRow:
    facts: dict[str, Any] = {
        "instrument_name": "BTC_USDC-PERPETUAL",
        "size": 10_000.0,
        "size_currency": 0.1,
        "direction": "buy",
        "average_price": 100_000.0,
        "mark_price": 100_000.0,
        "total_profit_loss": 0.0,
    }
    return PositionRow(**(facts | changes))


def a_snapshot(*rows: PositionRow, **changes: Any) -> AccountSnapshot:
    return snapshot_of(OWNER, [a_portfolio(**changes)], rows, the_listing(), NOW)


def notification(channel: str, data: object) -> bytes:
    document = {"jsonrpc": "2.0", "method": "subscription", "params": {"channel": channel, "data": data}}
    return msgspec.json.encode(document)


def whole(**changes: Any) -> dict[str, Any]:
    facts: dict[str, Any] = {
        "cross_collateral_enabled": True,
        "margin_model": "cross_sm",
        "total_margin_balance_usd": 5000.0,
        "total_maintenance_margin_usd": 1000.0,
    }
    return facts | changes


def listed(base: str, settle: str, **changes: Any) -> ListedFuture:
    is_linear = settle != base
    facts: dict[str, Any] = {
        "instrument_name": f"{base}_{settle}-PERPETUAL" if is_linear else f"{base}-PERPETUAL",
        "kind": "future",
        "base_currency": base,
        "counter_currency": settle if is_linear else "USD",
        "settlement_currency": settle,
        "contract_size": 1.0,
        "tick_size": 0.5,
        "max_leverage": 50.0,
        "settlement_period": "perpetual",
    }
    return ListedFuture(**(facts | changes))


def the_listing(rows: list[PositionRow] | None = None) -> Listing:
    """The markets of the recorded positions, with the marks of that moment."""
    futures = [
        listed("BTC", "BTC", contract_size=10.0),
        listed("ETH", "ETH"),
        listed("BTC", "USDC", contract_size=0.001),
        listed("ADA", "USDC", max_leverage=25.0),
        listed("LTC", "USDC", contract_size=0.1, max_leverage=25.0),
        listed("TRX", "USDC", contract_size=10.0, max_leverage=25.0),
    ]
    return listing_of(futures, 0, {row.instrument_name: row.mark_price for row in rows or []})


def test_a_login_is_answered_by_a_subscription_and_the_grant_makes_it_ready() -> None:
    asked = json.loads(login("key", "hush"))
    assert asked["params"]["grant_type"] == "client_credentials"
    assert "read_write" not in asked["params"]["scope"]
    granted = {"jsonrpc": "2.0", "id": asked["id"], "result": {"access_token": "x", "scope": "trade:read"}}
    assert hear_frame(msgspec.json.encode(granted), Listing()).replies == (HEARTBEAT, SUBSCRIBE)
    identifier = json.loads(SUBSCRIBE)["id"]
    outcomes = {}
    for name, channels in {"both": [PORTFOLIO, CHANGES], "one": [CHANGES], "none": []}.items():
        heard = hear_frame(msgspec.json.encode({"id": identifier, "result": channels}), Listing())
        outcomes[name] = heard.is_ready, heard.rejected, heard.end
    assert outcomes == {
        "both": (True, None, None),
        "one": (True, "unknown_channel", None),
        "none": (False, "unknown_channel", "not_granted"),
    }


@pytest.mark.parametrize(
    ("identifier", "code", "end"),
    [(1, 13004, "login_refused"), (1, 10028, "too_many_requests"), (2, 13009, "request_refused"), (77, 10028, None)],
)
def test_refusals_on_the_accounts_connection(identifier: int, code: int, end: str | None) -> None:
    raw = msgspec.json.encode({"jsonrpc": "2.0", "id": identifier, "error": {"code": code, "message": "no"}})
    assert hear_frame(raw, Listing()).end == end


def test_a_test_request_is_answered_on_the_accounts_connection_too() -> None:
    raw = b'{"jsonrpc":"2.0","method":"heartbeat","params":{"type":"test_request"}}'
    assert hear_frame(raw, Listing()).replies == (TEST,)


def pushed(**data: Any) -> bytes:
    """As the venue's documentation shows it."""
    return notification(CHANGES, {"instrument_name": "BTC_USDC-PERPETUAL", "trades": [], "positions": []} | data)


def laid_over(raw: bytes, snapshot: AccountSnapshot) -> AccountSnapshot | None:
    rows = [event for event in hear_frame(raw, the_listing()).events if isinstance(event, PositionRows)]
    return rows[0].laid_over(snapshot, the_listing())


def test_a_pushed_position_replaces_the_known_one_and_a_reduction_at_the_mark_leaves_the_equity() -> None:
    before = a_snapshot(a_row(mark_price=110_000.0, total_profit_loss=1000.0))
    row = msgspec.to_builtins(a_row(size=5500.0, size_currency=0.05, mark_price=110_000.0))
    after = laid_over(pushed(positions=[row], trades=[{"instrument_name": "BTC_USDC-PERPETUAL"}]), before)
    assert after is not None
    (position,) = after.positions
    assert (position.contracts, position.entry_price) == (50.0, 100_000.0)
    assert before.cross_wallets == {"USDC": 0.0}
    assert after.cross_wallets == {"USDC": pytest.approx(500.0)}


def test_a_close_of_size_zero_ends_the_position_and_a_flip_ends_the_other_side() -> None:
    before = a_snapshot(a_row())
    zero = msgspec.to_builtins(a_row(size=0.0, size_currency=0.0, direction="zero", average_price=0.0))
    closed = laid_over(pushed(positions=[zero]), before)
    assert closed is not None
    assert not closed.positions
    assert "BTC/USDC:USDC long" in closed.closed
    short = msgspec.to_builtins(a_row(size=-10_000.0, size_currency=-0.1, direction="sell"))
    flipped = laid_over(pushed(positions=[short]), before)
    assert flipped is not None
    assert [position.side for position in flipped.positions] == [Side.SHORT]
    assert flipped.closed == {"BTC/USDC:USDC long"}


def test_with_one_pool_of_all_only_rest_can_tell() -> None:
    assert laid_over(pushed(positions=[msgspec.to_builtins(a_row())]), a_snapshot(a_row(), **whole())) is None


def events(raw: bytes) -> list[str]:
    return [type(event).__name__ for event in hear_frame(raw, the_listing()).events]


def test_trades_are_confirmed_over_rest_and_mere_orders_are_not() -> None:
    row = msgspec.to_builtins(a_row())
    order = {"instrument_name": "BTC_USDC-PERPETUAL", "direction": "buy", "price": "market_price"}
    trade = {"instrument_name": "BTC_USDC-PERPETUAL", "direction": "buy"}
    assert events(pushed(positions=[row], orders=[order], trades=[trade])) == ["PositionRows", "Nudge"]
    assert events(pushed(positions=[row], orders=[order])) == ["PositionRows"]
    assert events(pushed(positions=[row])) == ["PositionRows", "Nudge"]
    assert events(pushed(orders=[order])) == []
    assert events(pushed(positions=[{"size": "?"}])) == ["Nudge"]
    assert hear_frame(pushed(positions=[{"size": "?"}]), Listing()).rejected == "bad_event"


@pytest.mark.parametrize(
    "data",
    [
        {"orders": [{"instrument_name": "BTC-PERPETUAL", "direction": "sell", "is_liquidation": True}]},
        {"trades": [{"instrument_name": "BTC-PERPETUAL", "direction": "sell", "liquidity": "T", "liquidation": "MT"}]},
    ],
)
def test_the_venues_own_order_is_a_forced_close_of_the_side_it_closes(data: dict[str, Any]) -> None:
    heard = hear_frame(pushed(**data), the_listing())
    assert Forced("BTC/USD:BTC long", "liquidated by the venue") in heard.events


def test_a_trade_against_somebody_elses_liquidation_is_not_ours() -> None:
    trade = {"instrument_name": "BTC-PERPETUAL", "direction": "buy", "liquidity": "M", "liquidation": "T"}
    assert list(hear_frame(pushed(trades=[trade]), the_listing()).events) == [Nudge("a trade or a settlement")]


class Calls:
    """Two recorded kinds of answers."""

    def __init__(self, answers: Mapping[str, Any]) -> None:
        self._answers = answers

    async def call(self, name: str, answer: type[Any], parameters: Mapping[str, object] | None = None) -> Any:
        return msgspec.convert(self._answers[name], answer, strict=False)

    def secret(self, name: str) -> str:
        return name

    def server_now_ms(self) -> int:
        return 1

    async def measure_skew_ms(self) -> float:
        return 0.0

    async def close(self) -> None:
        """Nothing is open."""


async def test_the_stream_tells_of_the_margin_only_what_is_news() -> None:
    row = {"currency": "USDC", "margin_balance": 1000.0, "maintenance_margin": 500.0, "balance": 900.0}
    calls = Calls(
        {
            "privateGetGetPositions": {"result": []},
            "privateGetGetAccountSummaries": {"result": {"summaries": [row]}},
        }
    )
    account = DeribitAccount("deribit", "ws://x")
    snapshot = await account.read_account("main", calls, Listing(), NOW)
    assert snapshot.reported_margin_ratios == {"USDC": 0.5}

    def heard(**changes: Any) -> list[Any]:
        return list(account.hear(notification(PORTFOLIO, row | changes), Listing()).events)

    assert heard() == []
    assert heard(maintenance_margin=502.0, session_rpl=0.5) == []
    (change,) = heard(maintenance_margin=510.0)
    assert change.laid_over(snapshot, Listing()).reported_margin_ratios == {"USDC": 0.51}
    assert heard(maintenance_margin=511.0) == []
    assert heard(balance=950.0) == [Nudge("the balance of USDC moved")]
    assert heard(balance=950.0, maintenance_margin=510.0) == []
