"""The only code that touches Apprise. It blocks, so it runs on a channel's thread; imported at the first send.

Apprise's own conveniences are switched off where they would hide or delay an alert: its shared thread pool, its
pauses between sends (5.5 s for most services), its retries, and services that may fail unnoticed.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence

from apprise import Apprise, AppriseAsset, AppriseResultStatus, NotifyBase, NotifyFormat, NotifyType, OverflowMode
from apprise.attachment.memory import AttachMemory

from liqwatch.model import Delivery, DeliveryReport, Severity
from liqwatch.notifiers import _wire
from liqwatch.notifiers._outcome import judge_lines, judge_together
from liqwatch.notifiers._progress import Progress
from liqwatch.notifiers._web_answer import judge_answer

SOCKET_TIMEOUT_SECONDS = 3.0
_NOTIFY_TYPES = {
    Severity.NOTICE: NotifyType.INFO,
    Severity.WARNING: NotifyType.WARNING,
    Severity.CRITICAL: NotifyType.FAILURE,
    Severity.EMERGENCY: NotifyType.FAILURE,
}
# At DEBUG these print URLs with tokens in them; at WARNING, and only there, Apprise says why a send failed.
_TALKATIVE_LOGGERS = ("apprise", "urllib3", "requests")

_SENT = DeliveryReport(Delivery.SENT)

_wire.install()


def open_service(url: str) -> NotifyBase | None:
    """The service behind a URL, set up for prompt and truthful sends; None when no service takes it."""
    for name in _TALKATIVE_LOGGERS:
        logger = logging.getLogger(name)
        logger.setLevel(min(max(logging.INFO, logger.getEffectiveLevel()), logging.WARNING))
    service = Apprise.instantiate(url, asset=_asset())
    if isinstance(service, NotifyBase):
        service.request_rate_per_sec = 0
        service.socket_connect_timeout = SOCKET_TIMEOUT_SECONDS
        service.socket_read_timeout = SOCKET_TIMEOUT_SECONDS
        service.overflow_mode = OverflowMode.SPLIT
        service.retry = 0
        service.optional = False
        return service
    return None


def takes_pictures(service: NotifyBase) -> bool:
    """Whether the service has a place for an attachment."""
    return bool(service.attachment_support)


def send(
    service: NotifyBase, title: str, body: str, severity: Severity, *, png: bytes | None, progress: Progress
) -> DeliveryReport:
    """One message to every target of the service; SENT only if each of them took it.

    Attachments are our own bytes, never an address that Apprise would fetch.
    """
    dispatcher = Apprise(asset=service.asset)
    dispatcher.add(service)
    picture = _attachment(png) if png else None
    progress.is_unseen = True
    with (
        _wire.watch(progress) as wire,
        dispatcher.notify(
            title=title,
            body=body,
            notify_type=_NOTIFY_TYPES[severity],
            body_format=NotifyFormat.TEXT,
            interpret_escapes=False,
            attach=picture,
        ) as result,
    ):
        name = str(service.service_name)
        if result.status is AppriseResultStatus.NOMATCH:
            return DeliveryReport(Delivery.DEAD, f"{name}: nobody to send to")
        is_content = result.status is AppriseResultStatus.SUCCESS and all(result)
        return _judge(name, wire, [entry.message for entry in result.logs()], is_content=is_content)


def _judge(name: str, wire: _wire.Wire, lines: Sequence[str], *, is_content: bool) -> DeliveryReport:
    """By what was seen on the wire, where anything was; else by what Apprise says."""
    reports = [judge_answer(name, each.status, each.body, each.retry_after) for each in wire.answers]
    if is_content:
        # On its way to a success a service may meet refusals (a look-up, an old token): only a 200 that takes its
        # word back is held against it.
        polite = [report for each, report in zip(wire.answers, reports, strict=True) if each.is_success]
        return judge_together([each for each in polite if each.delivery is not Delivery.SENT] or polite[-1:] or [_SENT])
    reports += [DeliveryReport(Delivery.AMBIGUOUS, f"{name}: the answer was lost")] * wire.unanswered
    reports += [DeliveryReport(Delivery.RETRY, f"{name}: no connection")] * wire.unconnected
    failed = [report for report in reports if report.delivery is not Delivery.SENT]
    return judge_together(failed) if failed else judge_lines(name, lines)


def _attachment(png: bytes) -> AttachMemory:
    return AttachMemory(content=png, name="chart.png", mimetype="image/png")  # type: ignore[no-untyped-call]


def _asset() -> AppriseAsset:
    return AppriseAsset(
        app_id="liqwatch",
        app_desc="liqwatch",
        secure_logging=True,
        # Without a limit of its own Apprise sends on the calling thread, not in its shared pool.
        service_timeout=0,
        storage_mode="memory",
        http_redirects=False,
        interpret_escapes=False,
        interpret_emojis=False,
        default_service_retry=0,
    )
