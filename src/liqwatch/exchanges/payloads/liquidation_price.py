"""A venue's own liquidation price, freed of the many ways to say "there is none"."""

from __future__ import annotations

import math

TOO_FAR_BELOW = 0.05
TOO_FAR_ABOVE = 20.0


def cleaned_liquidation_price(raw: str | float | None, mark_price: float) -> float | None:
    """The venue's figure, or None where it means "there is none": absent, zero, negative, or absurdly far."""
    try:
        price = float(raw) if raw is not None else 0.0
    except ValueError:
        return None
    if not 0.0 < price < math.inf:
        return None
    if 0.0 < mark_price < math.inf and not TOO_FAR_BELOW <= price / mark_price <= TOO_FAR_ABOVE:
        return None
    return price
