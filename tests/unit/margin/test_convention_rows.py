"""The table of venues: complete, without two answers to one question."""

from __future__ import annotations

from datetime import date, timedelta
from itertools import combinations

import pytest

from liqwatch.margin.conventions import ROWS, Basis, ConventionRow, TierMode, convention_of, known_exchanges, row_of
from liqwatch.model import ContractKind, MarginMode

TODAY = date(2026, 11, 20)
ISOLATED, CROSS = MarginMode.ISOLATED, MarginMode.CROSS
LINEAR, INVERSE = ContractKind.LINEAR, ContractKind.INVERSE


def overlap(one: ConventionRow, other: ConventionRow) -> bool:
    """Whether both could answer for one position on one day."""
    same_mode = one.margin_mode is None or other.margin_mode in (None, one.margin_mode)
    same_kind = one.contract_kind is None or other.contract_kind in (None, one.contract_kind)
    same_day = one.is_in_force(other.since) or other.is_in_force(one.since)
    return one.exchange == other.exchange and same_mode and same_kind and same_day


def test_no_two_rows_answer_for_the_same_position_on_the_same_day() -> None:
    assert not [(one, other) for one, other in combinations(ROWS, 2) if overlap(one, other)]


def test_every_row_names_a_document_and_when_it_was_read() -> None:
    assert all("(read 20" in row.source for row in ROWS)
    assert all(row.since < row.until for row in ROWS if row.until)


def test_a_row_ends_on_the_day_before_the_next_begins() -> None:
    changed = date(2026, 5, 27)
    before = row_of("bybit", ISOLATED, LINEAR, changed - timedelta(days=1))
    after = row_of("bybit", ISOLATED, LINEAR, changed)
    assert before is not None
    assert after is not None
    assert before.until == after.since == changed
    assert before.convention.maintenance_basis is Basis.ENTRY
    assert after.convention.maintenance_basis is Basis.LIQUIDATION


@pytest.mark.parametrize("exchange", known_exchanges())
def test_every_venue_has_a_row_for_today(exchange: str) -> None:
    asked = [(mode, kind) for mode in MarginMode for kind in ContractKind]
    assert any(convention_of(exchange, mode, kind, TODAY) for mode, kind in asked)


@pytest.mark.parametrize(
    ("exchange", "mode", "kind", "maintenance", "fee"),
    [
        ("binance_usdm", CROSS, LINEAR, Basis.LIQUIDATION, Basis.NONE),
        ("binance_coinm", ISOLATED, INVERSE, Basis.LIQUIDATION, Basis.NONE),
        ("okx", CROSS, INVERSE, Basis.LIQUIDATION, Basis.LIQUIDATION),
        ("bitget", ISOLATED, LINEAR, Basis.LIQUIDATION, Basis.LIQUIDATION),
        ("bitget", CROSS, LINEAR, Basis.MARK, Basis.MARK),
        ("kucoin_futures", ISOLATED, LINEAR, Basis.ENTRY, Basis.NONE),
        ("kucoin_futures", CROSS, LINEAR, Basis.LIQUIDATION, Basis.LIQUIDATION),
        ("mexc", ISOLATED, LINEAR, Basis.ENTRY, Basis.ENTRY),
        ("phemex", ISOLATED, LINEAR, Basis.ENTRY, Basis.NONE),
        ("phemex", CROSS, LINEAR, Basis.LIQUIDATION, Basis.LIQUIDATION),
    ],
)
def test_one_venue_may_count_in_two_ways(
    exchange: str, mode: MarginMode, kind: ContractKind, maintenance: Basis, fee: Basis
) -> None:
    found = convention_of(exchange, mode, kind, TODAY)
    assert found is not None
    assert (found.maintenance_basis, found.closing_fee_basis) == (maintenance, fee)


def test_only_okx_and_its_like_have_flat_tiers_and_only_htx_divides_by_leverage() -> None:
    assert {row.exchange for row in ROWS if row.convention.tier_mode is TierMode.FLAT} == {"okx", "blofin"}
    assert {row.exchange for row in ROWS if row.convention.rate_is_per_leverage} == {"htx"}


@pytest.mark.parametrize(("mode", "kind"), [(CROSS, LINEAR), (CROSS, INVERSE)])
def test_what_nobody_has_checked_has_no_row(mode: MarginMode, kind: ContractKind) -> None:
    assert row_of("mexc", mode, kind, TODAY) is None


def test_the_newest_row_is_the_one_of_the_last_day_of_all() -> None:
    assert row_of("bybit", CROSS, LINEAR, date.max) is row_of("bybit", CROSS, LINEAR, TODAY)
