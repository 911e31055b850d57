"""Further figures with numbers a person can check, and what becomes of them when a fact is missing."""

from __future__ import annotations

import math
from datetime import timedelta

import pytest

from liqwatch.margin.assess import assess
from liqwatch.margin.conventions import Basis, Convention
from liqwatch.margin.figures import FiguresRequest, FundingRate, PositionFigures, figures_of
from liqwatch.margin.pools import Holding, Pool
from liqwatch.margin.tiers import tiers_with_deductions
from liqwatch.model import UNREACHABLE, ContractKind, Instrument, MarginMode, Position, Side, Unknown

SYMBOL = "BTC/USDT:USDT"
OTHER = "ETH/USDT:USDT"
ON_ENTRY = Convention(name="maintenance at entry", maintenance_basis=Basis.ENTRY)
HALF_PERCENT = tiers_with_deductions([(0.0, math.inf, 0.005)])
EIGHT_HOURS = timedelta(hours=8)


def contract(symbol: str = SYMBOL, *, kind: ContractKind = ContractKind.LINEAR, fee_rate: float = 0.0) -> Instrument:
    return Instrument(
        symbol=symbol,
        native_symbol=symbol,
        settle_currency="USDT",
        contract_kind=kind,
        price_tick=0.5,
        tiers=HALF_PERCENT,
        closing_fee_rate=fee_rate,
        liquidation_fee_rate=0.01,
    )


def position(
    side: Side = Side.LONG,
    *,
    symbol: str = SYMBOL,
    contracts: float = 1.0,
    entry_price: float = 60_000.0,
    leverage: float | None = 50.0,
    mode: MarginMode = MarginMode.ISOLATED,
) -> Position:
    return Position(
        symbol=symbol,
        side=side,
        contracts=contracts,
        entry_price=entry_price,
        margin_mode=mode,
        leverage=leverage,
    )


def pool_of(*held: Holding, wallet: float | None, convention: Convention | None = ON_ENTRY) -> Pool:
    first = held[0].position
    return Pool(
        account="main",
        venue="elsewhere",
        subject=first.subject,
        currency="USDT",
        margin_mode=first.margin_mode,
        wallet_balance=wallet,
        holdings=held,
        convention=convention,
    )


def isolated(each: Position, instrument: Instrument | None = None) -> Pool:
    """A pool of one whose margin is what its leverage asks for at entry."""
    assert each.leverage is not None
    value = each.contracts * each.entry_price
    return pool_of(Holding(each, instrument or contract()), wallet=value / each.leverage)


def only(pool: Pool, mark_price: float, request: FiguresRequest | None = None) -> PositionFigures:
    (mine,) = figures_of(assess(pool, {SYMBOL: mark_price}), request or FiguresRequest()).positions
    return mine


@pytest.mark.parametrize(
    ("side", "entry_price", "leverage", "bankruptcy"),
    [
        (Side.LONG, 60_000.0, 50.0, 58_800.0),  # Bybit help
        (Side.LONG, 10_000.0, 50.0, 9_800.0),  # Bybit help
        (Side.SHORT, 60_000.0, 50.0, 61_200.0),
    ],
)
def test_an_isolated_position_is_bankrupt_where_its_initial_margin_is_lost(
    side: Side, entry_price: float, leverage: float, bankruptcy: float
) -> None:
    mine = only(isolated(position(side, entry_price=entry_price, leverage=leverage)), entry_price)
    assert mine.bankruptcy_price == pytest.approx(bankruptcy)
    assert mine.initial_margin == pytest.approx(entry_price / leverage)
    assert mine.effective_leverage == pytest.approx(leverage)


def test_a_fill_past_bankruptcy_is_the_loss_of_the_insurance_fund() -> None:
    """Bybit's example: bankrupt at 64,000; a fill at 63,950 costs the fund 50, one at 64,980 leaves it 980."""
    long = pool_of(Holding(position(entry_price=66_000.0), contract()), wallet=2_000.0)
    mine = only(long, 66_000.0, FiguresRequest(gap=50 / 64_000))
    assert mine.bankruptcy_price == pytest.approx(64_000.0)
    assert mine.shortfall_after_gap == pytest.approx(50.0)
    assert assess(long, {SYMBOL: 64_980.0}).equity == pytest.approx(980.0)


def test_a_mark_already_past_the_gap_counts_as_it_is() -> None:
    long = pool_of(Holding(position(entry_price=66_000.0), contract()), wallet=2_000.0)
    assert only(long, 60_000.0, FiguresRequest(gap=0.01)).shortfall_after_gap == pytest.approx(4_000.0)


