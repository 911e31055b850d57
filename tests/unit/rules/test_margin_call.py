"""The venue's own level, told in the venue's own words, apart from ours."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from liqwatch.margin.margin_call_rows import MARGIN_CALL_ROWS, MarginCallRow, margin_call_row
from liqwatch.margin.ratio_rows import native_ratio_of
from liqwatch.margin.ratios import native_at
from liqwatch.model import UNREACHABLE, MarginMode, Severity, Unknown
from liqwatch.rules.base import Profile
from liqwatch.rules.margin_call import RULE, advice, detail, guard, headline, read
from liqwatch.rules.sight import Sight
from liqwatch.testing.sights import account_of, sight_of


def look(ratio: object, venue: str = "gate") -> Sight:
    sight = sight_of(account_of(venue=venue))
    return replace(sight, pool=replace(sight.pool, margin_ratio=ratio))  # type: ignore[arg-type]


def test_the_reading_is_the_share_of_the_way_to_the_call() -> None:
    assert read(look(0.25)) == 0.5
    assert read(look(0.5)) == 1.0


def test_a_venue_without_a_level_has_no_call_to_reach() -> None:
    assert read(look(0.99, "okx")) is UNREACHABLE
    assert detail(look(0.99, "okx")) == ()


def test_an_unknown_ratio_stays_unknown_and_no_maintenance_stays_safe() -> None:
    assert read(look(Unknown("no wallet"))) == Unknown("no wallet")
    assert read(look(UNREACHABLE)) is UNREACHABLE


def test_no_equity_left_is_past_every_call() -> None:
    assert headline(read(look(math.inf))) == "past the venue's margin call, no equity left"


def test_the_call_itself_is_a_warning_and_critical_for_the_careful() -> None:
    assert RULE.levels_in(Profile.NORMAL)[Severity.WARNING] == 1.0
    assert RULE.levels_in(Profile.CAREFUL)[Severity.CRITICAL] == 1.0


def test_the_message_tells_the_level_in_the_venues_words_and_what_is_not_settled() -> None:
    assert detail(look(0.5)) == (
        "The venue's own level: an MMR of 200 %, at which Gate sends its own liquidation alert.",
        "The level is chosen at Gate: 300 %, 200 % (if nobody has chosen) or 150 %.",
    )


def test_the_advice_counts_the_money_to_the_call() -> None:
    sight = sight_of()
    # Equity 6,000, maintenance 240: the call at 80 % is at an equity of 300.
    assert advice(sight) == "Add margin or reduce before another 5,700.00 USDT are lost: then the venue calls."
    poor = sight_of(account_of(cross_wallets={"USDT": 250.0}))
    assert advice(poor) == ("Add at least 50.00 USDT, or reduce, to get back below the venue's margin call.")
    assert advice(look(0.99, "okx")) is None


def test_every_reading_has_a_headline() -> None:
    assert headline(1.2) == "at the venue's margin call"
    assert headline(0.5) == "50% of the way to the venue's margin call"
    assert headline(UNREACHABLE) == "no margin call at this venue"
    assert headline(Unknown("x")) == "way to the venue's margin call unknown: x"


@pytest.mark.parametrize(
    ("venue", "mode", "ratio"),
    [
        ("binance_usdm", MarginMode.ISOLATED, 0.8),
        ("binance_coinm@sandbox", MarginMode.CROSS, 0.8),
        ("binance_portfolio", MarginMode.CROSS, 0.7),
        ("gate", MarginMode.CROSS, 0.5),
        ("ccxt:gate", MarginMode.CROSS, 0.5),
        ("kucoin_futures", MarginMode.CROSS, 0.95),
        ("kucoin_futures", MarginMode.ISOLATED, None),
        ("okx", MarginMode.CROSS, None),
        ("bybit", MarginMode.CROSS, None),
        ("hyperliquid", MarginMode.CROSS, None),
    ],
)
def test_the_table_of_levels(venue: str, mode: MarginMode, ratio: float | None) -> None:
    row = margin_call_row(venue, mode)
    assert (row.margin_ratio if row else None) == (None if ratio is None else pytest.approx(ratio))


def test_the_reminder_of_binances_portfolio_margin_is_where_the_table_of_native_ratios_has_it() -> None:
    row, native = margin_call_row("binance_portfolio", MarginMode.CROSS), native_ratio_of("binance", "portfolio margin")
    assert row is not None
    assert native is not None
    assert native_at(row.margin_ratio, native) == pytest.approx(native.milestones[0][0])


def test_every_row_names_its_document_and_lies_before_liquidation() -> None:
    for row in MARGIN_CALL_ROWS:
        assert 0 < row.margin_ratio < 1
        assert "read 2026-11" in row.source


@given(st.sampled_from(MARGIN_CALL_ROWS), st.floats(0.01, 5), st.floats(0.01, 3))
def test_guards_stand_where_the_reading_meets_its_threshold(row: MarginCallRow, ratio: float, threshold: float) -> None:
    stop = guard(look(0.5, row.exchange).pool.pool, threshold)
    assert stop is not None
    assert read(look(stop, row.exchange)) == pytest.approx(threshold)
    if abs(ratio - stop) > 1e-9:
        now = read(look(ratio, row.exchange))
        assert isinstance(now, float)
        assert (now > threshold) == (ratio > stop)


def test_a_venue_without_a_level_needs_no_guard() -> None:
    assert guard(look(0.5, "okx").pool.pool, 1.0) is None
