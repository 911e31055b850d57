"""What can be said of a channel URL without loading Apprise: what is refused on purpose, and which parts are secret."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterator
from urllib.parse import SplitResult, parse_qsl, unquote, urlsplit

from liqwatch.errors import NotificationError
from liqwatch.redaction import remember_secret

_SCHEMA = re.compile(r"([a-z][a-z0-9_+.-]*)://", re.IGNORECASE)
_REFUSED_SCHEMAS = frozenset({"file", "windows", "macosx", "dbus", "glib", "gnome", "kde", "qt", "blink1"})
_YES = frozenset({"yes", "true", "1", "on"})
_SECRET_PARAMETERS = re.compile(r"(?i)pass|token|secret|key|auth|sid")
# A part of a path is taken for a token when it looks like one; plain words must stay readable in messages.
_TOKEN_LIKE = re.compile(r"(?=[\w-]*\d)[\w-]{12,}|[\w-]{20,}")


def refuse_unsafe(url: str) -> None:
    """Raise for what no check of the service itself would find; the URL is never quoted.

    Raises:
        NotificationError: no URL, a schema that reaches nobody, or TLS verification switched off.
    """
    schema = _SCHEMA.match(url)
    if schema is None:
        raise NotificationError(
            "the channel URL has no schema", mend="write it as service://…, for example tgram://token/chat"
        )
    name = schema[1].lower()
    if name in _REFUSED_SCHEMAS:
        raise NotificationError(
            f"{name}:// reaches nobody: it ends on this machine",
            mend="use a service that reaches a person, or console://",
        )
    parts = _split(url)
    if not all(value.lower() in _YES for key, value in _parameters(parts) if key == "verify") and not _is_local(parts):
        raise NotificationError(
            f"{name}:// with verify=no would hand messages and tokens to anyone in between",
            mend="remove verify=no; only a loopback host may do without",
        )


def remember_secrets(url: str) -> None:
    """From now on the URL and its secret parts are masked wherever they stand."""
    remember_secret(url)
    for secret in _secrets(_split(url)):
        remember_secret(secret)
        remember_secret(unquote(secret))


def _secrets(parts: SplitResult) -> Iterator[str]:
    credentials, _, host = parts.netloc.rpartition("@")
    user, _, password = credentials.partition(":")
    yield from (credentials, password)
    yield from (value for key, value in _parameters(parts) if _SECRET_PARAMETERS.search(key))
    # Bot tokens stand where other URLs have host and port: tgram://123:token/chat.
    yield from (piece for piece in (user, *host.split(":"), *parts.path.split("/")) if _TOKEN_LIKE.fullmatch(piece))


def _split(url: str) -> SplitResult:
    try:
        return urlsplit(url)
    except ValueError as error:
        # The message would quote the URL.
        raise NotificationError(
            f"the channel URL cannot be read ({type(error).__name__})", mend="write [ ] and other special signs as %xx"
        ) from None


def _parameters(parts: SplitResult) -> Iterator[tuple[str, str]]:
    for key, value in parse_qsl(parts.query, keep_blank_values=True):
        yield key.lower(), value


def _is_local(parts: SplitResult) -> bool:
    hosts = [parts.hostname or "", *(value for key, value in _parameters(parts) if key == "smtp")]
    return all(_is_loopback(host) for host in hosts)


def _is_loopback(host: str) -> bool:
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
