"""A message as a letter: plain text and HTML in one, the picture inside it, and an alert's letters as one thread."""

from __future__ import annotations

import html
import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime, formataddr, parseaddr

from liqwatch.model import Message, Severity

_MESSAGE_ID = re.compile(r"<[^<>\s]{3,250}>")
_UNFIT_FOR_ID = re.compile(r"[^A-Za-z0-9._-]")
_COLOURS = {
    Severity.NOTICE: "#2563eb",
    Severity.WARNING: "#b45309",
    Severity.CRITICAL: "#b91c1c",
    Severity.EMERGENCY: "#7f1d1d",
}
_PAGE = """\
<!DOCTYPE html>
<html><body style="font-family:sans-serif;font-size:15px;line-height:1.45;color:#111">
<h3 style="margin:0 0 12px;color:{colour}">{title}</h3>
<div style="white-space:pre-wrap">{body}</div>
{picture}</body></html>
"""
_PICTURE = '<p><img src="cid:{name}" alt="Mark price, liquidation price and levels" style="max-width:100%"></p>\n'
_OURS = frozenset({"subject", "from", "to", "cc", "reply-to", "date", "message-id", "in-reply-to", "references"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Envelope:
    """Who writes to whom. Addresses are full ones, with a name or without; `headers` are what people want added."""

    sender: str
    recipient: str
    copies: Collection[str] = ()
    reply_to: Collection[str] = ()
    headers: Mapping[str, str] = field(default_factory=dict)


def mail_id_of(message: Message, sender: str) -> str:
    """The Message-ID: the same for every attempt, so that mail programs show a repeat once."""
    domain = parseaddr(sender)[1].rpartition("@")[2] or "localhost"
    return f"<{_UNFIT_FOR_ID.sub('-', message.message_id)}@liqwatch.{domain}>"


def letter_of(message: Message, envelope: Envelope, now: datetime, png: bytes | None = None) -> EmailMessage:
    """The whole letter, ready to be sent as bytes."""
    letter = EmailMessage(policy=SMTP)
    # A subject is one line.
    letter["Subject"] = " ".join(message.title.split())
    letter["From"], letter["To"], letter["Date"] = envelope.sender, envelope.recipient, format_datetime(now)
    letter["Message-ID"] = mail_id_of(message, envelope.sender)
    if message.follows and _MESSAGE_ID.fullmatch(message.follows):
        letter["In-Reply-To"] = letter["References"] = message.follows
    if envelope.copies:
        letter["Cc"] = ", ".join(sorted(envelope.copies))
    if envelope.reply_to:
        letter["Reply-To"] = ", ".join(sorted(envelope.reply_to))
    # Holiday notices shall not answer it.
    letter["Auto-Submitted"] = "auto-generated"
    if message.severity >= Severity.CRITICAL and not message.is_silent:
        letter["Importance"] = "high"
    for name, value in envelope.headers.items():
        if name.lower() not in _OURS and name not in letter:
            letter[name] = " ".join(value.split())
    _fill(letter, message, png)
    return letter


def full_address(name: object, address: str) -> str:
    """An address as it stands in a header; Apprise says False where there is no name."""
    return formataddr((name if isinstance(name, str) else "", address))


def _fill(letter: EmailMessage, message: Message, png: bytes | None) -> None:
    letter.set_content(message.body or message.title)
    picture_id = f"chart-{_UNFIT_FOR_ID.sub('-', message.message_id)}"
    page = _PAGE.format(
        colour=_COLOURS[message.severity],
        title=html.escape(message.title),
        body=html.escape(message.body),
        picture=_PICTURE.format(name=picture_id) if png else "",
    )
    letter.add_alternative(page, subtype="html")
    if png:
        parts = letter.get_payload()
        written = parts[-1] if isinstance(parts, list) else letter
        if isinstance(written, EmailMessage):
            written.add_related(png, "image", "png", cid=f"<{picture_id}>", filename="chart.png", disposition="inline")
