"""The newest mark counts, and only a touched guard wakes a pool."""

from __future__ import annotations

import math
from collections.abc import Mapping

from liqwatch.engine.book import SPARE_EDGES, Book, PoolKey
from liqwatch.margin.exact_guard import Anchor, ExactGuard, Interval, Thresholds
from liqwatch.margin.pools import Holding, Pool
from liqwatch.model import MarginMode, MarkBatch, Position, Side

VENUE, BTC, ETH = "binance_usdm", "BTC/USDT:USDT", "ETH/USDT:USDT"
ONE, TWO = ("main", "one"), ("main", "two")
NOTHING = Thresholds()


def waiting_for(*prices: float) -> ExactGuard:
    return ExactGuard([BTC], [Anchor(BTC, "", price, (1,)) for price in prices])


def pool(owner: PoolKey, *symbols: str) -> Pool:
    return Pool(
        account=owner[0],
        venue=VENUE,
        subject=owner[1],
        currency="USDT",
        margin_mode=MarginMode.CROSS,
        wallet_balance=1.0,
        holdings=tuple(Holding(position(symbol), None) for symbol in symbols or (BTC,)),
        convention=None,
    )


def position(symbol: str) -> Position:
    return Position(symbol=symbol, side=Side.LONG, contracts=1.0, entry_price=1.0, margin_mode=MarginMode.CROSS)


def guard(made: Book, owner: PoolKey, *prices: float) -> None:
    made.guard(pool(owner), waiting_for(*prices), NOTHING)


def book(price: float = 100.0) -> Book:
    """A book in which BTC is followed, with pool ONE waiting for 90 and 110 and pool TWO for 80."""
    made = Book()
    made.open(VENUE, [BTC], 0.0)
    made.apply(frame(price, at=1))
    guard(made, ONE, 90.0, 110.0)
    guard(made, TWO, 80.0)
    return made


def frame(price: float, *, at: int, symbol: str = BTC, monotonic: float = 0.0) -> MarkBatch:
    return MarkBatch(VENUE, [(symbol, price, at)], monotonic)


def test_the_first_mark_of_a_market_wakes_every_pool_in_it() -> None:
    made = Book()
    made.open(VENUE, [BTC], 0.0)
    guard(made, ONE)
    guard(made, TWO, 80.0)
    assert made.apply(frame(100.0, at=1)) == {ONE, TWO}


def test_a_pool_that_was_woken_is_woken_at_every_tick_until_it_has_been_judged() -> None:
    made = book()
    assert made.apply(frame(89.0, at=2)) == {ONE}
    assert made.apply(frame(95.0, at=3)) == {ONE}
    guard(made, ONE, 90.0, 110.0)
    assert made.apply(frame(95.0, at=4)) == set()


def test_a_tick_between_the_guards_wakes_nobody_and_moves_the_mark() -> None:
    made = book()
    assert made.apply(frame(95.0, at=2)) == set()
    assert made.apply(frame(109.9, at=3)) == set()
    assert made.marks(VENUE, [BTC]) == {BTC: 109.9}


def test_a_tick_past_a_trigger_wakes_its_owner() -> None:
    assert ONE in book().apply(frame(89.9, at=2))
    assert ONE in book().apply(frame(110.1, at=2))


def test_a_jump_wakes_the_owner_of_every_trigger_on_its_way() -> None:
    assert book().apply(frame(70.0, at=2)) == {ONE, TWO}


def test_a_tick_on_the_trigger_itself_wakes_its_owner() -> None:
    assert ONE in book().apply(frame(90.0, at=2))


def test_inside_the_band_of_a_trigger_every_tick_counts_for_every_pool_that_waits_for_it() -> None:
    made, owners = book(), [("main", f"pool {number}") for number in range(5)]
    for price in (90.0, math.nextafter(90.0, 0.0), 90.0):
        for owner in owners:
            guard(made, owner, 90.0)
        assert made.apply(frame(price, at=2)) >= set(owners)


