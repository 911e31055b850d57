"""A pushed change laid over the last snapshot: what is replaced, kept, cleared and closed."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import msgspec
import pytest

from liqwatch.errors import PayloadError
from liqwatch.exchanges.payloads.binance_account import AccountUpdate, read_user_event
from liqwatch.exchanges.payloads.binance_snapshot import merge_account_update
from liqwatch.model import AccountSnapshot, Instrument, MarginMode, Position, Side, SnapshotSource

NATIVE = {
    native: Instrument(symbol=symbol, native_symbol=native, settle_currency=settle)
    for native, symbol, settle in (
        ("BTCUSDT", "BTC/USDT:USDT", "USDT"),
        ("ETHUSDT", "ETH/USDT:USDT", "USDT"),
        ("SOLUSDC", "SOL/USDC:USDC", "USDC"),
    )
}
AT = datetime(2026, 1, 1, tzinfo=UTC)
LATER_MS = int(AT.timestamp() * 1000) + 5000


def a_position(symbol: str, side: Side = Side.LONG, *, isolated_wallet: float | None = None) -> Position:
    return Position(
        symbol=symbol,
        side=side,
        contracts=1.0,
        entry_price=100.0,
        margin_mode=MarginMode.CROSS if isolated_wallet is None else MarginMode.ISOLATED,
        leverage=10.0,
        isolated_wallet=isolated_wallet,
        reported_liquidation_price=50.0,
        reported_maintenance_margin=1.0,
    )


BITCOIN = a_position("BTC/USDT:USDT", isolated_wallet=20.0)
ETHER = a_position("ETH/USDT:USDT")
SOLANA = a_position("SOL/USDC:USDC")


def a_snapshot(*positions: Position, is_multi_asset: bool = False) -> AccountSnapshot:
    return AccountSnapshot(
        account="main",
        venue="binance_usdm",
        positions=positions,
        cross_wallets={"USD": 900.0} if is_multi_asset else {"USDT": 500.0, "USDC": 10.0},
        as_of=AT,
        source=SnapshotSource.REST,
        is_multi_asset=is_multi_asset,
    )


def row(native: str, amount: float, entry: float = 100.0, side: str = "BOTH", **more: Any) -> dict[str, Any]:
    return {"s": native, "pa": str(amount), "ep": str(entry), "ps": side, "mt": "cross", "iw": "0"} | more


def pushed(*rows: dict[str, Any], wallets: dict[str, float] | None = None) -> AccountUpdate:
    balances = [{"a": asset, "cw": str(wallet)} for asset, wallet in (wallets or {}).items()]
    document = {"e": "ACCOUNT_UPDATE", "E": LATER_MS, "a": {"B": balances, "P": list(rows)}}
    event = read_user_event(msgspec.json.encode(document))
    assert isinstance(event, AccountUpdate)
    return event


def merge(snapshot: AccountSnapshot, update: AccountUpdate) -> AccountSnapshot:
    return merge_account_update(snapshot, update, NATIVE)


def by_subject(snapshot: AccountSnapshot) -> dict[str, Position]:
    return {position.subject: position for position in snapshot.positions}


def test_a_changed_position_loses_what_the_venue_reported_of_it() -> None:
    merged = merge(a_snapshot(BITCOIN), pushed(row("BTCUSDT", 2, 110, mt="isolated", iw="30")))
    assert merged.positions == (
        replace(
            BITCOIN,
            contracts=2.0,
            entry_price=110.0,
            isolated_wallet=30.0,
            reported_liquidation_price=None,
            reported_maintenance_margin=None,
        ),
    )
    assert merged.source is SnapshotSource.STREAM
    assert (merged.as_of - AT).total_seconds() == 5


def test_a_repeated_position_keeps_what_the_venue_reported_of_it() -> None:
    merged = merge(a_snapshot(BITCOIN, ETHER), pushed(row("BTCUSDT", 1, mt="isolated", iw="20"), row("ETHUSDT", 1)))
    assert merged.positions == (BITCOIN, ETHER)


def test_an_untouched_isolated_position_keeps_its_figures_and_the_moved_pool_loses_them() -> None:
    other = a_position("LTC/USDT:USDT")
    natives = NATIVE | {
        "LTCUSDT": Instrument(symbol="LTC/USDT:USDT", native_symbol="LTCUSDT", settle_currency="USDT"),
    }
    merged = merge_account_update(a_snapshot(BITCOIN, ETHER, SOLANA, other), pushed(row("ETHUSDT", 3)), natives)
    positions = by_subject(merged)
    assert positions[BITCOIN.subject] == BITCOIN
    assert positions[SOLANA.subject] == SOLANA
    assert positions[other.subject].reported_liquidation_price is None
    assert positions[ETHER.subject].contracts == 3.0


def test_a_moved_wallet_clears_the_cross_positions_of_its_currency_only() -> None:
    merged = merge(a_snapshot(BITCOIN, ETHER, SOLANA), pushed(wallets={"USDT": 400.0}))
    positions = by_subject(merged)
    assert merged.cross_wallets == {"USDT": 400.0, "USDC": 10.0}
    assert positions[ETHER.subject].reported_liquidation_price is None
    assert (positions[BITCOIN.subject], positions[SOLANA.subject]) == (BITCOIN, SOLANA)


def test_an_unmoved_wallet_clears_nothing() -> None:
    assert merge(a_snapshot(ETHER), pushed(wallets={"USDT": 500.0})).positions == (ETHER,)


def test_a_one_way_close_removes_the_position_and_names_it() -> None:
    merged = merge(a_snapshot(BITCOIN, ETHER), pushed(row("ETHUSDT", 0, 0)))
    assert merged.positions == (BITCOIN,)
    assert ETHER.subject in merged.closed


def test_a_one_way_flip_closes_one_side_and_opens_the_other() -> None:
    merged = merge(a_snapshot(ETHER), pushed(row("ETHUSDT", -2, 90)))
    assert set(by_subject(merged)) == {"ETH/USDT:USDT short"}
    assert merged.closed == {ETHER.subject}


def test_a_hedged_close_with_an_empty_one_way_row_leaves_the_other_side() -> None:
    short = a_position("ETH/USDT:USDT", Side.SHORT)
    update = pushed(row("ETHUSDT", 0, 0), row("ETHUSDT", 0, 0, "LONG"))
    merged = merge(a_snapshot(ETHER, short), update)
    assert set(by_subject(merged)) == {short.subject}
    assert merged.closed == {ETHER.subject}


def test_an_empty_one_way_row_alone_does_not_close_hedged_twins() -> None:
    twins = a_snapshot(ETHER, a_position("ETH/USDT:USDT", Side.SHORT))
    assert len(merge(twins, pushed(row("ETHUSDT", 0, 0))).positions) == 2


def test_a_hedged_short_is_known_by_its_side() -> None:
    merged = merge(a_snapshot(), pushed(row("ETHUSDT", -2, 90, "SHORT")))
    assert (merged.positions[0].side, merged.positions[0].contracts) == (Side.SHORT, 2.0)


def test_a_reopened_position_is_not_named_closed_any_more() -> None:
    closed = merge(a_snapshot(ETHER), pushed(row("ETHUSDT", 0, 0)))
    assert ETHER.subject not in merge(closed, pushed(row("ETHUSDT", 1))).closed


def test_an_old_frame_without_mode_keeps_the_mode_and_wallet_that_are_known() -> None:
    bare = {"s": "BTCUSDT", "pa": "2", "ep": "100", "ps": "BOTH"}
    position = merge(a_snapshot(BITCOIN), pushed(bare)).positions[0]
    assert (position.margin_mode, position.isolated_wallet) == (MarginMode.ISOLATED, 20.0)
    assert merge(a_snapshot(), pushed(bare)).positions[0].margin_mode is MarginMode.CROSS


def test_an_unlisted_market_keeps_the_venues_name() -> None:
    assert merge(a_snapshot(), pushed(row("NEWUSDT", 1))).positions[0].symbol == "NEWUSDT"


def test_in_multi_asset_mode_the_pool_stands_until_rest_tells_its_worth() -> None:
    merged = merge(a_snapshot(ETHER, SOLANA, is_multi_asset=True), pushed(row("ETHUSDT", 3), wallets={"USDT": 1.0}))
    assert merged.cross_wallets == {"USD": 900.0}
    assert all(position.reported_liquidation_price is None for position in merged.positions)


@pytest.mark.parametrize(
    "update",
    [
        pushed(row("ETHUSDT", float("nan"))),
        pushed(row("ETHUSDT", 1, 0)),
        pushed(wallets={"USDT": float("inf")}),
    ],
)
def test_an_impossible_figure_is_refused_and_the_snapshot_stands(update: AccountUpdate) -> None:
    with pytest.raises(PayloadError):
        merge(a_snapshot(ETHER), update)


def test_merging_changes_no_argument() -> None:
    snapshot = a_snapshot(BITCOIN, ETHER)
    merge(snapshot, pushed(row("ETHUSDT", 0, 0), wallets={"USDT": 1.0}))
    assert snapshot == a_snapshot(BITCOIN, ETHER)
