"""ccxt's unified structures as our nouns. Pure.

Of a position only what venues state is read (contracts, side, entry, liquidation and mark price, leverage, mode);
ccxt's margin ratio, collateral and maintenance margin mean something else at every venue. Figures come as numbers or
as text.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, TypeAlias

from liqwatch.errors import PayloadError
from liqwatch.exchanges.payloads.ccxt_interval import interval_of
from liqwatch.exchanges.payloads.liquidation_price import cleaned_liquidation_price
from liqwatch.model import (
    ContractKind,
    FundingRate,
    Instrument,
    LeverageTier,
    MarginMode,
    MarkCandle,
    MarkRow,
    OrderKind,
    Position,
    RestingOrder,
    Side,
)

Structure: TypeAlias = Mapping[str, Any]
DECIMAL_PLACES, TICK_SIZE = 2, 4
"""ccxt's `precisionMode`."""
MILLISECONDS = 1000
FAR_FROM_LAST = 0.2
SIDES = {"long": Side.LONG, "short": Side.SHORT, "buy": Side.LONG, "sell": Side.SHORT}
MODES = {"isolated": MarginMode.ISOLATED, "cross": MarginMode.CROSS}


@dataclass(frozen=True, slots=True, kw_only=True)
class PositionRules:
    """What a venue's rows need beyond ccxt's own reading: names of raw fields in `info`.

    `contracts` is signed. `entry_cost` is entry price times contracts, signed or not. `isolated_margin` is what is
    assigned to an isolated position, without unrealised PnL. `leverage_counts` False: it is not to be used.
    """

    contracts: str = ""
    entry_cost: str = ""
    isolated_margin: str = ""
    unstated_mode: MarginMode = MarginMode.CROSS
    leverage_counts: bool = True


PLAIN = PositionRules()


def number(value: object) -> float | None:
    """A finite number, from a number or a text; None for anything else."""
    if isinstance(value, bool) or not isinstance(value, (int, float, str)):
        return None
    try:
        figure = float(value)
    except ValueError:
        return None
    return figure if math.isfinite(figure) else None


def price(value: object) -> float | None:
    """A price: finite and greater than zero."""
    figure = number(value)
    return figure if figure is not None and figure > 0 else None


def mark_of(structure: Structure, raw_mark: str = "") -> float | None:
    """The mark price of a ticker or a funding rate: the unified field, else the venue's own one in `info`.

    Where `info` is a bare row, `raw_mark` is a place in it; a figure far from the last trade is then not believed.
    """
    unified = price(structure.get("markPrice"))
    if unified is not None or not raw_mark:
        return unified
    if raw_mark.isdigit():
        return _placed(structure, int(raw_mark))
    return price(_info(structure).get(raw_mark))


def _placed(structure: Structure, place: int) -> float | None:
    info, last = structure.get("info"), last_of(structure)
    if not isinstance(info, Sequence) or isinstance(info, str) or place >= len(info) or last is None:
        return None
    found = price(info[place])
    return found if found is not None and abs(found - last) <= FAR_FROM_LAST * last else None


def last_of(ticker: Structure) -> float | None:
    """The last traded price of a ticker."""
    return price(ticker.get("last"))


def exchange_ms_of(structure: Structure) -> int:
    """The venue's time, epoch ms; 0 when it states none."""
    stamp = number(structure.get("timestamp"))
    return int(stamp) if stamp is not None and stamp > 0 else 0


def structures_of(answer: object) -> list[Structure]:
    """The structures in an answer: a list of them, a table by symbol, or one alone."""
    if isinstance(answer, Mapping):
        rows = [answer] if "symbol" in answer else list(answer.values())
    else:
        rows = list(answer) if isinstance(answer, Iterable) and not isinstance(answer, str) else []
    return [row for row in rows if isinstance(row, Mapping)]


def mark_rows(answer: object, symbols: Iterable[str], raw_mark: str = "") -> list[MarkRow]:
    """The marks of these markets in tickers or funding rates."""
    wanted = set(symbols)
    found = ((row, mark_of(row, raw_mark)) for row in structures_of(answer) if row.get("symbol") in wanted)
    return [(str(row["symbol"]), mark, exchange_ms_of(row)) for row, mark in found if mark is not None]


