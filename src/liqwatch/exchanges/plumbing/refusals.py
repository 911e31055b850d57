"""What an HTTP refusal means in our own errors; shared by the key-less client and the signed one."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime

from liqwatch.errors import CredentialsError, ExchangeBlocked, ExchangeError, ExchangeUnreachable
from liqwatch.redaction import redact

BLOCKED_STATUSES = frozenset({418, 429})
KEY_STATUSES = frozenset({401})
FIRST_SERVER_ERROR = 500
UNSTATED_WAIT_SECONDS = 60.0
LONGEST_WAIT_SECONDS = 3 * 86_400.0
"""The longest ban that venues document; a figure beyond it is not believed."""
LONGEST_TEXT = 300
BANNED_UNTIL = re.compile(r"until (\d{13})")


def refusal(status: int, body: str, headers: Mapping[str, str], now: datetime) -> ExchangeError | CredentialsError:
    """The error that a status of 400 and above stands for; `now` is needed to read a ban's end."""
    text = f"the venue answered {status}: {redact(body[:LONGEST_TEXT])}"
    if status in BLOCKED_STATUSES:
        return ExchangeBlocked(text, retry_after_seconds=wait_seconds(body, headers, now))
    if status in KEY_STATUSES:
        return CredentialsError(text)
    if status >= FIRST_SERVER_ERROR:
        return ExchangeUnreachable(text)
    return ExchangeError(text)


def wait_seconds(body: str, headers: Mapping[str, str], now: datetime) -> float:
    """How long a refusal asks us to stay away: the ban's stated end, else `Retry-After`, else a minute."""
    banned = BANNED_UNTIL.search(body)
    if banned is not None:
        return min(max(1.0, int(banned.group(1)) / 1000 - now.timestamp()), LONGEST_WAIT_SECONDS)
    for name, value in headers.items():
        if name.lower() == "retry-after" and value.strip().isdigit():
            return min(max(1.0, float(value)), LONGEST_WAIT_SECONDS)
    return UNSTATED_WAIT_SECONDS
