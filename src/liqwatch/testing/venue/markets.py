"""The contracts the simulated venue lists. The bracket tables are this project's own, in the venue's manner."""

from __future__ import annotations

from dataclasses import dataclass, replace

PERPETUAL_DELIVERY_MS = 4_133_404_800_000
"""The far-away date that the venue prints for contracts that never expire."""


@dataclass(frozen=True, slots=True, kw_only=True)
class VenueBracket:
    """Maintenance rules for one range of notional (margin asset): floor exclusive, cap inclusive."""

    number: int
    max_leverage: int
    notional_floor: float
    notional_cap: float
    maintenance_margin_rate: float
    deduction: float


def bracket_table(*rows: tuple[float, float, int]) -> tuple[VenueBracket, ...]:
    """Brackets from (notional cap, maintenance rate, highest leverage) in ascending order.

    Deductions follow the published recursion floor_n * (rate_n - rate_{n-1}) + deduction_{n-1}, which
    keeps the maintenance margin continuous from bracket to bracket.
    """
    brackets: list[VenueBracket] = []
    floor, previous_rate, deduction = 0.0, 0.0, 0.0
    for number, (cap, rate, max_leverage) in enumerate(rows, start=1):
        deduction = floor * (rate - previous_rate) + deduction if brackets else 0.0
        brackets.append(
            VenueBracket(
                number=number,
                max_leverage=max_leverage,
                notional_floor=floor,
                notional_cap=cap,
                maintenance_margin_rate=rate,
                deduction=deduction,
            )
        )
        floor, previous_rate = cap, rate
    return tuple(brackets)


@dataclass(frozen=True, slots=True, kw_only=True)
class VenueMarket:
    """One USDⓈ-M contract. `mark_price` is where it starts; `price_tick` and `quantity_step` are in quote and base."""

    native_symbol: str
    base_asset: str
    mark_price: float
    price_tick: float
    quantity_step: float
    brackets: tuple[VenueBracket, ...]
    margin_asset: str = "USDT"
    quote_asset: str = "USDT"
    contract_size: float = 1.0
    """Base units (linear) or quote units (inverse) per contract."""
    is_inverse: bool = False
    closing_fee_rate: float = 0.0
    """What the venue adds to the maintenance rate for closing."""
    liquidation_fee_rate: float = 0.0125
    contract_type: str = "PERPETUAL"
    delivery_ms: int = PERPETUAL_DELIVERY_MS
    status: str = "TRADING"
    funding_hours: int = 8
    """How long one funding rate holds."""

    @property
    def is_perpetual(self) -> bool:
        """Dated contracts pay no funding and say so with empty fields."""
        return self.contract_type == "PERPETUAL"


MAJOR_BRACKETS = bracket_table(
    (300_000, 0.004, 125),
    (800_000, 0.005, 100),
    (3_000_000, 0.0065, 75),
    (12_000_000, 0.01, 50),
    (70_000_000, 0.02, 25),
    (100_000_000, 0.025, 20),
)
MIDDLE_BRACKETS = bracket_table(
    (50_000, 0.005, 100),
    (250_000, 0.01, 75),
    (1_000_000, 0.02, 50),
    (5_000_000, 0.05, 20),
    (20_000_000, 0.1, 10),
)
MINOR_BRACKETS = bracket_table(
    (10_000, 0.0065, 75),
    (60_000, 0.01, 50),
    (300_000, 0.03, 25),
    (1_500_000, 0.05, 10),
    (6_000_000, 0.125, 4),
)


def market(
    native_symbol: str,
    mark_price: float,
    *,
    price_tick: float,
    quantity_step: float,
    brackets: tuple[VenueBracket, ...],
) -> VenueMarket:
    """A USDT perpetual named in the venue's way."""
    return VenueMarket(
        native_symbol=native_symbol,
        base_asset=native_symbol.removesuffix("USDT"),
        mark_price=mark_price,
        price_tick=price_tick,
        quantity_step=quantity_step,
        brackets=brackets,
    )


PERPETUALS = (
    market("BTCUSDT", 117_000.0, price_tick=0.1, quantity_step=0.001, brackets=MAJOR_BRACKETS),
    market("ETHUSDT", 4_300.0, price_tick=0.01, quantity_step=0.001, brackets=MAJOR_BRACKETS),
    market("SOLUSDT", 220.0, price_tick=0.01, quantity_step=0.01, brackets=MIDDLE_BRACKETS),
    market("XRPUSDT", 2.8, price_tick=0.0001, quantity_step=0.1, brackets=MINOR_BRACKETS),
    market("DOGEUSDT", 0.25, price_tick=0.00001, quantity_step=1.0, brackets=MINOR_BRACKETS),
    replace(market("BNBUSDT", 1_250.0, price_tick=0.01, quantity_step=0.01, brackets=MIDDLE_BRACKETS), funding_hours=4),
)
DATED = VenueMarket(
    native_symbol="BTCUSDT_271231",
    base_asset="BTC",
    mark_price=119_500.0,
    price_tick=0.1,
    quantity_step=0.001,
    brackets=MAJOR_BRACKETS,
    contract_type="NEXT_QUARTER",
    delivery_ms=1_830_240_000_000,
)
DEFAULT_MARKETS = (*PERPETUALS, DATED)
