"""Arguments of commands as people type them in a chat."""

from __future__ import annotations

import re

MINUTES_OF = {"": 1, "m": 1, "min": 1, "h": 60, "d": 24 * 60}
DURATION = re.compile(r"(\d{1,6})\s*(m|min|h|d)?")
SHARE = re.compile(r"[+-]?(\d{1,3}(?:[.,]\d+)?)\s*%?")
WILDCARDS = frozenset("*?[")


def minutes_of(text: str) -> int | None:
    """`60`, `90m`, `2h` or `1d` in minutes; None for anything else."""
    found = DURATION.fullmatch(text.strip().lower())
    return int(found[1]) * MINUTES_OF[found[2] or ""] if found else None


def share_of(text: str) -> float | None:
    """`20`, `20%` or `-12.5` percent as a fraction without a sign; None for anything else."""
    found = SHARE.fullmatch(text.strip())
    return float(found[1].replace(",", ".")) / 100 if found else None


def pattern_of(text: str) -> str:
    """The subjects meant: a pattern as it is, a plain word as their beginning. Markets are written in capitals."""
    text = text.strip()
    if not text or WILDCARDS & set(text):
        return text
    base, slash, rest = text.partition("/")
    return f"{base.upper()}{slash}{rest}*" if base.isalnum() and not rest else f"{text}*"
