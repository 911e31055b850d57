"""The offline snapshot as it is written. `docs/snapshot.schema.json` is made from these models."""

from __future__ import annotations

from typing import Annotated

from pydantic import AfterValidator, ConfigDict, Field

from liqwatch.config.snapshot.fields import (
    CUSTOM,
    ContractKindName,
    Day,
    FeeBasisName,
    MaintenanceBasisName,
    MarginModeName,
    Market,
    NotNegative,
    Number,
    Positive,
    Rate,
    Schema,
    SideName,
    SignedRate,
    Text,
    TierModeName,
    not_empty,
)
from liqwatch.config.snapshot.loans import LoanTable
from liqwatch.config.snapshot.reported_ratio import ReportedRatioTable
from liqwatch.config.snapshot.spot_margin import SpotMarginTable, not_bare
from liqwatch.config.table import Table
from liqwatch.model import ContractKind, MarginMode

NEEDED_BY_POSITIONS = ("exchange", "margin_mode")
BESIDE_POSITIONS = ("loans", "spot_margin", "reported_ratio")
"""What may stand in a snapshot in place of positions."""


class ConventionTable(Table):
    """What differs from the exchange's own way of counting; field by field."""

    maintenance_basis: MaintenanceBasisName | None = Field(
        default=None,
        description="The price at which maintenance is taken; fixed: `maintenance_margin` is given per position.",
    )
    closing_fee_basis: FeeBasisName | None = Field(
        default=None, description="The price at which the closing fee on the maintenance side is taken; none: no fee."
    )
    tier_mode: TierModeName | None = Field(
        default=None, description="deduction: tiers join without a jump; flat: one rate on the whole, no deductions."
    )
    rate_is_per_leverage: bool | None = Field(
        default=None, description="The maintenance rate is an adjustment factor, divided by the position's leverage."
    )


class TierTable(Table):
    """Maintenance rules for a range of notional in settle currency: floor exclusive, cap inclusive."""

    notional_floor: NotNegative = Field(description="Where the tier begins; 0 for the first.")
    notional_cap: Positive | None = Field(
        default=None, description="Where the tier ends; null or absent in the last tier only: without end."
    )
    maintenance_margin_rate: Rate = Field(description="Fraction of the notional.")
    maintenance_deduction: NotNegative | None = Field(
        default=None, description="Subtracted from rate times notional; absent: worked out so that tiers join."
    )


class CollateralTable(Table):
    """An asset other than the pool's currency that backs it."""

    asset: Text = Field(description="Name of the asset.")
    symbol: Market = Field(description="The market whose mark price values it.")
    quantity: Number = Field(description="Units of the asset; negative: a debt.")
    value_share: Annotated[float, Field(gt=0, le=1, allow_inf_nan=False)] = Field(
        default=1.0, description="What the venue counts of its value (1 - haircut) while the quantity is positive."
    )
    mark_price: Positive | None = Field(default=None, description="Its price; absent where a position gives it.")


class PositionTable(Table):
    """One position. Sizes are positive; `side` carries the sign."""

    symbol: Market = Field(description="Name of the market, such as BTC/USDT:USDT.")
    contract_kind: ContractKindName = Field(
        default=ContractKind.LINEAR,
        description="linear: settles in quote currency; inverse: in base currency; quanto: in a third one.",
        json_schema_extra={"default": "linear"},
    )
    side: SideName = Field(description="Direction of the position.")
    contracts: Positive = Field(description="Number of contracts.")
    contract_size: Positive = Field(
        default=1.0,
        description="Base units per contract; inverse: quote units; quanto: settle units per point of price.",
    )
    entry_price: Positive = Field(description="Average entry price.")
    mark_price: Positive | None = Field(default=None, description="Present mark price; absent: the entry price.")
    price_tick: NotNegative = Field(default=0.0, description="Smallest price step; 0: prices are not rounded.")
    leverage: Positive | None = Field(default=None, description="Leverage setting, for the initial margin.")
    wallet_balance: Number | None = Field(
        default=None, description="Margin of this isolated position without unrealised PnL, in place of the account's."
    )
    maintenance_margin_rate: Rate | None = Field(default=None, description="Maintenance rate, a fraction of notional.")
    maintenance_deduction: NotNegative | None = Field(
        default=None, description="Subtracted from rate times notional, settle currency."
    )
    maintenance_rate_growth: NotNegative = Field(
        default=0.0, description="Added to the rate per unit of notional (Deribit: 0.00005 per BTC)."
    )
    tiers: Annotated[tuple[TierTable, ...], Field(strict=False), AfterValidator(not_empty)] | None = Field(
        default=None,
        description="The venue's leverage tiers, in place of one rate and deduction; at least one.",
    )
    maintenance_margin: NotNegative | None = Field(
        default=None, description="Maintenance as the venue tells it; counts where the basis is `fixed`."
    )
    closing_fee_rate: Rate = Field(default=0.0, description="Taker fee, a fraction of notional.")
    liquidation_fee_rate: Rate = Field(default=0.0, description="Clearance fee of a liquidation.")
    funding_rate: SignedRate | None = Field(
        default=None, description="Present funding rate; positive: longs pay shorts."
    )
    funding_interval_hours: Positive = Field(default=8.0, description="How often funding is paid.")
    beta: Number | None = Field(
        default=None, description="How many times the common shock this market moves; absent: once."
    )
    reported_liquidation_price: Positive | None = Field(
        default=None, description="The venue's own liquidation price, to compare with."
    )

    @property
    def face(self) -> float:
        """Contracts times contract size: what the position is, before any price."""
        return self.contracts * self.contract_size


