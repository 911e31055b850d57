"""Positions written in the config file, turned into the same snapshot a venue would give."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime

from liqwatch.engine.plan import AccountPlan, TypedPosition
from liqwatch.margin.pnl import notional
from liqwatch.model import AccountSnapshot, Instrument, LeverageTier, MarginMode, Position, SnapshotSource


def typed_snapshot(plan: AccountPlan, instruments: Mapping[str, Instrument], now: datetime) -> AccountSnapshot:
    """The account as typed. A market that the venue does not list stays in, and will be told as unknown."""
    positions = tuple(_position(typed, instruments.get(typed.symbol)) for typed in plan.typed)
    currencies = {_currency(typed, instruments) for typed in plan.typed if typed.margin_mode is MarginMode.CROSS}
    balance = plan.wallet_balance
    return AccountSnapshot(
        account=plan.account,
        venue=plan.venue,
        positions=positions,
        cross_wallets={} if balance is None else dict.fromkeys(currencies, balance),
        as_of=now,
        source=SnapshotSource.TYPED,
    )


def typed_instruments(plan: AccountPlan, instruments: Mapping[str, Instrument]) -> Mapping[str, Instrument]:
    """The contracts with the maintenance rates that the user has typed in place of the venue's."""
    typed_rates = {typed.symbol: typed for typed in plan.typed if typed.maintenance_margin_rate is not None}
    changed = {
        symbol: replace(instruments[symbol], tiers=(_tier(typed),), tiers_assumed=False)
        for symbol, typed in typed_rates.items()
        if symbol in instruments
    }
    return {**instruments, **changed}


def _tier(typed: TypedPosition) -> LeverageTier:
    return LeverageTier(
        notional_floor=0.0,
        notional_cap=math.inf,
        maintenance_margin_rate=typed.maintenance_margin_rate or 0.0,
        maintenance_deduction=typed.maintenance_deduction,
    )


def _position(typed: TypedPosition, instrument: Instrument | None) -> Position:
    position = Position(
        symbol=typed.symbol,
        side=typed.side,
        contracts=typed.contracts,
        entry_price=typed.entry_price,
        margin_mode=typed.margin_mode,
        leverage=typed.leverage,
    )
    if typed.margin_mode is MarginMode.CROSS or instrument is None:
        return position
    entry_notional = notional(position, instrument, typed.entry_price)
    if typed.margin is not None:
        return replace(position, isolated_wallet=typed.margin, leverage=round(entry_notional / typed.margin, 2))
    return replace(position, isolated_wallet=entry_notional / typed.leverage if typed.leverage else None)


def _currency(typed: TypedPosition, instruments: Mapping[str, Instrument]) -> str:
    instrument = instruments.get(typed.symbol)
    return instrument.settle_currency if instrument else typed.symbol.rpartition(":")[2]
