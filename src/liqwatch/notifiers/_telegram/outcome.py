"""What Telegram's answer to a message means for its delivery."""

from __future__ import annotations

from liqwatch.model import Delivery, DeliveryReport
from liqwatch.notifiers._telegram.api import Fate, Reply

TOO_MANY = 429
SERVER_ERRORS = 500
_NO_SUCH_BOT = frozenset({401, 404})
_FORBIDDEN = 403


def judge(reply: Reply, receipt: str = "") -> DeliveryReport:
    """The outcome of one attempt; `receipt` names the message where it was taken."""
    if reply.fate is Fate.TAKEN:
        return DeliveryReport(Delivery.SENT, receipt=receipt)
    if reply.fate is Fate.UNANSWERED:
        return DeliveryReport(Delivery.AMBIGUOUS, f"Telegram: {reply.description}; it may have arrived")
    if reply.fate is Fate.UNREACHED:
        detail = f"Telegram: not reached ({reply.description})"
        return DeliveryReport(Delivery.RETRY, detail, reply.retry_after_seconds)
    return _refused(reply)


def is_final(reply: Reply) -> bool:
    """Whether the bot or its chat is out of reach for good: nothing else can be sent there either."""
    if reply.fate is not Fate.REFUSED:
        return False
    text = reply.description.lower()
    return reply.code in _NO_SUCH_BOT or reply.code == _FORBIDDEN or "chat not found" in text


def _refused(reply: Reply) -> DeliveryReport:
    if reply.code == TOO_MANY:
        detail, pause = "Telegram: too many messages", reply.retry_after_seconds
        return DeliveryReport(Delivery.RETRY, detail, pause, is_own_pause=reply.is_own)
    # 200 beside a refusal is Telegram's or a proxy's slip, not a statement about the message.
    if reply.code >= SERVER_ERRORS or reply.code in range(200, 400):
        return DeliveryReport(Delivery.RETRY, f"Telegram: {reply.description}", reply.retry_after_seconds)
    return DeliveryReport(Delivery.DEAD, f"Telegram: {_why(reply)}")


def _why(reply: Reply) -> str:
    if reply.code in _NO_SUCH_BOT:
        return f"the bot token is refused ({reply.description})"
    if reply.migrate_to_chat_id is not None:
        return "the chat has moved, and its new address has moved as well"
    return reply.description
