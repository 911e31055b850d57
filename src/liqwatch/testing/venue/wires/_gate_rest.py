"""Gate's REST answers, in its own shapes, computed from the book."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeAlias
from urllib.parse import unquote

from liqwatch.testing.venue.book import VenueAccount, VenuePosition
from liqwatch.testing.venue.markets import VenueMarket
from liqwatch.testing.venue.marks import next_funding_ms
from liqwatch.testing.venue.wire import money, plain
from liqwatch.testing.venue.wire_protocol import RestAnswer, RestCall, Scene

PREFIX = "/api/v4"
FAMILIES = ("usdt", "btc", "usd1")
LONGEST_GAP_SECONDS = 60
MULTI_CURRENCY = 1
FUNDING_RATE = "0.0001"
STEPS = {"1m": 60, "5m": 300, "15m": 900, "1h": 3600, "4h": 14_400, "1d": 86_400}

PublicAnswer: TypeAlias = Callable[[RestCall, Scene, str], Any]
PrivateAnswer: TypeAlias = Callable[[RestCall, Scene, str, VenueAccount], Any]


def refusal(label: str, message: str, status: int = 400) -> RestAnswer:
    """A refusal in the venue's words."""
    return RestAnswer({"label": label, "message": message}, status)


def user_of(account: VenueAccount) -> int:
    """The account's number."""
    return 10_000_000 + sum(map(ord, account.api_key))


def markets_of(scene: Scene, settle: str) -> list[VenueMarket]:
    """The contracts of one settle family."""
    return [market for market in scene.book.markets.values() if market.margin_asset.lower() == settle]


def answer(call: RestCall, scene: Scene) -> RestAnswer:
    """Answer any REST call."""
    path = call.path.removeprefix(PREFIX)
    if path == "/spot/time":
        return RestAnswer({"server_time": scene.now_ms()})
    if path in ACCOUNT_ANSWERS:
        return _signed(call, scene, "usdt", ACCOUNT_ANSWERS[path])
    return _futures(call, scene, path)


def _futures(call: RestCall, scene: Scene, path: str) -> RestAnswer:
    head, _, rest = path.removeprefix("/futures/").partition("/")
    if path.startswith("/futures/") and head in FAMILIES and rest in FUTURES_ANSWERS:
        return _signed(call, scene, head, FUTURES_ANSWERS[rest])
    name, _, contract = rest.partition("/")
    if head not in FAMILIES or name not in PUBLIC_ANSWERS:
        return refusal("MISSING_REQUIRED_HEADER", "Missing required header: KEY")
    wanted = contract or call.query.get("contract", "").removeprefix("mark_")
    if wanted and wanted not in {market.native_symbol for market in markets_of(scene, head)}:
        return refusal("CONTRACT_NOT_FOUND", f"Contract {wanted} not found")
    body = PUBLIC_ANSWERS[name](call, scene, head)
    return RestAnswer(body[0] if contract else body)


def _signed(call: RestCall, scene: Scene, settle: str, answered: PrivateAnswer) -> RestAnswer:
    refused = _key_refusal(call, scene)
    if refused is not None:
        return refused
    body = answered(call, scene, settle, scene.book.accounts[call.headers["key"]])
    return body if isinstance(body, RestAnswer) else RestAnswer(body)


