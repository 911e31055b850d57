"""What can happen to an account: each function changes the book and returns the frames that announce it."""

from __future__ import annotations

from liqwatch.model import Side
from liqwatch.testing.venue import events
from liqwatch.testing.venue.book import VenueAccount, VenueBook, VenuePosition
from liqwatch.testing.venue.events import Event


def open_position(book: VenueBook, account: VenueAccount, position: VenuePosition, at_ms: int) -> list[Event]:
    """Open a position, or add to the one of the same market and side (entry prices average out).

    An isolated wallet is taken out of the free wallet. Raises ValueError for a market the venue does not
    list, and for the opposite side in one-way mode: close first.
    """
    if position.native_symbol not in book.markets:
        raise ValueError(f"the simulated venue does not list {position.native_symbol}")
    opposite = Side(-position.side.value)
    if not account.is_hedge_mode and account.find(position.native_symbol, opposite):
        raise ValueError("one-way mode holds one direction per market; close the other side first")
    asset = book.markets[position.native_symbol].margin_asset
    account.cross_wallets[asset] = account.cross_wallets.get(asset, 0.0) - (position.isolated_wallet or 0.0)
    held = account.find(position.native_symbol, position.side)
    if held is None:
        held = position
        account.positions.append(held)
    else:
        _add(held, position)
    held.updated_ms = at_ms
    rows = [events.position_row(book, account, held)]
    return [events.account_update("ORDER", [events.balance_row(book, account, asset)], rows, at_ms)]


def close_position(
    book: VenueBook, account: VenueAccount, position: VenuePosition, contracts: float | None, at_ms: int
) -> list[Event]:
    """Close `contracts` base units (None: all) at the mark; profit and isolated wallet go to the free wallet."""
    share = 1.0 if contracts is None else min(contracts / position.contracts, 1.0)
    asset = book.markets[position.native_symbol].margin_asset
    profit = book.figures(account, position).unrealized_profit * share
    released = (position.isolated_wallet or 0.0) * share
    account.cross_wallets[asset] = account.cross_wallets.get(asset, 0.0) + profit + released
    position.realized_profit += profit
    position.updated_ms = at_ms
    if share < 1.0:
        position.contracts -= position.contracts * share
        if position.isolated_wallet is not None:
            position.isolated_wallet -= released
        rows = [events.position_row(book, account, position)]
    else:
        account.positions.remove(position)
        account.closed_leverages[position.native_symbol] = position.leverage
        rows = events.closing_rows(book, account, position)
    return [events.account_update("ORDER", [events.balance_row(book, account, asset)], rows, at_ms)]


def change_wallet(
    book: VenueBook, account: VenueAccount, asset: str, change: float, reason: str, at_ms: int
) -> list[Event]:
    """Add to (or take from) the free wallet; no position row, as the venue does it."""
    account.cross_wallets[asset] = account.cross_wallets.get(asset, 0.0) + change
    return [events.account_update(reason, [events.balance_row(book, account, asset, change)], [], at_ms)]


def change_isolated_wallet(
    book: VenueBook, account: VenueAccount, position: VenuePosition, change: float, at_ms: int
) -> list[Event]:
    """Move margin (margin asset) between the free wallet and an isolated position.

    Raises ValueError for a cross position.
    """
    if position.isolated_wallet is None:
        raise ValueError("a cross position has no margin of its own")
    asset = book.markets[position.native_symbol].margin_asset
    position.isolated_wallet += change
    position.updated_ms = at_ms
    account.cross_wallets[asset] = account.cross_wallets.get(asset, 0.0) - change
    balances = [events.balance_row(book, account, asset)]
    rows = [events.position_row(book, account, position)]
    return [events.account_update("MARGIN_TRANSFER", balances, rows, at_ms)]


def change_leverage(account: VenueAccount, native_symbol: str, leverage: int, at_ms: int) -> list[Event]:
    """Set the leverage of a market; both twins of hedge mode follow."""
    account.closed_leverages[native_symbol] = leverage
    for position in account.positions:
        if position.native_symbol == native_symbol:
            position.leverage = leverage
    return [events.leverage_changed(native_symbol, leverage, at_ms)]


def liquidate(book: VenueBook, account: VenueAccount, at_ms: int) -> list[Event]:
    """Close whatever its pool no longer carries: the order first, then the account, as on the venue.

    A loss beyond the wallet is the insurance fund's, so no wallet ends below zero.
    """
    frames: list[Event] = []
    doomed = [position for position in account.positions if book.is_under(account, position)]
    for position in doomed:
        asset = book.markets[position.native_symbol].margin_asset
        if position.isolated_wallet is not None:
            floor = -position.isolated_wallet
            loss_beyond = min(book.figures(account, position).unrealized_profit - floor, 0.0)
            account.cross_wallets[asset] = account.cross_wallets.get(asset, 0.0) - loss_beyond
        frames.append(events.liquidation_order(book, account, position, at_ms))
        frames.extend(close_position(book, account, position, None, at_ms))
        account.cross_wallets[asset] = max(account.cross_wallets[asset], 0.0)
    return frames


def _add(held: VenuePosition, more: VenuePosition) -> None:
    total = held.contracts + more.contracts
    held.entry_price = (held.entry_price * held.contracts + more.entry_price * more.contracts) / total
    held.contracts = total
    if held.isolated_wallet is not None:
        held.isolated_wallet += more.isolated_wallet or 0.0
