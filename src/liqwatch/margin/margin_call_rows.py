"""At which of our margin ratios a venue itself warns or acts before it liquidates: dated rows with their documents.

Ours is maintenance ÷ equity, 1 at liquidation; `words` tell the level in the venue's own figures. A venue without
a row states no level: its warnings come as events, if at all (Bybit, OKX, Bitget, Deribit, Kraken, Hyperliquid).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from liqwatch.margin.conventions import canonical_exchange
from liqwatch.model import MarginMode


@dataclass(frozen=True, slots=True, kw_only=True)
class MarginCallRow:
    """A level in force at one exchange since a day. `margin_mode` None: both.

    `doubt` is what is not settled about it, as a sentence for people.
    """

    exchange: str
    margin_ratio: float
    words: str
    source: str
    doubt: str = ""
    since: date = date.min
    margin_mode: MarginMode | None = None


_BINANCE_DOUBT = "Binance states no level for its call; this is where it advises to act."

MARGIN_CALL_ROWS: tuple[MarginCallRow, ...] = (
    MarginCallRow(
        exchange="binance_usdm",
        margin_ratio=0.8,
        words="a margin ratio of 80 %, below which Binance advises to stay",
        source="Binance FAQ, liquidation protocols; the documented MARGIN_CALL event stands at 80.64 % (read 2026-11)",
        doubt=_BINANCE_DOUBT,
    ),
    MarginCallRow(
        exchange="binance_coinm",
        margin_ratio=0.8,
        words="a margin ratio of 80 %, below which Binance advises to stay",
        source="Binance FAQ, liquidation protocols; COIN-M has the same MARGIN_CALL event (read 2026-11)",
        doubt=_BINANCE_DOUBT,
    ),
    MarginCallRow(
        exchange="binance_portfolio",
        margin_ratio=1.05 / 1.5,
        words="a uniMMR of 150 %: Binance reminds; at 120 % it lets positions only be reduced, at 105 % it liquidates",
        source="Binance FAQ, Portfolio Margin maintenance ratio (read 2026-11)",
    ),
    MarginCallRow(
        exchange="gate",
        margin_ratio=0.5,
        words="an MMR of 200 %, at which Gate sends its own liquidation alert",
        source="Gate help, how to set up a liquidation alert in futures (read 2026-11)",
        doubt="The level is chosen at Gate: 300 %, 200 % (if nobody has chosen) or 150 %.",
    ),
    MarginCallRow(
        exchange="kucoin_futures",
        margin_ratio=0.95,
        words="a risk rate of 95 %, at which KuCoin cancels open orders",
        source="KuCoin support, cross margin (read 2026-11)",
        doubt="KuCoin counts the maintenance of open orders too, so it may come earlier.",
        margin_mode=MarginMode.CROSS,
    ),
)


def margin_call_row(venue: str, margin_mode: MarginMode, *, on: date = date.max) -> MarginCallRow | None:
    """The newest row of a venue (`gate`, `gate@sandbox`, `ccxt:gate`) that is in force on that day, if it has one."""
    exchange = canonical_exchange(venue.partition("@")[0].removeprefix("ccxt:"))
    rows = [
        row
        for row in MARGIN_CALL_ROWS
        if row.exchange == exchange and row.margin_mode in {None, margin_mode} and row.since <= on
    ]
    return max(rows, key=lambda row: row.since, default=None)
