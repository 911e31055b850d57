"""What the log lines of a failed send say about trying again."""

from __future__ import annotations

import pytest

from liqwatch.model import Delivery, DeliveryReport
from liqwatch.notifiers._outcome import judge_failure

DEAD, RETRY = Delivery.DEAD, Delivery.RETRY


@pytest.mark.parametrize(
    ("lines", "report"),
    [
        (["Failed to send: Forbidden, error=403."], DeliveryReport(DEAD, "Chat: HTTP 403")),
        (["Failed to send: error=500."], DeliveryReport(RETRY, "Chat: HTTP 500")),
        # One address is gone, the other only unwell.
        (["error=404.", "error=503."], DeliveryReport(RETRY, "Chat: HTTP 404")),
        (["error=404.", "A Connection error occurred sending"], DeliveryReport(RETRY, "Chat: HTTP 404")),
        (["A Connection error occurred sending to secret-host."], DeliveryReport(RETRY, "Chat: no connection")),
        (["There were not Telegram chat_ids to notify."], DeliveryReport(DEAD, "Chat: nobody to send to")),
        (["There are no Email recipients to notify"], DeliveryReport(DEAD, "Chat: nobody to send to")),
        (["Too many requests, Retry-After: 7, error=429."], DeliveryReport(RETRY, "Chat: HTTP 429", 7.0)),
        (["retry_after=2.5"], DeliveryReport(RETRY, "Chat: refused without a reason", 2.5)),
        ([], DeliveryReport(RETRY, "Chat: refused without a reason")),
    ],
)
def test_a_failure_is_judged_by_its_log_lines(lines: list[str], report: DeliveryReport) -> None:
    assert judge_failure("Chat", lines) == report
