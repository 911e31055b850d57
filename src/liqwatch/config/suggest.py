"""Guesses at what was meant, for the last line of a problem."""

from __future__ import annotations

import difflib
from collections.abc import Iterable

QUOTE_CURRENCIES = ("FDUSD", "USDT", "USDC", "USD")
LISTED_AT_MOST = 12
ALIKE = 0.6


def nearest(word: str, known: Iterable[str], alike: float = ALIKE) -> str | None:
    """Name the known word that `word` looks like, if there is one; `alike` is how much of them must agree, up to 1."""
    by_folded = {name.casefold(): name for name in known}
    near = difflib.get_close_matches(word.casefold(), by_folded, n=1, cutoff=alike)
    return f"did you mean `{by_folded[near[0]]}`?" if near else None


def did_you_mean(word: str, known: Iterable[str]) -> str | None:
    """Name the nearest known word, or all of them when none is near and they are few."""
    known = list(known)
    listed = f"known: {', '.join(known)}" if 0 < len(known) <= LISTED_AT_MOST else None
    return nearest(word, known) or listed


def symbol_mend(text: str) -> str:
    """Turn a venue's way of naming a contract (BTCUSDT, btc-usdt, BTC/USD) into the unified one."""
    parts = [part for part in text.upper().replace(":", "/").replace("-", "/").replace("_", "/").split("/") if part]
    base, quote = (parts[0], parts[1]) if len(parts) > 1 else _split_pair(parts[0] if parts else "")
    if not base or quote not in QUOTE_CURRENCIES:
        return "write BASE/QUOTE:SETTLE, such as `BTC/USDT:USDT`"
    # A contract quoted in plain dollars is settled in the coin itself.
    settle = base if quote == "USD" else quote
    return f"did you mean `{base}/{quote}:{settle}`?"


def _split_pair(pair: str) -> tuple[str, str]:
    for quote in QUOTE_CURRENCIES:
        if pair.endswith(quote):
            return pair.removesuffix(quote), quote
    return pair, ""