def last_rows(answer: object, symbols: Iterable[str]) -> list[MarkRow]:
    """The last traded prices of these markets in tickers."""
    wanted = set(symbols)
    found = ((row, last_of(row)) for row in structures_of(answer) if row.get("symbol") in wanted)
    return [(str(row["symbol"]), last, exchange_ms_of(row)) for row, last in found if last is not None]


def candles_of(answer: Sequence[Sequence[object]]) -> list[MarkCandle]:
    """Candles as `[opened ms, open, high, low, close, …]`; what is no candle is left out."""
    candles = []
    for row in answer:
        opened, high, low = number(row[0]), price(row[2]), price(row[3])
        if opened is not None and high is not None and low is not None:
            candles.append(MarkCandle(opened_at=datetime.fromtimestamp(opened / MILLISECONDS, UTC), high=high, low=low))
    return candles


def candle_mark(answer: Sequence[Sequence[object]], symbol: str) -> list[MarkRow]:
    """The newest candle's close: the mark of this moment. Its time is that of the opening, so none is told."""
    newest = max(answer, key=lambda row: number(row[0]) or 0.0, default=None)
    close = price(newest[4]) if newest is not None else None
    return [] if close is None else [(symbol, close, 0)]


def funding_of(answer: object, symbols: Iterable[str]) -> list[FundingRate]:
    """Funding rates in force."""
    wanted = set(symbols)
    rates = []
    for row in structures_of(answer):
        rate = number(row.get("fundingRate"))
        if rate is not None and row.get("symbol") in wanted:
            stamp = number(row.get("fundingTimestamp")) or number(row.get("nextFundingTimestamp"))
            next_at = datetime.fromtimestamp(stamp / MILLISECONDS, UTC) if stamp else None
            interval = interval_of(row.get("interval"), _info(row))
            rates.append(FundingRate(symbol=str(row["symbol"]), rate=rate, next_at=next_at, interval=interval))
    return rates


def instrument_of(market: Structure, precision_mode: int, *, is_last_price: bool = False) -> Instrument | None:
    """A contract of ccxt's list of markets; None for spot, options, and what has no size."""
    size = price(market.get("contractSize"))
    if not market.get("contract") or market.get("option") or size is None or not market.get("settle"):
        return None
    return Instrument(
        symbol=str(market["symbol"]),
        native_symbol=str(market["id"]),
        settle_currency=str(market["settle"]),
        contract_kind=_kind(market),
        contract_size=size,
        price_tick=_tick(number((market.get("precision") or {}).get("price")), precision_mode),
        closing_fee_rate=max(0.0, number(market.get("taker")) or 0.0),
        is_trading=market.get("active") is not False,
        is_last_price=is_last_price,
    )


def _kind(market: Structure) -> ContractKind:
    if market.get("inverse"):
        return ContractKind.INVERSE
    return ContractKind.QUANTO if market.get("quanto") else ContractKind.LINEAR


def _tick(precision: float | None, precision_mode: int) -> float:
    if precision is None or precision < 0:
        return 0.0
    if precision_mode == TICK_SIZE:
        return precision
    return float(10.0**-precision) if precision_mode == DECIMAL_PLACES else 0.0


def tiers_of(answer: Sequence[Structure]) -> tuple[LeverageTier, ...]:
    """Leverage tiers in ascending order; ccxt tells no deductions. Empty where a row cannot be used."""
    tiers = []
    for row in answer:
        floor, cap = number(row.get("minNotional")), number(row.get("maxNotional"))
        rate = number(row.get("maintenanceMarginRate"))
        if floor is None or rate is None or not 0.0 < rate < 1.0:
            return ()
        tiers.append(
            LeverageTier(
                notional_floor=floor,
                notional_cap=math.inf if cap is None else cap,
                maintenance_margin_rate=rate,
                max_leverage=number(row.get("maxLeverage")),
            )
        )
    return tuple(sorted(tiers, key=lambda tier: tier.notional_floor))


