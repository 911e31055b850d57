"""Hyperliquid's answers about one address: positions and margin of every dex, spot balances, resting orders.

How balances belong together is the account's own choice (docs, Account abstraction modes, read 2026-11): standard keeps
one cross wallet per dex; a unified account holds one spot balance per collateral token behind the cross positions of
all dexes, and its total is marked to market; portfolio margin lends on other tokens and is known by its ratio only.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import Enum

import msgspec

from liqwatch.errors import PayloadError
from liqwatch.exchanges.payloads.hyperliquid_market import MAIN_COLLATERAL, MAIN_DEX, dex_of, pool_name
from liqwatch.exchanges.payloads.liquidation_price import cleaned_liquidation_price
from liqwatch.exchanges.plumbing.listing import Listing
from liqwatch.model import AccountSnapshot, MarginMode, OrderKind, Position, RestingOrder, Side, SnapshotSource

PORTFOLIO_POOL = "USD"
PORTFOLIO_THRESHOLD = 0.95
"""The portfolio margin ratio at which the venue liquidates (docs, Portfolio margin, read 2026-11)."""
NO_PERPETUAL = ("@", "#", "+")
"""How names of spot pairs and outcome tokens begin."""


class Leverage(msgspec.Struct, frozen=True, gc=False):
    """Margin mode and leverage; `raw_usd` is the cash of an isolated position, what it cost taken off."""

    kind: str = msgspec.field(name="type")
    value: float
    raw_usd: float | None = msgspec.field(name="rawUsd", default=None)


class PositionRow(msgspec.Struct, frozen=True):
    """One position; `signed_contracts` is negative for a short. `margin_used` is an isolated position's equity."""

    coin: str
    leverage: Leverage
    signed_contracts: float = msgspec.field(name="szi")
    position_value: float = msgspec.field(name="positionValue")
    margin_used: float = msgspec.field(name="marginUsed")
    told_entry_price: float | None = msgspec.field(name="entryPx", default=None)
    liquidation_price: str | float | None = msgspec.field(name="liquidationPx", default=None)

    @property
    def is_isolated(self) -> bool:
        """Whether it has margin of its own."""
        return self.leverage.kind == MarginMode.ISOLATED.value

    @property
    def entry_price(self) -> float:
        """What it was opened at. Raises PayloadError where that is missing."""
        return finite(f"entryPx of {self.coin}", self.told_entry_price)

    @property
    def unrealized_pnl(self) -> float:
        """At the mark of the answer, from the entry price as it is shown (rounded), so that wallet and entry agree."""
        return math.copysign(self.position_value, self.signed_contracts) - self.signed_contracts * self.entry_price


class AssetPosition(msgspec.Struct, frozen=True):
    """A position in its envelope."""

    position: PositionRow


class CrossSummary(msgspec.Struct, frozen=True, gc=False):
    """Sums over cross positions; `raw_usd` moves by fills, funding and transfers only, never by the mark."""

    account_value: float = msgspec.field(name="accountValue")
    raw_usd: float = msgspec.field(name="totalRawUsd")


class ClearinghouseState(msgspec.Struct, frozen=True):
    """One dex of an address: every position that is open there, and its margin."""

    cross: CrossSummary = msgspec.field(name="crossMarginSummary")
    cross_maintenance_margin: float = msgspec.field(name="crossMaintenanceMarginUsed")
    rows: list[AssetPosition] = msgspec.field(name="assetPositions")
    exchange_ms: int = msgspec.field(name="time", default=0)

    @property
    def held(self) -> list[PositionRow]:
        """The positions with anything in them."""
        return [row.position for row in self.rows if row.position.signed_contracts != 0]


class SpotBalance(msgspec.Struct, frozen=True, gc=False):
    """One token; in a unified account its total includes what perpetuals have gained and lost."""

    coin: str
    total: float


class SpotState(msgspec.Struct, frozen=True):
    """`spotClearinghouseState`."""

    balances: list[SpotBalance]
    portfolio_margin_ratio: float | None = msgspec.field(name="portfolioMarginRatio", default=None)

    def total_of(self, coin: str) -> float:
        """The balance of a token; zero without a row."""
        return sum(finite(f"spot total of {coin}", row.total) for row in self.balances if row.coin == coin)


class UserRole(msgspec.Struct, frozen=True, gc=False):
    """What an address is to the venue: user, agent, vault, subAccount or missing."""

    role: str


