"""Leverage brackets: what a key can fetch, everyone on the venue may use, and what was fetched is kept.

Some venues tell their brackets only to a key. They are cached, so that a restart, a venue that is down and
typed positions without a key all have the real rates, with their age known.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, replace
from datetime import datetime

import structlog

from liqwatch.model import Instrument, LeverageTier
from liqwatch.ports import Cache

log = structlog.get_logger(__name__)

Brackets = Mapping[str, tuple[LeverageTier, ...]]


def apply_brackets(instruments: Mapping[str, Instrument], brackets: Brackets) -> dict[str, Instrument]:
    """The same contracts with the venue's real tiers where they are known."""
    return {
        symbol: replace(instrument, tiers=brackets[symbol], tiers_assumed=False) if brackets.get(symbol) else instrument
        for symbol, instrument in instruments.items()
    }


def has_own_tiers(instrument: Instrument) -> bool:
    """Whether the contract list itself told the venue's tiers."""
    return bool(instrument.tiers) and not instrument.tiers_assumed


async def remember_brackets(brackets: Brackets, venue: str, cache: Cache, now: datetime) -> None:
    """Keep them over a restart."""
    text = json.dumps({symbol: [asdict(tier) for tier in tiers] for symbol, tiers in brackets.items()})
    await cache.remember(_name(venue), text, now)


async def recall_brackets(venue: str, cache: Cache) -> Brackets:
    """What was last remembered; empty when nothing was, or when another version wrote it."""
    remembered = await cache.recall(_name(venue))
    if remembered is None:
        return {}
    text, stored_at = remembered
    try:
        rows: dict[str, list[dict[str, float]]] = json.loads(text)
        brackets = {symbol: tuple(LeverageTier(**tier) for tier in tiers) for symbol, tiers in rows.items()}
    except (ValueError, TypeError, AttributeError):
        log.warning("leverage_brackets_unreadable", venue=venue, stored_at=stored_at.isoformat())
        return {}
    log.info("leverage_brackets_recalled", venue=venue, stored_at=stored_at.isoformat())
    return brackets


def _name(venue: str) -> str:
    return f"leverage_brackets:{venue}"
