"""The newest mark counts, and only a touched guard wakes a pool."""

from __future__ import annotations

import math

from liqwatch.engine.book import Book
from liqwatch.model import MarkBatch

VENUE, BTC, ETH = "binance_usdm", "BTC/USDT:USDT", "ETH/USDT:USDT"
ONE, TWO = ("main", "one"), ("main", "two")


def book(price: float = 100.0) -> Book:
    """A book in which BTC is followed, with pool ONE waiting for 90 and 110 and pool TWO for 80."""
    made = Book()
    made.open(VENUE, [BTC], 0.0)
    made.guard(ONE, VENUE, {BTC: [90.0, 110.0]})
    made.guard(TWO, VENUE, {BTC: [80.0]})
    made.apply(frame(price, at=1))
    return made


def frame(price: float, *, at: int, symbol: str = BTC, monotonic: float = 0.0) -> MarkBatch:
    return MarkBatch(VENUE, [(symbol, price, at)], monotonic)


def test_the_first_mark_of_a_market_wakes_every_pool_in_it() -> None:
    made = Book()
    made.open(VENUE, [BTC], 0.0)
    made.guard(ONE, VENUE, {BTC: []})
    made.guard(TWO, VENUE, {BTC: [80.0]})
    assert made.apply(frame(100.0, at=1)) == {ONE, TWO}


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


def test_inside_the_band_of_a_trigger_every_tick_counts() -> None:
    made = book()
    made.apply(frame(90.0, at=2))
    assert ONE in made.apply(frame(math.nextafter(90.0, 0.0), at=3))
    assert ONE in made.apply(frame(90.0, at=4))


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
    made.guard(ONE, VENUE, {BTC: [50.0]})
    assert ONE not in made.apply(frame(88.0, at=2))
    assert ONE in made.apply(frame(49.0, at=3))


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
