"""How each venue counts maintenance: named families in dated rows.

A venue's change of formula is a new row with the day it began. A venue whose family exists is one more row.
"""

from __future__ import annotations

from datetime import date

from liqwatch.margin.convention_rows import ROWS, ConventionRow
from liqwatch.margin.families import MAINTENANCE_ON_MARK_WITHOUT_FEE, Basis, Convention, TierMode
from liqwatch.model import ContractKind, MarginMode

__all__ = [
    "MAINTENANCE_ON_MARK_WITHOUT_FEE",
    "ROWS",
    "Basis",
    "Convention",
    "ConventionRow",
    "TierMode",
    "canonical_exchange",
    "convention_of",
    "known_exchanges",
    "row_of",
]


ALIASES = {
    "binance": "binance_usdm",
    "binanceusdm": "binance_usdm",
    "binancecoinm": "binance_coinm",
    "gateio": "gate",
    "huobi": "htx",
    "kraken": "kraken_futures",
    "krakenfutures": "kraken_futures",
    "kucoin": "kucoin_futures",
    "kucoinfutures": "kucoin_futures",
}
"""What other tools call the same venues."""


def canonical_exchange(name: str, contract_kind: ContractKind = ContractKind.LINEAR) -> str:
    """Our name of an exchange that another tool calls otherwise; any other name stays as it is."""
    if name == "binance" and contract_kind is ContractKind.INVERSE:
        return "binance_coinm"
    return ALIASES.get(name, name)


def row_of(exchange: str, margin_mode: MarginMode, contract_kind: ContractKind, on: date) -> ConventionRow | None:
    """The row in force on that day, the newest where several fit; None when nobody has verified one."""
    rows = [
        row
        for row in ROWS
        if row.exchange == exchange
        and row.is_in_force(on)
        and row.margin_mode in (None, margin_mode)
        and row.contract_kind in (None, contract_kind)
    ]
    return max(rows, key=lambda row: row.since, default=None)


def convention_of(exchange: str, margin_mode: MarginMode, contract_kind: ContractKind, on: date) -> Convention | None:
    """The family of the row in force; None when nobody has verified one for this exchange."""
    row = row_of(exchange, margin_mode, contract_kind, on)
    return row.convention if row else None


def known_exchanges() -> tuple[str, ...]:
    """Every exchange with a row, in alphabetical order."""
    return tuple(sorted({row.exchange for row in ROWS}))
