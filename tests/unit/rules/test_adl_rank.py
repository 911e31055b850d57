"""Winners are told when they stand at the front of the line; every venue's own way of counting is respected."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from liqwatch.margin.adl_rows import ADL_ROWS, AdlRow, adl_row
from liqwatch.model import UNREACHABLE, Unknown
from liqwatch.rules.adl_rank import MEANING, advice, detail, headline, read
from liqwatch.rules.sight import Sight
from liqwatch.testing.sights import LONG, SHORT, SYMBOL, account_of, sight_of

WINNING = {SYMBOL: 66_000.0}
LOSING = {SYMBOL: 58_000.0}


def look(rank: float | None, venue: str = "binance_usdm", marks: dict[str, float] | None = None) -> Sight:
    account = account_of(replace(LONG, adl_rank=rank), venue=venue)
    return sight_of(account, marks=WINNING if marks is None else marks)


@pytest.mark.parametrize(
    ("venue", "rank", "place"),
    [
        ("binance_usdm", 4.0, 1.0),
        ("binance_usdm", 0.0, 0.0),
        ("binance_coinm", 3.0, 0.75),
        ("bybit", 5.0, 1.0),
        ("bybit", 4.0, 0.75),
        ("okx", 4.0, 0.8),
        ("gate", 1.0, 1.0),
        ("gate", 5.0, 0.0),
        ("gate@sandbox", 2.0, 0.75),
        ("kucoin_futures", 0.86, 0.86),
    ],
)
def test_each_venues_number_is_brought_to_one_scale(venue: str, rank: float, place: float) -> None:
    assert read(look(rank, venue)) == pytest.approx(place)


def test_gates_six_and_bybits_zero_say_nothing_and_are_not_taken_for_a_place() -> None:
    assert read(look(6.0, "gate")) == Unknown("the venue's ADL rank of 6 says nothing")
    assert read(look(0.0, "bybit")) == Unknown("the venue's ADL rank of 0 says nothing")
    assert isinstance(read(look(7.0, "okx")), Unknown)


def test_a_losing_position_has_nothing_that_would_be_taken() -> None:
    assert read(look(4.0, marks=LOSING)) is UNREACHABLE
    assert read(look(None, marks=LOSING)) is UNREACHABLE
    assert detail(look(4.0, marks=LOSING)) == ()


def test_a_winner_whose_venue_tells_no_rank_is_unknown_and_never_safe() -> None:
    assert read(look(None)) == Unknown("the venue tells no ADL rank")
    assert read(look(2.0, "deribit")) == Unknown("nobody has verified how this venue counts its ADL rank")


def test_without_a_mark_nobody_knows_whether_it_wins() -> None:
    assert read(look(4.0, marks={})) == Unknown("no mark price yet")


def test_profit_is_seen_from_the_mark_where_the_arithmetic_cannot_be_done() -> None:
    account = account_of(replace(SHORT, adl_rank=4.0))
    assert read(sight_of(account, marks=LOSING, contract=None)) == 1.0
    assert read(sight_of(account, marks=WINNING, contract=None)) is UNREACHABLE


def test_the_message_says_what_the_line_is_and_shows_the_venues_own_number() -> None:
    assert detail(look(1.0, "gate")) == (MEANING, "The venue's rank: 1, where 1 is first in line and 5 last.")
    assert advice(look(1.0, "gate")) == (
        "Take part of the profit (now 6,000.00 USDT) or lower the leverage: both move you back in the line."
    )
    assert advice(look(4.0, "gate")) is None


def test_every_reading_has_a_headline() -> None:
    assert headline(1.0) == "first in line for auto-deleveraging"
    assert headline(0.8) == "near the front of the line for auto-deleveraging (80%)"
    assert headline(0.2) == "in the line for auto-deleveraging (20%)"
    assert headline(UNREACHABLE) == "no profit that auto-deleveraging would take"
    assert headline(Unknown("x")) == "place in the line for auto-deleveraging unknown: x"


def test_no_position_is_unknown() -> None:
    assert read(sight_of(position=None)) == Unknown("no position")


def test_every_row_names_its_document_and_is_found_by_its_exchange() -> None:
    for row in ADL_ROWS:
        assert "read 2026-11" in row.source
        assert adl_row(row.exchange) is row
        assert adl_row(f"{row.exchange}@demo") is row


@given(st.sampled_from(ADL_ROWS), st.floats(0, 6), st.floats(0, 6))
def test_the_nearer_number_is_never_further_back(row: AdlRow, one: float, other: float) -> None:
    places = row.place(one), row.place(other)
    for place in places:
        assert place is None or 0.0 <= place <= 1.0
    if places[0] is not None and places[1] is not None and abs(one - row.first) <= abs(other - row.first):
        assert places[0] >= places[1] - 1e-9
