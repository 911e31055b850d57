"""Bodies of the REST answers, computed from the book in the venue's shapes."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias

from liqwatch.testing.venue.book import VenueAccount, VenueBook
from liqwatch.testing.venue.markets import VenueMarket
from liqwatch.testing.venue.marks import next_funding_ms
from liqwatch.testing.venue.wire import money, plain

MINUTE_MS = 60_000
CANDLES = 3
USUAL_FUNDING_HOURS = 8

Body: TypeAlias = Any
"""Whatever the venue's JSON holds: an object or a list."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ask:
    """One call as the answers need it: state, query parameters, the venue's time."""

    book: VenueBook
    query: Mapping[str, str]
    now_ms: int


PublicAnswer: TypeAlias = Callable[[Ask], Body]
AccountAnswer: TypeAlias = Callable[[Ask, VenueAccount], Body]


def ping(_: Ask) -> Body:
    """An empty object."""
    return {}


def server_time(ask: Ask) -> Body:
    """The venue's clock."""
    return {"serverTime": ask.now_ms}


def exchange_info(ask: Ask) -> Body:
    """Every contract with its filters."""
    return {
        "timezone": "UTC",
        "serverTime": ask.now_ms,
        "futuresType": "U_MARGINED",
        "rateLimits": [
            {"rateLimitType": "REQUEST_WEIGHT", "interval": "MINUTE", "intervalNum": 1, "limit": 2400},
            {"rateLimitType": "ORDERS", "interval": "MINUTE", "intervalNum": 1, "limit": 1200},
        ],
        "exchangeFilters": [],
        "assets": [{"asset": "USDT", "marginAvailable": True, "autoAssetExchange": "-10000"}],
        "symbols": [_listing(market) for market in ask.book.markets.values()],
    }


def coin_exchange_info(ask: Ask) -> Body:
    """The same of COIN-M: a contract has a size in quote currency, and its status another name."""
    rows = []
    for market in ask.book.markets.values():
        row = _listing(market)
        row |= {
            "contractStatus": row.pop("status"),
            "contractSize": int(market.contract_size),
            "equalQtyPrecision": 4,
            "maxMoveOrderLimit": 10_000,
        }
        rows.append(row)
    return {
        "timezone": "UTC",
        "serverTime": ask.now_ms,
        "rateLimits": [{"rateLimitType": "REQUEST_WEIGHT", "interval": "MINUTE", "intervalNum": 1, "limit": 2400}],
        "exchangeFilters": [],
        "symbols": rows,
    }


def _listing(market: VenueMarket) -> dict[str, Any]:
    pair = market.base_asset + market.quote_asset
    tick, step = plain(market.price_tick), plain(market.quantity_step)
    return {
        "symbol": market.native_symbol,
        "pair": pair,
        "contractType": market.contract_type,
        "deliveryDate": market.delivery_ms,
        "onboardDate": 1_569_398_400_000,
        "status": market.status,
        "maintMarginPercent": "2.5000",
        "requiredMarginPercent": "5.0000",
        "baseAsset": market.base_asset,
        "quoteAsset": market.quote_asset,
        "marginAsset": market.margin_asset,
        "pricePrecision": _decimals(tick),
        "quantityPrecision": _decimals(step),
        "baseAssetPrecision": 8,
        "quotePrecision": 8,
        "underlyingType": "COIN",
        "underlyingSubType": [],
        "triggerProtect": "0.0500",
        "liquidationFee": f"{market.liquidation_fee_rate:.6f}",
        "marketTakeBound": "0.05",
        "maxMoveOrderLimit": 10_000,
        "filters": [
            {"filterType": "PRICE_FILTER", "minPrice": tick, "maxPrice": "4529764", "tickSize": tick},
            {"filterType": "LOT_SIZE", "minQty": step, "maxQty": "1000000", "stepSize": step},
            {"filterType": "MARKET_LOT_SIZE", "minQty": step, "maxQty": "100000", "stepSize": step},
            {"filterType": "MAX_NUM_ORDERS", "limit": 200},
            {"filterType": "MIN_NOTIONAL", "notional": "5"},
            {
                "filterType": "PERCENT_PRICE",
                "multiplierUp": "1.0500",
                "multiplierDown": "0.9500",
                "multiplierDecimal": "4",
            },
        ],
        "orderTypes": ["LIMIT", "MARKET", "STOP", "STOP_MARKET"],
        "timeInForce": ["GTC", "IOC", "FOK", "GTX", "GTD"],
    }


