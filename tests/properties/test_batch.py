"""Columns and the walk give the same liquidation prices."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from liqwatch.margin.assess import assess, computed_liquidation_price
from liqwatch.margin.batch import IsolatedColumns, isolated_liquidation_prices
from liqwatch.margin.conventions import MAINTENANCE_ON_MARK_WITHOUT_FEE, Basis, Convention, TierMode
from liqwatch.margin.marked import MarkedPool
from liqwatch.margin.pools import Holding, Pool
from liqwatch.model import ContractKind, Instrument, LeverageTier, MarginMode, Position, Side
from liqwatch.testing.strategies import SYMBOLS, instrument, tier_tables

CONVENTIONS = (
    MAINTENANCE_ON_MARK_WITHOUT_FEE,
    Convention(name="fee inside", closing_fee_basis=Basis.LIQUIDATION),
    Convention(name="at entry", maintenance_basis=Basis.ENTRY),
    Convention(name="flat", tier_mode=TierMode.FLAT),
)
FIGURES = st.tuples(st.sampled_from((1, -1)), st.integers(1, 5_000), st.integers(50, 200), st.integers(1, 150))


def walked(contract: Instrument, convention: Convention, mark: float, figures: tuple[int, int, int, float]) -> float:
    side, contracts, entry_price, wallet = figures
    position = Position(
        symbol=contract.symbol,
        side=Side(side),
        contracts=float(contracts),
        entry_price=float(entry_price),
        margin_mode=MarginMode.ISOLATED,
    )
    holding = Holding(position, contract)
    pool = Pool(
        account="main",
        venue="v",
        subject=position.subject,
        currency="USDT",
        margin_mode=MarginMode.ISOLATED,
        wallet_balance=wallet,
        holdings=(holding,),
        convention=convention,
    )
    price = computed_liquidation_price(MarkedPool(pool, {contract.symbol: mark}), holding)
    return price if isinstance(price, float) else math.nan


@pytest.mark.parametrize("kind", list(ContractKind))
@pytest.mark.parametrize("convention", CONVENTIONS, ids=lambda each: each.name)
@given(data=st.data())
def test_scalar_equals_vectorised(kind: ContractKind, convention: Convention, data: st.DataObject) -> None:
    contract = instrument(SYMBOLS[0], data.draw(tier_tables()), kind=kind)
    rows = data.draw(st.lists(FIGURES, min_size=1, max_size=6))
    wallets = [
        share / 100 * contracts * (entry if kind is not ContractKind.INVERSE else 1 / entry)
        for _, contracts, entry, share in rows
    ]
    columns = IsolatedColumns(
        sides=[row[0] for row in rows],
        contracts=[float(row[1]) for row in rows],
        entry_prices=[float(row[2]) for row in rows],
        wallets=wallets,
    )
    for row, wallet, price in zip(
        rows, wallets, isolated_liquidation_prices(contract, convention, columns, 100.0), strict=True
    ):
        solvent_at = float(row[2])
        expected = walked(contract, convention, solvent_at, (row[0], row[1], row[2], wallet))
        if convention.tier_mode is TierMode.FLAT:
            expected = walked(contract, convention, 100.0, (row[0], row[1], row[2], wallet))
        if math.isnan(expected):
            assert math.isnan(price) or price < 1e-6 or price > 1e9
        elif expected != solvent_at:
            assert price == pytest.approx(expected, rel=1e-7)


@given(
    tiers=tier_tables(),
    figures=FIGURES,
    ratio=st.sampled_from((0.5, 0.65, 0.8, 0.9)),
    kind=st.sampled_from(ContractKind),
)
def test_at_the_price_of_a_ratio_the_margin_ratio_is_that_ratio(
    tiers: tuple[LeverageTier, ...], figures: tuple[int, int, int, int], ratio: float, kind: ContractKind
) -> None:
    contract = instrument(SYMBOLS[0], tiers, kind=kind)
    side, contracts, entry_price, share = figures
    wallet = share / 100 * contracts * (entry_price if kind is not ContractKind.INVERSE else 1 / entry_price)
    columns = IsolatedColumns([side], [float(contracts)], [float(entry_price)], [wallet])
    (price,) = isolated_liquidation_prices(contract, MAINTENANCE_ON_MARK_WITHOUT_FEE, columns, 100.0, ratio=ratio)
    if not math.isnan(price) and 1e-3 < price < 1e6:
        position = Position(
            symbol=contract.symbol,
            side=Side(side),
            contracts=float(contracts),
            entry_price=float(entry_price),
            margin_mode=MarginMode.ISOLATED,
        )
        pool = Pool(
            account="main",
            venue="v",
            subject=position.subject,
            currency="USDT",
            margin_mode=MarginMode.ISOLATED,
            wallet_balance=wallet,
            holdings=(Holding(position, contract),),
            convention=MAINTENANCE_ON_MARK_WITHOUT_FEE,
        )
        assert assess(pool, {contract.symbol: price}).margin_ratio == pytest.approx(ratio, rel=1e-6)


def test_an_empty_column_gives_an_empty_column() -> None:
    contract = replace(instrument(SYMBOLS[0], ()), tiers=())
    empty = IsolatedColumns(sides=[], contracts=[], entry_prices=[], wallets=[])
    assert isolated_liquidation_prices(contract, MAINTENANCE_ON_MARK_WITHOUT_FEE, empty, 1.0) == []
