"""One account as its venue last described it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import Enum

from liqwatch.model.facts import VenueNotice
from liqwatch.model.position import Position


class SnapshotSource(Enum):
    """Who said so: a full REST answer, a pushed change merged into the last one, or the config file."""

    REST = "rest"
    STREAM = "stream"
    TYPED = "typed"


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountSnapshot:
    """Positions and wallets of one account at one moment.

    `cross_wallets` maps a settle currency to the cross wallet balance without unrealised PnL. With
    `is_multi_asset` all cross positions share the one pool named by `pool_currency`.
    `closed` names positions whose end the venue has stated, so that their absence needs no second look;
    `forced` those that the venue itself has lately closed or reduced (liquidation, deleveraging), with its word for it.
    `notices` are the venue's own warnings since the last snapshot. `reported_margin_ratios` maps a pool's currency to
    maintenance ÷ equity as the venue states it, where the account's margin cannot be rebuilt.
    """

    account: str
    venue: str
    positions: tuple[Position, ...]
    cross_wallets: Mapping[str, float]
    as_of: datetime
    source: SnapshotSource
    is_multi_asset: bool = False
    pool_currency: str = "USDT"
    closed: frozenset[str] = field(default_factory=frozenset)
    forced: Mapping[str, str] = field(default_factory=dict)
    notices: tuple[VenueNotice, ...] = ()
    reported_margin_ratios: Mapping[str, float] = field(default_factory=dict)
    is_ratio_only: bool = False
    """The cross margin cannot be rebuilt from what is told (portfolio margin): only the venue's own ratio counts."""
