"""Key-less REST with the standard library alone, so that a run without accounts loads neither ccxt nor aiohttp."""

from __future__ import annotations

import asyncio
import http.client
import json
from collections.abc import Mapping
from urllib.parse import urlencode, urlsplit

from liqwatch.clock import Clock
from liqwatch.errors import ExchangeError, ExchangeUnreachable
from liqwatch.exchanges.plumbing.refusals import refusal

TIMEOUT_SECONDS = 10.0
LARGEST_BODY_BYTES = 32_000_000
CHUNK_BYTES = 65_536
FIRST_REFUSAL = 400
REDIRECTS = range(300, 400)
JSON_HEADERS = {"Accept": "application/json", "Content-Type": "application/json", "User-Agent": "liqwatch"}


class PublicRest:
    """GET, and POST where a venue asks that way, at one base URL.

    Calls are rare, so each has a connection and a worker thread of its own.
    """

    def __init__(self, base_url: str, clock: Clock) -> None:
        """`base_url` is scheme and host, perhaps a path. Proxy variables of the environment are not read."""
        parts = urlsplit(base_url)
        self._is_secure = parts.scheme == "https"
        self._host = parts.netloc
        self._prefix = parts.path.rstrip("/")
        self._clock = clock

    async def get(self, path: str, query: Mapping[str, str] | None = None) -> bytes:
        """The body of a successful answer.

        Raises:
            ExchangeUnreachable: no connection, no answer in time, or a server error.
            ExchangeBlocked: 429 or 418.
            ExchangeError: any other refusal.
        """
        target = f"{self._prefix}{path}?{urlencode(query)}" if query else f"{self._prefix}{path}"
        return await asyncio.to_thread(self._fetch, "GET", target, None)

    async def post(self, path: str, body: Mapping[str, object]) -> bytes:
        """As `get`, for a venue whose questions are JSON bodies. Raises the same errors."""
        return await asyncio.to_thread(self._fetch, "POST", f"{self._prefix}{path}", json.dumps(body))

    def _fetch(self, method: str, target: str, body_text: str | None) -> bytes:
        kind = http.client.HTTPSConnection if self._is_secure else http.client.HTTPConnection
        connection = kind(self._host, timeout=TIMEOUT_SECONDS)
        try:
            connection.request(method, target, body=body_text, headers=JSON_HEADERS)
            with connection.getresponse() as response:
                body = self._read(response)
        except (OSError, http.client.HTTPException) as error:
            raise ExchangeUnreachable(
                f"{self._host} cannot be reached: {str(error) or type(error).__name__}"
            ) from error
        finally:
            connection.close()
        if response.status in REDIRECTS:
            raise ExchangeError(f"{self._host} answered with a redirect ({response.status})")
        if response.status >= FIRST_REFUSAL:
            raise refusal(
                response.status, body.decode(errors="replace"), dict(response.getheaders()), self._clock.now()
            )
        return body

    def _read(self, response: http.client.HTTPResponse) -> bytes:
        """The body, within a deadline for the whole of it: a socket timeout alone lets a drip last for ever."""
        deadline = self._clock.monotonic() + TIMEOUT_SECONDS
        chunks: list[bytes] = []
        length = 0
        while chunk := response.read1(CHUNK_BYTES):
            chunks.append(chunk)
            length += len(chunk)
            if length > LARGEST_BODY_BYTES or self._clock.monotonic() > deadline:
                raise ExchangeUnreachable(f"{self._host} sends too much or too slowly")
        return b"".join(chunks)
