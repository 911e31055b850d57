"""What log lines, answers and several outcomes at once say about trying again."""

from __future__ import annotations

import pytest

from liqwatch.model import Delivery, DeliveryReport
from liqwatch.notifiers._outcome import judge_lines, judge_together
from liqwatch.notifiers._web_answer import RECEIPT_LENGTH, judge_answer

DEAD, RETRY, SENT, AMBIGUOUS = Delivery.DEAD, Delivery.RETRY, Delivery.SENT, Delivery.AMBIGUOUS


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
    assert judge_lines("Chat", lines) == report


@pytest.mark.parametrize(
    ("body", "report"),
    [
        (b"", DeliveryReport(SENT)),
        (b"ok", DeliveryReport(SENT)),
        (b"[1, 2]", DeliveryReport(SENT)),
        (b'{"ok": true, "result": {"message_id": 42}}', DeliveryReport(SENT, receipt="42")),
        (b'{"ok": true, "ts": "17.5"}', DeliveryReport(SENT, receipt="17.5")),
        (b'{"status": 1, "request": "r", "receipt": "e"}', DeliveryReport(SENT, receipt="e")),
        (b'{"errcode": 0, "errmsg": "ok"}', DeliveryReport(SENT)),
        (b'{"code": 200, "errcode": null}', DeliveryReport(SENT)),
        (b'{"sid": true, "id": ""}', DeliveryReport(SENT)),
        (b'{"ok": false}', DeliveryReport(RETRY, "Chat: HTTP 200, but the answer says that it failed")),
        (
            b'{"ok": false, "error_code": 403, "description": "Forbidden"}',
            DeliveryReport(DEAD, "Chat: HTTP 200, but the answer says that it failed"),
        ),
        (
            b'{"ok": false, "error_code": 429, "parameters": {"retry_after": 7}}',
            DeliveryReport(RETRY, "Chat: HTTP 200, but the answer says that it failed", 7.0),
        ),
        (b'{"success": false}', DeliveryReport(RETRY, "Chat: HTTP 200, but the answer says that it failed")),
        (b'{"result": "error"}', DeliveryReport(RETRY, "Chat: HTTP 200, but the answer says that it failed")),
        (
            b'{"status": 0, "errors": ["x"]}',
            DeliveryReport(RETRY, "Chat: HTTP 200, but the answer says that it failed"),
        ),
        (b'{"errcode": 93000}', DeliveryReport(RETRY, "Chat: HTTP 200, but the answer says errcode 93000")),
        (
            b'{"errcode": "https://secret/"}',
            DeliveryReport(RETRY, "Chat: HTTP 200, but the answer says errcode httpssecret"),
        ),
    ],
)
def test_F26_a_polite_status_does_not_hide_a_failure(body: bytes, report: DeliveryReport) -> None:  # noqa: N802
    assert judge_answer("Chat", 200, body) == report


def test_a_receipt_is_no_place_for_a_novel() -> None:
    assert len(judge_answer("Chat", 200, b'{"id": "%s"}' % (b"x" * 10_000)).receipt) == RECEIPT_LENGTH


@pytest.mark.parametrize(
    ("outcomes", "decisive"),
    [
        ((SENT, SENT), SENT),
        ((SENT, DEAD), DEAD),
        ((DEAD, RETRY), RETRY),
        ((DEAD, RETRY, AMBIGUOUS, SENT), AMBIGUOUS),
    ],
)
def test_of_several_addresses_the_one_that_may_still_be_reached_decides(
    outcomes: tuple[Delivery, ...], decisive: Delivery
) -> None:
    assert judge_together([DeliveryReport(each) for each in outcomes]).delivery is decisive


def test_the_longest_pause_that_any_address_asks_for_is_kept() -> None:
    reports = [DeliveryReport(RETRY, "a", 2.0), DeliveryReport(RETRY, "b", 9.0), DeliveryReport(DEAD, "c")]
    assert judge_together(reports) == DeliveryReport(RETRY, "a", 9.0)
