"""The short form: a title and two or three lines within 300 characters, for SMS, phone calls and watches.

No coloured signs: they make an SMS twice as dear and a voice reads them out.
"""

from __future__ import annotations

from liqwatch.alerts.figures import liquidation_text, price_text, ratio_text
from liqwatch.alerts.safe import safe
from liqwatch.alerts.speaker import Speaker
from liqwatch.alerts.wording.message import advice_text, title_parts
from liqwatch.alerts.wording.occasion import NO_STOP, Occasion, Words
from liqwatch.alerts.wording.position import tick_of
from liqwatch.alerts.wording.reasons import reason_lines

LONGEST = 300
LONGEST_TITLE, LONGEST_LINE, LONGEST_ADVICE, LONGEST_ACCOUNT = 110, 90, 150, 24
CUT = "..."
LINES_BESIDE_THE_LAST = 2


def compact(occasion: Occasion, speaker: Speaker) -> Words:
    """Level, market and how far; why or the figures; what to do; the id. 300 characters together at most."""
    level, subject, what = title_parts(occasion, speaker)
    title = safe(f"{level} {subject}: {what}", LONGEST_TITLE, cut=CUT)
    account = safe(occasion.finding.key.account, LONGEST_ACCOUNT, cut=CUT)
    names = ", ".join(part for part in (account, occasion.record.alert_id) if part)
    last = f"{speaker.say(NO_STOP)} {names}"
    return Words(title, "\n".join([*_middle(occasion, speaker, LONGEST - len(title) - len(last) - 1), last]))


def _middle(occasion: Occasion, speaker: Speaker, room: int) -> list[str]:
    """The lines that find room, the most useful first, shown in the order of reading."""
    why = safe(_why(occasion, speaker), LONGEST_LINE, cut=CUT)
    figures = safe(_figures(occasion, speaker), LONGEST_LINE, cut=CUT)
    advice = safe(advice_text(occasion, speaker), LONGEST_ADVICE, cut=CUT)
    chosen: list[str] = []
    for line in (advice, why, figures):
        if line and len(line) + 1 <= room and len(chosen) < LINES_BESIDE_THE_LAST:
            chosen.append(line)
            room -= len(line) + 1
    return sorted(chosen, key=[why, figures, advice].index)


def _why(occasion: Occasion, speaker: Speaker) -> str:
    lines = reason_lines(occasion, speaker)
    return lines[0] if lines else ""


def _figures(occasion: Occasion, speaker: Speaker) -> str:
    position, pool = occasion.finding.position, occasion.finding.pool
    if pool is None:
        return ""
    if speaker.is_private or position is None or position.mark_price is None:
        return speaker.say("Margin ratio {ratio}", ratio=ratio_text(pool.margin_ratio, speaker))
    tick = tick_of(position)
    mark = price_text(position.mark_price, tick, speaker)
    price = liquidation_text(position.liquidation_price, tick, position.mark_price, speaker)
    return speaker.say("Mark {mark}, liquidation {liquidation}", mark=mark, liquidation=price)
