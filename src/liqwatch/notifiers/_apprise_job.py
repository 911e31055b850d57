"""One Apprise URL on its thread: the service behind it, at the volume of a message, in parts, with its picture."""

from __future__ import annotations

from datetime import datetime

from apprise import NotifyBase

from liqwatch.model import Delivery, DeliveryReport, Message
from liqwatch.notifiers import _apprise_service
from liqwatch.notifiers._mail import Postman
from liqwatch.notifiers._picture import picture_of
from liqwatch.notifiers._progress import Progress
from liqwatch.notifiers._split import split_message
from liqwatch.notifiers._urgency import at_volume, rings_silently

NO_SERVICE = "no service takes this channel's URL"
NOBODY = "nobody to send to: no recipient of the URL is an address"
NOT_CALLED = "not called: a call cannot be silent"


class AppriseJob:
    """Sends with one URL. Everything here blocks."""

    def __init__(self, url: str, timeout_seconds: float) -> None:
        self._url = url
        self._timeout_seconds = timeout_seconds
        self._services: dict[str, NotifyBase] = {}
        self._postman: Postman | None = None
        self._takes_pictures = True

    def problem(self) -> str | None:
        """Set the service up; why nobody can ever be reached, if so."""
        service = self._service(self._url)
        if service is None:
            return NO_SERVICE
        postman = self._postman_for(service)
        return NOBODY if postman is not None and postman.reaches_nobody else None

    def send(self, message: Message, now: datetime, progress: Progress) -> DeliveryReport:
        """Every part of the message; the first that is not taken ends it."""
        if message.is_silent and not rings_silently(self._url):
            return DeliveryReport(Delivery.SENT, NOT_CALLED)
        url = at_volume(self._url, message)
        service = self._service(url)
        if service is None:
            return DeliveryReport(Delivery.DEAD, NO_SERVICE)
        postman = self._postman_for(service)
        if postman is not None:
            png = picture_of(message)
            return postman.send(message, now, png, progress=progress, timeout_seconds=self._timeout_seconds)
        return self._send_parts(service, message, progress)

    def _send_parts(self, service: NotifyBase, message: Message, progress: Progress) -> DeliveryReport:
        wanted = self._takes_pictures and _apprise_service.takes_pictures(service)
        png = picture_of(message) if wanted else None
        report = DeliveryReport(Delivery.SENT)
        for number, (title, body) in enumerate(split_message(message.title, message.body)):
            report = self._send_part(service, message, (title, body), png=None if number else png, progress=progress)
            if report.delivery is not Delivery.SENT:
                break
        return report

    def _send_part(
        self,
        service: NotifyBase,
        message: Message,
        words: tuple[str, str],
        *,
        png: bytes | None,
        progress: Progress,
    ) -> DeliveryReport:
        report = _apprise_service.send(service, *words, message.severity, png=png, progress=progress)
        if png is None or report.delivery is not Delivery.DEAD:
            return report
        # Perhaps only the picture is refused (a server without room for files): the words come first from now on.
        self._takes_pictures = False
        return _apprise_service.send(service, *words, message.severity, png=None, progress=progress)

    def _service(self, url: str) -> NotifyBase | None:
        service = self._services.get(url) or _apprise_service.open_service(url)
        if service is not None:
            self._services[url] = service
        return service

    def _postman_for(self, service: NotifyBase) -> Postman | None:
        if self._postman is None and Postman.can_serve(service):
            self._postman = Postman(service)
        return self._postman
