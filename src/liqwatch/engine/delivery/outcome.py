"""What follows from the end of an attempt: tried again, repeated once, given up, handed to a stand-in."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import datetime, timedelta

from liqwatch.model import Delivery, DeliveryReport, OutboxRow, Settlement, Severity

STAND_IN_AFTER_FAILURES = 3
LONGEST_PAUSE_SECONDS = 30.0
LONGEST_OBEYED_SECONDS = 3_600.0
"""Whoever asks for a longer silence than this is asked again after it."""
REPEAT_AFTER_SECONDS = 1.0
LAST_RESORT_SECONDS = 300.0
"""The pause before a critical message is told once more that nobody else can tell and nobody may have received."""

StandIn = Callable[[OutboxRow, bool], str | None]
"""(message, whether its own channel has given it up) → the channel that takes it over, if there is one."""

_TOO_LONG = re.compile(r"(?i)\b(?:400|413|552)\b|too[ _](?:long|large|big)")


def pause_seconds(attempts: int) -> float:
    """The pause after the n-th refusal: 1, 2, 4, … up to 30 seconds."""
    return float(min(LONGEST_PAUSE_SECONDS, 2 ** min(attempts - 1, 10)))


def obeyed_seconds(report: DeliveryReport) -> float | None:
    """How long the service has asked to be left alone, within reason."""
    asked = report.retry_after_seconds
    return None if not asked or asked < 0 else min(asked, LONGEST_OBEYED_SECONDS)


def may_have_arrived(report: DeliveryReport) -> bool:
    """Whether people may have seen it."""
    return report.delivery in (Delivery.SENT, Delivery.AMBIGUOUS)


def blames_length(report: DeliveryReport) -> bool:
    """Whether a refusal for good may be about how much was told at once: then fewer of them may pass.

    Services do not agree on words. HTTP 400 and 413 and SMTP 552 speak of the content; everything else that is
    final (wrong token, no such chat) speaks of the address and would refuse a single message as well.
    """
    return report.delivery is Delivery.DEAD and _TOO_LONG.search(report.detail) is not None


def settlement_of(
    row: OutboxRow, report: DeliveryReport, now: datetime, *, failures: int, stand_in: StandIn
) -> Settlement:
    """How this row goes on. `failures` counts the channel's failed attempts in a row, this one included."""
    pause = _pause_before_next(row, report)
    heir = stand_in(row, pause is None) if _is_handed_over(row, report, failures) else None
    if pause is None and heir is None and _is_last_hope(row, report):
        pause = LAST_RESORT_SECONDS
    return Settlement(
        row_id=row.row_id,
        report=report,
        settled_at=now,
        next_attempt_at=None if pause is None else now + timedelta(seconds=pause),
        fallback_channel=heir,
    )


def _pause_before_next(row: OutboxRow, report: DeliveryReport) -> float | None:
    if report.delivery is Delivery.RETRY:
        return obeyed_seconds(report) or pause_seconds(row.attempts)
    # The answer may be lost every time while the message arrives every time: one repeat, no more.
    if report.delivery is Delivery.AMBIGUOUS and not row.is_repeat:
        return REPEAT_AFTER_SECONDS
    return None


def _is_handed_over(row: OutboxRow, report: DeliveryReport, failures: int) -> bool:
    """Whether another channel has to tell it. Asking for that twice is harmless: a channel has a message once."""
    if report.is_own_pause:
        return False
    if report.delivery is Delivery.RETRY:
        is_long = (obeyed_seconds(report) or 0.0) > LONGEST_PAUSE_SECONDS
        # A message that meets a channel in trouble does not go through the whole trouble itself.
        return is_long or row.attempts >= STAND_IN_AFTER_FAILURES or failures >= STAND_IN_AFTER_FAILURES
    return report.delivery is Delivery.DEAD or (report.delivery is Delivery.AMBIGUOUS and row.is_repeat)


def _is_last_hope(row: OutboxRow, report: DeliveryReport) -> bool:
    """Whether nobody may ever hear of something critical if this attempt is the last. Better twice than never."""
    is_alone = row.notification.channels == (row.channel,)
    return report.delivery is Delivery.AMBIGUOUS and is_alone and row.notification.severity >= Severity.CRITICAL
