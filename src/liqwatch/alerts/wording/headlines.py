"""What a rule has found, in half a sentence: its own words, in the language and within the privacy of a voice."""

from __future__ import annotations

from functools import cache

from liqwatch.alerts.finding import Finding
from liqwatch.alerts.lifting import translated
from liqwatch.alerts.safe import safe
from liqwatch.alerts.speaker import Speaker
from liqwatch.alerts.wording.occasion import tells_only_shares
from liqwatch.alerts.wording.sentences import NAMES
from liqwatch.rules import known_rules, load_rule

PRICED = frozenset({"depeg"})
"""Rules whose headline tells a price though the reading is none."""


def headline(finding: Finding, speaker: Speaker) -> str:
    """The finding in half a sentence.

    A rule makes its headline of its reading alone (a share, a multiple, an age), so a private voice may say it. What
    the engine or a venue says may hold money: then only the kind of alert is named.
    """
    own, kind = safe(finding.headline), finding.key.rule
    if speaker.is_private and not _is_reading(finding, own) and not tells_only_shares(own, finding.key.subject):
        return kind_name(kind, speaker)
    said = translated(own, speaker)
    if speaker.is_english or said != own or kind not in NAMES:
        return said
    return f"{kind_name(kind, speaker)} ({own})"


def _is_reading(finding: Finding, own: str) -> bool:
    """Whether these are a rule's words about its reading, and that is no price."""
    kind, verdict = finding.key.rule, finding.verdict
    if verdict is None or verdict.reading is None or kind not in _rules() - PRICED:
        return False
    return own == safe(load_rule(kind).headline(verdict.reading))


def reading_headline(kind: str, reading: float, speaker: Speaker) -> str | None:
    """What the rule of this kind says of another reading; None for what is no rule."""
    return translated(safe(load_rule(kind).headline(reading)), speaker) if kind in _rules() else None


def kind_name(kind: str, speaker: Speaker) -> str:
    """What kind of alert this is."""
    return speaker.say(NAMES[kind]) if kind in NAMES else safe(kind.replace("_", " "))


@cache
def _rules() -> frozenset[str]:
    return frozenset(known_rules())
