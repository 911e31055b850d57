"""Things that happen and are over at once: told as events, with the last figures of what they happened to."""

from __future__ import annotations

from dataclasses import replace

from liqwatch.alerts.finding import Finding
from liqwatch.alerts.wording import last_seen
from liqwatch.engine.conditions import CROSSED_UNSEEN, VENUE_WARNING, trouble
from liqwatch.engine.look_back import Crossing
from liqwatch.margin.health import PositionHealth
from liqwatch.model import AlertKey, NoticeKind, Severity, VenueNotice

NOTICES_OF_DANGER = (NoticeKind.MARGIN_CALL, NoticeKind.LIQUIDATION_WARNING)


def venue_warning(account: str, notice: VenueNotice, last: PositionHealth | None) -> Finding:
    """The venue warns of something itself."""
    subject = notice.subject or f"account {account}"
    severity = Severity.CRITICAL if notice.kind in NOTICES_OF_DANGER else Severity.WARNING
    finding = trouble(
        VENUE_WARNING, subject, f"{notice.kind.value} from the venue: {notice.text}", severity, account=account
    )
    return replace(finding, detail=last_figures(last))


def crossed_unseen(account: str, subject: str, crossing: Crossing) -> Finding:
    """A level was crossed while no price came."""
    return trouble(CROSSED_UNSEEN, subject, crossing.text, crossing.severity, account=account)


def ended(key: AlertKey, why: str | None, last: PositionHealth | None, *, is_gone: bool) -> Finding:
    """The subject of an alert no longer exists, or is no longer watched."""
    if not is_gone:
        return Finding(key=key, headline="no longer watched", verdict=None)
    headline = why or "position closed: no longer at the venue"
    return Finding(key=key, headline=headline, verdict=None, detail=last_figures(last))


def last_figures(last: PositionHealth | None) -> tuple[str, ...]:
    """The last figures of a position, in one line, where it was ever looked at."""
    return () if last is None else (last_seen(last),)
