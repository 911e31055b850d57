"""Mail by our own hand: Apprise reads the address, we write the letter.

Apprise 2.3 adds a Message-ID of its own making to every letter, so that neither a repeat could be told from a second
alert nor an alert be one thread. It still reads the URL (servers of well-known providers included), and still sends
what is encrypted with PGP.
"""

from __future__ import annotations

import contextlib
import re
import smtplib
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import TypeGuard

from apprise.plugins.email import NotifyEmail, SecureMailMode

from liqwatch.model import Delivery, DeliveryReport, Message
from liqwatch.notifiers._letter import Envelope, full_address, letter_of, mail_id_of
from liqwatch.notifiers._outcome import judge_together
from liqwatch.notifiers._progress import Progress

SERVICE = "E-Mail"
_START_OF_DATA = 354
_ACCEPTED = range(200, 300)
_FINAL = range(500, 600)
_LEADING_DOT = re.compile(rb"(?m)^\.")


class Postman:
    """One mail address. Letters that one of several recipients already has are not sent to that one again."""

    def __init__(self, service: NotifyEmail) -> None:
        self._service = service
        self._taken: tuple[str, set[str]] = ("", set())

    @staticmethod
    def can_serve(service: object) -> TypeGuard[NotifyEmail]:
        """Whether this is plain SMTP: no encryption of the letter itself."""
        return type(service) is NotifyEmail and service.pgp_mode == "no"

    @property
    def reaches_nobody(self) -> bool:
        """No recipient of the URL is an address."""
        return not self._service.targets

    def send(
        self, message: Message, now: datetime, png: bytes | None, *, progress: Progress, timeout_seconds: float
    ) -> DeliveryReport:
        """A letter to every recipient; SENT when each has been taken. The receipt is the Message-ID."""
        if self.reaches_nobody:
            return DeliveryReport(Delivery.DEAD, f"{SERVICE}: nobody to send to")
        if self._taken[0] != message.message_id:
            self._taken = (message.message_id, set())
        reports: list[DeliveryReport] = []
        try:
            with _session(self._service, timeout_seconds) as smtp:
                for name, address in self._service.targets:
                    if address not in self._taken[1]:
                        letter = letter_of(message, self._envelope(full_address(name, address)), now, png)
                        reports.append(self._post(smtp, address, letter.as_bytes(), progress))
        except (OSError, smtplib.SMTPException) as error:
            reports.append(_judge_error(error))
        return judge_together(reports) if reports else DeliveryReport(Delivery.SENT, receipt=self._receipt(message))

    def _post(self, smtp: smtplib.SMTP, address: str, letter: bytes, progress: Progress) -> DeliveryReport:
        """One letter over an open session; a session that breaks before the letter left raises."""
        service = self._service
        smtp.mail(str(service.from_addr[1]))
        for recipient in {address, *service.cc, *service.bcc}:
            code, _ = smtp.rcpt(recipient)
            if code not in _ACCEPTED:
                smtp.rset()
                return _judge_code(code, "a recipient is refused")
        code, _ = smtp.docmd("DATA")
        if code != _START_OF_DATA:
            smtp.rset()
            return _judge_code(code, "the letter is refused")
        progress.hand_over()
        try:
            smtp.send(_LEADING_DOT.sub(b"..", letter) + b"\r\n.\r\n")
            code, _ = smtp.getreply()
        except (OSError, smtplib.SMTPServerDisconnected):
            return DeliveryReport(Delivery.AMBIGUOUS, f"{SERVICE}: the answer to the letter was lost")
        if code not in _ACCEPTED:
            return _judge_code(code, "the letter is refused")
        progress.is_handed_over = False
        self._taken[1].add(address)
        return DeliveryReport(Delivery.SENT, receipt=_id_in(letter))

    def _envelope(self, recipient: str) -> Envelope:
        service = self._service
        names = service.names
        return Envelope(
            sender=self._sender,
            recipient=recipient,
            copies=[full_address(names.get(each), each) for each in service.cc],
            reply_to=[full_address(names.get(each), each) for each in service.reply_to],
            headers=service.headers,
        )

    @property
    def _sender(self) -> str:
        name, address = self._service.from_addr
        return full_address(name, str(address))

    def _receipt(self, message: Message) -> str:
        return mail_id_of(message, self._sender)


@contextmanager
def _session(service: NotifyEmail, timeout_seconds: float) -> Iterator[smtplib.SMTP]:
    """An open, secured session that has logged in. Its end is not waited for: the letters are settled by then."""
    context = ssl.create_default_context()
    if not service.verify_certificate:
        # Only a loopback host gets so far with it.
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    smtp: smtplib.SMTP
    port = int(service.port or 0)
    if service.secure_mode == SecureMailMode.SSL:
        smtp = smtplib.SMTP_SSL(service.smtp_host, port, timeout=timeout_seconds, context=context)
    else:
        smtp = smtplib.SMTP(service.smtp_host, port, timeout=timeout_seconds)
    try:
        if service.secure_mode == SecureMailMode.STARTTLS:
            smtp.starttls(context=context)
        if service.user and service.password:
            smtp.login(service.user, service.password)
        smtp.ehlo_or_helo_if_needed()
        yield smtp
        with contextlib.suppress(OSError, smtplib.SMTPException):
            smtp.putcmd("quit")
    finally:
        smtp.close()


def _judge_error(error: OSError | smtplib.SMTPException) -> DeliveryReport:
    """A session that never came to the letter."""
    if isinstance(error, smtplib.SMTPAuthenticationError):
        return _judge_code(error.smtp_code, "the login is refused")
    if isinstance(error, smtplib.SMTPResponseException):
        return _judge_code(error.smtp_code, "the server refuses")
    if isinstance(error, smtplib.SMTPNotSupportedError):
        return DeliveryReport(Delivery.DEAD, f"{SERVICE}: the server does not offer what the URL asks for")
    if isinstance(error, ssl.SSLError):
        return DeliveryReport(Delivery.RETRY, f"{SERVICE}: no secure connection")
    reason = "no answer" if isinstance(error, TimeoutError) else "no connection"
    return DeliveryReport(Delivery.RETRY, f"{SERVICE}: {reason}")


def _judge_code(code: int, reason: str) -> DeliveryReport:
    delivery = Delivery.DEAD if code in _FINAL else Delivery.RETRY
    return DeliveryReport(delivery, f"{SERVICE}: {reason} (SMTP {code})")


def _id_in(letter: bytes) -> str:
    found = re.search(rb"(?im)^message-id: *\r?\n? *(<[^>]*>)", letter)
    return found[1].decode("ascii") if found else ""
