"""From a checked snapshot to margin pools and the marks they are judged at, and to what stands beside them."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta

from liqwatch.config.snapshot.counting import Counting, counting_of
from liqwatch.config.snapshot.loans import OfflineLoan, loan_of
from liqwatch.config.snapshot.reported_ratio import OfflineRatio, ratio_of
from liqwatch.config.snapshot.spot_margin import (
    OfflineBorrowed,
    OfflineLevelAccount,
    SpotMarginTable,
    borrowed_of,
    level_account_of,
)
from liqwatch.config.snapshot.tables import PositionTable, SnapshotTable, TierTable
from liqwatch.margin.conventions import TierMode
from liqwatch.margin.figures import FundingRate
from liqwatch.margin.pools import Collateral, Holding, Pool
from liqwatch.model import ContractKind, Instrument, LeverageTier, MarginMode, Position

ACCOUNT = "snapshot"


@dataclass(frozen=True, slots=True)
class OfflinePool:
    """A pool, its marks by symbol, and where its convention comes from."""

    pool: Pool
    marks: Mapping[str, float]
    counting: Counting


@dataclass(frozen=True, slots=True, kw_only=True)
class OfflineAccount:
    """Everything a snapshot says, ready for the arithmetic. `on` is the day whose conventions count."""

    exchange: str
    on: date
    pools: tuple[OfflinePool, ...]
    funding_rates: Mapping[str, FundingRate]
    betas: Mapping[str, float]
    loans: tuple[OfflineLoan, ...] = ()
    borrowed: tuple[OfflineBorrowed, ...] = ()
    level_accounts: tuple[OfflineLevelAccount, ...] = ()
    reported_ratio: OfflineRatio | None = None


def account_of(snapshot: SnapshotTable, today: date) -> OfflineAccount:
    """One pool per isolated position, or one for all, and what else there is; the snapshot has passed its checks."""
    if snapshot.margin_mode is MarginMode.CROSS and snapshot.positions:
        groups = [snapshot.positions]
    else:
        groups = [(position,) for position in snapshot.positions]
    margin, ratio = snapshot.spot_margin or SpotMarginTable(), snapshot.reported_ratio
    return OfflineAccount(
        exchange=snapshot.exchange,
        on=snapshot.as_of or today,
        pools=tuple(_pool(snapshot, positions, today) for positions in groups),
        funding_rates={
            position.symbol: FundingRate(position.funding_rate, timedelta(hours=position.funding_interval_hours))
            for position in snapshot.positions
            if position.funding_rate is not None
        },
        betas={position.symbol: position.beta for position in snapshot.positions if position.beta is not None},
        loans=tuple(loan_of(loan, number) for number, loan in enumerate(snapshot.loans, start=1)),
        borrowed=tuple(borrowed_of(each) for each in margin.isolated),
        level_accounts=tuple(level_account_of(each, number) for number, each in enumerate(margin.level_accounts, 1)),
        reported_ratio=ratio_of(ratio, snapshot.exchange) if ratio else None,
    )


def _pool(snapshot: SnapshotTable, positions: tuple[PositionTable, ...], today: date) -> OfflinePool:
    counting = counting_of(snapshot, positions, today)
    if counting is None:
        raise ValueError("a snapshot without a convention passes no check")
    marks = {asset.symbol: asset.mark_price for asset in snapshot.collateral if asset.mark_price is not None}
    marks |= {position.symbol: _mark_price(snapshot, position) for position in positions}
    is_cross = snapshot.margin_mode is MarginMode.CROSS
    holdings = tuple(_holding(snapshot, position, counting, marks) for position in positions)
    currency = _settle_currency(positions[0])
    pool = Pool(
        account=ACCOUNT,
        venue=snapshot.exchange,
        subject=f"cross {currency}" if is_cross else holdings[0].position.subject,
        currency=currency,
        margin_mode=snapshot.margin_mode,
        wallet_balance=_wallet_balance(snapshot, positions[0]),
        holdings=holdings,
        convention=counting.convention,
        collateral=tuple(
            Collateral(asset=asset.asset, symbol=asset.symbol, quantity=asset.quantity, value_share=asset.value_share)
            for asset in snapshot.collateral
        ),
        outside_unrealized_pnl=snapshot.other_unrealized_pnl,
        outside_maintenance_margin=snapshot.other_maintenance_margin,
    )
    return OfflinePool(pool, marks, counting)


def _mark_price(snapshot: SnapshotTable, position: PositionTable) -> float:
    """The stated mark of the market, else the entry price; of two cross legs the larger one's."""
    stated = snapshot.marks.get(position.symbol)
    if stated is not None:
        return stated
    is_cross = snapshot.margin_mode is MarginMode.CROSS
    return snapshot.legs(position.symbol)[0].entry_price if is_cross else position.entry_price


