"""The contracts a venue listed last time, so that a start while it is down still knows what it watches."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict
from datetime import datetime
from typing import Any

import structlog

from liqwatch.model import ContractKind, Instrument, LeverageTier
from liqwatch.ports import Cache

log = structlog.get_logger(__name__)


async def remember_listing(instruments: Mapping[str, Instrument], venue: str, cache: Cache, now: datetime) -> None:
    """Keep a venue's contracts over a restart."""
    rows = [
        asdict(instrument) | {"contract_kind": instrument.contract_kind.value} for instrument in instruments.values()
    ]
    await cache.remember(_name(venue), json.dumps(rows), now)


async def recall_listing(venue: str, cache: Cache) -> dict[str, Instrument]:
    """What was last remembered; empty when nothing was, or when another version wrote it."""
    remembered = await cache.recall(_name(venue))
    if remembered is None:
        return {}
    text, stored_at = remembered
    try:
        instruments = [_instrument(row) for row in json.loads(text)]
    except (ValueError, TypeError, KeyError, AttributeError):
        log.warning("listing_unreadable", venue=venue, stored_at=stored_at.isoformat())
        return {}
    log.warning("listing_recalled", venue=venue, stored_at=stored_at.isoformat(), markets=len(instruments))
    return {instrument.symbol: instrument for instrument in instruments}


def _instrument(row: dict[str, Any]) -> Instrument:
    tiers = tuple(LeverageTier(**tier) for tier in row.pop("tiers"))
    return Instrument(**{**row, "contract_kind": ContractKind(row["contract_kind"]), "tiers": tiers})


def _name(venue: str) -> str:
    return f"listing:{venue}"
