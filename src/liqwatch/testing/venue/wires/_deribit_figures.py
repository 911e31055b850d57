"""What Deribit says of a market, a position and an account.

Inverse contracts are counted here, from the published formula alone.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from liqwatch.model import Side
from liqwatch.testing.venue.book import VenueAccount, VenuePosition
from liqwatch.testing.venue.markets import VenueMarket, bracket_table
from liqwatch.testing.venue.wire_protocol import Scene

STABLE = frozenset({"USDC", "USDT"})
PERPETUAL_MS = 32_503_708_800_000
"""The expiry that the venue prints for perpetuals."""
NO_LIMIT = 1e15
FIFTY_TIMES = bracket_table((NO_LIMIT, 0.01, 50))
TWENTY_FIVE_TIMES = bracket_table((NO_LIMIT, 0.02, 25))

MARKETS = (
    VenueMarket(
        native_symbol="BTC_USDC-PERPETUAL",
        base_asset="BTC",
        quote_asset="USDC",
        margin_asset="USDC",
        mark_price=117_000.0,
        price_tick=0.5,
        quantity_step=1.0,
        contract_size=0.001,
        brackets=FIFTY_TIMES,
        delivery_ms=PERPETUAL_MS,
    ),
    VenueMarket(
        native_symbol="ETH_USDC-PERPETUAL",
        base_asset="ETH",
        quote_asset="USDC",
        margin_asset="USDC",
        mark_price=4_300.0,
        price_tick=0.05,
        quantity_step=1.0,
        contract_size=0.001,
        brackets=FIFTY_TIMES,
        delivery_ms=PERPETUAL_MS,
    ),
    VenueMarket(
        native_symbol="SOL_USDC-PERPETUAL",
        base_asset="SOL",
        quote_asset="USDC",
        margin_asset="USDC",
        mark_price=220.0,
        price_tick=0.01,
        quantity_step=1.0,
        contract_size=0.1,
        brackets=TWENTY_FIVE_TIMES,
        delivery_ms=PERPETUAL_MS,
    ),
    VenueMarket(
        native_symbol="BTC-PERPETUAL",
        base_asset="BTC",
        quote_asset="USD",
        margin_asset="BTC",
        mark_price=117_000.0,
        price_tick=0.5,
        quantity_step=1.0,
        contract_size=10.0,
        is_inverse=True,
        brackets=FIFTY_TIMES,
        delivery_ms=PERPETUAL_MS,
    ),
    VenueMarket(
        native_symbol="BTC-31DEC27",
        base_asset="BTC",
        quote_asset="USD",
        margin_asset="BTC",
        mark_price=119_500.0,
        price_tick=2.5,
        quantity_step=1.0,
        contract_size=10.0,
        is_inverse=True,
        brackets=FIFTY_TIMES,
        contract_type="NEXT_QUARTER",
        delivery_ms=1_830_240_000_000,
    ),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Counted:
    """One position at the present mark; money in the settle currency."""

    mark_price: float
    quote_size: float
    base_size: float
    notional: float
    profit: float
    maintenance: float
    liquidation_price: float | None


def counted(scene: Scene, account: VenueAccount, position: VenuePosition) -> Counted:
    """A position in the venue's figures; sizes positive."""
    market = scene.book.markets[position.native_symbol]
    mark_price = scene.book.mark_prices[position.native_symbol]
    if market.is_inverse:
        return _inverse(position, market, mark_price, account.cross_wallets.get(market.margin_asset, 0.0))
    figures = scene.book.figures(account, position)
    base_size = position.contracts * market.contract_size
    return Counted(
        mark_price=mark_price,
        quote_size=base_size * mark_price,
        base_size=base_size,
        notional=figures.notional,
        profit=figures.unrealized_profit,
        maintenance=figures.maintenance_margin,
        liquidation_price=figures.liquidation_price,
    )


def _inverse(position: VenuePosition, market: VenueMarket, mark_price: float, wallet: float) -> Counted:
    """Profit s Q (1/E - 1/P); a lone position is liquidated at Q (1 + s m) / (Q/E + s W)."""
    sign, face = position.side.value, position.contracts * market.contract_size
    rate = market.brackets[0].maintenance_margin_rate
    denominator = face / position.entry_price + sign * wallet
    return Counted(
        mark_price=mark_price,
        quote_size=face,
        base_size=face / mark_price,
        notional=face / mark_price,
        profit=sign * face * (1 / position.entry_price - 1 / mark_price),
        maintenance=rate * face / mark_price,
        liquidation_price=face * (1 + sign * rate) / denominator if denominator > 0 else None,
    )


