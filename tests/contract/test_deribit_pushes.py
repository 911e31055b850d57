"""Deribit private stream, as its documentation shows it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import msgspec
import pytest

from liqwatch.exchanges.deribit import DeribitAccount
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

if TYPE_CHECKING:
    from tests.contract.conftest import DeribitRows


def notification(channel: str, data: object) -> bytes:
    document = {"jsonrpc": "2.0", "method": "subscription", "params": {"channel": channel, "data": data}}
    return msgspec.json.encode(document)


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


def laid_over(deribit: DeribitRows, raw: bytes, snapshot: AccountSnapshot) -> AccountSnapshot | None:
    rows = [event for event in hear_frame(raw, deribit.listing()).events if isinstance(event, PositionRows)]
    return rows[0].laid_over(snapshot, deribit.listing())


def test_a_pushed_position_replaces_the_known_one_and_a_reduction_at_the_mark_leaves_the_equity(
    deribit: DeribitRows,
) -> None:
    before = deribit.snapshot(deribit.row(mark_price=110_000.0, total_profit_loss=1000.0))
    row = msgspec.to_builtins(deribit.row(size=5500.0, size_currency=0.05, mark_price=110_000.0))
    after = laid_over(deribit, pushed(positions=[row], trades=[{"instrument_name": "BTC_USDC-PERPETUAL"}]), before)
    assert after is not None
    (position,) = after.positions
    assert (position.contracts, position.entry_price) == (50.0, 100_000.0)
    assert before.cross_wallets == {"USDC": 0.0}
    assert after.cross_wallets == {"USDC": pytest.approx(500.0)}


def test_a_close_of_size_zero_ends_the_position_and_a_flip_ends_the_other_side(deribit: DeribitRows) -> None:
    before = deribit.snapshot(deribit.row())
    zero = msgspec.to_builtins(deribit.row(size=0.0, size_currency=0.0, direction="zero", average_price=0.0))
    closed = laid_over(deribit, pushed(positions=[zero]), before)
    assert closed is not None
    assert not closed.positions
    assert "BTC/USDC:USDC long" in closed.closed
    short = msgspec.to_builtins(deribit.row(size=-10_000.0, size_currency=-0.1, direction="sell"))
    flipped = laid_over(deribit, pushed(positions=[short]), before)
    assert flipped is not None
    assert [position.side for position in flipped.positions] == [Side.SHORT]
    assert flipped.closed == {"BTC/USDC:USDC long"}


def test_with_one_pool_of_all_only_rest_can_tell(deribit: DeribitRows) -> None:
    assert (
        laid_over(
            deribit,
            pushed(positions=[msgspec.to_builtins(deribit.row())]),
            deribit.snapshot(
                deribit.row(),
                cross_collateral_enabled=True,
                margin_model="cross_sm",
                total_margin_balance_usd=5000.0,
                total_maintenance_margin_usd=1000.0,
            ),
        )
        is None
    )


def events(deribit: DeribitRows, raw: bytes) -> list[str]:
    return [type(event).__name__ for event in hear_frame(raw, deribit.listing()).events]


def test_trades_are_confirmed_over_rest_and_mere_orders_are_not(deribit: DeribitRows) -> None:
    row = msgspec.to_builtins(deribit.row())
    order = {"instrument_name": "BTC_USDC-PERPETUAL", "direction": "buy", "price": "market_price"}
    trade = {"instrument_name": "BTC_USDC-PERPETUAL", "direction": "buy"}
    assert events(deribit, pushed(positions=[row], orders=[order], trades=[trade])) == ["PositionRows", "Nudge"]
    assert events(deribit, pushed(positions=[row], orders=[order])) == ["PositionRows"]
    assert events(deribit, pushed(positions=[row])) == ["PositionRows", "Nudge"]
    assert events(deribit, pushed(orders=[order])) == []
    assert events(deribit, pushed(positions=[{"size": "?"}])) == ["Nudge"]
    assert hear_frame(pushed(positions=[{"size": "?"}]), Listing()).rejected == "bad_event"


@pytest.mark.parametrize(
    "data",
    [
        {"orders": [{"instrument_name": "BTC-PERPETUAL", "direction": "sell", "is_liquidation": True}]},
        {"trades": [{"instrument_name": "BTC-PERPETUAL", "direction": "sell", "liquidity": "T", "liquidation": "MT"}]},
    ],
)
def test_the_venues_own_order_is_a_forced_close_of_the_side_it_closes(
    deribit: DeribitRows, data: dict[str, Any]
) -> None:
    heard = hear_frame(pushed(**data), deribit.listing())
    assert Forced("BTC/USD:BTC long", "liquidated by the venue") in heard.events


def test_a_trade_against_somebody_elses_liquidation_is_not_ours(deribit: DeribitRows) -> None:
    trade = {"instrument_name": "BTC-PERPETUAL", "direction": "buy", "liquidity": "M", "liquidation": "T"}
    assert list(hear_frame(pushed(trades=[trade]), deribit.listing()).events) == [Nudge("a trade or a settlement")]


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


async def test_the_stream_tells_of_the_margin_only_what_is_news(deribit: DeribitRows) -> None:
    row = {"currency": "USDC", "margin_balance": 1000.0, "maintenance_margin": 500.0, "balance": 900.0}
    calls = Calls(
        {
            "privateGetGetPositions": {"result": []},
            "privateGetGetAccountSummaries": {"result": {"summaries": [row]}},
        }
    )
    account = DeribitAccount("deribit", "ws://x")
    snapshot = await account.read_account("main", calls, Listing(), deribit.now)
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