class SnapshotTable(Table):
    """One account, one margin mode, at one moment."""

    # What a snapshot needs depends on what it holds; `load.py` says the same of the text.
    model_config = ConfigDict(
        json_schema_extra={
            "if": {"required": ["positions"], "properties": {"positions": {"minItems": 1}}},
            "then": {"required": [*NEEDED_BY_POSITIONS]},
            "else": {
                "anyOf": [
                    {"required": ["loans"], "properties": {"loans": {"minItems": 1}}},
                    {"required": ["spot_margin"], "properties": {"spot_margin": {"type": "object"}}},
                    {"required": ["reported_ratio"], "properties": {"reported_ratio": {"type": "object"}}},
                ]
            },
        }
    )

    schema_version: Schema = Field(alias="schema", description="Version of this format.")
    exchange: Text = Field(
        default=CUSTOM,
        description="Name of the venue, such as binance_usdm; `custom` with a whole `convention`. Positions need it.",
    )
    margin_mode: MarginModeName = Field(
        default=MarginMode.CROSS,
        description="isolated: every position alone; cross: one pool. Positions need it.",
        json_schema_extra={"default": "cross"},
    )
    wallet_balance: Number | None = Field(
        default=None,
        description="Cross: the pool's wallet. Isolated: the margin of the only position. Without unrealised PnL.",
    )
    other_maintenance_margin: NotNegative = Field(
        default=0.0, description="Maintenance of positions of the same pool that are not listed."
    )
    other_unrealized_pnl: Number = Field(
        default=0.0, description="Unrealised PnL of positions of the same pool that are not listed."
    )
    as_of: Day | None = Field(
        default=None, description="The day whose convention counts; absent: today.", json_schema_extra={"default": None}
    )
    convention: ConventionTable = Field(
        default=ConventionTable(), description="What differs from the exchange's way of counting."
    )
    positions: Annotated[tuple[PositionTable, ...], Field(strict=False)] = Field(
        default=(), description="The positions, at least one where nothing else is listed."
    )
    collateral: Annotated[tuple[CollateralTable, ...], Field(strict=False)] = Field(
        default=(), description="Assets besides the wallet that back a cross pool."
    )
    loans: Annotated[tuple[LoanTable, ...], Field(strict=False)] = Field(
        default=(), description="Collateral loans, each alone."
    )
    spot_margin: Annotated[SpotMarginTable, AfterValidator(not_bare)] | None = Field(
        default=None, description="Margin trading on spot markets."
    )
    reported_ratio: ReportedRatioTable | None = Field(
        default=None, description="The venue's own margin ratio of the account."
    )

    @property
    def marks(self) -> dict[str, float]:
        """The stated mark prices by symbol."""
        stated = [(asset.symbol, asset.mark_price) for asset in self.collateral]
        stated += [(position.symbol, position.mark_price) for position in self.positions]
        return {symbol: mark_price for symbol, mark_price in stated if mark_price is not None}

    def legs(self, symbol: str) -> list[PositionTable]:
        """The positions of one market, the largest first."""
        mine = [position for position in self.positions if position.symbol == symbol]
        return sorted(mine, key=lambda position: -position.face)
