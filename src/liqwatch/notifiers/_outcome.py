"""What an Apprise result means. Apprise tells success from failure only; the reason is on the wire or in its log."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from liqwatch.model import Delivery, DeliveryReport
from liqwatch.notifiers._web_answer import PERMANENT_STATUSES

_HTTP_STATUS = re.compile(r"\berror=(\d{3})\b")
_RETRY_AFTER = re.compile(r"(?i)retry.?after\D{0,4}(\d+(?:\.\d+)?)")
_NO_CONNECTION = re.compile(r"(?i)connection error")
_NO_TARGET = re.compile(r"(?i)\bthere (?:are|were|is) not? .*to notify")
_SEVERAL = (Delivery.AMBIGUOUS, Delivery.RETRY, Delivery.DEAD, Delivery.SENT)
"""What decides when several addresses fare differently: what may have arrived, then what may still arrive."""


def judge_together(reports: Sequence[DeliveryReport]) -> DeliveryReport:
    """One outcome for several addresses; the longest pause any of them asks for."""
    decisive = min(reports, key=lambda report: _SEVERAL.index(report.delivery))
    pauses = [report.retry_after_seconds for report in reports if report.retry_after_seconds is not None]
    # Whoever has refused for good does not keep the others from being asked again.
    if decisive.delivery is not Delivery.RETRY or not pauses:
        return decisive
    return DeliveryReport(decisive.delivery, decisive.detail, max(pauses), decisive.receipt)


def judge_lines(service: str, lines: Iterable[str]) -> DeliveryReport:
    """The outcome of a failed send by what the service logged; the detail names the service, never the URL."""
    text = "\n".join(lines)
    if _NO_TARGET.search(text):
        return DeliveryReport(Delivery.DEAD, f"{service}: nobody to send to")
    statuses = [int(status) for status in _HTTP_STATUS.findall(text)]
    unreachable = _NO_CONNECTION.search(text) is not None
    # Several addresses may fail for several reasons: one that may pass is worth another try.
    if statuses and not unreachable and PERMANENT_STATUSES.issuperset(statuses):
        return DeliveryReport(Delivery.DEAD, f"{service}: HTTP {statuses[0]}")
    wait = _RETRY_AFTER.search(text)
    retry_after_seconds = float(wait[1]) if wait else None
    if statuses:
        return DeliveryReport(Delivery.RETRY, f"{service}: HTTP {statuses[0]}", retry_after_seconds)
    reason = "no connection" if unreachable else "refused without a reason"
    return DeliveryReport(Delivery.RETRY, f"{service}: {reason}", retry_after_seconds)