def test_distances_fee_and_loss_start_from_the_liquidation_price() -> None:
    """Entry 60,000, margin 1,200, maintenance 300 at entry: liquidated 900 below."""
    mine = only(isolated(position()), 60_000.0)
    assert mine.health.liquidation_price == pytest.approx(59_100.0)
    assert mine.liquidation_distance_money == pytest.approx(900.0)
    assert mine.liquidation_distance_ticks == 1_800
    assert mine.liquidation_fee == pytest.approx(591.0)
    assert mine.loss_at_liquidation == pytest.approx(1_200.0)  # never more than what is there
    assert mine.margin_call_price == pytest.approx(60_000 - 1_200 + 300 / 0.8)


def test_beyond_liquidation_distances_are_negative_and_the_way_there_costs_nothing_more() -> None:
    mine = only(isolated(position()), 59_000.0)
    assert mine.liquidation_distance_money == pytest.approx(-100.0)
    assert mine.liquidation_distance_ticks == -200
    assert mine.loss_at_liquidation == pytest.approx(200.0)


@pytest.mark.parametrize(("side", "expected"), [(Side.LONG, 60_060.03), (Side.SHORT, 59_940.03)])
def test_break_even_moves_the_entry_by_both_fees(side: Side, expected: float) -> None:
    mine = only(isolated(position(side), contract(fee_rate=0.0005)), 60_000.0)
    assert mine.break_even_price == pytest.approx(expected, abs=0.01)
    assert mine.closing_cost == pytest.approx(30.0)


def test_a_maker_rebate_on_opening_brings_break_even_nearer() -> None:
    request = FiguresRequest(opening_fee_rate=-0.0002, closing_fee_rate=0.0)
    assert only(isolated(position()), 60_000.0, request).break_even_price == pytest.approx(59_988.0)


@pytest.mark.parametrize(("side", "expected"), [(Side.LONG, -18.0), (Side.SHORT, 18.0)])
def test_longs_pay_a_positive_funding_rate_and_shorts_receive_it(side: Side, expected: float) -> None:
    request = FiguresRequest(funding_rates={SYMBOL: FundingRate(0.0001, EIGHT_HOURS)})
    assert only(isolated(position(side)), 60_000.0, request).funding_per_day == pytest.approx(expected)


def test_a_cross_position_shares_equity_and_takes_its_initial_margin_at_the_mark() -> None:
    held = [
        Holding(position(mode=MarginMode.CROSS), contract()),
        Holding(position(symbol=OTHER, contracts=10.0, entry_price=3_000.0, mode=MarginMode.CROSS), contract(OTHER)),
    ]
    request = FiguresRequest(funding_rates={SYMBOL: FundingRate(0.0001, EIGHT_HOURS)})
    figures = figures_of(assess(pool_of(*held, wallet=9_000.0), {SYMBOL: 61_000.0, OTHER: 3_100.0}), request)
    first, second = figures.positions
    assert first.initial_margin == pytest.approx(61_000 / 50)
    assert first.effective_leverage == pytest.approx(61_000 / 11_000)
    assert figures.effective_leverage == pytest.approx(92_000 / 11_000)
    assert figures.first_liquidated == first.health.position.subject
    assert first.funding_per_day == pytest.approx(-18.3)
    assert second.funding_per_day is None
    assert figures.funding_per_day is None  # one rate is missing, so the sum is not known
    assert figures.shock_distance == pytest.approx((11_000 - 300 - 150) / 92_000)
    assert figures.shock_direction == -1


def test_betas_bring_a_shock_nearer() -> None:
    held = [
        Holding(position(mode=MarginMode.CROSS), contract()),
        Holding(position(symbol=OTHER, contracts=10.0, entry_price=3_000.0, mode=MarginMode.CROSS), contract(OTHER)),
    ]
    health = assess(pool_of(*held, wallet=9_000.0), {SYMBOL: 60_000.0, OTHER: 3_000.0})
    figures = figures_of(health, FiguresRequest(betas={OTHER: 1.5}))
    assert figures.shock_distance == pytest.approx((9_000 - 450) / (60_000 + 45_000))


def test_a_market_that_has_lost_everything_takes_no_more_from_the_pool() -> None:
    """With a beta of 4 the small market is gone at a quarter of the shock; the large one carries on alone."""
    held = [
        Holding(position(contracts=1.0, entry_price=1_000.0, mode=MarginMode.CROSS), contract()),
        Holding(position(symbol=OTHER, contracts=1.0, entry_price=100.0, mode=MarginMode.CROSS), contract(OTHER)),
    ]
    health = assess(pool_of(*held, wallet=600.0), {SYMBOL: 1_000.0, OTHER: 100.0})
    figures = figures_of(health, FiguresRequest(betas={OTHER: 4.0}))
    assert figures.shock_distance == pytest.approx((600 - 5.5 - 100) / 1_000)


