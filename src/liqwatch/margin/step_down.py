"""Partial liquidation."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One reduction by the venue at `price`.

    `contracts_after` is what is left of the position; None where the venue alone chooses how much it sells.
    `tier_after` counts from 1. `maintenance_margin_after` is the position's own (settle currency).
    """

    price: float
    contracts_after: float | None
    tier_after: int | None
    maintenance_margin_after: float | None
    why: str
