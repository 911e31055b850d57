"""What checks must know beside the settings themselves."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Self

USUAL_CREDENTIALS = ("api_key", "secret")


def usual_credentials(_exchange: str) -> tuple[str, ...]:
    """What a key consists of at most venues."""
    return USUAL_CREDENTIALS


@dataclass(frozen=True, slots=True, kw_only=True)
class Surroundings:
    """Names as written, sound or not, so that a route to a broken channel is not called a route to nowhere."""

    known_exchanges: tuple[str, ...]
    account_names: tuple[str, ...]
    channel_names: tuple[str, ...]
    broken_tables: frozenset[str]
    credentials_of: Callable[[str], tuple[str, ...]] = usual_credentials
    """The parts of a key at a known exchange."""

    @classmethod
    def of(
        cls,
        raw: Mapping[str, Any],
        known_exchanges: Sequence[str],
        broken_tables: frozenset[str],
        credentials_of: Callable[[str], tuple[str, ...]] = usual_credentials,
    ) -> Self:
        """Read the names from a configuration that has not been validated."""
        return cls(
            known_exchanges=tuple(known_exchanges),
            account_names=_names(raw.get("accounts")),
            channel_names=_names(raw.get("channels")),
            broken_tables=broken_tables,
            credentials_of=credentials_of,
        )


def _names(table: object) -> tuple[str, ...]:
    return tuple(table) if isinstance(table, dict) else ()
