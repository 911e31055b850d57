"""What checks must know beside the settings themselves."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Self


@dataclass(frozen=True, slots=True, kw_only=True)
class Surroundings:
    """Names as written, sound or not, so that a route to a broken channel is not called a route to nowhere."""

    known_exchanges: tuple[str, ...]
    account_names: tuple[str, ...]
    channel_names: tuple[str, ...]
    broken_tables: frozenset[str]

    @classmethod
    def of(cls, raw: Mapping[str, Any], known_exchanges: Sequence[str], broken_tables: frozenset[str]) -> Self:
        """Read the names from a configuration that has not been validated."""
        return cls(
            known_exchanges=tuple(known_exchanges),
            account_names=_names(raw.get("accounts")),
            channel_names=_names(raw.get("channels")),
            broken_tables=broken_tables,
        )


def _names(table: object) -> tuple[str, ...]:
    return tuple(table) if isinstance(table, dict) else ()
