"""Telegram, e-mail and everything else that Apprise speaks, one URL for one channel.

Apprise is loaded when a channel first sends or is validated: it costs a quarter of a second and 46 MB.
"""

from __future__ import annotations

import asyncio
import functools
from typing import TYPE_CHECKING

import structlog

from liqwatch.errors import NotificationError
from liqwatch.model import Delivery, DeliveryReport, Severity
from liqwatch.notifiers._split import split_message
from liqwatch.notifiers._url import refuse_unsafe, remember_secrets
from liqwatch.notifiers._worker import ChannelStuck, ChannelWorker
from liqwatch.ports import ChannelOptions, NotifierAdapter

if TYPE_CHECKING:
    from apprise import NotifyBase

_log = structlog.get_logger(__name__)

NO_SERVICE = "no service takes this channel's URL"


class AppriseNotifier:
    """One Apprise URL with a thread and a total time limit of its own."""

    def __init__(self, options: ChannelOptions) -> None:
        """Raises `NotificationError` for a URL that is refused on purpose; services are looked up later."""
        refuse_unsafe(options.url)
        remember_secrets(options.url)
        self.name = options.name
        self._url = options.url
        self._timeout_seconds = options.timeout_seconds
        self._worker = ChannelWorker(options.name)
        self._service: NotifyBase | None = None

    async def prepare(self) -> str | None:
        """Load Apprise and set the service up, away from the event loop; why nobody can be reached, if so."""
        try:
            has_service = await asyncio.to_thread(self._open)
        except Exception as error:  # noqa: BLE001 - a service's own bug is told when it has to send
            _log.warning("channel_not_prepared", channel=self.name, error=type(error).__name__)
            return None
        return None if has_service else NO_SERVICE

    async def send(self, *, title: str, body: str, severity: Severity) -> DeliveryReport:
        """Try once, within `timeout_seconds` in all."""
        job = functools.partial(self._send, title, body, severity)
        try:
            return await self._worker.run(job, self._timeout_seconds)
        except TimeoutError:
            return DeliveryReport(Delivery.RETRY, f"no answer within {self._timeout_seconds:g} s")
        except ChannelStuck:
            return DeliveryReport(Delivery.RETRY, "earlier messages are still waiting for an answer")
        except Exception as error:  # noqa: BLE001 - a service's own bug must not stop the delivery loop
            # Its text may hold the URL, so only its kind is told.
            _log.warning("channel_send_failed", channel=self.name, error=type(error).__name__)
            return DeliveryReport(Delivery.RETRY, f"failed with {type(error).__name__}")

    async def close(self) -> None:
        """Nothing is left open: a thread ends with its send, and one that hangs is left behind."""

    def _open(self) -> bool:
        from liqwatch.notifiers import _apprise_service  # noqa: PLC0415 - loads Apprise

        self._service = self._service or _apprise_service.open_service(self._url)
        return self._service is not None

    def _send(self, title: str, body: str, severity: Severity) -> DeliveryReport:
        from liqwatch.notifiers import _apprise_service  # noqa: PLC0415 - loads Apprise

        # A service is not shared with a send that was left behind: it is set up anew unless the last one ended.
        service, self._service = self._service or _apprise_service.open_service(self._url), None
        if service is None:
            return DeliveryReport(Delivery.DEAD, NO_SERVICE)
        report = DeliveryReport(Delivery.SENT)
        for part_title, part_body in split_message(title, body):
            report = _apprise_service.send(service, title=part_title, body=part_body, severity=severity)
            if report.delivery is not Delivery.SENT:
                break
        self._service = service
        return report


def validate_url(url: str) -> None:
    """Check that a service takes this URL, without sending.

    Raises:
        NotificationError: it is refused on purpose, or no service takes it.
    """
    refuse_unsafe(url)
    remember_secrets(url)
    from liqwatch.notifiers import _apprise_service  # noqa: PLC0415 - loads Apprise

    if _apprise_service.open_service(url) is None:
        schema = url.partition("://")[0]
        raise NotificationError(
            f"no service takes this {schema}:// URL", mend="compare it with the service's page in the Apprise wiki"
        )


ADAPTER = NotifierAdapter(kind="apprise", open=AppriseNotifier)
