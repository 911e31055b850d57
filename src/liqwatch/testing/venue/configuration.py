"""The TOML file of a simulator that runs on its own: starting prices, accounts and their positions.

[prices]
BTCUSDT = 117000

[[accounts]]
api_key = "demo-key"
secret = "demo-secret"
is_hedge_mode = false
cross_wallets = { USDT = 1000 }

[[accounts.positions]]
native_symbol = "BTCUSDT"
side = "long"
contracts = 0.1
entry_price = 117000
leverage = 10
isolated_wallet = 1200
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from liqwatch.errors import ConfigError, Problem
from liqwatch.model import Side
from liqwatch.testing.venue.book import VenueAccount, VenuePosition
from liqwatch.testing.venue.markets import DEFAULT_MARKETS, VenueMarket


@dataclass(frozen=True, slots=True)
class VenueSetup:
    """What a file asks for."""

    markets: tuple[VenueMarket, ...]
    accounts: tuple[VenueAccount, ...]


def read_setup(path: Path) -> VenueSetup:
    """Read such a file. Raises ConfigError when it cannot be read or does not have this shape."""
    try:
        document = tomllib.loads(path.read_text(encoding="utf-8"))
        return VenueSetup(_markets(document.get("prices", {})), tuple(map(_account, document.get("accounts", []))))
    except (OSError, ValueError, TypeError, KeyError, AttributeError) as error:
        problem = Problem(path=str(path), code=ConfigError.code, message=f"not a simulator set-up: {error}")
        raise ConfigError(str(path), [problem]) from error


def _markets(prices: Mapping[str, Any]) -> tuple[VenueMarket, ...]:
    unlisted = prices.keys() - {market.native_symbol for market in DEFAULT_MARKETS}
    if unlisted:
        raise ValueError(f"no such market: {', '.join(sorted(unlisted))}")
    return tuple(
        replace(market, mark_price=float(prices.get(market.native_symbol, market.mark_price)))
        for market in DEFAULT_MARKETS
    )


def _account(table: dict[str, Any]) -> VenueAccount:
    positions = [_position(row) for row in table.pop("positions", [])]
    return VenueAccount(positions=positions, **table)


def _position(table: dict[str, Any]) -> VenuePosition:
    side = Side[str(table.pop("side")).upper()]
    return VenuePosition(side=side, **table)
