"""Raw signed calls as a venue file uses them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol, TypeVar

Answer = TypeVar("Answer")


class SignedCalls(Protocol):
    """One key's calls, by ccxt's name of the endpoint (`privateGetV5PositionList`). Answers are the raw bodies."""

    async def call(self, name: str, answer: type[Answer], parameters: Mapping[str, object] | None = None) -> Answer:
        """Make one raw call and read its answer as `answer` (msgspec, lax: "1.5" reads as 1.5).

        Raises:
            CredentialsError: the key is refused.
            ExchangeBlocked: 429 or 418.
            ExchangeUnreachable: no answer in time, or a server error.
            PayloadError: the answer does not have that shape.
            ExchangeError: any other refusal.
        """
        ...

    def secret(self, name: str) -> str:
        """A credential under its config name (`api_key`, `secret`, `passphrase`, `wallet_address`), for signing."""
        ...

    def server_now_ms(self) -> int:
        """The venue's clock as last measured, for signing."""
        ...

    async def measure_skew_ms(self) -> float:
        """How far the venue's clock is ahead of ours."""
        ...

    async def close(self) -> None:
        """Give back the session."""
        ...
