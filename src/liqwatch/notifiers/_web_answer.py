"""What a web service's answer means: its status, what its body says beside a polite 200, and its receipt."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

from liqwatch.model import Delivery, DeliveryReport

PERMANENT_STATUSES = frozenset({400, 401, 403, 404, 405, 410, 413})
"""Answers that the same message to the same address will get again: wrong token, no such chat, refused content."""
UNSURE_STATUSES = frozenset({504, 524})
"""A gateway has waited in vain: what stands behind it may have taken the message."""
RECEIPT_NAMES = ("receipt", "message_id", "sid", "id", "ts", "request")
"""Under which names services tell what they call a message, the most telling first."""
RECEIPT_LENGTH = 128

_SECONDS = re.compile(r"\d+(?:\.\d+)?")
_FAILURE_WORDS = frozenset({"error", "fail", "failed", "failure"})
# Codes of success where a service numbers its outcomes.
_GOOD_CODES = frozenset({"0", "200", ""})


def judge_answer(service: str, status: int, body: bytes, retry_after: str = "") -> DeliveryReport:
    """The outcome that one answer stands for; the detail names the service and the code, never the content."""
    said = _object_of(body)
    if 200 <= status < 300:  # noqa: PLR2004 - HTTP
        reason = failure_said(said)
        if reason is None:
            return DeliveryReport(Delivery.SENT, receipt=receipt_of(said))
        code = _number(said.get("error_code"))
        detail = f"{service}: HTTP {status}, but {reason}"
        final = code is not None and int(code) in PERMANENT_STATUSES
        return DeliveryReport(Delivery.DEAD if final else Delivery.RETRY, detail, _pause(said, retry_after))
    detail = f"{service}: HTTP {status}"
    if status in UNSURE_STATUSES:
        return DeliveryReport(Delivery.AMBIGUOUS, detail)
    if status in PERMANENT_STATUSES:
        return DeliveryReport(Delivery.DEAD, detail)
    return DeliveryReport(Delivery.RETRY, detail, _pause(said, retry_after))


def failure_said(said: Mapping[str, Any]) -> str | None:
    """What a body says against its own 200, in few words of ours; None when it says nothing of the kind.

    Telegram and Slack say `ok`, push services `success` or `status`, Chinese chats `errcode`, `code` or `StatusCode`.
    """
    if said.get("ok") is False or said.get("success") is False:
        return "the answer says that it failed"
    for name in ("errcode", "StatusCode"):
        if name in said and str(said[name] or "") not in _GOOD_CODES:
            return f"the answer says {name} {_short(said[name])}"
    for name in ("status", "result"):
        if isinstance(said.get(name), str) and said[name].lower() in _FAILURE_WORDS:
            return "the answer says that it failed"
    if said.get("status") == 0 and "errors" in said:
        return "the answer says that it failed"
    return None


def receipt_of(said: Mapping[str, Any]) -> str:
    """The service's own name of the message; "" where it gives none."""
    result = said.get("result")
    places = [said, result] if isinstance(result, Mapping) else [said]
    for name in RECEIPT_NAMES:
        for place in places:
            value = place.get(name)
            if isinstance(value, str | int) and not isinstance(value, bool) and value != "":
                return str(value)[:RECEIPT_LENGTH]
    return ""


def _pause(said: Mapping[str, Any], header: str) -> float | None:
    """How long to wait: in the body (Telegram, Discord) to the fraction of a second, else in the header.

    A header that names a date is not read: the usual pauses apply.
    """
    parameters = said.get("parameters")
    inner = parameters.get("retry_after") if isinstance(parameters, Mapping) else None
    for value in (inner, said.get("retry_after"), header):
        seconds = _number(value)
        if seconds is not None:
            return seconds
    return None


def _object_of(body: bytes) -> Mapping[str, Any]:
    try:
        said = json.loads(body)
    except (ValueError, RecursionError):
        return {}
    return said if isinstance(said, dict) else {}


def _number(value: object) -> float | None:
    text = str(value).strip()
    return float(text) if not isinstance(value, bool) and _SECONDS.fullmatch(text) else None


def _short(code: object) -> str:
    """A code, never a sentence: that might hold an address."""
    return "".join(character for character in str(code) if character.isalnum() or character == "_")[:20]