def test_a_hedged_leg_has_no_liquidation_of_its_own() -> None:
    held = [
        Holding(position(Side.LONG, contracts=2.0, mode=MarginMode.CROSS), contract()),
        Holding(position(Side.SHORT, contracts=1.0, mode=MarginMode.CROSS), contract()),
    ]
    figures = figures_of(assess(pool_of(*held, wallet=6_000.0), {SYMBOL: 60_000.0}))
    long, short = figures.positions
    assert short.health.is_hedged_leg
    assert short.liquidation_distance_money is short.liquidation_distance_ticks is short.liquidation_fee is None
    assert short.loss_at_liquidation is short.shortfall_after_gap is None
    assert short.bankruptcy_price == long.bankruptcy_price == pytest.approx(54_000.0)
    assert figures.first_liquidated == long.health.position.subject


def test_a_pool_that_nothing_can_liquidate_says_so() -> None:
    figures = figures_of(assess(pool_of(Holding(position(), contract()), wallet=70_000.0), {SYMBOL: 60_000.0}))
    (mine,) = figures.positions
    assert figures.shock_distance is UNREACHABLE
    assert figures.shock_direction == 0
    assert figures.first_liquidated is None
    assert mine.bankruptcy_price is mine.margin_call_price is UNREACHABLE
    assert mine.shortfall_after_gap == 0.0
    assert mine.liquidation_distance_money is mine.loss_at_liquidation is None


@pytest.mark.parametrize(("side", "direction"), [(Side.LONG, -1), (Side.SHORT, 1)])
def test_a_pool_beyond_liquidation_is_at_shock_zero(side: Side, direction: int) -> None:
    figures = figures_of(assess(pool_of(Holding(position(side), contract()), wallet=100.0), {SYMBOL: 60_000.0}))
    assert (figures.shock_distance, figures.shock_direction) == (0.0, direction)


def test_a_pool_without_equity_has_an_infinite_leverage() -> None:
    assert only(isolated(position()), 58_000.0).effective_leverage == math.inf


@pytest.mark.parametrize(
    ("pool", "marks"),
    [
        (pool_of(Holding(position(), contract()), wallet=None), {SYMBOL: 60_000.0}),
        (pool_of(Holding(position(), contract()), wallet=1.0, convention=None), {SYMBOL: 60_000.0}),
        (pool_of(Holding(position(), None), wallet=1.0), {SYMBOL: 60_000.0}),
        (pool_of(Holding(position(entry_price=0.0), contract()), wallet=1.0), {SYMBOL: 60_000.0}),
        (pool_of(Holding(position(mode=MarginMode.CROSS), contract()), wallet=1.0), {}),
    ],
    ids=["wallet", "convention", "contract", "entry price", "mark price"],
)
def test_a_missing_fact_leaves_no_number_that_rests_on_it(pool: Pool, marks: dict[str, float]) -> None:
    figures = figures_of(assess(pool, marks), FiguresRequest(exchange="bybit"))
    (mine,) = figures.positions
    assert isinstance(figures.shock_distance, Unknown)
    assert isinstance(mine.bankruptcy_price, Unknown)
    assert isinstance(mine.margin_call_price, Unknown)
    assert mine.effective_leverage is mine.shortfall_after_gap is mine.loss_at_liquidation is None
    assert figures.effective_leverage is None
    assert figures.first_liquidated is None
    assert mine.step_down == ()


def test_without_a_mark_the_figures_of_entry_are_still_known() -> None:
    (mine,) = figures_of(assess(isolated(position()), {})).positions
    assert mine.initial_margin == pytest.approx(1_200.0)
    assert mine.break_even_price == pytest.approx(60_000.0)
    assert mine.closing_cost is mine.funding_per_day is None


def test_without_a_leverage_there_is_no_initial_margin() -> None:
    mine = only(pool_of(Holding(position(leverage=None), contract()), wallet=1_200.0), 60_000.0)
    assert mine.initial_margin is None


@pytest.mark.parametrize(
    "wrong",
    [
        {"margin_call_ratio": 0.0},
        {"margin_call_ratio": 1.1},
        {"margin_call_ratio": math.nan},
        {"gap": 1.0},
        {"gap": -0.1},
        {"betas": {SYMBOL: math.inf}},
        {"opening_fee_rate": 1.0},
        {"closing_fee_rate": math.nan},
    ],
    ids=str,
)
def test_a_request_outside_its_range_is_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(ValueError, match=r"must|fractions"):
        FiguresRequest(**wrong)  # type: ignore[arg-type] # the table holds every kind of field


@pytest.mark.parametrize(("rate", "interval"), [(math.nan, EIGHT_HOURS), (0.0001, timedelta(0))])
def test_a_funding_rate_needs_a_number_and_an_interval(rate: float, interval: timedelta) -> None:
    with pytest.raises(ValueError, match="positive interval"):
        FundingRate(rate, interval)
