"""What KuCoin says of contracts, positions and wallets, counted from the book.

Isolated positions are counted by KuCoin's own formula (maintenance of the entry value, the fee of closing within both
margin and maintenance), which the book's figures do not know; cross positions are the book's.
"""

from __future__ import annotations

import math
from typing import Any

from liqwatch.model import Side
from liqwatch.testing.venue.book import VenueAccount, VenueBook, VenuePosition
from liqwatch.testing.venue.figures import bracket_at
from liqwatch.testing.venue.markets import VenueBracket, VenueMarket

FUNDING_PERIOD_MS = 28_800_000
FUNDING_RATE = 0.000038
HIGHEST_PRICE = 1_000_000.0
TAKER_FEE_RATE = 0.0006


def flat_brackets(*rows: tuple[float, float, int]) -> tuple[VenueBracket, ...]:
    """Risk limits from (cap, maintenance rate, highest leverage): one rate on the whole, no deduction."""
    brackets: list[VenueBracket] = []
    floor = 0.0
    for number, (cap, rate, max_leverage) in enumerate(rows, start=1):
        brackets.append(
            VenueBracket(
                number=number,
                max_leverage=max_leverage,
                notional_floor=floor,
                notional_cap=cap,
                maintenance_margin_rate=rate,
                deduction=0.0,
            )
        )
        floor = cap
    return tuple(brackets)


LIMITS = flat_brackets((300_000, 0.004, 125), (1_000_000, 0.007, 75), (10_000_000, 0.02, 25))


def contract(
    native_symbol: str, base_asset: str, mark_price: float, price_tick: float, contract_size: float
) -> VenueMarket:
    """A USDT perpetual; a contract is so many base units."""
    return VenueMarket(
        native_symbol=native_symbol,
        base_asset=base_asset,
        mark_price=mark_price,
        price_tick=price_tick,
        quantity_step=1.0,
        brackets=LIMITS,
        contract_size=contract_size,
        closing_fee_rate=TAKER_FEE_RATE,
    )


MARKETS = (
    contract("XBTUSDTM", "XBT", 117_000.0, 0.1, 0.001),
    contract("ETHUSDTM", "ETH", 4_300.0, 0.01, 0.01),
    contract("SOLUSDTM", "SOL", 220.0, 0.01, 0.1),
    contract("XRPUSDTM", "XRP", 2.8, 0.0001, 10.0),
)


def listed(market: VenueMarket, mark_price: float, now_ms: int) -> dict[str, Any]:
    """One row of `contracts/active`."""
    lowest = market.brackets[0]
    return {
        "symbol": market.native_symbol,
        "rootSymbol": market.quote_asset,
        "type": "FFWCSX",
        "firstOpenDate": 1585555200000,
        "expireDate": None,
        "settleDate": None,
        "baseCurrency": market.base_asset,
        "quoteCurrency": market.quote_asset,
        "settleCurrency": market.margin_asset,
        "maxOrderQty": 1000000,
        "maxPrice": HIGHEST_PRICE,
        "lotSize": 1,
        "tickSize": market.price_tick,
        "multiplier": market.contract_size,
        "initialMargin": 1 / lowest.max_leverage,
        "maintainMargin": lowest.maintenance_margin_rate,
        "maxRiskLimit": lowest.notional_cap,
        "minRiskLimit": lowest.notional_cap,
        "makerFeeRate": 0.0002,
        "takerFeeRate": market.closing_fee_rate,
        "isDeleverage": True,
        "isQuanto": False,
        "isInverse": False,
        "markMethod": "FairPrice",
        "fairMethod": "FundingRate",
        "status": "Open",
        "fundingFeeRate": FUNDING_RATE,
        "fundingRateGranularity": FUNDING_PERIOD_MS,
        "markPrice": mark_price,
        "indexPrice": mark_price,
        "lastTradePrice": mark_price,
        "nextFundingRateTime": next_funding_ms(now_ms) - now_ms,
        "nextFundingRateDateTime": next_funding_ms(now_ms),
        "maxLeverage": lowest.max_leverage,
    }


