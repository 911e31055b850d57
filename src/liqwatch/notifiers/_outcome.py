"""What an Apprise result means. Apprise tells success from failure only; the reason stands in its log lines."""

from __future__ import annotations

import re
from collections.abc import Iterable

from liqwatch.model import Delivery, DeliveryReport

_HTTP_STATUS = re.compile(r"\berror=(\d{3})\b")
_RETRY_AFTER = re.compile(r"(?i)retry.?after\D{0,4}(\d+(?:\.\d+)?)")
_NO_CONNECTION = re.compile(r"(?i)connection error")
_NO_TARGET = re.compile(r"(?i)\bthere (?:are|were|is) not? .*to notify")
PERMANENT_STATUSES = frozenset({400, 401, 403, 404, 405, 410, 413})
"""Answers that the same message to the same address will get again: wrong token, no such chat, refused content."""


def judge_failure(service: str, lines: Iterable[str]) -> DeliveryReport:
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
