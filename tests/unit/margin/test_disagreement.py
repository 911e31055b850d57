from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime

import pytest

from liqwatch.margin.assess import assess
from liqwatch.margin.conventions import MAINTENANCE_ON_MARK_WITHOUT_FEE
from liqwatch.margin.disagreement import disagreement, likely_cause
from liqwatch.margin.pools import Holding, Pool, pools_of
from liqwatch.model import (
    UNREACHABLE,
    AccountSnapshot,
    Instrument,
    LeverageTier,
    MarginMode,
    Position,
    Side,
    SnapshotSource,
)
from liqwatch.rules.figures_disagree import RULE
from liqwatch.rules.sight import Sight

NOW = datetime(2026, 11, 25, tzinfo=UTC)

BTC = Instrument(
    symbol="BTC/USDT:USDT",
    native_symbol="BTCUSDT",
    settle_currency="USDT",
    price_tick=0.1,
    tiers=(LeverageTier(notional_floor=0, notional_cap=1e9, maintenance_margin_rate=0.004),),
)
LONG = Position(
    symbol=BTC.symbol,
    side=Side.LONG,
    contracts=0.5,
    entry_price=60_000.0,
    margin_mode=MarginMode.ISOLATED,
    leverage=10,
    isolated_wallet=3_000.0,
    reported_mark_price=59_000.0,
)
OURS = (0.5 * 60_000 - 3_000) / (0.5 * (1 - 0.004))
WITH_FEE = (0.5 * 60_000 - 3_000) / (0.5 * (1 - 0.004 - 0.0005))
AT_ENTRY = 60_000 - (3_000 - 0.004 * 30_000) / 0.5


def pool_reporting(price: float | None, instrument: Instrument = BTC) -> Pool:
    snapshot = AccountSnapshot(
        account="main",
        venue="binance_usdm",
        positions=(replace(LONG, reported_liquidation_price=price),),
        cross_wallets={},
        as_of=datetime(2026, 11, 25, tzinfo=UTC),
        source=SnapshotSource.REST,
    )
    (pool,) = pools_of(snapshot, {BTC.symbol: instrument}, exchange="binance_usdm", on=date(2026, 11, 25))
    return pool


def test_a_venue_that_reports_our_figure_agrees() -> None:
    pool = pool_reporting(OURS)
    found = disagreement(pool, pool.holdings[0])
    assert found is not None
    assert found.tolerances == pytest.approx(0, abs=1e-9)
    assert found.computed == pytest.approx(OURS)


def test_the_tolerance_is_a_hundredth_of_a_percent_of_the_mark_or_a_tick() -> None:
    pool = pool_reporting(OURS + 2 * 5.9)
    found = disagreement(pool, pool.holdings[0])
    assert found is not None
    assert found.tolerances == pytest.approx(2)
    coarse = pool_reporting(OURS + 50, replace(BTC, price_tick=100.0))
    found = disagreement(coarse, coarse.holdings[0])
    assert found is not None
    assert found.tolerances == pytest.approx(0.5)


@pytest.mark.parametrize(
    ("reported", "cause"),
    [
        (WITH_FEE, "closing fee of 0.05 %"),
        (AT_ENTRY, "maintenance at the entry price"),
        (OURS * 1.05, "the formula has moved"),
    ],
)
def test_the_likely_cause_is_the_convention_that_would_explain_the_figure(reported: float, cause: str) -> None:
    pool = pool_reporting(reported)
    assert cause in likely_cause(pool, pool.holdings[0])


def test_nothing_is_compared_without_a_reported_price_or_with_assumed_tiers() -> None:
    silent = pool_reporting(None)
    assert disagreement(silent, silent.holdings[0]) is None
    assumed = pool_reporting(OURS * 1.1, replace(BTC, tiers_assumed=True))
    assert disagreement(assumed, assumed.holdings[0]) is None


def test_the_rule_names_both_figures_and_the_nearer_one_counts() -> None:
    pool = pool_reporting(WITH_FEE)
    health = assess(pool, {BTC.symbol: 59_000.0})
    (position,) = health.positions
    sight = Sight(now=NOW, pool=health, position=position)
    assert RULE.read is not None
    assert RULE.detail is not None
    reading = RULE.read(sight)
    assert isinstance(reading, float)
    assert reading > 1
    (line,) = RULE.detail(sight)
    assert f"Venue {WITH_FEE:,.8g}, computed {OURS:,.8g}" in line
    assert position.liquidation_price == WITH_FEE


def test_agreement_reads_as_nothing_to_tell() -> None:
    health = assess(pool_reporting(None), {BTC.symbol: 59_000.0})
    assert RULE.read is not None
    assert RULE.read(Sight(now=NOW, pool=health, position=health.positions[0])) is UNREACHABLE


def test_a_figure_on_assumed_tiers_never_outvotes_the_venues() -> None:
    pool = pool_reporting(50_000.0, replace(BTC, tiers_assumed=True))
    (position,) = assess(pool, {BTC.symbol: 59_000.0}).positions
    assert position.liquidation_price == 50_000.0


def test_the_holding_is_judged_by_its_own_convention() -> None:
    pool = pool_reporting(OURS)
    assert pool.convention is MAINTENANCE_ON_MARK_WITHOUT_FEE
    assert disagreement(replace(pool, convention=None), Holding(LONG, BTC)) is None


def test_without_a_tick_and_a_mark_of_its_own_the_tolerance_is_a_share_of_the_venues_price() -> None:
    """The mark is known from the other leg of a hedge alone."""
    pool = pool_reporting(OURS, replace(BTC, price_tick=0.0))
    unmarked = Holding(replace(pool.holdings[0].position, reported_mark_price=None), pool.holdings[0].instrument)
    other = Holding(replace(LONG, side=Side.SHORT, contracts=0.1), pool.holdings[0].instrument)
    found = disagreement(replace(pool, holdings=(unmarked, other)), unmarked)
    assert found is not None
    assert found.tolerances == pytest.approx(abs(OURS - found.computed) / (1e-4 * OURS))
