"""Which alert makes which other one superfluous: a table. Only an alert told to be at least as bad mutes another."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from enum import Enum

from liqwatch.alerts.mute import EVERYTHING, NOT_MUTED, Mute
from liqwatch.model import AlertKey, AlertRecord, Severity


class Reach(Enum):
    """How the muting alert and the muted one belong together."""

    SUBJECT = "the same subject"
    POOL = "the margin pool that the position is part of"
    ACCOUNT = "the account that it belongs to"
    VENUE = "the mark stream of its venue"


@dataclass(frozen=True, slots=True)
class Inhibition:
    """While `by` burns, `mutes` stays quiet; `why` is for the reference."""

    by: str
    mutes: str
    reach: Reach
    why: str


INHIBITIONS = (
    Inhibition("liquidation_distance", "margin_ratio", Reach.SUBJECT, "on an isolated position both tell one danger"),
    Inhibition("liquidation_distance", "distance_in_volatility", Reach.SUBJECT, "the plain distance says it already"),
    Inhibition("liquidation_distance", "deterioration", Reach.SUBJECT, "the plain distance says it already"),
    Inhibition("margin_ratio", "liquidation_distance", Reach.POOL, "an account-wide alarm mutes its parts"),
    Inhibition("margin_ratio", "distance_in_volatility", Reach.POOL, "an account-wide alarm mutes its parts"),
    Inhibition("margin_ratio", "deterioration", Reach.POOL, "an account-wide alarm mutes its parts"),
    Inhibition("liquidation_distance", "leverage", Reach.SUBJECT, "too much leverage is why it is near"),
    Inhibition("liquidation_distance", "drawdown", Reach.POOL, "the nearest position says it already"),
    Inhibition("liquidation_distance", "exposure", Reach.POOL, "the nearest position says it already"),
    Inhibition("margin_ratio", "drawdown", Reach.POOL, "the pool's alarm says it already"),
    Inhibition("margin_ratio", "exposure", Reach.POOL, "the pool's alarm says it already"),
    Inhibition("margin_ratio", "leverage", Reach.SUBJECT, "too much leverage is why the margin ratio is high"),
    Inhibition("data_staleness", "venue_trouble", Reach.VENUE, "that the stream is silent is told already"),
    Inhibition("account_unreadable", "data_staleness", Reach.ACCOUNT, "what cannot be read grows old"),
)

FIRST_TO_TELL = ("account_unreadable", "liquidation_distance", "margin_ratio")
"""Rules that mute others are judged before them. In a cross pool the pool comes first."""


@dataclass(frozen=True, slots=True)
class Whereabouts:
    """The margin pool and the venue that an alert's subject belongs to, where it has any."""

    pool_subject: str | None = None
    venue: str | None = None


def muted_by_others(
    key: AlertKey,
    severity: Severity,
    where: Whereabouts,
    find: Callable[[AlertKey], AlertRecord | None],
    *,
    since: datetime | None = None,
) -> Mute:
    """The mute that other burning alerts put on this one, which is (or would be) as bad as `severity`.

    `since`: when it became so bad. `find` yields only what people hear.
    """
    for rule, other_key in _inhibitors(key, where):
        other = find(other_key)
        if other is not None and _tells(other, severity, since):
            return Mute(f"{rule} tells it", EVERYTHING)
    return NOT_MUTED


def _tells(other: AlertRecord, severity: Severity, since: datetime | None) -> bool:
    """Whether people have heard of the other as badly. Once answered, or when its danger is over, it tells no more."""
    if not other.is_burning or min(other.severity or 0, other.told or 0) < severity:
        return False
    quiet_since = other.answered_at or other.clearing_since
    return quiet_since is None or (since is not None and since <= quiet_since)


def stream_subject(venue: str) -> str:
    """The name under which the silence of a venue's mark stream is told."""
    return f"mark prices of {venue}"


def _inhibitors(key: AlertKey, where: Whereabouts) -> Iterator[tuple[str, AlertKey]]:
    for each in INHIBITIONS:
        if each.mutes != key.rule:
            continue
        if each.reach is Reach.SUBJECT:
            yield each.by, AlertKey(key.account, each.by, key.subject)
        elif each.reach is Reach.ACCOUNT:
            yield each.by, AlertKey(key.account, each.by, f"account {key.account}")
        elif each.reach is Reach.VENUE and where.venue is not None:
            yield each.by, AlertKey("", each.by, stream_subject(where.venue))
        elif each.reach is Reach.POOL and where.pool_subject not in (None, key.subject):
            yield each.by, AlertKey(key.account, each.by, str(where.pool_subject))
