"""Families of arithmetic are dated rows: the newest that has begun counts."""

from __future__ import annotations

from datetime import date

import pytest

from liqwatch.margin import conventions
from liqwatch.margin.conventions import (
    MAINTENANCE_ON_MARK_WITHOUT_FEE,
    ROWS,
    Basis,
    Convention,
    ConventionRow,
    convention_of,
)
from liqwatch.model import ContractKind, MarginMode

OLD = Convention(name="old", maintenance_basis=Basis.ENTRY)
NEW = Convention(name="new")
CROSS_ONLY = Convention(name="cross only")
CHANGED = date(2025, 9, 29)


@pytest.fixture
def three_rows(monkeypatch: pytest.MonkeyPatch) -> None:
    """An exchange that changed its formula once, and counts cross margin of inverse contracts in its own way."""
    rows = (
        ConventionRow(exchange="example", convention=OLD, source="page read 2023-11"),
        ConventionRow(exchange="example", convention=NEW, source="page read 2025-10", since=CHANGED),
        ConventionRow(
            exchange="example",
            convention=CROSS_ONLY,
            source="page read 2025-11",
            since=date(2025, 11, 1),
            margin_mode=MarginMode.CROSS,
            contract_kind=ContractKind.INVERSE,
        ),
    )
    monkeypatch.setattr(conventions, "ROWS", rows)


@pytest.mark.usefixtures("three_rows")
@pytest.mark.parametrize(
    ("mode", "kind", "on", "expected"),
    [
        (MarginMode.ISOLATED, ContractKind.LINEAR, date(2025, 9, 28), OLD),  # the day before
        (MarginMode.ISOLATED, ContractKind.LINEAR, CHANGED, NEW),  # the day itself
        (MarginMode.CROSS, ContractKind.LINEAR, date(2026, 1, 1), NEW),  # the narrow row is not about linear
        (MarginMode.ISOLATED, ContractKind.INVERSE, date(2026, 1, 1), NEW),  # nor about isolated
        (MarginMode.CROSS, ContractKind.INVERSE, date(2026, 1, 1), CROSS_ONLY),
        (MarginMode.CROSS, ContractKind.INVERSE, date(2025, 10, 1), NEW),  # not begun yet
    ],
)
def test_the_newest_row_that_has_begun_and_fits_counts(
    mode: MarginMode, kind: ContractKind, on: date, expected: Convention
) -> None:
    assert convention_of("example", mode, kind, on) is expected


def test_an_exchange_that_nobody_has_verified_has_no_convention() -> None:
    assert convention_of("nowhere", MarginMode.CROSS, ContractKind.LINEAR, date(2026, 1, 1)) is None


@pytest.mark.parametrize("mode", MarginMode)
def test_binance_counts_maintenance_on_the_mark_without_a_fee(mode: MarginMode) -> None:
    on = date(2026, 11, 20)
    assert convention_of("binance_usdm", mode, ContractKind.LINEAR, on) is MAINTENANCE_ON_MARK_WITHOUT_FEE


def test_every_row_names_its_source() -> None:
    assert all(row.source for row in ROWS)
