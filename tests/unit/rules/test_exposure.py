"""How much of an account hangs on one market."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from liqwatch.margin.assess import assess
from liqwatch.margin.pools import pools_of
from liqwatch.model import UNREACHABLE, MarginMode, Side, Unknown
from liqwatch.rules.exposure import advice, detail, headline, read
from liqwatch.testing.sights import CONTRACT, LONG, NOW, SHORT, SYMBOL, account_of, sight_of

ETH = replace(LONG, symbol="ETH/USDT:USDT")
ISOLATED = replace(LONG, margin_mode=MarginMode.ISOLATED, isolated_wallet=3_000.0)
DATED_SHORT = replace(SHORT, symbol="BTC/USDT:USDT-261225")


def test_the_heaviest_market_counts() -> None:
    sight = sight_of(account_of(LONG, replace(ETH, contracts=0.5), cross_wallets={"USDT": 20_000.0}))
    assert read(sight) == pytest.approx(3.0)
    assert detail(sight) == (
        "BTC/USDT net long 60,000.00 USDT: 300% of the equity",
        "ETH/USDT net long 30,000.00 USDT: 150% of the equity",
    )


def test_a_hedge_counts_against() -> None:
    assert read(sight_of(account_of(LONG, replace(SHORT, contracts=0.75)))) == pytest.approx(2.5)
    assert read(sight_of(account_of(LONG, SHORT))) == 0.0
    assert detail(sight_of(account_of(LONG, SHORT))) == ()


def test_perpetual_and_dated_contract_of_a_coin_are_one_market() -> None:
    assert read(sight_of(account_of(LONG, DATED_SHORT))) == 0.0


def test_an_isolated_position_is_measured_by_the_whole_account() -> None:
    account = account_of(ISOLATED, cross_wallets={"USDT": 57_000.0})
    assert read(sight_of(account)) == pytest.approx(1.0)
    # With a cross position beside it the wallet is that pool's equity, and is not counted twice.
    both = account_of(ISOLATED, replace(ETH, contracts=0.1), cross_wallets={"USDT": 57_000.0})
    assert read(sight_of(both)) == pytest.approx(1.0)


def test_currencies_are_judged_one_by_one() -> None:
    usdc = replace(LONG, symbol="BTC/USDC:USDC")
    account = account_of(LONG, usdc, cross_wallets={"USDT": 60_000.0, "USDC": 15_000.0})
    contracts = {SYMBOL: CONTRACT, usdc.symbol: replace(CONTRACT, symbol=usdc.symbol, settle_currency="USDC")}
    pools = pools_of(account, contracts, exchange="binance_usdm", on=NOW.date())
    marks = dict.fromkeys(contracts, 60_000.0)
    sight = replace(sight_of(account), pools=tuple(assess(pool, marks) for pool in pools))
    assert read(sight) == pytest.approx(4.0)
    assert detail(sight) == (
        "BTC/USDC net long 60,000.00 USDC: 400% of the equity",
        "BTC/USDT net long 60,000.00 USDT: 100% of the equity",
    )


def test_the_advice_says_how_much_to_close() -> None:
    assert advice(sight_of()) == "Close about 24,000.00 USDT worth of BTC/USDT to be back at 600%."
    calm = account_of(cross_wallets={"USDT": 30_000.0})
    assert advice(sight_of(calm)) is None
    notice = advice(sight_of(account_of(cross_wallets={"USDT": 15_000.0})))
    assert notice == "Close about 15,000.00 USDT worth of BTC/USDT to be back at 300%."


def test_without_equity_the_share_is_infinite() -> None:
    sight = sight_of(marks={SYMBOL: 53_000.0})
    assert read(sight) == math.inf
    assert headline(read(sight)) == "no equity left behind a market"
    assert advice(sight) == "Close BTC/USDT, or add margin: nothing stands behind it."
    assert detail(sight) == ("BTC/USDT net long 53,000.00 USDT: no equity left",)


def test_one_unknown_pool_leaves_the_account_unknown() -> None:
    broken = replace(ISOLATED, isolated_wallet=None, symbol="ETH/USDT:USDT")
    sight = sight_of(account_of(LONG, broken))
    assert read(sight) == Unknown("the wallet balance is not known")
    assert advice(sight) is None
    assert detail(sight) == ()
    assert isinstance(read(sight_of(marks={})), Unknown)


def test_every_reading_has_a_headline() -> None:
    assert headline(Unknown("x")) == "exposure to one market unknown: x"
    assert headline(UNREACHABLE) == "no exposure"
    assert headline(3.2) == "one market weighs 320% of the equity"


@given(size=st.integers(1, 100), more=st.integers(1, 100), side=st.sampled_from(Side))
def test_a_larger_position_is_never_less_exposure_and_sides_are_alike(size: int, more: int, side: Side) -> None:
    def exposure_of(contracts: float, direction: Side) -> float:
        reading = read(sight_of(account_of(replace(LONG, contracts=contracts, side=direction))))
        assert isinstance(reading, float)
        return reading

    assert exposure_of(size / 10, side) < exposure_of((size + more) / 10, side)
    assert exposure_of(size / 10, Side.LONG) == exposure_of(size / 10, Side.SHORT)


@given(mark=st.integers(56_000, 80_000), factor=st.sampled_from([1e-6, 0.01, 3.0, 1e4]))
def test_the_unit_of_the_price_does_not_matter(mark: int, factor: float) -> None:
    here = read(sight_of(marks={SYMBOL: float(mark)}))
    scaled = account_of(replace(LONG, entry_price=60_000.0 * factor, contracts=1 / factor))
    assert read(sight_of(scaled, marks={SYMBOL: mark * factor})) == pytest.approx(here, rel=1e-6)
