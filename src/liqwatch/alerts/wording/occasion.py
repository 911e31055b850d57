"""One occasion to speak, and the words that every part of a message shares."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from liqwatch.alerts.finding import Finding
from liqwatch.alerts.lifting import translated
from liqwatch.alerts.safe import safe
from liqwatch.alerts.speaker import Speaker, phrase
from liqwatch.model import AlertRecord, NotifyReason, Severity

NO_STOP = phrase("Alerts do not stop a liquidation.")
LONGEST_SUBJECT = 60

SEVERITIES: Mapping[Severity, str] = {
    Severity.NOTICE: phrase("notice"),
    Severity.WARNING: phrase("warning"),
    Severity.CRITICAL: phrase("critical"),
    Severity.EMERGENCY: phrase("emergency"),
}
TITLE_SEVERITIES: Mapping[Severity, str] = {
    Severity.NOTICE: phrase("NOTICE"),
    Severity.WARNING: phrase("WARNING"),
    Severity.CRITICAL: phrase("CRITICAL"),
    Severity.EMERGENCY: phrase("EMERGENCY"),
}
LAST_WORDS: Mapping[str, str] = {"long": phrase("long"), "short": phrase("short")}
FIRST_WORDS: Mapping[str, str] = {
    "cross": phrase("cross"),
    "isolated": phrase("isolated"),
    "account": phrase("account"),
    "channel": phrase("channel"),
}
FIGURE = re.compile(r"\d[\d.,\N{NO-BREAK SPACE}]*")
SHARE = re.compile(r"%\d[\d.,]*|\d[\d.,]*\s?%")


@dataclass(frozen=True, slots=True)
class Words:
    """What is read first, and the rest."""

    title: str
    body: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Occasion:
    """What was seen, of which alert, why it is told, and when.

    `before` is the record as it was before this look: what people had last heard and answered.
    """

    finding: Finding
    record: AlertRecord
    reason: NotifyReason
    now: datetime
    margin_call_ratio: float
    before: AlertRecord | None = None

    @property
    def is_over(self) -> bool:
        """Whether this is the end of an episode."""
        return self.reason is NotifyReason.RESOLVED

    @property
    def is_gone(self) -> bool:
        """Whether there is nothing left to look at, which is no all-clear."""
        return self.finding.verdict is None


def severity_word(severity: Severity, speaker: Speaker) -> str:
    """The level within a sentence."""
    return speaker.say(SEVERITIES[severity])


def subject_text(subject: str, speaker: Speaker) -> str:
    """A position, a pool or a stream; sides and modes in the language, names as they are."""
    words = safe(subject, LONGEST_SUBJECT).split(" ")
    if len(words) > 1:
        words[0] = speaker.say(FIRST_WORDS[words[0]]) if words[0] in FIRST_WORDS else words[0]
        words[-1] = speaker.say(LAST_WORDS[words[-1]]) if words[-1] in LAST_WORDS else words[-1]
    said = " ".join(words)
    # What no side or mode has changed may be a stream, a channel, the state on disk.
    return translated(said, speaker) if said == safe(subject, LONGEST_SUBJECT) else said


def tells_only_shares(text: str, subject: str = "") -> bool:
    """Whether a text has no figure in it but percentages and the subject's own name."""
    for name in sorted(subject.split(" "), key=len, reverse=True):
        text = text.replace(name, "") if name else text
    return FIGURE.search(SHARE.sub("", text)) is None


def joined(*parts: str) -> str:
    """Facts on one line."""
    return " · ".join(part for part in parts if part)
