"""What a person reads, in the order a person needs it at three in the morning, in the words of their language.

Severity and market; how far, in percent, price and money; the figures behind it; what liquidation would cost; what
to do next; that an alert stops no liquidation; when, and the alert's id. Plain text, without markup of any kind.
"""

from __future__ import annotations

from datetime import datetime

from liqwatch.alerts.finding import Finding
from liqwatch.alerts.speaker import Speaker
from liqwatch.alerts.voice import ENGLISH, Translate, Voice
from liqwatch.alerts.wording.compact import compact
from liqwatch.alerts.wording.late import late_note
from liqwatch.alerts.wording.message import last_seen, plain
from liqwatch.alerts.wording.occasion import Occasion, Words
from liqwatch.model import AlertRecord, NotifyReason

__all__ = ["Words", "compose", "last_seen", "late_note"]


def compose(  # noqa: PLR0913 - all that an occasion is made of, by name
    finding: Finding,
    record: AlertRecord,
    reason: NotifyReason,
    now: datetime,
    *,
    margin_call_ratio: float,
    voice: Voice = Voice(),  # noqa: B008 - frozen
    translate: Translate = ENGLISH,
    before: AlertRecord | None = None,
) -> Words:
    """Title and body of one alert in one voice.

    `record` is the one after the look and with this message counted; `before` the one before it, which knows what
    people had last heard and who had answered. `translate` must be of the voice's language.
    """
    occasion = Occasion(
        finding=finding, record=record, reason=reason, now=now, margin_call_ratio=margin_call_ratio, before=before
    )
    speaker = Speaker(voice, translate)
    return compact(occasion, speaker) if speaker.is_compact else plain(occasion, speaker)
