"""The table of native margin ratios; `normalise` in `ratios.py` reads a row."""

from __future__ import annotations

from liqwatch.margin.ratios import Direction, NativeRatio

_HIGH, _LOW = Direction.HIGH_IS_SAFE, Direction.LOW_IS_SAFE

KRAKEN_SPOT_MARGIN = NativeRatio(
    exchange="kraken",
    product="spot margin",
    name="margin level",
    direction=_HIGH,
    event=0.4,
    source="Kraken support, Margin call level and liquidation level (read 2026-11)",
    milestones=((0.8, "margin call; liquidation at Kraken's discretion"),),
    is_approximate=True,
)
OKX = NativeRatio(
    exchange="okx",
    product="any",
    name="mgnRatio",
    direction=_HIGH,
    event=1.0,
    source="OKX learn, When would my order be liquidated; a reported account (read 2026-11)",
)

RATIO_ROWS: tuple[NativeRatio, ...] = (
    NativeRatio(
        exchange="binance_usdm",
        product="futures",
        name="margin ratio",
        direction=_LOW,
        event=1.0,
        source="Binance FAQ, Liquidation protocols (read 2026-11)",
    ),
    NativeRatio(
        exchange="binance_coinm",
        product="futures",
        name="margin ratio",
        direction=_LOW,
        event=1.0,
        source="Binance FAQ, Liquidation protocols (read 2026-11)",
    ),
    NativeRatio(
        exchange="binance",
        product="portfolio margin",
        name="uniMMR",
        direction=_HIGH,
        event=1.05,
        source="Binance FAQ, Portfolio Margin maintenance ratio (read 2026-11)",
        milestones=((1.5, "reminder"), (1.2, "reduce only"), (1.0, "claim for the loss")),
    ),
    NativeRatio(
        exchange="binance",
        product="cross spot margin",
        name="margin level",
        direction=_HIGH,
        event=1.0,
        source="Binance FAQ, Margin level and margin call (read 2026-11)",
        is_approximate=True,
    ),
    NativeRatio(
        exchange="bybit",
        product="unified cross or portfolio",
        name="accountMMRate",
        direction=_LOW,
        event=1.0,
        source="Bybit help, Differences between the margin modes, of 2026-08-04 (read 2026-11)",
    ),
    OKX,
    NativeRatio(
        exchange="gate",
        product="futures",
        name="MMR",
        direction=_HIGH,
        event=1.0,
        source="Gate help, futures liquidation process (read 2026-11)",
    ),
    NativeRatio(
        exchange="gate",
        product="unified",
        name="MMR",
        direction=_HIGH,
        event=1.0,
        source="Gate help, unified account risk control (read 2026-11)",
        milestones=((1.1, "forced repayment"),),
    ),
    NativeRatio(
        exchange="bitget",
        product="futures",
        name="marginRatio",
        direction=_LOW,
        event=1.0,
        source="Bitget support, liquidation price; reported positions (read 2026-11)",
    ),
    NativeRatio(
        exchange="kucoin_futures",
        product="cross",
        name="risk rate",
        direction=_LOW,
        event=1.0,
        source="KuCoin support, cross margin (read 2026-11)",
        milestones=((0.95, "open orders are cancelled"),),
    ),
    NativeRatio(
        exchange="kraken_futures",
        product="multi-collateral",
        name="maintenance margin ÷ portfolio value",
        direction=_LOW,
        event=1.0,
        source="Kraken support, Equity protection process (read 2026-11)",
    ),
    KRAKEN_SPOT_MARGIN,
    NativeRatio(
        exchange="deribit",
        product="any",
        name="maintenance_margin ÷ margin_balance",
        direction=_LOW,
        event=1.0,
        source="Deribit docs, auto-liquidation; a reported account (read 2026-11)",
    ),
    NativeRatio(
        exchange="htx",
        product="legacy",
        name="risk_rate",
        direction=_HIGH,
        event=0.0,
        source="HTX support, adjustment factor; a reported account (read 2026-11)",
        is_shifted=True,
    ),
    NativeRatio(
        exchange="htx",
        product="of 2026",
        name="margin_rate",
        direction=_LOW,
        event=1.0,
        source="a position reported by HTX in 2026 (read 2026-11)",
    ),
    NativeRatio(
        exchange="phemex",
        product="futures",
        name="margin level",
        direction=_HIGH,
        event=1.0,
        source="Phemex help, Liquidation price (read 2026-11)",
    ),
    NativeRatio(
        exchange="mexc",
        product="futures",
        name="margin rate",
        direction=_LOW,
        event=1.0,
        source="MEXC blog, Liquidation in futures (read 2026-11)",
    ),
    NativeRatio(
        exchange="blofin",
        product="futures",
        name="marginRatio",
        direction=_HIGH,
        event=1.0,
        source="positions reported by BloFin (read 2026-11)",
    ),
    NativeRatio(
        exchange="poloniex",
        product="futures",
        name="mgnRatio",
        direction=_LOW,
        event=1.0,
        source="positions reported by Poloniex (read 2026-11)",
    ),
    NativeRatio(
        exchange="aave",
        product="v3",
        name="health factor",
        direction=_HIGH,
        event=1.0,
        source="Aave docs, Liquidations (read 2026-11)",
        milestones=((0.95, "the whole debt may be liquidated, not half"),),
    ),
)


def native_ratio_of(exchange: str, product: str) -> NativeRatio | None:
    """The row of one venue's product, or None."""
    rows = (row for row in RATIO_ROWS if (row.exchange, row.product) == (exchange, product))
    return next(rows, None)
