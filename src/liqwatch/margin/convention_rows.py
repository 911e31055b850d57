"""The table of venues: which family is in force where, since when, and by which document."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Final

from liqwatch.margin.families import (
    ADJUSTMENT_FACTOR,
    FLAT_MAINTENANCE_ON_MARK_WITH_FEE,
    GROWING_MAINTENANCE,
    MAINTENANCE_AND_FEE_AT_ENTRY,
    MAINTENANCE_AT_ENTRY,
    MAINTENANCE_AT_ENTRY_WITH_FEE,
    MAINTENANCE_FROZEN,
    MAINTENANCE_FROZEN_WITH_FEE,
    MAINTENANCE_ON_MARK_WITH_FEE,
    MAINTENANCE_ON_MARK_WITHOUT_FEE,
    Convention,
)
from liqwatch.model import ContractKind, MarginMode


@dataclass(frozen=True, slots=True, kw_only=True)
class ConventionRow:
    """A family in force at one exchange from `since` up to but not including `until` (None: to this day).

    `source` names the document or the reported figures, and when they were read. `doubt` is what is not
    settled about the row, as a clause for people; empty when a figure of the venue's own confirms it.
    `margin_mode` or `contract_kind` None: all of them.
    """

    exchange: str
    convention: Convention
    source: str
    since: date = date.min
    until: date | None = None
    margin_mode: MarginMode | None = None
    contract_kind: ContractKind | None = None
    doubt: str = ""

    def is_in_force(self, on: date) -> bool:
        """Whether the row applies on that day."""
        return self.since <= on and (self.until is None or on < self.until)


BYBIT_ON_MARK: Final = date(2026, 5, 27)
"""The day of Bybit's help page that first states maintenance on the mark."""
BITGET_NEW_ALGORITHM: Final = date(2025, 9, 29)
HYPERLIQUID_PER_MARKET: Final = date(2024, 1, 1)

_BITGET_CROSS = "cross positions reported by Bitget in 2023 (read 2026-11)"
_BYBIT_CROSS_DOUBT = "Bybit acts on the account's ratio and takes the fee at the bankruptcy price: a reference only"

