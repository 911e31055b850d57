"""The fee of closing where nothing would be left, and the prices that contain it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from liqwatch.margin.bankruptcy_fee import bankruptcy_price_after_fee, fee_to_close, leverage_bankruptcy_price
from liqwatch.margin.marked import known_instrument
from liqwatch.margin.pnl import notional, unrealized_pnl
from liqwatch.margin.pools import Holding
from liqwatch.model import ContractKind, MarginMode
from liqwatch.testing.golden import GoldenPool, holding_of

kinds = st.sampled_from([ContractKind.LINEAR, ContractKind.INVERSE])


def held(side: str, kind: ContractKind = ContractKind.LINEAR, **facts: float | None) -> Holding:
    defaults = {"contracts": 1.0, "entry_price": 40_000.0, "taker_fee_rate": 0.00055, "leverage": 50.0}
    return holding_of({"side": side, **defaults, **facts}, kind=kind, mode=MarginMode.CROSS)


def fee_of(holding: Holding) -> float | None:
    return fee_to_close(holding.position, known_instrument(holding))


@pytest.mark.parametrize(("side", "expected"), [("long", 21.56), ("short", 22.44)])
def test_bybit_states_the_fee_at_the_bankruptcy_price(side: str, expected: float) -> None:
    assert fee_of(held(side)) == pytest.approx(expected)


@pytest.mark.parametrize(("entry_price", "expected"), [(60_000.0, 58_800.0), (10_000.0, 9_800.0)])
def test_bybit_states_the_bankruptcy_price_by_leverage(entry_price: float, expected: float) -> None:
    holding = held("long", entry_price=entry_price)
    assert leverage_bankruptcy_price(holding.position, known_instrument(holding)) == pytest.approx(expected)


@given(kinds, st.sampled_from(["long", "short"]), st.floats(1.5, 100.0))
def test_the_loss_at_the_bankruptcy_price_is_the_initial_margin(kind: ContractKind, side: str, leverage: float) -> None:
    holding = held(side, kind, leverage=leverage, contract_size=100.0)
    position, instrument = holding.position, known_instrument(holding)
    price = leverage_bankruptcy_price(position, instrument)
    assert price is not None
    lost = -unrealized_pnl(position, instrument, price)
    assert lost == pytest.approx(notional(position, instrument, position.entry_price) / leverage)


def test_an_inverse_short_without_leverage_is_never_bankrupt_and_pays_nothing() -> None:
    holding = held("short", ContractKind.INVERSE, leverage=1.0)
    assert leverage_bankruptcy_price(holding.position, known_instrument(holding)) is None
    assert fee_of(holding) == 0.0


def test_without_a_leverage_there_is_no_such_fee() -> None:
    assert fee_of(held("long", leverage=None)) is None


@given(kinds, st.sampled_from(["long", "short"]), st.floats(0.01, 0.3))
def test_at_the_bankruptcy_price_after_fee_equity_just_pays_for_closing(
    kind: ContractKind, side: str, margin_share: float
) -> None:
    holding = held(side, kind, contract_size=100.0, maintenance_margin_rate=0.005)
    position, instrument = holding.position, known_instrument(holding)
    wallet = margin_share * notional(position, instrument, position.entry_price)
    pool = GoldenPool(exchange="okx", holdings=(holding,), wallet_balance=wallet, marks={})
    price = bankruptcy_price_after_fee(pool.marked, pool.first)
    assert isinstance(price, float)
    left = wallet + unrealized_pnl(position, instrument, price)
    assert left == pytest.approx(instrument.closing_fee_rate * notional(position, instrument, price))
