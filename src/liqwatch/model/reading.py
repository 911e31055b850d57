"""A figure, the knowledge that there is none, or the admission that we do not know.

"Cannot be liquidated" and "we cannot tell" must never look alike, and neither may look like zero.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import Final, Literal, TypeAlias


class Unreachable(Enum):
    """No price on this side of zero reaches the threshold: safe, and known to be."""

    UNREACHABLE = "unreachable"


UNREACHABLE: Final = Unreachable.UNREACHABLE


@dataclass(frozen=True, slots=True)
class Unknown:
    """The figure cannot be known now; `reason` is a short clause for people."""

    reason: str


Reading: TypeAlias = float | Literal[Unreachable.UNREACHABLE] | Unknown