def position_row(scene: Scene, account: VenueAccount, position: VenuePosition) -> dict[str, Any]:
    """A row of `private/get_positions`."""
    figures, sign = counted(scene, account, position), position.side.value
    market = scene.book.markets[position.native_symbol]
    return {
        "average_price": position.entry_price,
        "delta": sign * figures.base_size,
        "direction": "buy" if position.side is Side.LONG else "sell",
        "estimated_liquidation_price": figures.liquidation_price,
        "floating_profit_loss": figures.profit,
        "index_price": figures.mark_price,
        "initial_margin": 2 * figures.maintenance,
        "instrument_name": position.native_symbol,
        "interest_value": 0.0,
        "kind": "future",
        "leverage": market.brackets[0].max_leverage,
        "maintenance_margin": figures.maintenance,
        "mark_price": figures.mark_price,
        "open_orders_margin": 0.0,
        "realized_funding": 0.0,
        "realized_profit_loss": position.realized_profit,
        "settlement_price": figures.mark_price,
        "size": sign * figures.quote_size,
        "size_currency": sign * figures.base_size,
        "total_profit_loss": figures.profit,
    }


def closed_row(scene: Scene, position: VenuePosition) -> dict[str, Any]:
    """A position that has ended, as a push shows it: size 0, no direction, no liquidation price."""
    mark_price = scene.book.mark_prices[position.native_symbol]
    return {
        "average_price": 0.0,
        "delta": 0.0,
        "direction": "zero",
        "floating_profit_loss": 0.0,
        "instrument_name": position.native_symbol,
        "kind": "future",
        "leverage": scene.book.markets[position.native_symbol].brackets[0].max_leverage,
        "maintenance_margin": 0.0,
        "mark_price": mark_price,
        "size": 0.0,
        "size_currency": 0.0,
        "total_profit_loss": 0.0,
    }


def portfolio(scene: Scene, account: VenueAccount, currency: str) -> dict[str, Any]:
    """One currency's summary. With cross collateral each repeats the whole account, converted."""
    held = [(scene.book.markets[each.native_symbol].margin_asset, each) for each in account.positions]
    mine = [counted(scene, account, each) for asset, each in held if asset == currency]
    wallet = account.cross_wallets.get(currency, 0.0)
    profit, maintenance = sum(each.profit for each in mine), sum(each.maintenance for each in mine)
    row: dict[str, Any] = {
        "currency": currency,
        "balance": wallet,
        "session_upl": profit,
        "session_rpl": 0.0,
        "futures_session_upl": profit,
        "total_pl": profit,
        "equity": wallet + profit,
        "margin_balance": wallet + profit,
        "maintenance_margin": maintenance,
        "initial_margin": 2 * maintenance,
        "options_value": 0.0,
        "available_funds": wallet + profit - 2 * maintenance,
        "portfolio_margining_enabled": False,
        "cross_collateral_enabled": account.is_multi_asset,
        "margin_model": "cross_sm" if account.is_multi_asset else "segregated_sm",
        "estimated_liquidation_ratio_map": {},
    }
    if account.is_multi_asset:
        row |= _whole(scene, account, currency)
    return row


def _whole(scene: Scene, account: VenueAccount, currency: str) -> dict[str, Any]:
    equity = sum(wallet * dollars(scene, asset) for asset, wallet in account.cross_wallets.items())
    maintenance = 0.0
    for position in account.positions:
        worth = dollars(scene, scene.book.markets[position.native_symbol].margin_asset)
        figures = counted(scene, account, position)
        equity += figures.profit * worth
        maintenance += figures.maintenance * worth
    return {
        "margin_balance": equity / dollars(scene, currency),
        "maintenance_margin": maintenance / dollars(scene, currency),
        "total_margin_balance_usd": equity,
        "total_equity_usd": equity,
        "total_maintenance_margin_usd": maintenance,
        "total_initial_margin_usd": 2 * maintenance,
    }


def dollars(scene: Scene, currency: str) -> float:
    """What a unit of a currency is worth."""
    if currency in STABLE:
        return 1.0
    return next(
        scene.book.mark_prices[market.native_symbol]
        for market in scene.book.markets.values()
        if market.base_asset == currency
    )


def currencies(scene: Scene, account: VenueAccount) -> list[str]:
    """Every currency that the account has a summary for."""
    return sorted({*account.cross_wallets, *(market.margin_asset for market in scene.book.markets.values())})


def ticker(scene: Scene, native_symbol: str) -> dict[str, Any]:
    """The data of a ticker, the same on the stream and over REST."""
    mark_price = scene.book.mark_prices[native_symbol]
    data: dict[str, Any] = {
        "timestamp": scene.now_ms(),
        "state": "open",
        "stats": {"high": mark_price, "low": mark_price, "price_change": 0.0, "volume": 1.0, "volume_usd": mark_price},
        "index_price": mark_price,
        "instrument_name": native_symbol,
        "last_price": mark_price * 1.001,
        "settlement_price": mark_price,
        "min_price": mark_price * 0.98,
        "max_price": mark_price * 1.02,
        "open_interest": 1000.0,
        "mark_price": mark_price,
        "estimated_delivery_price": mark_price,
        "best_ask_price": mark_price * 1.0001,
        "best_bid_price": mark_price * 0.9999,
        "best_ask_amount": 10.0,
        "best_bid_amount": 10.0,
    }
    if scene.book.markets[native_symbol].is_perpetual:
        data |= {"current_funding": 0.000_01, "funding_8h": 0.000_02, "interest_value": 0.0028}
    return data
