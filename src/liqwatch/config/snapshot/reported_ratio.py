"""A venue's own margin ratio in a snapshot, for venues and products that are known by their ratio only."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from pydantic import Field

from liqwatch.config.codes import Code
from liqwatch.config.snapshot.fields import CUSTOM, Label, NotNegative, Number, Positive
from liqwatch.config.suggest import nearest
from liqwatch.config.table import Table
from liqwatch.config.values import shown
from liqwatch.errors import Problem
from liqwatch.margin.ratio_rows import RATIO_ROWS
from liqwatch.margin.ratios import AccountSums, NativeRatio

SUMS = ("equity", "maintenance_margin")
FEES = ("closing_fees", "opening_fees")


class ReportedRatioTable(Table):
    """What the venue shows, or the sums it is made of, or both."""

    exchange: Label | None = Field(default=None, description="Name of the venue; absent: the snapshot's exchange.")
    product: Label | None = Field(default=None, description="The venue's product; needed where it has several ratios.")
    native: Number | None = Field(default=None, description="The ratio as the venue shows it.")
    adjustment_factor: Positive | None = Field(
        default=None, description="The contract's, where the venue has taken it off the ratio already (HTX legacy)."
    )
    equity: Number | None = Field(default=None, description="The account's equity as the venue counts it.")
    maintenance_margin: NotNegative | None = Field(
        default=None, description="Maintenance, that of open orders included where the venue counts it."
    )
    closing_fees: NotNegative = Field(default=0.0, description="Held beside maintenance, where the venue counts them.")
    opening_fees: NotNegative = Field(
        default=0.0, description="Of open orders, taken off the equity, where the venue counts them."
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class OfflineRatio:
    """A native value with the row that reads it; without one, the sums stand for it."""

    row: NativeRatio
    native: float | None
    adjustment_factor: float
    sums: AccountSums | None


def ratio_products() -> Mapping[str, tuple[str, ...]]:
    """The products with a known ratio, by exchange."""
    products: dict[str, tuple[str, ...]] = {}
    for row in RATIO_ROWS:
        products[row.exchange] = (*products.get(row.exchange, ()), row.product)
    return products


def check_reported_ratio(table: ReportedRatioTable, snapshot_exchange: str, path: str) -> Iterator[Problem]:
    """What does not fit together."""
    yield from _venue(table, snapshot_exchange, path)
    yield from _values(table, path)
    row = _row_of(table, snapshot_exchange)
    if row is None:
        return
    factor_path = f"{path}.adjustment_factor"
    if row.is_shifted and table.adjustment_factor is None:
        message = f"missing: {row.exchange} has taken it off its {row.name}"
        yield Code.MISSING_KEY.problem(factor_path, message)
    elif not row.is_shifted and table.adjustment_factor is not None:
        message = f"does not count in a {row.name} of {row.exchange}"
        yield Code.OUT_OF_RANGE.problem(factor_path, message, "leave it out")
    if row.is_shifted and table.equity is not None:
        message = f"a {row.name} of {row.exchange} cannot be worked out from sums"
        yield Code.OUT_OF_RANGE.problem(f"{path}.equity", message, "give `native` in place of the sums")


def ratio_of(table: ReportedRatioTable, snapshot_exchange: str) -> OfflineRatio:
    """The ratio of a table that has passed its checks."""
    row = _row_of(table, snapshot_exchange)
    if row is None:
        raise ValueError("a ratio without a row passes no check")
    sums = None
    if table.equity is not None and table.maintenance_margin is not None:
        sums = AccountSums(
            equity=table.equity - table.opening_fees,
            requirement=table.maintenance_margin + table.closing_fees,
        )
    return OfflineRatio(row=row, native=table.native, adjustment_factor=table.adjustment_factor or 0.0, sums=sums)


def _row_of(table: ReportedRatioTable, snapshot_exchange: str) -> NativeRatio | None:
    """The row meant; None: there is none, or several."""
    exchange = table.exchange or snapshot_exchange
    rows = [row for row in RATIO_ROWS if row.exchange == exchange and table.product in (None, row.product)]
    return rows[0] if len(rows) == 1 else None


def _venue(table: ReportedRatioTable, snapshot_exchange: str, path: str) -> Iterator[Problem]:
    known, exchange = ratio_products(), table.exchange or snapshot_exchange
    if exchange not in known:
        listed = "known: " + "; ".join(f"{name}: {', '.join(products)}" for name, products in known.items())
        if table.exchange is None and exchange == CUSTOM:
            yield Code.MISSING_KEY.problem(f"{path}.exchange", "missing", listed)
            return
        near = nearest(exchange, known)
        mend = f"{near} {listed}" if near else listed
        yield Code.UNKNOWN_EXCHANGE.problem(f"{path}.exchange", f"no margin ratio known of {shown(exchange)}", mend)
        return
    listed = f"known of {exchange}: {', '.join(known[exchange])}"
    if table.product is None and len(known[exchange]) > 1:
        yield Code.MISSING_KEY.problem(f"{path}.product", "missing: this venue has several margin ratios", listed)
    elif table.product is not None and table.product not in known[exchange]:
        near = nearest(table.product, known[exchange])
        message = f"{exchange} has no product {shown(table.product)} with a known margin ratio"
        yield Code.UNKNOWN_WORD.problem(f"{path}.product", message, f"{near} {listed}" if near else listed)


def _values(table: ReportedRatioTable, path: str) -> Iterator[Problem]:
    given = [name for name in SUMS if getattr(table, name) is not None]
    if len(given) == 1:
        (absent,) = set(SUMS) - set(given)
        yield Code.MISSING_KEY.problem(f"{path}.{absent}", f"missing: it belongs to `{given[0]}`")
    elif not given:
        if table.native is None:
            yield Code.MISSING_KEY.problem(f"{path}.native", "missing", "or give `equity` and `maintenance_margin`")
        for name in FEES:
            if getattr(table, name):
                message = "counts only beside `equity` and `maintenance_margin`"
                yield Code.OUT_OF_RANGE.problem(f"{path}.{name}", message, "give both, or leave it out")
