"""Frames of the user-data stream, field for field as the venue sends them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import count
from typing import Any, TypeAlias

from liqwatch.model import Side
from liqwatch.testing.venue.book import VenueAccount, VenueBook, VenuePosition
from liqwatch.testing.venue.wire import money, plain

Event: TypeAlias = dict[str, Any]
_order_ids = count(8_886_999)


def account_update(reason: str, balances: Sequence[Event], positions: Sequence[Event], at_ms: int) -> Event:
    """ACCOUNT_UPDATE: only rows that changed; `reason` is the venue's `m` (ORDER, DEPOSIT, FUNDING_FEE …)."""
    return {
        "e": "ACCOUNT_UPDATE",
        "T": at_ms,
        "E": at_ms,
        "a": {"B": list(balances), "P": list(positions), "m": reason},
    }


def balance_row(book: VenueBook, account: VenueAccount, asset: str, change: float = 0.0) -> Event:
    """A `B` row; `change` is what came or went apart from trading, in the asset."""
    figures = book.wallet(account, asset)
    return {
        "a": asset,
        "wb": money(figures.wallet_balance),
        "cw": money(figures.cross_wallet),
        "bc": "0" if change == 0 else money(change),
    }


def position_row(book: VenueBook, account: VenueAccount, position: VenuePosition) -> Event:
    """A `P` row of an open position. There is no liquidation price on this stream."""
    figures = book.figures(account, position)
    return {
        "s": position.native_symbol,
        "pa": plain(position.signed_contracts),
        "ep": plain(position.entry_price),
        "bep": plain(position.entry_price),
        "cr": money(position.realized_profit),
        "up": money(figures.unrealized_profit),
        "mt": position.margin_mode.value,
        "iw": "0" if position.isolated_wallet is None else money(position.isolated_wallet),
        "ps": account.position_side(position.side),
        "ma": figures.market.margin_asset,
    }


def closed_row(book: VenueBook, position: VenuePosition, position_side: str, realized_profit: float) -> Event:
    """A `P` row that says: nothing is open here (any more)."""
    return {
        "s": position.native_symbol,
        "pa": "0",
        "ep": "0",
        "bep": "0",
        "cr": money(realized_profit),
        "up": "0",
        "mt": position.margin_mode.value,
        "iw": "0",
        "ps": position_side,
        "ma": book.markets[position.native_symbol].margin_asset,
    }


def closing_rows(book: VenueBook, account: VenueAccount, position: VenuePosition) -> list[Event]:
    """The `P` rows after a full close, `position` already taken out of the account.

    One-way accounts get their BOTH row. Hedge mode gets all three slots in one event, the untouched
    twin among them.
    """
    if not account.is_hedge_mode:
        return [closed_row(book, position, "BOTH", position.realized_profit)]
    rows = [closed_row(book, position, "BOTH", 0.0)]
    for side in Side:
        twin = account.find(position.native_symbol, side)
        realized_profit = position.realized_profit if side is position.side else 0.0
        rows.append(
            closed_row(book, position, side.name, realized_profit)
            if twin is None
            else position_row(book, account, twin)
        )
    return rows


def margin_call(
    book: VenueBook, account: VenueAccount, positions: Iterable[VenuePosition], asset: str, at_ms: int
) -> Event:
    """MARGIN_CALL over the given positions. The venue says CROSSED here and cross elsewhere."""
    rows: list[Event] = []
    for position in positions:
        figures = book.figures(account, position)
        rows.append(
            {
                "s": position.native_symbol,
                "ps": account.position_side(position.side),
                "pa": plain(position.signed_contracts),
                "mt": "CROSSED" if position.isolated_wallet is None else "ISOLATED",
                "iw": "0" if position.isolated_wallet is None else money(position.isolated_wallet),
                "mp": money(figures.mark_price),
                "up": money(figures.unrealized_profit),
                "mm": money(figures.maintenance_margin),
            }
        )
    return {"e": "MARGIN_CALL", "E": at_ms, "cw": money(account.cross_wallets.get(asset, 0.0)), "p": rows}


def leverage_changed(native_symbol: str, leverage: int, at_ms: int) -> Event:
    """ACCOUNT_CONFIG_UPDATE after a change of leverage."""
    return {"e": "ACCOUNT_CONFIG_UPDATE", "E": at_ms, "T": at_ms, "ac": {"s": native_symbol, "l": leverage}}


def multi_asset_changed(*, is_multi_asset: bool, at_ms: int) -> Event:
    """ACCOUNT_CONFIG_UPDATE after a change of the asset mode."""
    return {"e": "ACCOUNT_CONFIG_UPDATE", "E": at_ms, "T": at_ms, "ai": {"j": is_multi_asset}}


def liquidation_order(
    book: VenueBook, account: VenueAccount, position: VenuePosition, at_ms: int, *, mark: str = "autoclose-"
) -> Event:
    """ORDER_TRADE_UPDATE of the venue's own closing order; the client id begins with `mark`."""
    price = plain(book.mark_prices[position.native_symbol])
    quantity = plain(position.contracts)
    order_id = next(_order_ids)
    return {
        "e": "ORDER_TRADE_UPDATE",
        "T": at_ms,
        "E": at_ms,
        "o": {
            "s": position.native_symbol,
            "c": f"{mark}{at_ms}{order_id}",
            "S": "SELL" if position.side is Side.LONG else "BUY",
            "o": "LIMIT",
            "f": "IOC",
            "q": quantity,
            "p": price,
            "ap": price,
            "sp": "0",
            "x": "CALCULATED",
            "X": "FILLED",
            "i": order_id,
            "l": quantity,
            "z": quantity,
            "L": price,
            "T": at_ms,
            "t": order_id,
            "b": "0",
            "a": "0",
            "m": False,
            "R": True,
            "wt": "CONTRACT_PRICE",
            "ot": "LIMIT",
            "ps": account.position_side(position.side),
            "cp": False,
            "rp": money(book.figures(account, position).unrealized_profit),
            "pP": False,
            "si": 0,
            "ss": 0,
            "V": "NONE",
        },
    }


def forced_order(position: VenuePosition, price: float, at_ms: int) -> Event:
    """`forceOrder` of the public stream. `S` is the side of the ORDER: it sells to close a long."""
    quantity = plain(position.contracts)
    return {
        "e": "forceOrder",
        "E": at_ms,
        "o": {
            "s": position.native_symbol,
            "S": "SELL" if position.side is Side.LONG else "BUY",
            "o": "LIMIT",
            "f": "IOC",
            "q": quantity,
            "p": plain(price),
            "ap": plain(price),
            "X": "FILLED",
            "l": quantity,
            "z": quantity,
            "T": at_ms,
        },
    }


def listen_key_expired(listen_key: str, at_ms: int) -> Event:
    """The end of a listenKey. The venue writes `E` as a string here and leaves the socket open."""
    return {"e": "listenKeyExpired", "E": str(at_ms), "listenKey": listen_key}
