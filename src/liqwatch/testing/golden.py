"""Published examples and positions as venues reported them, turned into pools of our own.

Records speak the vocabulary of their files (`contracts`, `entry_price`, `maintenance_margin_rate`, `mmr`, …);
nothing in here knows a result. The family comes from our own table of conventions, by exchange and day.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date
from functools import cached_property
from pathlib import Path
from typing import Any, TypeAlias

from liqwatch.margin.assess import assess, bankruptcy_price
from liqwatch.margin.conventions import Basis, Convention, convention_of
from liqwatch.margin.health import PoolHealth, PositionHealth
from liqwatch.margin.marked import MarkedPool, known_instrument
from liqwatch.margin.pnl import unrealized_pnl
from liqwatch.margin.pools import Holding, Pool
from liqwatch.model import ContractKind, Instrument, LeverageTier, MarginMode, Position, Reading, Side

Record: TypeAlias = Mapping[str, Any]
TODAY = date(2026, 11, 20)
EXCHANGES: Mapping[tuple[str, str], str] = {
    ("binance", "linear"): "binance_usdm",
    ("binance", "inverse"): "binance_coinm",
    ("binancecoinm", "inverse"): "binance_coinm",
    ("krakenfutures", "inverse"): "kraken_futures",
    ("kucoin", "linear"): "kucoin_futures",
    ("kucoin", "inverse"): "kucoin_futures",
    ("kucoinfutures", "linear"): "kucoin_futures",
}
"""Where a file's name of an exchange is not ours."""


def read_records(file: Path) -> dict[str, Record]:
    """The records of one file, by id."""
    return {row["id"]: row for row in json.loads(file.read_text(encoding="utf-8"))}


def exchange_of(record: Record, kind: ContractKind) -> str:
    """Our name of the record's exchange."""
    name = str(record["exchange"])
    return EXCHANGES.get((name, kind.value), name)


def kind_of(record: Record) -> ContractKind:
    """Linear unless the record says inverse."""
    return ContractKind.INVERSE if record.get("market_kind") == "inverse" else ContractKind.LINEAR


def mode_of(record: Record) -> MarginMode:
    """Isolated unless the record says cross."""
    return MarginMode.CROSS if str(record["margin_mode"]).startswith("cross") else MarginMode.ISOLATED


def tiers_from(facts: Record) -> tuple[LeverageTier, ...]:
    """The tiers of a record, or one tier without end from its rate."""
    if "tiers" not in facts:
        return one_tier(facts.get("maintenance_margin_rate", 0.0), facts.get("maintenance_amount", 0.0))
    return tuple(
        LeverageTier(
            notional_floor=float(tier["notional_floor"]),
            notional_cap=float(tier["notional_cap"]),
            maintenance_margin_rate=float(tier["mmr"]),
            maintenance_deduction=float(tier["maint_amount"]),
        )
        for tier in facts["tiers"]
    )


def one_tier(rate: float, deduction: float = 0.0) -> tuple[LeverageTier, ...]:
    """One rate for every notional."""
    return (
        LeverageTier(
            notional_floor=0.0, notional_cap=math.inf, maintenance_margin_rate=rate, maintenance_deduction=deduction
        ),
    )


def holding_of(
    facts: Record,
    *,
    kind: ContractKind = ContractKind.LINEAR,
    mode: MarginMode = MarginMode.ISOLATED,
    fixed_maintenance_margin: float | None = None,
) -> Holding:
    """A position and its contract; without an entry price it is taken to have been opened at the mark."""
    symbol = str(facts.get("symbol", "the market"))
    instrument = Instrument(
        symbol=symbol,
        native_symbol=symbol,
        settle_currency="settle",
        contract_kind=kind,
        contract_size=float(facts.get("contract_size", 1.0)),
        tiers=tiers_from(facts),
        closing_fee_rate=float(facts.get("taker_fee_rate", 0.0)),
    )
    position = Position(
        symbol=symbol,
        side=Side[str(facts["side"]).upper()],
        contracts=float(facts["contracts"]),
        entry_price=float(facts.get("entry_price", facts.get("mark_price", 0.0))),
        margin_mode=mode,
        leverage=facts.get("leverage"),
        reported_maintenance_margin=fixed_maintenance_margin,
    )
    return Holding(position, instrument)


def wallet_behind(equity: float, holding: Holding, mark_price: float) -> float:
    """The wallet of an equity told at a mark."""
    return equity - unrealized_pnl(holding.position, known_instrument(holding), mark_price)


@dataclass(frozen=True, kw_only=True)
class GoldenPool:
    """A pool whose first holding is the one the record is about. Marks not given are the entry prices.

    A holding with a fixed maintenance margin makes the pool's family take it as it is.
    """

    exchange: str
    holdings: tuple[Holding, ...]
    wallet_balance: float
    marks: Mapping[str, float]
    on: date = TODAY
    outside_maintenance_margin: float = 0.0
    outside_unrealized_pnl: float = 0.0

    @property
    def first(self) -> Holding:
        """The holding asked about."""
        return self.holdings[0]

    @cached_property
    def convention(self) -> Convention:
        """The family of our table; raises ValueError where it has none."""
        position, instrument = self.first.position, known_instrument(self.first)
        found = convention_of(self.exchange, position.margin_mode, instrument.contract_kind, self.on)
        if found is None:
            raise ValueError(f"no row for {self.exchange}, {position.margin_mode.value}, on {self.on}")
        is_fixed = position.reported_maintenance_margin is not None
        return replace(found, maintenance_basis=Basis.FIXED) if is_fixed else found

    @cached_property
    def health(self) -> PoolHealth:
        """The pool, judged."""
        pool = Pool(
            account="golden",
            venue=self.exchange,
            subject="pool",
            currency="settle",
            margin_mode=self.first.position.margin_mode,
            wallet_balance=self.wallet_balance,
            holdings=self.holdings,
            convention=self.convention,
            outside_unrealized_pnl=self.outside_unrealized_pnl,
            outside_maintenance_margin=self.outside_maintenance_margin,
        )
        entries = {each.position.symbol: each.position.entry_price for each in self.holdings}
        return assess(pool, {**entries, **self.marks})

    @property
    def marked(self) -> MarkedPool:
        """The arithmetic behind the health."""
        return self.health.marked

    @property
    def position(self) -> PositionHealth:
        """The figures of the first holding."""
        return self.health.positions[0]

    @property
    def liquidation_price(self) -> Reading:
        """By our own arithmetic."""
        return self.position.computed_liquidation_price

    @property
    def bankruptcy_price(self) -> Reading:
        """Fee apart."""
        return bankruptcy_price(self.marked, self.first)
