"""What a push leaves out is never erased, and what it makes stale is never kept."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from liqwatch.errors import PayloadError
from liqwatch.exchanges.plumbing.changes import Rows
from liqwatch.exchanges.plumbing.listing import Listing
from liqwatch.model import AccountSnapshot, Instrument, MarginMode, Position, Side, SnapshotSource

AT = datetime(2026, 11, 20, tzinfo=UTC)
LISTING = Listing.of(
    Instrument(symbol=f"{base}/{quote}:{quote}", native_symbol=f"{base}{quote}", settle_currency=quote)
    for base in ("BTC", "ETH", "SOL")
    for quote in ("USDT", "USDC")
)


def position(symbol: str, *, side: Side = Side.LONG, contracts: float = 1.0, **more: object) -> Position:
    fields: dict[str, object] = {
        "symbol": symbol,
        "side": side,
        "contracts": contracts,
        "entry_price": 100.0,
        "margin_mode": MarginMode.CROSS,
        "leverage": 5.0,
        "reported_liquidation_price": 80.0,
        "reported_maintenance_margin": 1.0,
        "reported_mark_price": 100.0,
        "adl_rank": 2.0,
    }
    return Position(**{**fields, **more})  # type: ignore[arg-type]  # a builder of keywords


def pushed(symbol: str, *, side: Side = Side.LONG, contracts: float = 1.0, **more: object) -> Position:
    """As a stream tells it: no leverage, no liquidation price, no mark, no rank, unless said."""
    bare = dict.fromkeys(
        ("leverage", "reported_liquidation_price", "reported_maintenance_margin", "reported_mark_price", "adl_rank")
    )
    return position(symbol, side=side, contracts=contracts, **{**bare, **more})


def snapshot(*positions: Position) -> AccountSnapshot:
    return AccountSnapshot(
        account="main",
        venue="somewhere",
        positions=positions,
        cross_wallets={"USDT": 50.0, "USDC": 50.0},
        as_of=AT,
        source=SnapshotSource.REST,
    )


def by_subject(after: AccountSnapshot | None) -> dict[str, Position]:
    assert after is not None
    return {each.subject: each for each in after.positions}


def test_a_push_without_liquidation_price_or_mark_does_not_erase_them() -> None:
    before = position("BTC/USDT:USDT")
    after = by_subject(Rows(positions=(pushed("BTC/USDT:USDT"),)).laid_over(snapshot(before), LISTING))
    assert after[before.subject] == before


def test_a_changed_size_makes_the_reported_figures_stale_and_keeps_leverage_and_rank() -> None:
    rows = Rows(positions=(pushed("BTC/USDT:USDT", contracts=2.0),))
    after = by_subject(rows.laid_over(snapshot(position("BTC/USDT:USDT")), LISTING))["BTC/USDT:USDT long"]
    assert (after.contracts, after.leverage, after.adl_rank) == (2.0, 5.0, 2.0)
    assert after.reported_liquidation_price is None
    assert after.reported_mark_price is None


def test_a_pushed_figure_counts() -> None:
    rows = Rows(positions=(pushed("BTC/USDT:USDT", contracts=2.0, reported_liquidation_price=70.0),))
    after = by_subject(rows.laid_over(snapshot(position("BTC/USDT:USDT")), LISTING))
    assert after["BTC/USDT:USDT long"].reported_liquidation_price == 70.0


def test_a_moved_cross_pool_clears_the_figures_of_its_other_positions_and_of_no_other_pool() -> None:
    before = snapshot(
        position("BTC/USDT:USDT"),
        position("ETH/USDT:USDT"),
        position("SOL/USDT:USDT", margin_mode=MarginMode.ISOLATED, isolated_wallet=10.0),
        position("BTC/USDC:USDC"),
    )
    after = by_subject(Rows(positions=(pushed("BTC/USDT:USDT", contracts=2.0),)).laid_over(before, LISTING))
    assert after["ETH/USDT:USDT long"].reported_liquidation_price is None
    assert after["SOL/USDT:USDT long"].reported_liquidation_price == 80.0
    assert after["BTC/USDC:USDC long"].reported_liquidation_price == 80.0


def test_a_moved_wallet_clears_its_own_pool_only() -> None:
    before = snapshot(position("BTC/USDT:USDT"), position("BTC/USDC:USDC"))
    after = Rows(wallets={"USDT": 40.0, "USDC": 50.0}).laid_over(before, LISTING)
    assert after is not None
    assert after.cross_wallets == {"USDT": 40.0, "USDC": 50.0}
    assert by_subject(after)["BTC/USDT:USDT long"].reported_liquidation_price is None
    assert by_subject(after)["BTC/USDC:USDC long"].reported_liquidation_price == 80.0


def test_a_stated_end_closes_and_is_remembered_as_stated() -> None:
    before = snapshot(position("BTC/USDT:USDT"), position("BTC/USDT:USDT", side=Side.SHORT))
    after = Rows(closed=frozenset({"BTC/USDT:USDT short"})).laid_over(before, LISTING)
    assert after is not None
    assert set(by_subject(after)) == {"BTC/USDT:USDT long"}
    assert after.closed == {"BTC/USDT:USDT short"}


def test_a_flip_closes_one_side_and_opens_the_other() -> None:
    rows = Rows(
        positions=(pushed("BTC/USDT:USDT", side=Side.SHORT, contracts=3.0),),
        closed=frozenset({"BTC/USDT:USDT long"}),
    )
    after = rows.laid_over(snapshot(position("BTC/USDT:USDT")), LISTING)
    assert set(by_subject(after)) == {"BTC/USDT:USDT short"}


def test_what_a_full_list_lacks_has_ended_and_what_it_does_not_speak_of_has_not() -> None:
    before = snapshot(position("BTC/USDT:USDT"), position("ETH/USDT:USDT"), position("BTC/USDC:USDC"))
    rows = Rows(positions=(pushed("ETH/USDT:USDT"),), is_whole=lambda each: each.symbol.endswith(":USDT"))
    after = rows.laid_over(before, LISTING)
    assert after is not None
    assert set(by_subject(after)) == {"ETH/USDT:USDT long", "BTC/USDC:USDC long"}
    assert after.closed == {"BTC/USDT:USDT long"}


def test_an_empty_full_list_is_a_statement() -> None:
    after = Rows(is_whole=lambda _: True).laid_over(snapshot(position("BTC/USDT:USDT")), LISTING)
    assert after is not None
    assert not after.positions
    assert after.closed == {"BTC/USDT:USDT long"}


def test_a_reopened_position_is_not_named_closed_any_more() -> None:
    before = Rows(closed=frozenset({"BTC/USDT:USDT long"})).laid_over(snapshot(position("BTC/USDT:USDT")), LISTING)
    assert before is not None
    after = Rows(positions=(pushed("BTC/USDT:USDT"),)).laid_over(before, LISTING)
    assert after is not None
    assert after.closed == frozenset()


def test_a_mode_flip_from_cross_to_isolated_moves_the_pool() -> None:
    rows = Rows(positions=(pushed("BTC/USDT:USDT", margin_mode=MarginMode.ISOLATED, isolated_wallet=20.0),))
    after = by_subject(rows.laid_over(snapshot(position("BTC/USDT:USDT"), position("ETH/USDT:USDT")), LISTING))
    assert after["BTC/USDT:USDT long"].isolated_wallet == 20.0
    assert after["ETH/USDT:USDT long"].reported_liquidation_price is None


@pytest.mark.parametrize(
    "rows",
    [
        Rows(wallets={"USDT": float("nan")}),
        Rows(positions=(pushed("BTC/USDT:USDT", contracts=float("inf")),)),
        Rows(positions=(pushed("BTC/USDT:USDT", entry_price=0.0),)),
        Rows(positions=(pushed("BTC/USDT:USDT", contracts=-1.0),)),
    ],
)
def test_an_impossible_figure_is_refused_whole(rows: Rows) -> None:
    with pytest.raises(PayloadError):
        rows.laid_over(snapshot(position("BTC/USDT:USDT")), LISTING)
