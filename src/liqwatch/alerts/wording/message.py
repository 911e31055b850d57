"""One alert as a title and a body, in either style."""

from __future__ import annotations

from liqwatch.alerts.figures import liquidation_text, price_text, time_text
from liqwatch.alerts.lifting import translated
from liqwatch.alerts.safe import safe
from liqwatch.alerts.speaker import ENGLISH_SPEAKER, Speaker
from liqwatch.alerts.wording.headlines import headline
from liqwatch.alerts.wording.occasion import (
    NO_STOP,
    TITLE_SEVERITIES,
    Occasion,
    Words,
    joined,
    severity_word,
    subject_text,
    tells_only_shares,
)
from liqwatch.alerts.wording.pool import pool_lines
from liqwatch.alerts.wording.position import position_lines, tick_of
from liqwatch.alerts.wording.reasons import reason_lines
from liqwatch.alerts.wording.sentences import ADD_OR_REDUCE, GENERAL_ADVICE
from liqwatch.margin.health import PositionHealth
from liqwatch.model import NotifyReason, Severity

SIGNS = {Severity.NOTICE: "🔵", Severity.WARNING: "🟡", Severity.CRITICAL: "🔴", Severity.EMERGENCY: "🆘"}
ALL_CLEAR_SIGN, GONE_SIGN = "✅", "⚪"
LONGEST_DETAIL, LONGEST_ACCOUNT = 300, 60


def plain(occasion: Occasion, speaker: Speaker) -> Words:
    """Everything, line by line, in the order a person needs it."""
    return Words(f"{sign_of(occasion)} {joined(*title_parts(occasion, speaker))}", _plain_body(occasion, speaker))


def title_parts(occasion: Occasion, speaker: Speaker) -> tuple[str, str, str]:
    """Level or ending, market, how far."""
    finding, record = occasion.finding, occasion.record
    subject, what = subject_text(finding.key.subject, speaker), headline(finding, speaker)
    if occasion.is_over:
        ending = speaker.say("ENDED") if occasion.is_gone else speaker.say("RESOLVED")
        if record.peak:
            what = speaker.say("{what} (was {severity})", what=what, severity=severity_word(record.peak, speaker))
        return ending, subject, what
    if finding.figures_age_seconds is not None:
        what = speaker.say("last known: {what}", what=what)
    elif occasion.reason is NotifyReason.REPEATED:
        what = speaker.say("still {what}", what=what)
    return speaker.say(TITLE_SEVERITIES[record.severity or Severity.NOTICE]), subject, what


def sign_of(occasion: Occasion) -> str:
    """The coloured sign that begins a title."""
    if occasion.is_over:
        return GONE_SIGN if occasion.is_gone else ALL_CLEAR_SIGN
    return SIGNS[occasion.record.severity or Severity.NOTICE]


def advice_text(occasion: Occasion, speaker: Speaker) -> str:
    """What to do next; "" where there is no advice. Without money in it for a private voice."""
    finding, advice = occasion.finding, safe(occasion.finding.advice or "", LONGEST_DETAIL)
    if speaker.is_private and not tells_only_shares(advice, finding.key.subject):
        return speaker.say(GENERAL_ADVICE.get(finding.key.rule, ADD_OR_REDUCE))
    return translated(advice, speaker)


def last_seen(health: PositionHealth, speaker: Speaker = ENGLISH_SPEAKER) -> str:
    """The last figures of a position that is gone, in one line."""
    tick = tick_of(health)
    mark = speaker.say("unknown") if health.mark_price is None else price_text(health.mark_price, tick, speaker)
    liquidation = liquidation_text(health.liquidation_price, tick, health.mark_price, speaker)
    return speaker.say("Last seen: mark {mark}, liquidation {liquidation}", mark=mark, liquidation=liquidation)


def _plain_body(occasion: Occasion, speaker: Speaker) -> str:
    lines = reason_lines(occasion, speaker)
    age = occasion.finding.figures_age_seconds
    if age is not None:
        lines.append(
            speaker.say(
                "No mark price for {seconds} s: these are the last known figures.",
                seconds=speaker.numerals.number(age, 0),
            )
        )
    lines += _figures(occasion, speaker)
    lines += _detail(occasion, speaker)
    advice = advice_text(occasion, speaker)
    if advice:
        lines.append(speaker.say("What to do: {advice}", advice=advice))
    return "\n".join([*lines, speaker.say(NO_STOP), _footer(occasion, speaker)])


def _figures(occasion: Occasion, speaker: Speaker) -> list[str]:
    position, pool = occasion.finding.position, occasion.finding.pool
    if position and occasion.is_gone:
        return [] if speaker.is_private else [last_seen(position, speaker)]
    if position and pool:
        return position_lines(position, pool, occasion.margin_call_ratio, speaker)
    return pool_lines(pool, occasion.margin_call_ratio, speaker) if pool else []


def _detail(occasion: Occasion, speaker: Speaker) -> list[str]:
    subject = occasion.finding.key.subject
    lines = [safe(line, 2 * LONGEST_DETAIL) for line in occasion.finding.detail]
    return [
        # A line that was cut is no known sentence any more.
        safe(translated(line, speaker), LONGEST_DETAIL)
        for line in lines
        if line and (not speaker.is_private or tells_only_shares(line, subject))
    ]


def _footer(occasion: Occasion, speaker: Speaker) -> str:
    account = safe(occasion.finding.key.account, LONGEST_ACCOUNT)
    alert = speaker.say("alert {alert_id}", alert_id=occasion.record.alert_id)
    return joined(time_text(occasion.now), account, alert)
