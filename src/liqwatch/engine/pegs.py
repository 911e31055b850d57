"""What the coins behind an account are worth in dollars: the markets that say so, and what their marks mean.

A venue that lists no such market leaves a coin's price unknown; nothing is taken from elsewhere.
"""

from __future__ import annotations

from collections.abc import Callable, Container, Iterable, Mapping
from dataclasses import dataclass

from liqwatch.margin.backing import DOLLARS
from liqwatch.margin.pools import Pool
from liqwatch.model import AccountSnapshot

QUOTES = ("USD:USD", "USD:{coin}", "USDT:USDT", "USDC:USDC")
"""The markets that price a coin, the directest first; a stablecoin is worth a dollar to the others."""
MIRROR = {"USDT": "USDC/USDT:USDT"}
"""A coin in which the other is quoted: it has lost its peg when the other seems dear."""


@dataclass(frozen=True, slots=True)
class Reference:
    """The market that prices a coin. `is_inverse`: the coin is the quote, so its price is one over the mark."""

    symbol: str
    is_inverse: bool = False

    def price(self, mark_price: float) -> float:
        """The coin's price in dollars; of a stablecoin seen through another one never more than a dollar."""
        return min(1.0, 1.0 / mark_price) if self.is_inverse else mark_price


def references(snapshot: AccountSnapshot, pools: Iterable[Pool], listed: Container[str]) -> dict[str, Reference]:
    """By coin behind the account, the market that prices it, as far as the venue lists one."""
    coins = {coin for coin, quantity in snapshot.cross_wallets.items() if quantity}
    for pool in pools:
        coins |= {pool.currency, *(each.asset for each in pool.collateral)}
    found = {coin: _reference(coin, listed) for coin in coins - DOLLARS}
    return {coin: reference for coin, reference in found.items() if reference is not None}


def prices(known: Mapping[str, Reference], mark_of: Callable[[str], float | None]) -> dict[str, float]:
    """Dollars by coin, where the mark is there."""
    marks = ((coin, reference, mark_of(reference.symbol)) for coin, reference in known.items())
    return {coin: reference.price(mark) for coin, reference, mark in marks if mark is not None and mark > 0}


def _reference(coin: str, listed: Container[str]) -> Reference | None:
    for quote in QUOTES:
        symbol = f"{coin}/{quote.format(coin=coin)}"
        # A stablecoin quoted in itself says nothing.
        if symbol in listed and not symbol.startswith(f"{coin}/{coin}:"):
            return Reference(symbol)
    mirror = MIRROR.get(coin)
    return Reference(mirror, is_inverse=True) if mirror is not None and mirror in listed else None