def _decimals(step: str) -> int:
    return len(step.partition(".")[2])


def premium_index(ask: Ask) -> Body:
    """Mark prices: one object for `?symbol=`, else a list."""
    rows = [_premium(ask, market) for market in ask.book.markets.values()]
    wanted = ask.query.get("symbol")
    if wanted is None:
        return rows
    return next(row for row in rows if row["symbol"] == wanted)


def coin_premium_index(ask: Ask) -> Body:
    """The same of COIN-M: a list for one symbol as well, with the pair."""
    return [
        _premium(ask, market) | {"pair": market.base_asset + market.quote_asset}
        for market in ask.book.markets.values()
        if ask.query.get("symbol", market.native_symbol) == market.native_symbol
    ]


def funding_info(ask: Ask) -> Body:
    """Only the markets whose interval is not the usual one."""
    return [
        {
            "symbol": market.native_symbol,
            "adjustedFundingRateCap": "0.02000000",
            "adjustedFundingRateFloor": "-0.02000000",
            "fundingIntervalHours": market.funding_hours,
            "disclaimer": False,
        }
        for market in ask.book.markets.values()
        if market.is_perpetual and market.funding_hours != USUAL_FUNDING_HOURS
    ]


def mark_candles(ask: Ask) -> Body:
    """The last minutes at the present mark, oldest first: time, open, high, low, close and what is unused here."""
    price = money(ask.book.mark_prices[ask.query["symbol"]])
    newest = ask.now_ms // MINUTE_MS * MINUTE_MS
    start, end = int(ask.query.get("startTime", 0)), int(ask.query.get("endTime", newest))
    opened = [newest - number * MINUTE_MS for number in reversed(range(CANDLES))]
    return [
        [each, price, price, price, price, "0", each + MINUTE_MS - 1, "0", 60, "0", "0", "0"]
        for each in opened
        if start <= each <= end
    ]


def _premium(ask: Ask, market: VenueMarket) -> dict[str, Any]:
    price = money(ask.book.mark_prices[market.native_symbol])
    return {
        "symbol": market.native_symbol,
        "markPrice": price,
        "indexPrice": price,
        "estimatedSettlePrice": price,
        "lastFundingRate": "0.00010000" if market.is_perpetual else "",
        "interestRate": "0.00010000" if market.is_perpetual else "",
        "nextFundingTime": next_funding_ms(ask.now_ms, market) if market.is_perpetual else 0,
        "time": ask.now_ms,
    }


def leverage_brackets(ask: Ask, _: VenueAccount) -> Body:
    """Brackets of all markets; an object instead of a list for `?symbol=`."""
    rows = [
        {
            "symbol": market.native_symbol,
            "notionalCoef": 1.0,
            "brackets": [
                {
                    "bracket": bracket.number,
                    "initialLeverage": bracket.max_leverage,
                    "notionalCap": bracket.notional_cap,
                    "notionalFloor": bracket.notional_floor,
                    "maintMarginRatio": bracket.maintenance_margin_rate,
                    "cum": bracket.deduction,
                }
                for bracket in market.brackets
            ],
        }
        for market in ask.book.markets.values()
    ]
    wanted = ask.query.get("symbol")
    return rows if wanted is None else next(row for row in rows if row["symbol"] == wanted)


def coin_leverage_brackets(ask: Ask, account: VenueAccount) -> Body:
    """The same of COIN-M, version 2: bounds in coins, and a list for one symbol as well."""
    answer = leverage_brackets(ask, account)
    rows = answer if isinstance(answer, list) else [answer]
    for row in rows:
        del row["notionalCoef"]
        for bracket in row["brackets"]:
            bracket["qtyCap"] = bracket.pop("notionalCap")
            bracket["qtyFloor"] = bracket.pop("notionalFloor")
    return rows
