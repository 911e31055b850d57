"""OKX's markets and rows: every figure is text, and "" means that there is none."""

from __future__ import annotations

from typing import Any

from liqwatch.testing.venue.book import VenueAccount, VenueBook, VenuePosition
from liqwatch.testing.venue.markets import VenueBracket, VenueMarket
from liqwatch.testing.venue.wire import money, plain
from liqwatch.testing.venue.wire_protocol import Scene

TAKER_FEE_RATE = 0.0005
X_PERP_EXPIRY_MS = 1_933_056_000_000
"""2031-04-04, 08:00 UTC."""
DUST = 1e-9


def flat_brackets(*rows: tuple[float, float, int]) -> tuple[VenueBracket, ...]:
    """Brackets from (notional cap, maintenance rate, highest leverage): one rate on the whole, jumps at the edges."""
    floors = (0.0, *(cap for cap, _, _ in rows))
    return tuple(
        VenueBracket(
            number=number,
            max_leverage=max_leverage,
            notional_floor=floor,
            notional_cap=cap,
            maintenance_margin_rate=rate,
            deduction=0.0,
        )
        for number, (floor, (cap, rate, max_leverage)) in enumerate(zip(floors, rows, strict=False), start=1)
    )


MAJOR_BRACKETS = flat_brackets((5_000_000, 0.004, 100), (25_000_000, 0.005, 75), (60_000_000, 0.01, 50))
MINOR_BRACKETS = flat_brackets((100_000, 0.0065, 75), (500_000, 0.015, 50), (2_000_000, 0.03, 20))

MARKETS = (
    VenueMarket(
        native_symbol="BTC-USDT-SWAP",
        base_asset="BTC",
        mark_price=117_000.0,
        price_tick=0.1,
        quantity_step=0.01,
        brackets=MAJOR_BRACKETS,
        contract_size=0.01,
        closing_fee_rate=TAKER_FEE_RATE,
    ),
    VenueMarket(
        native_symbol="ETH-USDT-SWAP",
        base_asset="ETH",
        mark_price=4_300.0,
        price_tick=0.01,
        quantity_step=0.01,
        brackets=MAJOR_BRACKETS,
        contract_size=0.1,
        closing_fee_rate=TAKER_FEE_RATE,
    ),
    VenueMarket(
        native_symbol="XRP-USDT-SWAP",
        base_asset="XRP",
        mark_price=2.8,
        price_tick=0.0001,
        quantity_step=0.01,
        brackets=MINOR_BRACKETS,
        contract_size=100.0,
        closing_fee_rate=TAKER_FEE_RATE,
    ),
    VenueMarket(
        native_symbol="BTC-USD-SWAP",
        base_asset="BTC",
        quote_asset="USD",
        margin_asset="BTC",
        mark_price=117_005.0,
        price_tick=0.1,
        quantity_step=0.1,
        brackets=MAJOR_BRACKETS,
        contract_size=100.0,
        is_inverse=True,
        closing_fee_rate=TAKER_FEE_RATE,
    ),
    VenueMarket(
        native_symbol="BTC-USD_UM_XPERP-310404",
        base_asset="BTC",
        quote_asset="USD",
        margin_asset="USD",
        mark_price=117_010.0,
        price_tick=0.1,
        quantity_step=0.01,
        brackets=MAJOR_BRACKETS,
        contract_size=0.001,
        closing_fee_rate=TAKER_FEE_RATE,
        contract_type="XPERP",
        delivery_ms=X_PERP_EXPIRY_MS,
    ),
)
"""The simulator's sums are linear, so positions belong into the linear ones; the inverse one has marks."""


def family_of(native_symbol: str) -> str:
    """`instType`."""
    return "SWAP" if native_symbol.endswith("-SWAP") else "FUTURES"


def instrument_family(native_symbol: str) -> str:
    """`instFamily`."""
    return native_symbol.rpartition("-")[0]


def account_mode(account: VenueAccount) -> str:
    """`acctLv`: multi-currency where the account pools, else futures mode."""
    return "3" if account.is_multi_asset else "2"


def mark_row(scene: Scene, market: VenueMarket) -> dict[str, str]:
    """One mark price, on the stream and over REST."""
    return {
        "instId": market.native_symbol,
        "instType": family_of(market.native_symbol),
        "markPx": plain(scene.book.mark_prices[market.native_symbol]),
        "ts": str(scene.now_ms()),
    }


def contract_row(market: VenueMarket) -> dict[str, Any]:
    """One row of the list of contracts."""
    family = family_of(market.native_symbol)
    return {
        "alias": "" if family == "SWAP" else "this_five_years",
        "baseCcy": "",
        "ctMult": "1",
        "ctType": "inverse" if market.is_inverse else "linear",
        "ctVal": plain(market.contract_size),
        "ctValCcy": market.quote_asset if market.is_inverse else market.base_asset,
        "expTime": "" if family == "SWAP" else str(market.delivery_ms),
        "instFamily": instrument_family(market.native_symbol),
        "instId": market.native_symbol,
        "instType": family,
        "lever": str(market.brackets[0].max_leverage),
        "lotSz": plain(market.quantity_step),
        "minSz": plain(market.quantity_step),
        "quoteCcy": "",
        "ruleType": "xperp" if market.contract_type == "XPERP" else "normal",
        "settleCcy": market.margin_asset,
        "state": "live" if market.status == "TRADING" else "suspend",
        "tickSz": plain(market.price_tick),
        "uly": f"{market.base_asset}-{market.quote_asset}",
    }