ROWS: tuple[ConventionRow, ...] = (
    ConventionRow(
        exchange="binance_usdm",
        convention=MAINTENANCE_ON_MARK_WITHOUT_FEE,
        source="Binance FAQ, How to calculate liquidation price of USDⓈ-M futures contracts (read 2026-11)",
    ),
    ConventionRow(
        exchange="binance_coinm",
        convention=MAINTENANCE_ON_MARK_WITHOUT_FEE,
        source="Binance FAQ, liquidation price of COIN-M futures contracts; reported positions (read 2026-11)",
    ),
    ConventionRow(
        exchange="bybit",
        convention=MAINTENANCE_AT_ENTRY,
        source="Bybit help, Liquidation price (USDT contract); positions reported up to 2025-05 (read 2026-11)",
        until=BYBIT_ON_MARK,
        margin_mode=MarginMode.ISOLATED,
        doubt="the change came between 2025-05 and the page of 2026-05-27",
    ),
    ConventionRow(
        exchange="bybit",
        convention=MAINTENANCE_ON_MARK_WITHOUT_FEE,
        source="Bybit help, Liquidation price calculation under isolated mode, of 2026-05-27 (read 2026-11)",
        since=BYBIT_ON_MARK,
        margin_mode=MarginMode.ISOLATED,
    ),
    ConventionRow(
        exchange="bybit",
        convention=MAINTENANCE_AT_ENTRY_WITH_FEE,
        source="Bybit help, Liquidation price (inverse contract, cross); reported maintenance (read 2026-11)",
        until=BYBIT_ON_MARK,
        margin_mode=MarginMode.CROSS,
        doubt=_BYBIT_CROSS_DOUBT,
    ),
    ConventionRow(
        exchange="bybit",
        convention=MAINTENANCE_ON_MARK_WITH_FEE,
        source="Bybit help, Differences between the margin modes, of 2026-08-04 (read 2026-11)",
        since=BYBIT_ON_MARK,
        margin_mode=MarginMode.CROSS,
        doubt=_BYBIT_CROSS_DOUBT,
    ),
    ConventionRow(
        exchange="okx",
        convention=FLAT_MAINTENANCE_ON_MARK_WITH_FEE,
        source="OKX help, tiered maintenance margin ratio rules; reported positions (read 2026-11)",
    ),
    ConventionRow(
        exchange="gate",
        convention=MAINTENANCE_ON_MARK_WITH_FEE,
        source="Gate help, futures liquidation process; reported positions (read 2026-11)",
    ),
    ConventionRow(
        exchange="bitget",
        convention=MAINTENANCE_ON_MARK_WITH_FEE,
        source="Bitget support, liquidation price; a position reported in 2025 (read 2026-11)",
        margin_mode=MarginMode.ISOLATED,
    ),
    ConventionRow(
        exchange="bitget",
        convention=MAINTENANCE_FROZEN_WITH_FEE,
        source=_BITGET_CROSS,
        until=BITGET_NEW_ALGORITHM,
        margin_mode=MarginMode.CROSS,
    ),
    ConventionRow(
        exchange="bitget",
        convention=MAINTENANCE_FROZEN_WITH_FEE,
        source=_BITGET_CROSS,
        since=BITGET_NEW_ALGORITHM,
        margin_mode=MarginMode.CROSS,
        doubt="Bitget announced a new algorithm for 2025-09-29; no position reported since then has been checked",
    ),
    ConventionRow(
        exchange="kucoin_futures",
        convention=MAINTENANCE_AT_ENTRY,
        source="KuCoin support, isolated margin; reported positions (read 2026-11)",
        margin_mode=MarginMode.ISOLATED,
    ),
    ConventionRow(
        exchange="kucoin_futures",
        convention=MAINTENANCE_ON_MARK_WITH_FEE,
        source="KuCoin support, cross margin; reported positions (read 2026-11)",
        margin_mode=MarginMode.CROSS,
    ),
    ConventionRow(
        exchange="kraken_futures",
        convention=MAINTENANCE_ON_MARK_WITHOUT_FEE,
        source="Kraken support, Equity protection process; a reported threshold (read 2026-11)",
    ),
    ConventionRow(
        exchange="hyperliquid",
        convention=MAINTENANCE_FROZEN,
        source="cross accounts recorded in 2023 (read 2026-11)",
        until=HYPERLIQUID_PER_MARKET,
        doubt="the day of the change is not known; the last record of the old engine is of 2023",
    ),
    ConventionRow(
        exchange="hyperliquid",
        convention=MAINTENANCE_ON_MARK_WITHOUT_FEE,
        source="Hyperliquid docs, Liquidations; reported positions (read 2026-11)",
        since=HYPERLIQUID_PER_MARKET,
    ),
    ConventionRow(
        exchange="dydx",
        convention=MAINTENANCE_ON_MARK_WITHOUT_FEE,
        source="dYdX help, liquidation price (oracle price); tests of the client library (read 2026-11)",
    ),
    ConventionRow(
        exchange="htx",
        convention=ADJUSTMENT_FACTOR,
        source="HTX support, adjustment factor; reported positions (read 2026-11)",
        doubt="accounts told a maintenance rate as such (2026) do not divide it: leave their leverage out",
    ),
    ConventionRow(
        exchange="phemex",
        convention=MAINTENANCE_AT_ENTRY,
        source="positions reported by Phemex (read 2026-11)",
        margin_mode=MarginMode.ISOLATED,
        doubt="the help page of USDT contracts states maintenance and fee on the mark",
    ),
    ConventionRow(
        exchange="phemex",
        convention=MAINTENANCE_ON_MARK_WITH_FEE,
        source="Phemex help, Liquidation price of USDT-M contracts; a reported position (read 2026-11)",
        margin_mode=MarginMode.CROSS,
        contract_kind=ContractKind.LINEAR,
    ),
    ConventionRow(
        exchange="mexc",
        convention=MAINTENANCE_AND_FEE_AT_ENTRY,
        source="MEXC learn, FAQ on liquidation for futures trading; a reported position (read 2026-11)",
        margin_mode=MarginMode.ISOLATED,
    ),
    ConventionRow(
        exchange="delta",
        convention=MAINTENANCE_AT_ENTRY,
        source="positions reported by Delta (read 2026-11)",
        margin_mode=MarginMode.ISOLATED,
    ),
    ConventionRow(
        exchange="blofin",
        convention=FLAT_MAINTENANCE_ON_MARK_WITH_FEE,
        source="positions reported by BloFin (read 2026-11)",
        doubt="whether its tiers join without a jump has not been seen: taken as flat, the earlier of the two",
    ),
    ConventionRow(
        exchange="poloniex",
        convention=MAINTENANCE_ON_MARK_WITHOUT_FEE,
        source="positions reported by Poloniex (read 2026-11)",
    ),
    ConventionRow(
        exchange="lighter",
        convention=MAINTENANCE_ON_MARK_WITHOUT_FEE,
        source="a cross position reported by Lighter (read 2026-11)",
    ),
    ConventionRow(
        exchange="coinex",
        convention=MAINTENANCE_ON_MARK_WITHOUT_FEE,
        source="a cross position reported by CoinEx (read 2026-11)",
        margin_mode=MarginMode.CROSS,
    ),
    ConventionRow(
        exchange="bitmex",
        convention=MAINTENANCE_AT_ENTRY,
        source="positions reported by BitMEX (read 2026-11)",
        margin_mode=MarginMode.ISOLATED,
    ),
    ConventionRow(
        exchange="bitmex",
        convention=MAINTENANCE_ON_MARK_WITH_FEE,
        source="a cross position reported by BitMEX (read 2026-11)",
        margin_mode=MarginMode.CROSS,
        contract_kind=ContractKind.INVERSE,
        doubt="the rates behind that position were inferred from its price",
    ),
    ConventionRow(
        exchange="deribit",
        convention=GROWING_MAINTENANCE,
        source="Deribit support, margin change of 2022-01-11 (read 2026-11)",
        since=date(2022, 1, 11),
        doubt="no worked liquidation price has been published; portfolio margin is known by its ratio only",
    ),
)
