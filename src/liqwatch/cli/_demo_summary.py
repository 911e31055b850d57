"""The demo's ending: what was raised, what arrived where, how fast, and the proof that nothing was lost.

What had to be told is computed a second time by the simulator's own arithmetic, which shares no code
with the daemon's.
"""

from __future__ import annotations

from bisect import bisect_right
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from statistics import quantiles
from typing import Any

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table

from liqwatch.engine.dispatch import Outcome
from liqwatch.model import Delivery, NotifyReason, Severity
from liqwatch.rules.liquidation_distance import RULE
from liqwatch.testing.story import Approach, Story

WORDS = {
    NotifyReason.FIRST: "raised",
    NotifyReason.WORSENED: "escalated",
    NotifyReason.REPEATED: "repeated",
    NotifyReason.RESOLVED: "resolved",
}


@dataclass(slots=True)
class DemoRecord:
    """Everything the demo has noted down."""

    outcomes: list[Outcome] = field(default_factory=list)
    status: dict[str, Any] = field(default_factory=dict)
    webhook_bodies: list[str] = field(default_factory=list)
    published_at: Sequence[datetime] = ()
    forbidden_calls: int = 0

    def take(self, outcome: Outcome) -> None:
        """One delivery attempt."""
        self.outcomes.append(outcome)

    def sent(self, channel: str) -> list[Outcome]:
        """What a channel has taken."""
        return [each for each in self.outcomes if each.channel == channel and each.report.delivery is Delivery.SENT]

    def latencies_ms(self, channel: str) -> list[float]:
        """From the tick behind each message to its acceptance by the channel."""
        found = []
        for each in self.sent(channel):
            index = bisect_right(self.published_at, each.row.notification.happened_at)
            if index:
                found.append((each.at - self.published_at[index - 1]).total_seconds() * 1000)
        return found


def print_summary(console: Console, record: DemoRecord, story: Story) -> bool:
    """Print the ending; whether everything is whole."""
    console.print()
    console.rule("What happened")
    approaches = story.closest_approaches()
    console.print(_story_table(record, approaches))
    counts = Counter(each.row.notification.reason for each in record.sent("phone"))
    console.print("Alerts: " + ", ".join(f"{counts[reason]} {word}" for reason, word in WORDS.items()), highlight=False)
    for channel in ("phone", "webhook"):
        console.print(_channel_line(record, channel), highlight=False)
    complaints = complaints_of(record, approaches)
    for complaint in complaints:
        console.print(f"[bold red]NOT WHOLE:[/] {complaint}", highlight=False)
    if not complaints:
        console.print(
            "[bold green]Nothing lost:[/] every level that was crossed has been told on both channels, once; "
            "every alert is resolved, the outbox is empty, and no order was ever sent.",
            highlight=False,
        )
    return not complaints


def complaints_of(record: DemoRecord, approaches: Sequence[Approach]) -> list[str]:
    """Everything that is not as it must be."""
    found = [
        f"{name} should have been told {word_of(wanted)}, was told {word_of(told)}"
        for name, wanted, told in told_and_wanted(record, approaches)
        if wanted is not told
    ]
    phone, webhook = (
        Counter(each.row.notification.dedup_key for each in record.sent(name)) for name in ("phone", "webhook")
    )
    found += [f"message {key} did not arrive on both channels" for key in phone.keys() ^ webhook.keys()]
    found += [f"message {key} arrived more than once" for key, count in (phone + webhook).items() if count > 2]  # noqa: PLR2004  # once per channel
    missing = {each.row.notification.alert_id for each in record.sent("webhook")}
    arrived = "\n".join(record.webhook_bodies)
    found += [f"the web hook's own log lacks alert {alert_id}" for alert_id in missing if alert_id not in arrived]
    if record.status.get("alerts"):
        found.append(f"{len(record.status['alerts'])} alerts still burn")
    if record.status.get("outbox", {}).get("pending"):
        found.append(f"{record.status['outbox']['pending']} messages still wait")
    if record.forbidden_calls:
        found.append(f"{record.forbidden_calls} calls that only trading needs")
    return found


def told_and_wanted(
    record: DemoRecord, approaches: Sequence[Approach]
) -> list[tuple[str, Severity | None, Severity | None]]:
    """Per position: its name, the worst level its path crossed, the worst level that was told."""
    worst: dict[str, Severity] = {}
    for each in record.sent("phone"):
        notification = each.row.notification
        if notification.alert_key.split("|")[1] == RULE.kind:
            key = f"{notification.account} {notification.alert_key.split('|')[2]}"
            worst[key] = max(worst.get(key, notification.severity), notification.severity)
    return [(name_of(each), wanted_level(each), worst.get(name_of(each))) for each in approaches]


def wanted_level(approach: Approach) -> Severity | None:
    """The worst default level that the closest approach lies within."""
    if approach.distance is None:
        return None
    crossed = [severity for severity, level in RULE.levels.items() if approach.distance <= level]
    return max(crossed, default=None)


def name_of(approach: Approach) -> str:
    """The position as alerts call it, with its account."""
    return f"{approach.account} {approach.symbol} {approach.side.word}"


def word_of(severity: Severity | None) -> str:
    """A severity, or nothing."""
    return severity.word if severity else "nothing"


def _story_table(record: DemoRecord, approaches: Sequence[Approach]) -> Table:
    table = Table(box=SIMPLE_HEAD, pad_edge=False)
    for name in ("position", "closest to liquidation", "must be told", "was told"):
        table.add_column(name, justify="left" if name == "position" else "right")
    for approach, (name, wanted, told) in zip(approaches, told_and_wanted(record, approaches), strict=True):
        closest = "no price reaches it" if approach.distance is None else f"{approach.distance:.1%}"
        style = "green" if wanted is told else "bold red"
        table.add_row(name, closest, word_of(wanted), f"[{style}]{word_of(told)}[/]")
    return table


def _channel_line(record: DemoRecord, channel: str) -> str:
    latencies = record.latencies_ms(channel)
    kind = {"phone": "this console", "webhook": "HTTP through Apprise"}[channel]
    if len(latencies) < 2:  # noqa: PLR2004  # a percentile needs two
        return f"{channel} ({kind}): {len(latencies)} messages"
    cuts = quantiles(latencies, n=100, method="inclusive")
    return (
        f"{channel} ({kind}): {len(latencies)} messages, tick → delivered p50 {cuts[49]:.1f} ms, p99 {cuts[98]:.1f} ms"
    )