def test_an_older_row_is_ignored_and_an_equally_old_one_counts() -> None:
    made = book()
    made.apply(frame(95.0, at=10))
    assert made.apply(frame(70.0, at=9)) == set()
    assert made.marks(VENUE, [BTC]) == {BTC: 95.0}
    made.apply(frame(96.0, at=10))
    assert made.marks(VENUE, [BTC]) == {BTC: 96.0}


def test_marks_of_markets_that_nobody_holds_are_passed_over() -> None:
    made = book()
    assert made.apply(frame(1.0, at=5, symbol=ETH)) == set()
    assert made.marks(VENUE, [BTC, ETH]) == {BTC: 100.0}


def test_a_pool_that_is_released_is_woken_no_more() -> None:
    made = book()
    made.release(ONE, VENUE, [BTC])
    assert ONE not in made.apply(frame(70.0, at=2))
    made.release(TWO, VENUE, [BTC, ETH])
    assert made.apply(frame(50.0, at=3)) == set()


def test_new_triggers_replace_the_old_ones() -> None:
    made = book()
    guard(made, ONE, 50.0)
    assert made.apply(frame(88.0, at=2)) == set()
    assert ONE in made.apply(frame(49.0, at=3))


class Vouching:
    """A guard that lets BTC move by one, and vouches for its pool as long as the mark is above 90."""

    def around(self, marks: Mapping[str, float], thresholds: Thresholds) -> dict[str, Interval]:
        return {symbol: (price - 1.0, price + 1.0) for symbol, price in marks.items()}

    def again(self, marks: Mapping[str, float]) -> dict[str, Interval] | None:
        return self.around(marks, NOTHING) if marks[BTC] > 90.0 else None


def test_a_pool_is_woken_only_when_its_guard_can_no_longer_vouch_for_it() -> None:
    made, guarding = book(), Vouching()
    made.release(ONE, VENUE, [BTC])
    made.guard(pool(ONE), guarding, NOTHING)
    for step, price in enumerate((98.0, 96.5, 93.0, 91.0), start=2):
        assert made.apply(frame(price, at=step)) == set()
    assert made.apply(frame(89.0, at=9)) == {ONE}


def test_a_guard_is_asked_with_the_marks_at_the_end_of_the_frame() -> None:
    made, guarding = Book(), Vouching()
    made.open(VENUE, [BTC, ETH], 0.0)
    made.apply(MarkBatch(VENUE, [(BTC, 100.0, 1), (ETH, 10.0, 1)], 0.0))
    made.guard(pool(ONE, BTC, ETH), guarding, NOTHING)
    assert made.apply(MarkBatch(VENUE, [(ETH, 12.0, 2), (BTC, 89.5, 2)], 0.0)) == {ONE}


def test_outdated_edges_are_sorted_out() -> None:
    made, guarding = book(), Vouching()
    for owner in (ONE, TWO):
        made.release(owner, VENUE, [BTC])
    made.guard(pool(ONE), guarding, NOTHING)
    for step in range(10 * SPARE_EDGES):
        assert made.apply(frame(100.0 + 2 * step, at=2)) == set()
    market = made._venues[VENUE][BTC]
    assert len(market._below) + len(market._above) <= SPARE_EDGES + 8


def test_a_market_in_which_nobody_holds_anything_is_closed() -> None:
    made = book()
    made.close(VENUE, [BTC])
    assert made.symbols(VENUE) == []
    assert made.apply(frame(10.0, at=2)) == set()


def test_ages_count_from_the_last_arrival_even_of_an_empty_frame() -> None:
    made = book()
    made.apply(frame(95.0, at=2, monotonic=4.0))
    made.apply(MarkBatch(VENUE, [], 9.0))
    assert made.stream_age_seconds(VENUE, 10.0) == 1.0
    assert made.mark_age_seconds(VENUE, BTC, 10.0) == 6.0
