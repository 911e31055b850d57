"""Fixtures of the contract tests: small rows of venues whose tests share them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

import pytest

from liqwatch.exchanges.payloads.deribit_account import Portfolio, PositionRow, snapshot_of
from liqwatch.exchanges.payloads.deribit_listing import ListedFuture, listing_of
from liqwatch.exchanges.plumbing.listing import Listing
from liqwatch.model import AccountSnapshot


class DeribitRows:
    """What Deribit says, as short as it can be; each builder takes the fields that matter to the test."""

    owner = ("main", "deribit")
    now = datetime(2026, 11, 1, tzinfo=UTC)

    def portfolio(self, **changes: Any) -> Portfolio:
        facts: dict[str, Any] = {"currency": "USDC", "margin_balance": 1000.0, "maintenance_margin": 0.0}
        return Portfolio(**(facts | changes))

    def row(self, **changes: Any) -> PositionRow:
        facts: dict[str, Any] = {
            "instrument_name": "BTC_USDC-PERPETUAL",
            "size": 10_000.0,
            "size_currency": 0.1,
            "direction": "buy",
            "average_price": 100_000.0,
            "mark_price": 100_000.0,
            "total_profit_loss": 0.0,
        }
        return PositionRow(**(facts | changes))

    def snapshot(self, *rows: PositionRow, **changes: Any) -> AccountSnapshot:
        """The account of one portfolio, changed as said."""
        return self.snapshot_of([self.portfolio(**changes)], rows)

    def snapshot_of(self, portfolios: Sequence[Portfolio], rows: Sequence[PositionRow]) -> AccountSnapshot:
        return snapshot_of(self.owner, portfolios, rows, self.listing(), self.now)

    def listed(self, base: str, settle: str, **changes: Any) -> ListedFuture:
        is_linear = settle != base
        facts: dict[str, Any] = {
            "instrument_name": f"{base}_{settle}-PERPETUAL" if is_linear else f"{base}-PERPETUAL",
            "kind": "future",
            "base_currency": base,
            "counter_currency": settle if is_linear else "USD",
            "settlement_currency": settle,
            "contract_size": 1.0,
            "tick_size": 0.5,
            "max_leverage": 50.0,
            "settlement_period": "perpetual",
        }
        return ListedFuture(**(facts | changes))

    def listing(self, rows: Sequence[PositionRow] = ()) -> Listing:
        """The markets of the recorded positions, with the marks of that moment."""
        futures = [
            self.listed("BTC", "BTC", contract_size=10.0),
            self.listed("ETH", "ETH"),
            self.listed("BTC", "USDC", contract_size=0.001),
            self.listed("ADA", "USDC", max_leverage=25.0),
            self.listed("LTC", "USDC", contract_size=0.1, max_leverage=25.0),
            self.listed("TRX", "USDC", contract_size=10.0, max_leverage=25.0),
        ]
        return listing_of(futures, 0, {row.instrument_name: row.mark_price for row in rows})


@pytest.fixture
def deribit() -> DeribitRows:
    """Deribit's rows."""
    return DeribitRows()
