"""What Kraken Futures says over REST, and its figures of positions. Inverse ones are counted here, by formula alone."""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final, TypeAlias

from liqwatch.model import Side
from liqwatch.testing.venue.book import VenueAccount, VenuePosition
from liqwatch.testing.venue.markets import VenueBracket, VenueMarket
from liqwatch.testing.venue.wire_protocol import RestAnswer, RestCall, Scene

PREFIX: Final = "/derivatives/api/v3/"
CHARTS: Final = "/api/charts/v1/mark/"
NO_LIMIT: Final = 1e15
RETAIL_RATE: Final = 0.25
HOUR_FUNDING: Final = 0.00001
STEPS: Final = {"1m": 60, "5m": 300, "15m": 900, "1h": 3600, "4h": 14_400, "1d": 86_400}
MOST_CANDLES: Final = 2000
VENUE_NAMES: Final = {"BTC": "XBT"}
DOLLAR: Final = "USD"

Body: TypeAlias = dict[str, Any]


def levels(*rows: tuple[float, float, int]) -> tuple[VenueBracket, ...]:
    """Brackets from (cap, maintenance rate, highest leverage); the rate counts for the whole position."""
    floors = [0.0, *(cap for cap, _, _ in rows)]
    return tuple(
        VenueBracket(
            number=number,
            max_leverage=leverage,
            notional_floor=floors[number - 1],
            notional_cap=cap,
            maintenance_margin_rate=rate,
            deduction=0.0,
        )
        for number, (cap, rate, leverage) in enumerate(rows, start=1)
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Counted:
    """One position at the present mark; money in the currency of its wallet."""

    mark_price: float
    profit: float
    maintenance: float
    initial: float
    liquidation_price: float


def counted(scene: Scene, account: VenueAccount, position: VenuePosition) -> Counted:
    """A position in the venue's figures; a liquidation price of 0 means none."""
    market = scene.book.markets[position.native_symbol]
    mark_price = scene.book.mark_prices[position.native_symbol]
    if market.is_inverse:
        return _inverse(position, market, mark_price, account.cross_wallets.get(market.margin_asset, 0.0))
    figures = scene.book.figures(account, position)
    return Counted(
        mark_price=mark_price,
        profit=figures.unrealized_profit,
        maintenance=figures.maintenance_margin,
        initial=figures.initial_margin,
        liquidation_price=figures.liquidation_price or 0.0,
    )


def _inverse(position: VenuePosition, market: VenueMarket, mark_price: float, wallet: float) -> Counted:
    """Profit s S (1/E - 1/P); a lone position is liquidated at S (1 + s m) / (S/E + s W)."""
    sign, face = position.side.value, position.contracts * market.contract_size
    rate = next(row for row in market.brackets if face <= row.notional_cap).maintenance_margin_rate
    denominator = face / position.entry_price + sign * wallet
    return Counted(
        mark_price=mark_price,
        profit=sign * face * (1 / position.entry_price - 1 / mark_price),
        maintenance=rate * face / mark_price,
        initial=2 * rate * face / mark_price,
        liquidation_price=face * (1 + sign * rate) / denominator if denominator > 0 else 0.0,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Sums:
    """A wallet: balance without profit, profit, and margins."""

    balance: float
    profit: float
    maintenance: float
    initial: float

    @property
    def value(self) -> float:
        """Balance and profit."""
        return self.balance + self.profit


def sums(scene: Scene, account: VenueAccount, asset: str, *, with_isolated: bool) -> Sums:
    """One wallet's sums over its cross positions, or over all of them."""
    held = [
        position
        for position in account.positions
        if scene.book.markets[position.native_symbol].margin_asset == asset
        and (with_isolated or position.isolated_wallet is None)
    ]
    figures = [counted(scene, account, position) for position in held]
    return Sums(
        balance=account.cross_wallets.get(asset, 0.0) + sum(position.isolated_wallet or 0.0 for position in held),
        profit=sum(each.profit for each in figures),
        maintenance=sum(each.maintenance for each in figures),
        initial=sum(each.initial for each in figures),
    )


def coins(scene: Scene, account: VenueAccount) -> list[str]:
    """The coins that the account has an inverse wallet of."""
    inverse = {market.margin_asset for market in scene.book.markets.values() if market.is_inverse}
    return sorted(inverse | (set(account.cross_wallets) - {DOLLAR}))


def venue_name(asset: str) -> str:
    """The venue's name of a currency."""
    return VENUE_NAMES.get(asset, asset)


def answer(call: RestCall, scene: Scene) -> RestAnswer:
    """Answer any REST call; refusals come with status 200, as the venue sends them."""
    if call.path.startswith(CHARTS):
        return RestAnswer(_candles(call, scene))
    name = call.path.removeprefix(PREFIX)
    if not call.path.startswith(PREFIX):
        return refusal("notFound", scene, 404)
    if name in PRIVATE:
        account = _signer(call, scene)
        body = None if account is None else PRIVATE[name](scene, account)
        return refusal("authenticationError", scene) if body is None else RestAnswer(_timed(body, scene))
    if name in PUBLIC:
        return RestAnswer(_timed(PUBLIC[name](scene), scene))
    market = scene.book.markets.get(name.removeprefix("tickers/").upper())
    if market is None or not name.startswith("tickers/"):
        return refusal("contractNotFound" if name.startswith("tickers/") else "notFound", scene)
    return RestAnswer(_timed({"ticker": _ticker(scene, market)}, scene))


def refusal(word: str, scene: Scene, status: int = 200) -> RestAnswer:
    """A refusal in the venue's words."""
    return RestAnswer({"result": "error", "error": word, "serverTime": iso(scene)}, status)


def iso(scene: Scene) -> str:
    """The venue's clock as it writes it."""
    at = datetime.fromtimestamp(scene.now_ms() / 1000, UTC)
    return f"{at:%Y-%m-%dT%H:%M:%S}.{at.microsecond // 1000:03d}Z"


def signature_of(secret: str, text: bytes) -> str:
    """HMAC-SHA512 with the decoded secret over the SHA-256 of a text, base64."""
    digest = hmac.new(base64.b64decode(secret), hashlib.sha256(text).digest(), hashlib.sha512).digest()
    return base64.b64encode(digest).decode()


def _signer(call: RestCall, scene: Scene) -> VenueAccount | None:
    account = scene.book.accounts.get(call.headers.get("apikey", ""))
    signature = call.headers.get("authent", "")
    if account is None or scene.faults.reject_keys or not signature:
        return None
    endpoint = call.path.removeprefix("/derivatives")
    if account.secret is not None and signature != signature_of(account.secret, (call.raw_query + endpoint).encode()):
        return None
    return account


def _timed(body: Body, scene: Scene) -> Body:
    return {"result": "success", **body, "serverTime": iso(scene)}


def _instruments(scene: Scene) -> Body:
    index = {"symbol": "in_xbtusd", "type": "spot index", "tradeable": False, "tags": []}
    return {"instruments": [*(_listed(market) for market in scene.book.markets.values()), index]}


def _listed(market: VenueMarket) -> Body:
    floor = "contracts" if market.is_inverse else "numNonContractUnits"
    steps = [
        {
            floor: bracket.notional_floor,
            "initialMargin": 1 / bracket.max_leverage,
            "maintenanceMargin": bracket.maintenance_margin_rate,
        }
        for bracket in market.brackets
    ]
    retail = [{floor: 0, "initialMargin": 2 * RETAIL_RATE, "maintenanceMargin": RETAIL_RATE}]
    row: Body = {
        "symbol": market.native_symbol,
        "type": "futures_inverse" if market.is_inverse else "flexible_futures",
        "tickSize": market.price_tick,
        "contractSize": market.contract_size,
        "tradeable": market.status == "TRADING",
        "marginLevels": steps,
        "retailMarginLevels": retail if market.is_inverse else steps,
        "contractValueTradePrecision": 4,
        "postOnly": False,
        "tags": [],
    }
    if not market.is_perpetual:
        at = datetime.fromtimestamp(market.delivery_ms / 1000, UTC)
        row["lastTradingTime"] = f"{at:%Y-%m-%dT%H:%M:%S}.000Z"
    return row


def _status(scene: Scene) -> Body:
    return {"instrumentStatus": [{"tradeable": name, "experiencingDislocation": False} for name in scene.book.markets]}


def _tickers(scene: Scene) -> Body:
    rows = [_ticker(scene, market) for market in scene.book.markets.values()]
    return {"tickers": [*rows, {"symbol": "in_xbtusd", "last": 117_000, "lastTime": iso(scene)}]}


def _ticker(scene: Scene, market: VenueMarket) -> Body:
    mark_price = scene.book.mark_prices[market.native_symbol]
    row: Body = {
        "symbol": market.native_symbol,
        "last": mark_price * 1.001,
        "lastTime": iso(scene),
        "tag": "perpetual" if market.is_perpetual else "quarter",
        "pair": f"{venue_name(market.base_asset)}:{DOLLAR}",
        "markPrice": mark_price,
        "bid": mark_price * 0.9999,
        "ask": mark_price * 1.0001,
        "indexPrice": mark_price,
        "suspended": False,
        "postOnly": False,
    }
    if market.is_perpetual:
        row["fundingRate"] = HOUR_FUNDING / mark_price if market.is_inverse else HOUR_FUNDING * mark_price
    return row


def _candles(call: RestCall, scene: Scene) -> Body:
    symbol, _, interval = call.path.removeprefix(CHARTS).partition("/")
    if symbol not in scene.book.markets or interval not in STEPS:
        return {"candles": [], "more_candles": False}
    step, mark_price = STEPS[interval], f"{scene.book.mark_prices[symbol]:.11f}"
    first, last = int(call.query["from"]), int(call.query["to"])
    times = range(first - first % step, last + 1, step)
    rows = [
        {"time": at * 1000, "open": mark_price, "high": mark_price, "low": mark_price, "close": mark_price, "volume": 0}
        for at in times[:MOST_CANDLES]
    ]
    return {"candles": rows, "more_candles": len(times) > MOST_CANDLES}


def _positions(scene: Scene, account: VenueAccount) -> Body:
    if scene.faults.empty_positions_once:
        scene.faults.empty_positions_once = False
        return {"openPositions": []}
    return {"openPositions": [_position(scene, account, position) for position in account.positions]}


def _position(scene: Scene, account: VenueAccount, position: VenuePosition) -> Body:
    row: Body = {
        "side": "long" if position.side is Side.LONG else "short",
        "symbol": position.native_symbol,
        "price": position.entry_price,
        "fillTime": iso(scene),
        "size": position.contracts,
        "unrealizedPnl": counted(scene, account, position).profit,
        "unrealizedFunding": 0.0,
        "pnlCurrency": DOLLAR,
    }
    if position.isolated_wallet is not None:
        row["maxFixedLeverage"] = float(position.leverage)
    return row


def _accounts(scene: Scene, account: VenueAccount) -> Body:
    flex = sums(scene, account, DOLLAR, with_isolated=True)
    wallets: Body = {
        "cash": {"balances": {"usd": "0.0", "xbt": "0.0"}, "type": "cashAccount"},
        "flex": {
            "currencies": {DOLLAR: {"quantity": flex.balance, "value": flex.balance, "collateral": flex.balance}},
            "initialMargin": flex.initial,
            "initialMarginWithOrders": flex.initial,
            "maintenanceMargin": flex.maintenance,
            "balanceValue": flex.balance,
            "portfolioValue": flex.value,
            "collateralValue": flex.balance,
            "pnl": flex.profit,
            "unrealizedFunding": 0.0,
            "totalUnrealized": flex.profit,
            "totalUnrealizedAsMargin": flex.profit,
            "availableMargin": flex.value - flex.initial,
            "marginEquity": flex.value,
            "type": "multiCollateralMarginAccount",
        },
    }
    for coin in coins(scene, account):
        told, name = sums(scene, account, coin, with_isolated=True), venue_name(coin).lower()
        wallets[f"fi_{name}usd"] = {
            "auxiliary": {"usd": 0, "pv": told.value, "pnl": told.profit, "af": told.value, "funding": 0.0},
            "marginRequirements": {"im": told.initial, "mm": told.maintenance, "lt": 0.0, "tt": 0.0},
            "triggerEstimates": {"im": 0, "mm": 0, "lt": 0, "tt": 0},
            "balances": {name: told.balance},
            "currency": name,
            "type": "marginAccount",
        }
    return {"accounts": wallets}


def _orders(_scene: Scene, _account: VenueAccount) -> Body:
    return {"openOrders": []}


PUBLIC: Mapping[str, Callable[[Scene], Body]] = {
    "instruments": _instruments,
    "instruments/status": _status,
    "tickers": _tickers,
}
PRIVATE: Mapping[str, Callable[[Scene, VenueAccount], Body]] = {
    "openpositions": _positions,
    "accounts": _accounts,
    "openorders": _orders,
}
