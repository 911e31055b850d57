"""E-mail and everything else that Apprise speaks, one URL for one channel.

Apprise is loaded when a channel first sends or is validated: it costs a quarter of a second and 46 MB.
"""

from __future__ import annotations

import asyncio
import functools
from typing import TYPE_CHECKING

import structlog

from liqwatch.clock import SystemClock
from liqwatch.errors import NotificationError
from liqwatch.model import Delivery, DeliveryReport, Message
from liqwatch.notifiers._progress import Progress
from liqwatch.notifiers._url import refuse_unsafe, remember_secrets
from liqwatch.notifiers._worker import ChannelStuck, ChannelWorker
from liqwatch.ports import ChannelOptions, NotifierAdapter

if TYPE_CHECKING:
    from liqwatch.notifiers._apprise_job import AppriseJob

_log = structlog.get_logger(__name__)


class AppriseNotifier:
    """One Apprise URL with a thread and a total time limit of its own."""

    def __init__(self, options: ChannelOptions) -> None:
        """Raises `NotificationError` for a URL that is refused on purpose; services are looked up later."""
        refuse_unsafe(options.url)
        remember_secrets(options.url)
        self.name = options.name
        self._url = options.url
        self._timeout_seconds = options.timeout_seconds
        self._clock = options.clock or SystemClock()
        self._worker = ChannelWorker(options.name)
        self._job: AppriseJob | None = None

    async def prepare(self) -> str | None:
        """Load Apprise and set the service up, away from the event loop; why nobody can be reached, if so."""
        try:
            return await asyncio.to_thread(self._prepare)
        except Exception as error:  # noqa: BLE001 - a service's own bug is told when it has to send
            _log.warning("channel_not_prepared", channel=self.name, error=type(error).__name__)
            return None

    async def send(self, message: Message) -> DeliveryReport:
        """Try once, within `timeout_seconds` in all; AMBIGUOUS when time ran out after words had left."""
        progress = Progress()
        try:
            return await self._worker.run(functools.partial(self._send, message, progress), self._timeout_seconds)
        except TimeoutError:
            progress.is_given_up = True
            delivery = Delivery.AMBIGUOUS if progress.may_have_arrived else Delivery.RETRY
            return DeliveryReport(delivery, f"no answer within {self._timeout_seconds:g} s")
        except ChannelStuck:
            return DeliveryReport(Delivery.RETRY, "earlier messages are still waiting for an answer")
        except Exception as error:  # noqa: BLE001 - a service's own bug must not stop the delivery loop
            # Its text may hold the URL, so only its kind is told.
            _log.warning("channel_send_failed", channel=self.name, error=type(error).__name__)
            delivery = Delivery.AMBIGUOUS if progress.is_handed_over else Delivery.RETRY
            return DeliveryReport(delivery, f"failed with {type(error).__name__}")

    async def close(self) -> None:
        """Nothing is left open: a thread ends with its send, and one that hangs is left behind."""

    def _prepare(self) -> str | None:
        self._job = self._job or _new_job(self._url, self._timeout_seconds)
        return self._job.problem()

    def _send(self, message: Message, progress: Progress) -> DeliveryReport:
        # A job is not shared with a send that was left behind: it is set up anew unless the last one ended.
        job, self._job = self._job or _new_job(self._url, self._timeout_seconds), None
        report = job.send(message, self._clock.now(), progress)
        self._job = job
        return report


def validate_url(url: str) -> None:
    """Check that a service takes this URL and has somebody to send to, without sending.

    Raises:
        NotificationError: it is refused on purpose, no service takes it, or it names nobody.
    """
    refuse_unsafe(url)
    remember_secrets(url)
    problem = _new_job(url, timeout_seconds=1.0).problem()
    if problem is not None:
        schema = url.partition("://")[0]
        raise NotificationError(
            f"{schema}://: {problem}", mend="compare the URL with the service's page in the Apprise wiki"
        )


def _new_job(url: str, timeout_seconds: float) -> AppriseJob:
    from liqwatch.notifiers._apprise_job import AppriseJob  # noqa: PLC0415 - loads Apprise

    return AppriseJob(url, timeout_seconds)


ADAPTER = NotifierAdapter(kind="apprise", open=AppriseNotifier)