def tier_rows(market: VenueMarket) -> list[dict[str, str]]:
    """Position tiers: bounds in contracts, as they were fixed at the first price."""
    each = market.contract_size * (1.0 if market.is_inverse else market.mark_price)
    family = instrument_family(market.native_symbol)
    return [
        {
            "baseMaxLoan": "",
            "imr": plain(round(1 / bracket.max_leverage, 6)),
            "instFamily": family,
            "instId": "",
            "maxLever": str(bracket.max_leverage),
            "maxSz": str(int(bracket.notional_cap / each)),
            "minSz": str(int(bracket.notional_floor / each) + (bracket.number > 1)),
            "mmr": plain(bracket.maintenance_margin_rate),
            "optMgnFactor": "0",
            "quoteMaxLoan": "",
            "tier": str(bracket.number),
            "uly": f"{market.base_asset}-{market.quote_asset}",
        }
        for bracket in market.brackets
    ]


def contracts_text(account: VenueAccount, position: VenuePosition) -> str:
    """`pos`: signed in net mode, positive where `posSide` says the side."""
    return plain(position.contracts if account.is_hedge_mode else position.signed_contracts)


def side_text(account: VenueAccount, position: VenuePosition) -> str:
    """`posSide`."""
    return position.side.word if account.is_hedge_mode else "net"


def position_row(
    scene: Scene, account: VenueAccount, position: VenuePosition, *, is_open: bool = True
) -> dict[str, Any]:
    """One position; an ended one has `pos` "0" and empty figures."""
    market = scene.book.markets[position.native_symbol]
    row: dict[str, Any] = {
        "adl": "1",
        "avgPx": plain(position.entry_price) if is_open else "",
        "ccy": market.margin_asset,
        "closeOrderAlgo": [],
        "instId": position.native_symbol,
        "instType": family_of(position.native_symbol),
        "lever": str(position.leverage),
        "liqPx": "",
        "margin": "",
        "markPx": plain(scene.book.mark_prices[position.native_symbol]),
        "mgnMode": position.margin_mode.value,
        "mgnRatio": "",
        "mmr": "",
        "pos": contracts_text(account, position) if is_open else "0",
        "posId": "307173036051017730",
        "posSide": side_text(account, position),
        "uTime": str(position.updated_ms),
        "upl": "",
        "usdPx": "1",
    }
    return row | _figures(scene.book, account, position, market) if is_open else row


def _figures(book: VenueBook, account: VenueAccount, position: VenuePosition, market: VenueMarket) -> dict[str, str]:
    figures = book.figures(account, position)
    isolated = position.isolated_wallet
    wallet = book.wallet(account, market.margin_asset)
    cross_equity = wallet.cross_wallet + wallet.cross_profit
    equity = cross_equity if isolated is None else isolated + figures.unrealized_profit
    return {
        "liqPx": liquidation_text(figures.liquidation_price, position, market),
        "margin": "" if isolated is None else money(isolated),
        "mgnRatio": money(equity / figures.maintenance_margin),
        "mmr": money(figures.maintenance_margin - figures.notional * market.closing_fee_rate),
        "notionalUsd": money(figures.notional),
        "imr": money(figures.initial_margin) if isolated is None else "",
        "upl": money(figures.unrealized_profit),
    }


def liquidation_text(price: float | None, position: VenuePosition, market: VenueMarket) -> str:
    """`liqPx`: "" for none; that of an isolated position stands one tick nearer to the mark."""
    if price is None:
        return ""
    is_isolated = position.isolated_wallet is not None
    return repr(price + position.side.value * market.price_tick if is_isolated else price)


def balance_row(scene: Scene, account: VenueAccount) -> dict[str, Any]:
    """The account's balances: cash is outside isolated margin and unrealised profit."""
    assets = sorted(account.cross_wallets)
    wallets = [scene.book.wallet(account, asset) for asset in assets]
    equity = sum(each.cross_wallet + each.cross_profit for each in wallets)
    required = sum(
        scene.book.figures(account, each).maintenance_margin
        for each in account.positions
        if each.isolated_wallet is None
    )
    is_pooled = account.is_multi_asset
    return {
        "adjEq": money(equity) if is_pooled else "",
        "details": [balance_detail(scene, account, asset) for asset in assets],
        "imr": "",
        "isoEq": "0",
        "mgnRatio": money(equity / required) if is_pooled and required > DUST else "",
        "mmr": money(required) if is_pooled else "",
        "totalEq": money(equity),
        "uTime": str(scene.now_ms()),
    }


def balance_detail(scene: Scene, account: VenueAccount, asset: str) -> dict[str, Any]:
    """One currency: `eq = cashBal + cross upl + isoEq`."""
    wallet = scene.book.wallet(account, asset)
    isolated_equity = wallet.wallet_balance - wallet.cross_wallet + wallet.unrealized_profit - wallet.cross_profit
    return {
        "availBal": money(wallet.cross_wallet),
        "availEq": money(wallet.cross_wallet),
        "cashBal": money(wallet.cross_wallet),
        "ccy": asset,
        "eq": money(wallet.cross_wallet + wallet.cross_profit + isolated_equity),
        "isoEq": money(isolated_equity),
        "isoUpl": money(wallet.unrealized_profit - wallet.cross_profit),
        "mgnRatio": "",
        "stgyEq": "0",
        "uTime": str(scene.now_ms()),
        "upl": money(wallet.unrealized_profit),
    }
