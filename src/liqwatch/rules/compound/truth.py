"""Logic of three values: true, false, or not known and why (Kleene's strong logic)."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TypeAlias

from liqwatch.model import Unknown

Truth: TypeAlias = bool | Unknown


def all_of(truths: Iterable[Truth]) -> Truth:
    """And: one false decides, else one unknown."""
    known = list(truths)
    if any(truth is False for truth in known):
        return False
    return next((truth for truth in known if isinstance(truth, Unknown)), True)


def any_of(truths: Iterable[Truth]) -> Truth:
    """Or: one true decides, else one unknown."""
    known = list(truths)
    if any(truth is True for truth in known):
        return True
    return next((truth for truth in known if isinstance(truth, Unknown)), False)
