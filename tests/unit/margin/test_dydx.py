"""dYdX's liquidation orders: a discount that grows as equity sinks below maintenance."""

from __future__ import annotations

import pytest

from liqwatch.margin.dydx import bankruptcy_quote, fillable_price
from liqwatch.model import MarginMode
from liqwatch.testing.golden import GoldenPool, holding_of


def pool(equity: float, *sides: str) -> GoldenPool:
    holdings = tuple(
        holding_of(
            {
                "symbol": f"market {number}",
                "side": side,
                "contracts": 1.0,
                "entry_price": 1_000.0,
                "maintenance_margin_rate": 0.1,
            },
            mode=MarginMode.CROSS,
        )
        for number, side in enumerate(sides)
    )
    return GoldenPool(exchange="dydx", holdings=holdings, wallet_balance=equity, marks={})


@pytest.mark.parametrize(
    ("side", "equity", "expected"),
    [
        ("long", 150.0, 1_000.0),  # whole
        ("long", 50.0, 995.0),  # half of the maintenance is gone: half of the spread
        ("short", 50.0, 1_005.0),
        ("long", -20.0, 990.0),  # the spread is full
    ],
)
def test_the_discount_grows_as_equity_sinks(side: str, equity: float, expected: float) -> None:
    one = pool(equity, side)
    price = fillable_price(one.marked, one.first, spread_to_maintenance_ratio=0.1, bankruptcy_adjustment=1.0)
    assert price == pytest.approx(expected)


def test_quotes_at_bankruptcy_use_up_the_equity_between_the_positions() -> None:
    two = pool(60.0, "long", "short")
    quotes = [bankruptcy_quote(two.marked, holding) for holding in two.holdings]
    assert quotes == pytest.approx([970.0, -1_030.0])
    assert bankruptcy_quote(two.marked, two.first, closed_share=0.5) == pytest.approx(485.0)
