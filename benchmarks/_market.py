"""The synthetic venue and portfolio: 550 listed contracts, up to 500 typed positions, one config file."""

from __future__ import annotations

from pathlib import Path
from typing import TypeAlias

from liqwatch.testing.venue.markets import MINOR_BRACKETS, VenueMarket, market

Endpoints: TypeAlias = tuple[str, str]
"""Where the venue is: REST and websocket base URL."""

MARKETS = 550
LEVERAGE = 3
MAINTENANCE_MARGIN_RATE = 0.01
CROSSING = 0.84
"""Times the first price: the distance to liquidation falls from 33 % to 20 %, past `notice` and no other level."""


def first_price(index: int) -> float:
    """Where a market begins; no two alike."""
    return 10.0 + 0.25 * index


def markets(count: int = MARKETS) -> tuple[VenueMarket, ...]:
    """Every contract the venue lists, in the order in which the positions cross."""
    return tuple(
        market(f"M{index:03d}USDT", first_price(index), price_tick=0.0001, quantity_step=0.1, brackets=MINOR_BRACKETS)
        for index in range(count)
    )


def symbol(index: int) -> str:
    """The unified symbol of a market."""
    return f"M{index:03d}/USDT:USDT"


def liquidation_price(index: int) -> float:
    """Of the typed long in that market: isolated margin 1/LEVERAGE of the entry notional."""
    return first_price(index) * (1 - 1 / LEVERAGE) / (1 - MAINTENANCE_MARGIN_RATE)


def typed_account(positions: int, endpoints: Endpoints, *, name: str = "paper", entry_above: float = 0.0) -> str:
    """The account table of a config file: one isolated long in each of the first markets, no key.

    `entry_above`: entered above the first price by this fraction.
    """
    rows = (
        f'[[accounts.{name}.positions]]\nsymbol = "{symbol(index)}"\nside = "long"\ncontracts = 10\n'
        f"entry_price = {first_price(index) * (1 + entry_above)}\nleverage = {LEVERAGE}\n"
        f'maintenance_margin_rate = {MAINTENANCE_MARGIN_RATE}\nmargin_mode = "isolated"\n'
        for index in range(positions)
    )
    return "\n".join((_account_head(name, endpoints), *rows))


def keyed_account(endpoints: Endpoints, api_key: str, secret: str) -> str:
    """The account table of a config file: a key, positions are discovered."""
    return f'{_account_head("main", endpoints)}api_key = "{api_key}"\nsecret = "{secret}"\n'


def _account_head(name: str, endpoints: Endpoints) -> str:
    rest, websocket = endpoints
    return (
        f'[accounts.{name}]\nexchange = "binance_usdm"\nendpoints = {{ rest = "{rest}", websocket = "{websocket}" }}\n'
    )


def write_config(directory: Path, account: str, channels: str = "") -> Path:
    """A complete config file; without `channels` everything goes to standard output."""
    console = '[channels.console]\nurl = "console://"\n\n[[routes]]\nmin_severity = "notice"\nchannels = ["console"]\n'
    path = directory / "config.toml"
    path.touch(mode=0o600)
    daemon = f'[daemon]\nstate_directory = "{directory / "state"}"\nlog_level = "error"\n'
    path.write_text("\n".join((daemon, account, channels or console)), encoding="utf-8")
    return path