def positions_of(rows: Iterable[Structure], rules: PositionRules = PLAIN) -> list[Position]:
    """Every open position; rows of size zero are none.

    Raises:
        PayloadError: a position without a side, a size or an entry price.
    """
    found = (position_of(row, rules) for row in rows)
    return [position for position in found if position is not None]


def position_of(row: Structure, rules: PositionRules = PLAIN) -> Position | None:
    """One position; None when it is of size zero. Raises as `positions_of`."""
    info, symbol = _info(row), str(row.get("symbol") or "")
    stated = row.get("contracts") if row.get("contracts") is not None else info.get(rules.contracts)
    contracts = number(stated)
    if contracts is None or not symbol:
        raise PayloadError(f"positions: no {'contracts' if symbol else 'symbol'} in a row of {symbol or 'no market'}")
    if contracts == 0:
        return None
    side = SIDES.get(str(row.get("side")).lower()) or _side_by_sign(contracts, rules)
    entry = price(row.get("entryPrice")) or _entry_by_cost(info, contracts, rules)
    if side is None or entry is None:
        raise PayloadError(f"positions: no {'side' if side is None else 'entryPrice'} in {symbol}")
    mark = price(row.get("markPrice"))
    mode = MODES.get(str(row.get("marginMode")).lower(), rules.unstated_mode)
    leverage = price(row.get("leverage")) if rules.leverage_counts else None
    margin = price(info.get(rules.isolated_margin)) if rules.isolated_margin else None
    return Position(
        symbol=symbol,
        side=side,
        contracts=abs(contracts),
        entry_price=entry,
        margin_mode=mode,
        leverage=leverage,
        isolated_wallet=margin if mode is MarginMode.ISOLATED else None,
        reported_liquidation_price=cleaned_liquidation_price(number(row.get("liquidationPrice")), mark or entry),
        reported_mark_price=mark,
    )


def _side_by_sign(contracts: float, rules: PositionRules) -> Side | None:
    """A negative size is a short; a positive one is a long only where the venue's field is known to be signed."""
    if contracts < 0:
        return Side.SHORT
    return Side.LONG if rules.contracts else None


def _entry_by_cost(info: Structure, contracts: float, rules: PositionRules) -> float | None:
    cost = number(info.get(rules.entry_cost)) if rules.entry_cost else None
    return price(abs(cost) / abs(contracts)) if cost else None


def total_of(balance: Structure, currency: str) -> float | None:
    """The total of one currency; None when the answer does not name it."""
    part = balance.get(currency)
    return number(part.get("total")) if isinstance(part, Mapping) else None


def order_of(row: Structure) -> RestingOrder | None:
    """One order that waits; None when the answer does not say which way it goes."""
    side = SIDES.get(str(row.get("side")).lower())
    if side is None or not row.get("symbol"):
        return None
    profit, loss = price(row.get("takeProfitPrice")), price(row.get("stopLossPrice"))
    trigger = loss or profit or price(row.get("triggerPrice")) or price(row.get("stopPrice"))
    return RestingOrder(
        symbol=str(row["symbol"]),
        order_side=side,
        kind=_order_kind(str(row.get("type")).lower(), is_profit=profit is not None, has_trigger=trigger is not None),
        contracts=price(row.get("remaining")) or price(row.get("amount")),
        trigger_price=trigger,
        limit_price=price(row.get("price")),
        is_reduce_only=bool(row.get("reduceOnly")),
        order_id=str(row.get("id") or ""),
    )


def _order_kind(word: str, *, is_profit: bool, has_trigger: bool) -> OrderKind:
    if "trailing" in word:
        return OrderKind.TRAILING
    if is_profit or "profit" in word:
        return OrderKind.TAKE_PROFIT
    return OrderKind.STOP if has_trigger or "stop" in word else OrderKind.LIMIT


def _info(structure: Structure) -> Structure:
    info = structure.get("info")
    return info if isinstance(info, Mapping) else {}
