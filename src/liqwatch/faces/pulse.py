"""The outside heartbeat over HTTP, as healthchecks.io has it: a GET while all is well, a POST to …/fail when not.

The URL is the key to the check, so it is a secret. Redirects are not followed, and a host on a private network is
called only where the configuration allows it (threat T11: a URL in a config file must not reach into the machine's
neighbourhood). What is looked at is the very address that is then dialled: a name may mean something else later.
"""

from __future__ import annotations

import asyncio
import ipaddress
import socket
from urllib.parse import urlsplit, urlunsplit

import aiohttp
import structlog
from aiohttp.abc import ResolveResult
from aiohttp.resolver import ThreadedResolver

from liqwatch.redaction import redact, remember_secret

log = structlog.get_logger(__name__)

TIMEOUT_SECONDS = 10.0
LONGEST_TEXT = 1_000
OK_BELOW = 400


class HttpPulse:
    """One URL that misses us, and the one that is told when we are unwell."""

    def __init__(self, url: str, fail_url: str | None = None, *, allow_private: bool = False) -> None:
        """Without a `fail_url`, `/fail` behind the path of `url`. No I/O."""
        self._url = url
        self._fail_url = fail_url or _fail_url_of(url)
        self._allow_private = allow_private
        self._session: aiohttp.ClientSession | None = None
        for secret in (url, self._fail_url):
            remember_secret(secret)

    async def beat(self) -> None:
        """All is well."""
        await self._call("GET", self._url, "")

    async def fail(self, text: str) -> None:
        """All is not well."""
        await self._call("POST", self._fail_url, redact(text)[:LONGEST_TEXT])

    async def close(self) -> None:
        """Give back sockets."""
        if self._session is not None:
            await self._session.close()
            self._session = None

    async def _call(self, method: str, url: str, text: str) -> None:
        host = urlsplit(url).hostname or ""
        try:
            async with asyncio.timeout(TIMEOUT_SECONDS):
                if not self._allow_private and _is_private(host):
                    raise PrivateAddressError
                async with self._opened().request(
                    method, url, data=text.encode() or None, allow_redirects=False
                ) as answer:
                    if answer.status >= OK_BELOW:
                        log.warning("heartbeat_not_taken", status=answer.status)
        except (aiohttp.ClientError, TimeoutError, OSError, ValueError) as error:
            if _is_refusal(error):
                log.warning("heartbeat_refused", why="its host is on a private network; allow_private permits it")
                return
            # Its text may hold the URL, so only its kind is told.
            log.warning("heartbeat_not_sent", error=type(error).__name__)

    def _opened(self) -> aiohttp.ClientSession:
        if self._session is None:
            resolver = ThreadedResolver() if self._allow_private else PublicResolver()
            self._session = aiohttp.ClientSession(
                connector=aiohttp.TCPConnector(resolver=resolver), cookie_jar=aiohttp.DummyCookieJar()
            )
        return self._session


class PrivateAddressError(OSError):
    """A host on a private network, which nobody has allowed."""


class PublicResolver(ThreadedResolver):
    """Looks names up, and refuses those of private networks. Addresses written as such never come here."""

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        """As its parent; raises `PrivateAddressError` when any of the host's addresses is private."""
        found = await super().resolve(host, port, family)
        if any(_is_private(entry["host"]) for entry in found):
            raise PrivateAddressError
        return found


def _is_refusal(error: Exception) -> bool:
    return isinstance(error, PrivateAddressError) or isinstance(getattr(error, "os_error", None), PrivateAddressError)


def _fail_url_of(url: str) -> str:
    parts = urlsplit(url)
    return urlunsplit(parts._replace(path=f"{parts.path.rstrip('/')}/fail"))


def _is_private(host: str) -> bool:
    """Whether this is an address, and neither a public one nor this machine itself."""
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return False
    return not address.is_global and not address.is_loopback
