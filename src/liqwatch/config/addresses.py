"""URLs with a secret in them: to a service that reaches a person, safe on the way, not into a private network."""

from __future__ import annotations

import ipaddress
import re
from typing import Annotated
from urllib.parse import SplitResult, urlsplit

from pydantic import AfterValidator, SecretStr

from liqwatch.config.codes import Code
from liqwatch.config.suggest import nearest
from liqwatch.config.values import Shown, refuse
from liqwatch.model.schemes import CONSOLE, REACHING_SCHEMES, is_reaching, scheme_of

SCHEME = re.compile(r"[a-z0-9][a-z0-9+._-]*")
CLOSELY = 0.8
"""How much alike a scheme and a guess at it must be."""


def parse_channel_url(value: SecretStr) -> SecretStr:
    """Check that a channel's URL names a service of the list; the channel itself judges the rest.

    Raises:
        PydanticCustomError: no scheme, nothing behind it, or another one. The URL is not quoted, as it is a secret.
    """
    url = value.get_secret_value()
    scheme, rest = scheme_of(url), url.partition("://")[2]
    if not SCHEME.fullmatch(scheme) or not (rest.strip("/") or scheme == CONSOLE):
        raise refuse(Code.BAD_ADDRESS, "must be an Apprise URL", 'such as "tgram://…", or "console://"')
    if not is_reaching(url):
        raise refuse(Code.UNKNOWN_SERVICE, f"{scheme}:// is no service that liqwatch sends to", _service_mend(scheme))
    return value


def _service_mend(scheme: str) -> str:
    if scheme in {"http", "https"}:
        return "write the service in front, as Apprise does: tgram://, discord://, or jsons:// for a server of your own"
    guess = nearest(scheme, REACHING_SCHEMES, CLOSELY)
    return guess or "use a service that reaches a person, such as tgram:// or mailtos://"


def parse_service_url(value: str) -> str:
    """Check the base URL of an interface that is called with a token: https, or http on one's own network.

    Raises:
        PydanticCustomError: no such URL, or one that would show the token to anyone in between.
    """
    parts = _split(value)
    if parts is None or not (parts.scheme == "https" or is_near(parts.hostname or "")):
        raise refuse(Code.BAD_ADDRESS, "not a URL that keeps a token secret", "begin it with https://")
    return value


def parse_called_url(value: SecretStr) -> SecretStr:
    """Check that a secret is an http(s) URL with a host; it is not quoted. "" is left alone.

    Raises:
        PydanticCustomError: no such URL.
    """
    if value.get_secret_value() and _split(value.get_secret_value()) is None:
        raise refuse(Code.BAD_ADDRESS, "not a URL of the needed kind", "it begins with https://")
    return value


def unsafe_reason(url: str) -> str | None:
    """Why a URL must not be called without leave: readable by others on the way, or inside a private network."""
    parts = _split(url)
    host = (parts.hostname or "") if parts else ""
    if is_loopback(host):
        return None
    if parts is None or parts.scheme != "https":
        return "is not encrypted, so anyone in between can read and use it"
    return "leads into a private network" if is_private(host) else None


def is_loopback(host: str) -> bool:
    """Whether a host name or address is this machine."""
    address = _address(host)
    return host == "localhost" or (address is not None and address.is_loopback)


def is_private(host: str) -> bool:
    """Whether a literal address is not of the public internet; names are for whoever resolves them."""
    address = _address(host)
    return address is not None and not address.is_global


def is_near(host: str) -> bool:
    """Whether a host is this machine, a private address, or a name without a domain, as containers have."""
    return is_loopback(host) or is_private(host) or (bool(host) and "." not in host and ":" not in host)


def _address(host: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    try:
        return ipaddress.ip_address(host)
    except ValueError:
        return None


def _split(url: str) -> SplitResult | None:
    """The parts of an http(s) URL with a host, or None."""
    try:
        parts = urlsplit(url)
        fits = parts.scheme in {"http", "https"} and bool(parts.hostname) and (parts.port is None or parts.port > 0)
    except ValueError:
        return None
    return parts if fits else None


ServiceUrl = Annotated[str, AfterValidator(parse_service_url), Shown("https URL")]
CalledUrl = Annotated[SecretStr, AfterValidator(parse_called_url), Shown("https URL")]
SecretUrl = Annotated[SecretStr, AfterValidator(parse_channel_url), Shown("URL")]
