"""Troubles of the watch itself, told through the same life-cycle as any alert.

Each has a name here, a subject (a channel, a stream, an account) and a severity while it lasts.
"""

from __future__ import annotations

from liqwatch.alerts.finding import Finding
from liqwatch.model import AlertKey, Severity
from liqwatch.rules.base import CALM, Verdict

CHANNEL_FAILING = "channel_failing"
CONFIG_REJECTED = "config_rejected"
HISTORY_RESET = "history_reset"
ACCOUNT_UNREADABLE = "account_unreadable"
STORE_FAILING = "store_failing"
DATA_STALENESS = "data_staleness"
VENUE_WARNING = "venue_warning"
CROSSED_UNSEEN = "crossed_unseen"
MARKET_ENDED = "market_ended"
CHAT_FAILING = "chat_failing"
RULE_FAILING = "rule_failing"

EVENTS = frozenset({CONFIG_REJECTED, HISTORY_RESET, VENUE_WARNING, CROSSED_UNSEEN, MARKET_ENDED, RULE_FAILING})
"""Those that are over as soon as they are told."""
OF_CHANNELS = frozenset({CHANNEL_FAILING, CHAT_FAILING})
STATES = frozenset({*OF_CHANNELS, ACCOUNT_UNREADABLE, STORE_FAILING, DATA_STALENESS})
"""Those that last."""


def channel_subject(channel: str) -> str:
    """The name under which a channel's troubles are told."""
    return f"channel {channel}"


def trouble(kind: str, subject: str, headline: str, severity: Severity, *, account: str = "") -> Finding:
    """The trouble exists, as bad as `severity`."""
    return Finding(
        key=AlertKey(account, kind, subject), headline=headline, verdict=Verdict(fired=severity, held=severity)
    )


def no_trouble(kind: str, subject: str, headline: str, *, account: str = "") -> Finding:
    """The trouble is over, or never was."""
    return Finding(key=AlertKey(account, kind, subject), headline=headline, verdict=CALM)
