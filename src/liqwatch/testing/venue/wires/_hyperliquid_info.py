"""What Hyperliquid answers to `POST /info`, and the bodies that its frames share with it."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from typing import Any, TypeAlias

from liqwatch.testing.venue.book import VenueAccount, VenuePosition
from liqwatch.testing.venue.markets import VenueMarket
from liqwatch.testing.venue.marks import compact
from liqwatch.testing.venue.wire_protocol import AccountChange, RestAnswer, Scene

Body: TypeAlias = dict[str, Any]
ADDRESS = re.compile(r"0x[0-9a-fA-F]{40}")
CANNOT_READ = "Failed to deserialize the JSON body into the target type"
FUNDING_RATE = 0.0000125
FIRST_TIERED_TABLE = 50


def document_of(text: str) -> Body:
    """A client's message; empty where it is none."""
    try:
        document = json.loads(text)
    except ValueError:
        return {}
    return document if isinstance(document, dict) else {}


def answer(question: Any, scene: Scene) -> RestAnswer:  # noqa: ANN401  whatever a client sends
    """One question by its `type`; an unknown one, or a wrong address, cannot be read."""
    kind = str(question.get("type")) if isinstance(question, dict) else ""
    if kind in PUBLIC:
        return RestAnswer(PUBLIC[kind](question, scene))
    user = question.get("user", "") if isinstance(question, dict) else ""
    if kind not in PRIVATE or not ADDRESS.fullmatch(user) or question.get("dex", "") not in dexes(scene):
        return RestAnswer(CANNOT_READ, 422)
    account = scene.book.accounts.get(user.lower()) or nobody(user.lower())
    return RestAnswer(PRIVATE[kind](account, question.get("dex", ""), scene))


def nobody(address: str) -> VenueAccount:
    """The venue answers for an address that it has never seen as for an empty account."""
    return VenueAccount(api_key=address)


def dexes(scene: Scene) -> list[str]:
    """Names of the dexes, the venue's own (empty) first."""
    return list(dict.fromkeys(["", *(dex_of(market) for market in scene.book.markets.values())]))


def dex_of(market: VenueMarket) -> str:
    """The dex in a coin's name."""
    return market.native_symbol.rpartition(":")[0]


def context_frame(coin: str, scene: Scene) -> str:
    """A frame of `activeAssetCtx`."""
    return compact({"channel": "activeAssetCtx", "data": {"coin": coin, "ctx": _context(coin, scene)}})


def clearinghouse_state(account: VenueAccount, dex: str, scene: Scene) -> Body:
    """One dex of an account. Where spot balances are pooled, the dex holds no more than its positions are worth."""
    held = [each for each in account.positions if dex_of(scene.book.markets[each.native_symbol]) == dex]
    wallet = scene.book.wallet(account, f"{dex}:USDC" if dex else "USDC")
    crossed = [each for each in held if each.isolated_wallet is None]
    isolated = sum(_isolated_equity(account, each, scene) for each in held if each.isolated_wallet is not None)
    cross_cash = 0.0 if account.is_multi_asset else wallet.cross_wallet
    cross = _summary(account, crossed, cross_cash + wallet.cross_profit, scene)
    figures = [scene.book.figures(account, each) for each in crossed]
    return {
        "marginSummary": _summary(account, held, cross_cash + wallet.cross_profit + isolated, scene),
        "crossMarginSummary": cross,
        "crossMaintenanceMarginUsed": _text(sum(each.maintenance_margin for each in figures)),
        "withdrawable": _text(max(cross_cash, 0.0)),
        "assetPositions": [{"type": "oneWay", "position": _position(account, each, scene)} for each in held],
        "time": scene.now_ms(),
    }


def _asked_state(account: VenueAccount, dex: str, scene: Scene) -> Body:
    """As the stream says it, or once an empty list although positions are open."""
    state = clearinghouse_state(account, dex, scene)
    if scene.faults.empty_positions_once and state["assetPositions"]:
        scene.faults.empty_positions_once = False
        state["assetPositions"] = []
    return state


def forced_fill(change: AccountChange, position: VenuePosition, scene: Scene) -> Body:
    """The fill by which the venue closes a position of the account."""
    price = scene.book.mark_prices[position.native_symbol]
    side = position.side.word.title()
    fill: Body = {
        "coin": position.native_symbol,
        "px": _text(price),
        "sz": _text(position.contracts),
        "side": "A" if position.side.value > 0 else "B",
        "time": scene.event_ms(),
        "startPosition": _text(position.signed_contracts),
        "dir": "Auto-Deleveraging" if change.kind == "deleveraging" else f"Close {side}",
        "closedPnl": "0.0",
        "hash": "0x00",
        "oid": 1,
        "crossed": True,
        "fee": "0.0",
        "tid": 1,
        "feeToken": "USDC",
        "twapId": None,
    }
    if change.kind == "liquidation":
        fill["liquidation"] = {
            "liquidatedUser": change.account.api_key,
            "markPx": _text(price),
            "method": "market",
        }
    return fill


def _summary(account: VenueAccount, held: list[VenuePosition], account_value: float, scene: Scene) -> Body:
    figures = [scene.book.figures(account, each) for each in held]
    signed = sum(each.position.side.value * each.notional for each in figures)
    return {
        "accountValue": _text(account_value),
        "totalNtlPos": _text(sum(each.notional for each in figures)),
        "totalRawUsd": _text(account_value - signed),
        "totalMarginUsed": _text(sum(each.initial_margin for each in figures)),
    }


