"""The only code that touches Apprise. It blocks, so it runs on a channel's thread; imported at the first send.

Apprise's own conveniences are switched off where they would hide or delay an alert: its shared thread pool, its
pauses between sends (5.5 s for most services), its retries, and services that may fail unnoticed.
"""

from __future__ import annotations

import logging

from apprise import Apprise, AppriseAsset, AppriseResultStatus, NotifyBase, NotifyFormat, NotifyType, OverflowMode

from liqwatch.model import Delivery, DeliveryReport, Severity
from liqwatch.notifiers._outcome import judge_failure

SOCKET_TIMEOUT_SECONDS = 3.0
_NOTIFY_TYPES = {
    Severity.NOTICE: NotifyType.INFO,
    Severity.WARNING: NotifyType.WARNING,
    Severity.CRITICAL: NotifyType.FAILURE,
    Severity.EMERGENCY: NotifyType.FAILURE,
}
# At DEBUG these print URLs with tokens in them; at WARNING, and only there, Apprise says why a send failed.
_TALKATIVE_LOGGERS = ("apprise", "urllib3", "requests")


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


def send(service: NotifyBase, *, title: str, body: str, severity: Severity) -> DeliveryReport:
    """One message to every target of the service; SENT only if each of them took it."""
    dispatcher = Apprise(asset=service.asset)
    dispatcher.add(service)
    with dispatcher.notify(
        title=title,
        body=body,
        notify_type=_NOTIFY_TYPES[severity],
        body_format=NotifyFormat.TEXT,
        interpret_escapes=False,
    ) as result:
        name = str(service.service_name)
        if result.status is AppriseResultStatus.NOMATCH:
            return DeliveryReport(Delivery.DEAD, f"{name}: nobody to send to")
        if result.status is AppriseResultStatus.SUCCESS and all(result):
            return DeliveryReport(Delivery.SENT)
        return judge_failure(name, [entry.message for entry in result.logs()])


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