def _wallet_balance(snapshot: SnapshotTable, position: PositionTable) -> float | None:
    """The position's own margin where it has one, else the snapshot's balance."""
    return snapshot.wallet_balance if position.wallet_balance is None else position.wallet_balance


def _holding(snapshot: SnapshotTable, table: PositionTable, counting: Counting, marks: Mapping[str, float]) -> Holding:
    position = Position(
        symbol=table.symbol,
        side=table.side,
        contracts=table.contracts,
        entry_price=table.entry_price,
        margin_mode=snapshot.margin_mode,
        leverage=table.leverage,
        isolated_wallet=_wallet_balance(snapshot, table) if snapshot.margin_mode is MarginMode.ISOLATED else None,
        reported_liquidation_price=table.reported_liquidation_price,
        reported_maintenance_margin=table.maintenance_margin,
        reported_mark_price=marks[table.symbol],
    )
    instrument = Instrument(
        symbol=table.symbol,
        native_symbol=table.symbol,
        settle_currency=_settle_currency(table),
        contract_kind=table.contract_kind,
        contract_size=table.contract_size,
        price_tick=table.price_tick,
        tiers=_tiers(table, counting.convention.tier_mode),
        closing_fee_rate=table.closing_fee_rate,
        maintenance_rate_growth=table.maintenance_rate_growth,
        liquidation_fee_rate=table.liquidation_fee_rate,
    )
    return Holding(position, instrument)


def _tiers(table: PositionTable, mode: TierMode) -> tuple[LeverageTier, ...]:
    """One endless tier of a typed rate, or the typed tiers with the deductions that are not given worked out."""
    if table.tiers is None:
        rate = table.maintenance_margin_rate or 0.0
        return (_tier(TierTable(notional_floor=0.0, maintenance_margin_rate=rate), table.maintenance_deduction or 0.0),)
    deduction, previous_rate = 0.0, table.tiers[0].maintenance_margin_rate
    tiers = []
    for tier in table.tiers:
        if mode is TierMode.DEDUCTION:
            deduction += tier.notional_floor * (tier.maintenance_margin_rate - previous_rate)
            deduction = deduction if tier.maintenance_deduction is None else tier.maintenance_deduction
        previous_rate = tier.maintenance_margin_rate
        tiers.append(_tier(tier, deduction))
    return tuple(tiers)


def _tier(table: TierTable, deduction: float) -> LeverageTier:
    return LeverageTier(
        notional_floor=table.notional_floor,
        notional_cap=math.inf if table.notional_cap is None else table.notional_cap,
        maintenance_margin_rate=table.maintenance_margin_rate,
        maintenance_deduction=deduction,
    )


def _settle_currency(table: PositionTable) -> str:
    """What the unified symbol says; without one, the kind of the contract at least tells coin from quote currency."""
    _, _, settle = table.symbol.rpartition(":")
    if settle != table.symbol:
        return settle.partition("-")[0]
    return "coin" if table.contract_kind is ContractKind.INVERSE else "quote currency"