def _isolated_equity(account: VenueAccount, position: VenuePosition, scene: Scene) -> float:
    return (position.isolated_wallet or 0.0) + scene.book.figures(account, position).unrealized_profit


def _position(account: VenueAccount, position: VenuePosition, scene: Scene) -> Body:
    figures = scene.book.figures(account, position)
    leverage: Body = {"type": position.margin_mode.value, "value": position.leverage}
    margin_used = figures.initial_margin
    if position.isolated_wallet is not None:
        cost = position.signed_contracts * position.entry_price
        leverage["rawUsd"] = _text(position.isolated_wallet - cost)
        margin_used = _isolated_equity(account, position, scene)
    return {
        "coin": position.native_symbol,
        "szi": _text(position.signed_contracts),
        "leverage": leverage,
        "entryPx": _text(position.entry_price),
        "positionValue": _text(figures.notional),
        "unrealizedPnl": _text(figures.unrealized_profit),
        "returnOnEquity": "0.0",
        "liquidationPx": None if figures.liquidation_price is None else _text(figures.liquidation_price),
        "marginUsed": _text(margin_used),
        "maxLeverage": figures.market.brackets[0].max_leverage,
        "cumFunding": {"allTime": "0.0", "sinceOpen": "0.0", "sinceChange": "0.0"},
    }


def _spot_state(account: VenueAccount, _dex: str, scene: Scene) -> Body:
    """A unified account's total holds what its positions have gained and lost, and their isolated margin."""
    wallets = [scene.book.wallet(account, asset) for asset in account.cross_wallets]
    total = sum(each.wallet_balance + each.unrealized_profit for each in wallets) if account.is_multi_asset else 0.0
    balance = {"coin": "USDC", "token": 0, "total": _text(total), "hold": "0.0", "entryNtl": "0.0"}
    if not account.is_multi_asset:
        return {"balances": [balance]}
    available = total - sum(each.maintenance_margin for each in wallets)
    return {"balances": [balance], "tokenToAvailableAfterMaintenance": [[0, _text(available)]]}


def _abstraction(account: VenueAccount, _dex: str, _scene: Scene) -> str:
    return "unifiedAccount" if account.is_multi_asset else "disabled"


def _role(account: VenueAccount, _dex: str, scene: Scene) -> Body:
    """An address that may trade stands for an API wallet's: it acts for an account and holds nothing itself."""
    if account.can_trade:
        return {"role": "agent", "data": {"user": "0x" + "0" * 40}}
    return {"role": "user" if account.api_key in scene.book.accounts else "missing"}


def _perp_dexs(_question: Body, scene: Scene) -> list[Body | None]:
    return [{"name": dex, "fullName": dex.upper()} if dex else None for dex in dexes(scene)]


def _meta_and_contexts(question: Body, scene: Scene) -> list[Any]:
    listed = [each for each in scene.book.markets.values() if dex_of(each) == question.get("dex", "")]
    tables: list[Any] = []
    universe: list[Body] = []
    for market in listed:
        number = market.brackets[0].max_leverage
        if len(market.brackets) > 1:
            number = FIRST_TIERED_TABLE + len(tables)
            tables.append([number, {"description": f"tiered {number}", "marginTiers": _margin_tiers(market)}])
        universe.append(
            {
                "szDecimals": _decimals(market.quantity_step),
                "name": market.native_symbol,
                "maxLeverage": market.brackets[0].max_leverage,
                "marginTableId": number,
            }
        )
    meta = {"universe": universe, "marginTables": tables, "collateralToken": 0}
    return [meta, [_context(market.native_symbol, scene) for market in listed]]


def _margin_tiers(market: VenueMarket) -> list[Body]:
    return [
        {"lowerBound": _text(bracket.notional_floor), "maxLeverage": bracket.max_leverage}
        for bracket in market.brackets
    ]


def _context(coin: str, scene: Scene) -> Body:
    price = scene.book.mark_prices[coin]
    return {
        "funding": _text(FUNDING_RATE),
        "openInterest": "1000.0",
        "prevDayPx": _text(price),
        "dayNtlVlm": "1000000.0",
        "premium": None,
        "oraclePx": _text(price * 0.999),
        "markPx": _text(price),
        "midPx": _text(price * 1.001),
        "impactPxs": None,
        "dayBaseVlm": "1000.0",
    }


def _decimals(step: float) -> int:
    """How many digits stand after the point of a step like 0.001."""
    return max(len(f"{step:.8f}".rstrip("0").partition(".")[2]), 0)


def _text(figure: float) -> str:
    """A figure as the venue writes it: a plain decimal in quotes."""
    written = f"{figure:.10f}".rstrip("0")
    return f"{written}0" if written.endswith(".") else written


PUBLIC: Mapping[str, Callable[[Body, Scene], Any]] = {
    "perpDexs": _perp_dexs,
    "metaAndAssetCtxs": _meta_and_contexts,
    "spotMeta": lambda _, __: {"tokens": [{"name": "USDC", "index": 0}], "universe": []},
    "exchangeStatus": lambda _, scene: {"specialStatuses": None, "time": scene.now_ms()},
}
PRIVATE: Mapping[str, Callable[[VenueAccount, str, Scene], Any]] = {
    "clearinghouseState": _asked_state,
    "spotClearinghouseState": _spot_state,
    "frontendOpenOrders": lambda _, __, ___: [],
    "userAbstraction": _abstraction,
    "userRole": _role,
}
