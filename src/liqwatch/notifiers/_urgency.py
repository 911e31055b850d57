"""How loudly a service is asked to ring: louder than the URL says for critical and worse, never louder for silence.

What people wrote into a URL is raised to the service's loudest, never lowered, except for a message that is meant to
wake nobody (all-clear at night, digest, self-test): that one is as quiet as the service can be, whatever the URL says.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import parse_qsl, unquote, urlencode

from liqwatch.model import Message, Severity
from liqwatch.model.schemes import scheme_of

LOUD_FROM = Severity.CRITICAL
DISCORD_SILENT = 4096
"""The flag SUPPRESS_NOTIFICATIONS of a Discord message."""


@dataclass(frozen=True, slots=True)
class Volume:
    """URL parameters of a service: what makes it loud and quiet, and what goes with loud unless people wrote it."""

    loud: Mapping[str, str] = field(default_factory=dict)
    quiet: Mapping[str, str] = field(default_factory=dict)
    unless_written: Mapping[str, str] = field(default_factory=dict)


_FIVE_STEPS = Volume({"priority": "emergency"}, {"priority": "low"})
# Pushover rings every minute until somebody acknowledges it, for an hour at most.
_PUSHOVER = Volume({"priority": "emergency"}, {"priority": "low"}, unless_written={"interval": "60", "expire": "3600"})
_NTFY = Volume({"priority": "max"}, {"priority": "min"})
_BARK = Volume({"level": "critical"}, {"level": "passive"})
VOLUMES: Mapping[str, Volume] = {
    "pover": _PUSHOVER,
    **dict.fromkeys(("ntfy", "ntfys"), _NTFY),
    **dict.fromkeys(("gotify", "gotifys", "prowl", "join", "psafer", "psafers"), _FIVE_STEPS),
    **dict.fromkeys(("bark", "barks"), _BARK),
    "tgram": Volume(quiet={"silent": "yes"}),
    "discord": Volume(quiet={"flags": str(DISCORD_SILENT)}),
}


def at_volume(url: str, message: Message) -> str:
    """The URL to send this message with."""
    volume = VOLUMES.get(scheme_of(url))
    if volume is None:
        return url
    if message.is_silent:
        return _with(url, volume.quiet)
    if message.severity < LOUD_FROM:
        return url
    written = {key.lower() for key, _ in parse_qsl(url.partition("?")[2], keep_blank_values=True)}
    extra = {key: value for key, value in volume.unless_written.items() if key not in written}
    return _with(url, {**volume.loud, **extra})


def rings_silently(url: str) -> bool:
    """Whether a message can come without waking anybody: a phone call cannot."""
    method = dict(parse_qsl(url.partition("?")[2].lower())).get("method", "")
    return not (scheme_of(url) == "twilio" and bool(method) and "call".startswith(unquote(method)))


def _with(url: str, parameters: Mapping[str, str]) -> str:
    """The URL with these parameters in the place of any others of their names; the rest stays as it is written."""
    if not parameters:
        return url
    address, _, query = url.partition("?")
    kept = [part for part in query.split("&") if part and part.partition("=")[0].lower() not in parameters]
    return f"{address}?{'&'.join([urlencode(parameters), *kept])}"