class OrderRow(msgspec.Struct, frozen=True, gc=False):
    """One row of `frontendOpenOrders`."""

    coin: str
    side: str
    contracts: float = msgspec.field(name="sz")
    limit_price: float = msgspec.field(name="limitPx")
    order_id: int | str = msgspec.field(name="oid", default="")
    order_type: str = msgspec.field(name="orderType", default="Limit")
    is_trigger: bool = msgspec.field(name="isTrigger", default=False)
    trigger_price: float = msgspec.field(name="triggerPx", default=0.0)
    is_reduce_only: bool = msgspec.field(name="reduceOnly", default=False)
    is_whole_position: bool = msgspec.field(name="isPositionTpsl", default=False)


class Pooling(Enum):
    """Where the money behind cross positions is."""

    APART = "one wallet per dex"
    UNIFIED = "one balance per collateral token"
    PORTFOLIO = "lent on a portfolio"


def pooling_of(abstraction: str) -> Pooling:
    """From the answer of `userAbstraction`, a bare word; a word that is not known reads as one wallet per dex."""
    known = {"unifiedAccount": Pooling.UNIFIED, "portfolioMargin": Pooling.PORTFOLIO}
    return known.get(abstraction.strip('"'), Pooling.APART)


def finite(name: str, figure: float | None) -> float:
    """The figure. Raises PayloadError where it is missing or no number."""
    if figure is None or not math.isfinite(figure):
        raise PayloadError(f"{name} is {'missing' if figure is None else 'no number'}")
    return figure


def pools_by_dex(listing: Listing) -> dict[str, str]:
    """The cross pool of every listed dex, by the dex's name."""
    pools = {MAIN_DEX: MAIN_COLLATERAL}
    for native, instrument in listing.by_native.items():
        pools.setdefault(dex_of(native), instrument.settle_currency)
    return pools


def collateral_of(dex: str, pool: str) -> str:
    """The collateral token in a pool's name."""
    return pool.removeprefix(f"{dex}:") if dex else pool


def position_of(row: PositionRow, listing: Listing) -> Position:
    """A position in our terms; the mark is the one that the answer was counted at.

    Raises:
        PayloadError: a figure is no number, or an isolated position does not tell its cash.
    """
    contracts = finite(f"szi of {row.coin}", row.signed_contracts)
    mark_price = finite(f"positionValue of {row.coin}", row.position_value) / abs(contracts)
    return Position(
        symbol=listing.unified(row.coin),
        side=Side.LONG if contracts > 0 else Side.SHORT,
        contracts=abs(contracts),
        entry_price=row.entry_price,
        margin_mode=MarginMode.ISOLATED if row.is_isolated else MarginMode.CROSS,
        leverage=row.leverage.value,
        isolated_wallet=_isolated_wallet(row) if row.is_isolated else None,
        reported_liquidation_price=cleaned_liquidation_price(row.liquidation_price, mark_price),
        reported_mark_price=mark_price,
    )


def _isolated_wallet(row: PositionRow) -> float:
    """Cash and cost together: rawUsd + szi x entry is the margin without unrealised profit."""
    return finite(f"rawUsd of {row.coin}", row.leverage.raw_usd) + row.signed_contracts * row.entry_price


def cross_profit(state: ClearinghouseState) -> float:
    """Unrealised profit of a dex's cross positions."""
    return sum(row.unrealized_pnl for row in state.held if not row.is_isolated)


