"""What can happen to an account: each function changes the book and returns what has changed."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace

from liqwatch.model import Side
from liqwatch.testing.venue.book import VenueAccount, VenueBook, VenuePosition
from liqwatch.testing.venue.wire_protocol import AccountChange


def open_position(book: VenueBook, account: VenueAccount, position: VenuePosition, at_ms: int) -> AccountChange:
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
    return AccountChange(account=account, kind="order", positions=(held,), assets=(asset,))


def close_position(
    book: VenueBook,
    account: VenueAccount,
    position: VenuePosition,
    contracts: float | None,
    at_ms: int,
    *,
    kind: str = "order",
) -> AccountChange:
    """Close so many contracts (None: all) at the mark; profit and isolated wallet go to the free wallet."""
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
        return AccountChange(account=account, kind=kind, positions=(position,), assets=(asset,))
    account.positions.remove(position)
    account.closed_leverages[position.native_symbol] = position.leverage
    return AccountChange(account=account, kind=kind, closed=(position,), assets=(asset,))


def change_wallet(account: VenueAccount, asset: str, change: float) -> AccountChange:
    """Add to (or take from) the free wallet."""
    account.cross_wallets[asset] = account.cross_wallets.get(asset, 0.0) + change
    return AccountChange(account=account, kind="wallet", assets=(asset,), moved=change)


def change_isolated_wallet(
    book: VenueBook, account: VenueAccount, position: VenuePosition, change: float, at_ms: int
) -> AccountChange:
    """Move margin (margin asset) between the free wallet and an isolated position.

    Raises ValueError for a cross position.
    """
    if position.isolated_wallet is None:
        raise ValueError("a cross position has no margin of its own")
    asset = book.markets[position.native_symbol].margin_asset
    position.isolated_wallet += change
    position.updated_ms = at_ms
    account.cross_wallets[asset] = account.cross_wallets.get(asset, 0.0) - change
    return AccountChange(account=account, kind="margin", positions=(position,), assets=(asset,))


def change_leverage(account: VenueAccount, native_symbol: str, leverage: int) -> AccountChange:
    """Set the leverage of a market; both twins of hedge mode follow."""
    account.closed_leverages[native_symbol] = leverage
    held = tuple(position for position in account.positions if position.native_symbol == native_symbol)
    for position in held:
        position.leverage = leverage
    return AccountChange(account=account, kind="leverage", positions=held, market=native_symbol)


def liquidate(
    book: VenueBook, account: VenueAccount, event_ms: Callable[[], int]
) -> Iterator[tuple[VenuePosition, float, AccountChange]]:
    """Close whatever its pool no longer carries: the position as it was, the price, and the change.

    A loss beyond the wallet is the insurance fund's, so no wallet ends below zero.
    """
    for position in [each for each in account.positions if book.is_under(account, each)]:
        asset = book.markets[position.native_symbol].margin_asset
        price = book.mark_prices[position.native_symbol]
        before = replace(position)
        if position.isolated_wallet is not None:
            loss_beyond = min(book.figures(account, position).unrealized_profit + position.isolated_wallet, 0.0)
            account.cross_wallets[asset] = account.cross_wallets.get(asset, 0.0) - loss_beyond
        change = close_position(book, account, position, None, event_ms(), kind="liquidation")
        account.cross_wallets[asset] = max(account.cross_wallets[asset], 0.0)
        yield before, price, change


def _add(held: VenuePosition, more: VenuePosition) -> None:
    total = held.contracts + more.contracts
    held.entry_price = (held.entry_price * held.contracts + more.entry_price * more.contracts) / total
    held.contracts = total
    if held.isolated_wallet is not None:
        held.isolated_wallet += more.isolated_wallet or 0.0