def next_funding_ms(now_ms: int) -> int:
    """The next full eight hours."""
    return (now_ms // FUNDING_PERIOD_MS + 1) * FUNDING_PERIOD_MS


def risk_limits(market: VenueMarket) -> list[dict[str, Any]]:
    """`contracts/risk-limit/{symbol}`."""
    return [
        {
            "symbol": market.native_symbol,
            "level": each.number,
            "maxRiskLimit": each.notional_cap,
            "minRiskLimit": each.notional_floor,
            "maxLeverage": each.max_leverage,
            "initialMargin": 1 / each.max_leverage,
            "maintainMargin": each.maintenance_margin_rate,
        }
        for each in market.brackets
    ]


class PositionAmounts:
    """One position in KuCoin's terms, in the settle currency."""

    def __init__(self, book: VenueBook, account: VenueAccount, position: VenuePosition) -> None:
        """Counted at the present mark."""
        self.position = position
        self.figures = book.figures(account, position)
        self.market = self.figures.market
        self.mark_price = self.figures.mark_price
        self.quantity = position.contracts * self.market.contract_size
        self.entry_value = self.quantity * position.entry_price
        self.is_isolated = position.isolated_wallet is not None
        value = self.entry_value if self.is_isolated else self.figures.notional
        self.rate = bracket_at(self.market.brackets, value).maintenance_margin_rate
        self.initial_margin = self.entry_value / position.leverage
        self.commission = TAKER_FEE_RATE * (self.entry_value + self.initial_margin) if self.is_isolated else 0.0
        self.margin = self.commission + (position.isolated_wallet or 0.0) if self.is_isolated else self.initial_margin
        self.maintenance = self.rate * value + self.commission

    @property
    def liquidation_price(self) -> float:
        """Isolated: toward the mark by the tick. The lowest and the highest price stand for none."""
        price = self._isolated_price() if self.is_isolated else self.figures.liquidation_price
        if price is None or price <= self.market.price_tick:
            return self.market.price_tick if self.position.side is Side.LONG else HIGHEST_PRICE
        return min(round(price, 10), HIGHEST_PRICE)

    @property
    def bankruptcy_price(self) -> float:
        """Where nothing of the margin is left."""
        wallet = self.position.isolated_wallet if self.is_isolated else None
        if wallet is None:
            return self.liquidation_price
        return max(self.position.entry_price - self.position.side.value * wallet / self.quantity, 0.0)

    @property
    def unified_price(self) -> float:
        """A unified account counts maintenance and fee of isolated positions at the mark, too."""
        if not self.is_isolated:
            return self.liquidation_price
        price = self.bankruptcy_price / (1.0 - self.position.side.value * (self.rate + TAKER_FEE_RATE))
        return max(price, self.market.price_tick)

    def _isolated_price(self) -> float:
        side, tick = self.position.side, self.market.price_tick
        price = self.position.entry_price - side.value * (self.margin - self.maintenance) / self.quantity
        ticks = round(price / tick, 9)
        return (math.ceil(ticks) if side is Side.LONG else math.floor(ticks)) * tick


def position_row(account: VenueAccount, amounts: PositionAmounts, now_ms: int) -> dict[str, Any]:
    """A row of `positions` and of `position.change`."""
    position, side = amounts.position, amounts.position.side.value
    profit = amounts.figures.unrealized_profit
    row: dict[str, Any] = {
        "id": f"5000000000{position.native_symbol}",
        "symbol": position.native_symbol,
        "crossMode": not amounts.is_isolated,
        "maintMarginReq": amounts.rate,
        "delevPercentage": 0.21,
        "openingTimestamp": position.updated_ms,
        "currentTimestamp": now_ms,
        "currentQty": position.signed_contracts,
        "currentCost": side * amounts.entry_value,
        "isOpen": True,
        "markPrice": amounts.mark_price,
        "markValue": side * amounts.figures.notional,
        "posCost": side * amounts.entry_value,
        "posInit": amounts.initial_margin,
        "posMargin": amounts.margin,
        "posMaint": amounts.maintenance,
        "realisedPnl": position.realized_profit,
        "unrealisedPnl": profit,
        "avgEntryPrice": position.entry_price,
        "liquidationPrice": amounts.liquidation_price,
        "bankruptPrice": amounts.bankruptcy_price,
        "settleCurrency": amounts.market.margin_asset,
        "isInverse": False,
        "marginMode": position.margin_mode.name,
        "positionSide": account.position_side(position.side),
        "leverage": position.leverage,
    }
    if amounts.is_isolated:
        row |= {"posComm": amounts.commission, "posCross": 0, "maintMargin": amounts.margin + profit}
    return row


def closed_row(account: VenueAccount, position: VenuePosition, asset: str, now_ms: int) -> dict[str, Any]:
    """What `position.change` says of an end."""
    zeros = ("currentQty", "markValue", "posCost", "posInit", "posMaint", "avgEntryPrice", "liquidationPrice")
    return {
        "symbol": position.native_symbol,
        "crossMode": position.isolated_wallet is None,
        "currentTimestamp": now_ms,
        "isOpen": False,
        **dict.fromkeys(zeros, 0),
        "settleCurrency": asset,
        "marginMode": position.margin_mode.name,
        "positionSide": account.position_side(position.side),
        "leverage": position.leverage,
    }


class AssetAmounts:
    """One currency of a classic account."""

    def __init__(self, book: VenueBook, account: VenueAccount, asset: str) -> None:
        """Counted at the present marks."""
        held = [
            PositionAmounts(book, account, each)
            for each in account.positions
            if book.markets[each.native_symbol].margin_asset == asset
        ]
        figures = book.wallet(account, asset)
        self.asset = asset
        self.cross_wallet = figures.cross_wallet
        self.cross_profit = figures.cross_profit
        self.profit = figures.unrealized_profit
        self.isolated_margin = sum(each.margin for each in held if each.is_isolated)
        self.cross_margin = sum(each.margin for each in held if not each.is_isolated)
        self.maintenance = sum(each.maintenance for each in held if not each.is_isolated)
        self.balance = self.cross_wallet + self.isolated_margin

    @property
    def risk_ratio(self) -> float:
        """Maintenance of the cross positions by what stands behind them."""
        equity = self.cross_wallet + self.cross_profit
        return self.maintenance / equity if equity > 0 else float(self.maintenance > 0)