def cross_wallet(state: ClearinghouseState) -> float:
    """The cross wallet of a dex that keeps its own. Raises PayloadError for a figure that is no number."""
    return finite("crossMarginSummary.accountValue", state.cross.account_value) - finite(
        "unrealised profit", cross_profit(state)
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Answers:
    """What one reading of an account has brought: `states` by dex, `spot` where the account pools spot balances."""

    pooling: Pooling
    states: Mapping[str, ClearinghouseState]
    spot: SpotState | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Margin:
    """How the cross positions of an account are backed."""

    wallets: Mapping[str, float]
    is_multi_asset: bool = False
    is_ratio_only: bool = False
    pool_currency: str = MAIN_COLLATERAL
    reported_ratios: Mapping[str, float]


def snapshot_of(account: str, venue: str, answers: Answers, listing: Listing, now: datetime) -> AccountSnapshot:
    """The whole account.

    Raises:
        PayloadError: a figure is missing or no number; nothing of the answers is used then.
    """
    pools = pools_by_dex(listing)
    margin = _margin(answers, pools)
    return AccountSnapshot(
        account=account,
        venue=venue,
        positions=tuple(position_of(row, listing) for state in answers.states.values() for row in state.held),
        cross_wallets=margin.wallets,
        as_of=now,
        source=SnapshotSource.REST,
        is_multi_asset=margin.is_multi_asset,
        pool_currency=margin.pool_currency,
        reported_margin_ratios=margin.reported_ratios,
        is_ratio_only=margin.is_ratio_only,
    )


def _margin(answers: Answers, pools: Mapping[str, str]) -> Margin:
    if answers.pooling is Pooling.APART:
        states = answers.states.items()
        return Margin(
            wallets={pools[dex]: cross_wallet(state) for dex, state in states if dex in pools}, reported_ratios={}
        )
    if answers.spot is None:
        raise PayloadError("spotClearinghouseState is missing")
    if answers.pooling is Pooling.PORTFOLIO:
        ratio = answers.spot.portfolio_margin_ratio
        told = {} if ratio is None else {PORTFOLIO_POOL: finite("portfolioMarginRatio", ratio) / PORTFOLIO_THRESHOLD}
        return Margin(
            wallets={},
            is_multi_asset=True,
            is_ratio_only=True,
            pool_currency=PORTFOLIO_POOL,
            reported_ratios=told,
        )
    return _unified(answers.states, answers.spot, pools)


@dataclass(slots=True)
class TokenPool:
    """All dexes of a unified account that share one collateral token."""

    states: dict[str, ClearinghouseState]

    @property
    def maintenance_margin(self) -> float:
        """Of all cross positions, as the venue states it."""
        return sum(finite("crossMaintenanceMarginUsed", each.cross_maintenance_margin) for each in self.states.values())

    @property
    def is_used(self) -> bool:
        """Whether a cross position rests on it."""
        return any(not row.is_isolated for state in self.states.values() for row in state.held)

    def equity(self, spot_total: float) -> float:
        """Spot total less the margin of isolated positions (docs, Unified account ratio, read 2026-11)."""
        isolated = sum(row.margin_used for state in self.states.values() for row in state.held if row.is_isolated)
        return spot_total - finite("marginUsed", isolated)


def _unified(states: Mapping[str, ClearinghouseState], spot: SpotState, pools: Mapping[str, str]) -> Margin:
    """One pool where all cross positions rest on one token; else one a dex, the others of its token held fixed."""
    by_token: defaultdict[str, TokenPool] = defaultdict(lambda: TokenPool({}))
    for dex, state in states.items():
        if dex in pools:
            by_token[collateral_of(dex, pools[dex])].states[dex] = state
    used = {token: pool for token, pool in by_token.items() if pool.is_used} or {
        MAIN_COLLATERAL: by_token[MAIN_COLLATERAL]
    }
    equities = {token: pool.equity(spot.total_of(token)) for token, pool in used.items()}
    if len(used) == 1:
        [(token, pool)] = used.items()
        profit = sum(cross_profit(state) for state in pool.states.values())
        return Margin(
            wallets={token: equities[token] - profit},
            is_multi_asset=True,
            pool_currency=token,
            reported_ratios={token: _ratio(pool.maintenance_margin, equities[token])},
        )
    wallets: dict[str, float] = {}
    ratios: dict[str, float] = {}
    for token, pool in used.items():
        for dex, state in pool.states.items():
            others = pool.maintenance_margin - state.cross_maintenance_margin
            wallets[pool_name(dex, token)] = equities[token] - others - cross_profit(state)
            ratios[pool_name(dex, token)] = _ratio(pool.maintenance_margin, equities[token])
    return Margin(wallets=wallets, reported_ratios=ratios)


def _ratio(maintenance_margin: float, equity: float) -> float:
    if equity > 0.0:
        return maintenance_margin / equity
    return math.inf if maintenance_margin > 0.0 else 0.0


def orders_of(rows: Iterable[OrderRow], listing: Listing) -> list[RestingOrder]:
    """The orders of perpetual markets; those of spot pairs are left out."""
    return [_order(row, listing) for row in rows if not (row.coin.startswith(NO_PERPETUAL) or "/" in row.coin)]


def _order(row: OrderRow, listing: Listing) -> RestingOrder:
    """Triggers wake by the mark (docs, Order types, 2026-11); a market order's limit is only its slippage bound."""
    is_market = row.is_trigger and "Market" in row.order_type
    return RestingOrder(
        symbol=listing.unified(row.coin),
        order_side=Side.SHORT if row.side == "A" else Side.LONG,
        kind=_order_kind(row.order_type) if row.is_trigger else OrderKind.LIMIT,
        contracts=None if row.is_whole_position and row.contracts == 0 else row.contracts,
        trigger_price=row.trigger_price if row.is_trigger else None,
        limit_price=None if is_market else row.limit_price,
        trigger_by="mark" if row.is_trigger else "",
        is_reduce_only=row.is_reduce_only,
        order_id=str(row.order_id),
    )


def _order_kind(order_type: str) -> OrderKind:
    return OrderKind.TAKE_PROFIT if order_type.startswith("Take Profit") else OrderKind.STOP


def dexes_of(listing: Listing) -> Collection[str]:
    """Every dex that lists anything, the venue's own first."""
    return pools_by_dex(listing).keys()