def _key_refusal(call: RestCall, scene: Scene) -> RestAnswer | None:
    missing = [name for name in ("key", "timestamp", "sign") if not call.headers.get(name)]
    if missing:
        return refusal("MISSING_REQUIRED_HEADER", f"Missing required header: {missing[0].upper()}", 401)
    account = scene.book.accounts.get(call.headers["key"])
    if account is None or scene.faults.reject_keys:
        return refusal("INVALID_KEY", "Invalid key provided", 401)
    gap = abs(int(call.headers["timestamp"]) - scene.now_ms() // 1000)
    if gap > LONGEST_GAP_SECONDS:
        return refusal("REQUEST_EXPIRED", "gap between request Timestamp and server time exceeds 60", 403)
    if account.secret is not None and call.headers["sign"] != signature_of(call, account.secret):
        return refusal("INVALID_SIGNATURE", "Signature mismatch", 401)
    return None


def signature_of(call: RestCall, secret: str) -> str:
    """HMAC-SHA512 over method, path, query, hashed body and time (APIv4, Authentication)."""
    body = hashlib.sha512(call.body.encode()).hexdigest()
    lines = (call.method, call.path, unquote(call.raw_query), body, call.headers["timestamp"])
    return hmac.new(secret.encode(), "\n".join(lines).encode(), hashlib.sha512).hexdigest()


def _contracts(call: RestCall, scene: Scene, settle: str) -> list[dict[str, Any]]:
    wanted = call.path.partition("/contracts/")[2]
    return [
        _contract(scene, market) for market in markets_of(scene, settle) if not wanted or market.native_symbol == wanted
    ]


def _contract(scene: Scene, market: VenueMarket) -> dict[str, Any]:
    mark_price = scene.book.mark_prices[market.native_symbol]
    first = market.brackets[0]
    return {
        "name": market.native_symbol,
        "type": "inverse" if market.is_inverse else "direct",
        "quanto_multiplier": "0" if market.is_inverse else plain(market.contract_size),
        "mark_type": "index",
        "last_price": plain(mark_price),
        "mark_price": plain(mark_price),
        "index_price": plain(mark_price),
        "funding_rate": FUNDING_RATE,
        "funding_rate_indicative": FUNDING_RATE,
        "funding_interval": market.funding_hours * 3600,
        "funding_next_apply": next_funding_ms(scene.now_ms(), market) // 1000,
        "maintenance_rate": plain(first.maintenance_margin_rate),
        "leverage_max": str(first.max_leverage),
        "leverage_min": "1",
        "risk_limit_base": plain(first.notional_cap),
        "risk_limit_max": plain(market.brackets[-1].notional_cap),
        "taker_fee_rate": plain(market.closing_fee_rate),
        "maker_fee_rate": "-0.0001",
        "order_price_round": plain(market.price_tick),
        "mark_price_round": plain(market.price_tick),
        "order_size_min": 1,
        "enable_decimal": market.quantity_step < 1,
        "in_delisting": False,
        "status": "trading" if market.status == "TRADING" else "suspend",
    }


def ticker_row(scene: Scene, market: VenueMarket) -> dict[str, Any]:
    """One market's ticker, as REST and stream both tell it."""
    mark_price = plain(scene.book.mark_prices[market.native_symbol])
    return {
        "contract": market.native_symbol,
        "last": mark_price,
        "mark_price": mark_price,
        "index_price": mark_price,
        "funding_rate": FUNDING_RATE,
        "funding_rate_indicative": FUNDING_RATE,
        "total_size": "318726417",
        "volume_24h": "337595135",
        "quanto_base_rate": "",
    }


def _tickers(call: RestCall, scene: Scene, settle: str) -> list[dict[str, Any]]:
    wanted = call.query.get("contract")
    return [
        ticker_row(scene, market)
        for market in markets_of(scene, settle)
        if wanted is None or market.native_symbol == wanted
    ]


def _candles(call: RestCall, scene: Scene, _: str) -> list[dict[str, Any]]:
    query = call.query
    step = STEPS[query.get("interval", "5m")]
    price = plain(scene.book.mark_prices[query["contract"].removeprefix("mark_")])
    first, last = int(query["from"]) // step * step, int(query["to"])
    return [{"t": opened, "o": price, "h": price, "c": price, "l": price} for opened in range(first, last + 1, step)]


def _tiers(call: RestCall, scene: Scene, _: str) -> list[dict[str, Any]]:
    market = scene.book.markets[call.query["contract"]]
    return [
        {
            "tier": bracket.number,
            "contract": market.native_symbol,
            "risk_limit": plain(bracket.notional_cap),
            "initial_rate": plain(round(1 / bracket.max_leverage, 6)),
            "maintenance_rate": plain(bracket.maintenance_margin_rate),
            "leverage_max": str(bracket.max_leverage),
            "deduction": plain(bracket.deduction),
        }
        for bracket in market.brackets
    ]


def _account(_: RestCall, scene: Scene, settle: str, account: VenueAccount) -> Any:  # noqa: ANN401  an answer or a refusal
    asset = settle.upper()
    if asset not in account.cross_wallets and not _held(scene, settle, account):
        return refusal("USER_NOT_FOUND", "please transfer funds first to make futures account")
    figures = scene.book.wallet(account, asset)
    isolated = figures.wallet_balance - figures.cross_wallet
    return {
        "user": user_of(account),
        "currency": asset,
        "total": money(figures.wallet_balance),
        "unrealised_pnl": money(figures.unrealized_profit),
        "position_margin": money(isolated),
        "order_margin": "0",
        "available": money(figures.cross_wallet),
        "point": "0",
        "bonus": "0",
        "in_dual_mode": account.is_hedge_mode,
        "position_mode": "dual" if account.is_hedge_mode else "single",
        "margin_mode": MULTI_CURRENCY if account.is_multi_asset else 0,
        "enable_evolved_classic": not account.is_multi_asset,
        "cross_margin_balance": money(figures.cross_wallet + figures.cross_profit),
        "cross_unrealised_pnl": money(figures.cross_profit),
        "cross_maintenance_margin": money(figures.maintenance_margin),
        "isolated_position_margin": money(isolated),
        "enable_tiered_mm": True,
    }


def _held(scene: Scene, settle: str, account: VenueAccount) -> list[VenuePosition]:
    markets = scene.book.markets
    return [each for each in account.positions if markets[each.native_symbol].margin_asset.lower() == settle]


def _positions(call: RestCall, scene: Scene, settle: str, account: VenueAccount) -> list[dict[str, Any]]:
    if scene.faults.empty_positions_once:
        scene.faults.empty_positions_once = False
        return []
    rows = [_position(scene, account, position) for position in _held(scene, settle, account)]
    return list(page_of(call, scene, rows))


def _position(scene: Scene, account: VenueAccount, position: VenuePosition) -> dict[str, Any]:
    figures = scene.book.figures(account, position)
    is_cross = position.isolated_wallet is None
    none = "0" if position.side.value > 0 else "99999999"
    return {
        "user": user_of(account),
        "contract": position.native_symbol,
        "size": plain(position.signed_contracts),
        "leverage": "0" if is_cross else str(position.leverage),
        "cross_leverage_limit": str(position.leverage) if is_cross else "0",
        "lever": str(position.leverage),
        "pos_margin_mode": "cross" if is_cross else "isolated",
        "mode": mode_of(account, position),
        "value": money(figures.notional),
        "margin": money(position.isolated_wallet or 0.0),
        "entry_price": plain(position.entry_price),
        "liq_price": none if figures.liquidation_price is None else money(figures.liquidation_price),
        "mark_price": plain(figures.mark_price),
        "initial_margin": money(figures.initial_margin),
        "maintenance_margin": money(figures.maintenance_margin),
        "maintenance_rate": plain(figures.market.brackets[0].maintenance_margin_rate),
        "unrealised_pnl": money(figures.unrealized_profit),
        "realised_pnl": money(position.realized_profit),
        "adl_ranking": 5,
        "pending_orders": 0,
        "close_order": None,
        "update_time": position.updated_ms // 1000,
        "update_id": 1,
    }


def mode_of(account: VenueAccount, position: VenuePosition) -> str:
    """What the venue says of the slot that a position is in."""
    return f"dual_{position.side.word}" if account.is_hedge_mode else "single"


def page_of(call: RestCall, scene: Scene, rows: Sequence[dict[str, Any]]) -> Sequence[dict[str, Any]]:
    """The rows of one page."""
    limit = min(int(call.query.get("limit", "100")), scene.faults.page_limit or 100)
    first = int(call.query.get("offset", "0"))
    return rows[first : first + limit]


def _no_rows(_: RestCall, __: Scene, ___: str, ____: VenueAccount) -> list[dict[str, Any]]:
    return []


def _no_trail_orders(_: RestCall, scene: Scene, __: str, ___: VenueAccount) -> dict[str, Any]:
    return {"code": 0, "message": "ok", "data": {"orders": []}, "timestamp": scene.now_ms()}


def _unified(_: RestCall, scene: Scene, __: str, account: VenueAccount) -> dict[str, Any]:
    wallets = [scene.book.wallet(account, asset) for asset in account.cross_wallets]
    equity = sum(each.cross_wallet + each.cross_profit for each in wallets)
    maintenance = sum(each.maintenance_margin for each in wallets)
    return {
        "user_id": user_of(account),
        "locked": False,
        "balances": {each.asset: {"available": money(each.cross_wallet)} for each in wallets},
        "total_margin_balance": money(equity),
        "total_maintenance_margin": money(maintenance),
        "total_maintenance_margin_rate": money(equity / maintenance) if maintenance else "9999.99",
    }


def _detail(_: RestCall, __: Scene, ___: str, account: VenueAccount) -> dict[str, Any]:
    return {"user_id": user_of(account), "ip_whitelist": [], "currency_pairs": [], "key": {"mode": 1}, "tier": 0}


def _main_keys(_: RestCall, __: Scene, ___: str, account: VenueAccount) -> list[dict[str, Any]]:
    rights = {"wallet": account.can_transfer, "futures": account.can_trade, "account": False}
    permissions = [{"name": name, "read_only": not may_write} for name, may_write in rights.items()]
    if account.can_withdraw:
        permissions.append({"name": "withdrawal", "read_only": False})
    return [
        {
            "state": 1,
            "mode": 1,
            "name": "watch",
            "user_id": user_of(account),
            "perms": permissions,
            "ip_whitelist": [],
            "key": account.api_key,
        }
    ]


PUBLIC_ANSWERS: Mapping[str, PublicAnswer] = {
    "contracts": _contracts,
    "tickers": _tickers,
    "candlesticks": _candles,
    "risk_limit_tiers": _tiers,
}
FUTURES_ANSWERS: Mapping[str, PrivateAnswer] = {
    "accounts": _account,
    "positions": _positions,
    "orders": _no_rows,
    "price_orders": _no_rows,
    "autoorder/v1/trail/list": _no_trail_orders,
}
ACCOUNT_ANSWERS: Mapping[str, PrivateAnswer] = {
    "/unified/accounts": _unified,
    "/account/detail": _detail,
    "/account/main_keys": _main_keys,
}
