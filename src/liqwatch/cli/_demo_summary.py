"""The demo's ending: what was raised, what arrived where, how fast, and the proof that nothing was lost.

What had to be told is computed a second time by the simulator's own arithmetic, which shares no code
with the daemon's. What was told is read from the outbox that the daemon has left behind.
"""

from __future__ import annotations

from bisect import bisect_right
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from statistics import quantiles
from typing import Any, TypeAlias

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table

from liqwatch.engine.delivery.dispatch import Outcome
from liqwatch.model import Delivery, NotifyReason, Severity
from liqwatch.rules.liquidation_distance import RULE
from liqwatch.testing.story import Approach, Story

PHONE, WEBHOOK = "phone", "webhook"
WORDS = {
    NotifyReason.FIRST: "raised",
    NotifyReason.WORSENED: "escalated",
    NotifyReason.REPEATED: "repeated",
    NotifyReason.RESOLVED: "resolved",
}
ARRIVED, GAVE_WAY = "sent", "superseded"
WOULD_SPEAK_UP = ("deterioration", "drawdown", "stop_loss")
"""Rules that such a crash would wake as well."""

Row: TypeAlias = Mapping[str, Any]
"""A message on a channel, as `liqwatch outbox --json` lists it."""


@dataclass(slots=True)
class DemoRecord:
    """Everything the demo has noted down. `outbox` is what the daemon has left behind."""

    outcomes: list[Outcome] = field(default_factory=list)
    status: dict[str, Any] = field(default_factory=dict)
    outbox: Sequence[Row] = ()
    webhook_bodies: list[str] = field(default_factory=list)
    published_at: Sequence[datetime] = ()
    forbidden_calls: int = 0

    def take(self, outcome: Outcome) -> None:
        """One delivery attempt."""
        self.outcomes.append(outcome)

    def rows(self, channel: str, *statuses: str) -> list[Row]:
        """A channel's messages in the outbox that ended in one of these ways (none named: all)."""
        return [
            each for each in self.outbox if each["channel"] == channel and (not statuses or each["status"] in statuses)
        ]

    def latencies_ms(self, channel: str) -> list[float]:
        """From the tick behind each message to its acceptance by the channel."""
        found = []
        for each in self.outcomes:
            index = bisect_right(self.published_at, each.row.notification.happened_at)
            if index and each.channel == channel and each.report.delivery is Delivery.SENT:
                found.append((each.at - self.published_at[index - 1]).total_seconds() * 1000)
        return found


def print_summary(console: Console, record: DemoRecord, story: Story, left_out: Sequence[str]) -> bool:
    """Print the ending; whether everything is whole. `left_out`: rules that the demo has switched off."""
    console.print()
    console.rule("What happened")
    approaches = story.closest_approaches()
    console.print(_story_table(record, approaches))
    counts = Counter(each["reason"] for each in record.rows(PHONE, ARRIVED))
    told = ", ".join(f"{counts[reason.value]} {word}" for reason, word in WORDS.items())
    for line in (f"Alerts: {told}", _phone_line(record), _webhook_line(record), _rules_line(left_out)):
        console.print(line, highlight=False)
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
    found += _missing_on_a_channel(record)
    found += _undelivered(record)
    sent = Counter((each.channel, each.row.row_id) for each in record.outcomes if each.report.delivery is Delivery.SENT)
    found += [
        f"message {row} arrived {count} times on {channel}" for (channel, row), count in sent.items() if count > 1
    ]
    arrived = "\n".join(record.webhook_bodies)
    missing = {each["alert_id"] for each in record.rows(WEBHOOK, ARRIVED)}
    found += [f"the web hook's own log lacks alert {alert_id}" for alert_id in missing if alert_id not in arrived]
    if record.status.get("alerts"):
        found.append(f"{len(record.status['alerts'])} alerts still burn")
    if record.forbidden_calls:
        found.append(f"{record.forbidden_calls} calls that only trading needs")
    return found


def told_and_wanted(
    record: DemoRecord, approaches: Sequence[Approach]
) -> list[tuple[str, Severity | None, Severity | None]]:
    """Per position: its name, the worst level its path crossed, the worst level that was told."""
    by_word = {severity.word: severity for severity in Severity}
    worst: dict[str, Severity] = {}
    for each in record.rows(PHONE, ARRIVED):
        account, rule, subject = each["alert_key"].split("|")
        if rule == RULE.kind:
            name, severity = f"{account} {subject}", by_word[each["severity"]]
            worst[name] = max(worst.get(name, severity), severity)
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


def _missing_on_a_channel(record: DemoRecord) -> Iterator[str]:
    """Both channels are meant to be told everything."""
    phone, webhook = (
        {(each["alert_id"], each["reason"], each["title"]) for each in record.rows(name)} for name in (PHONE, WEBHOOK)
    )
    for _, _, title in sorted(phone ^ webhook):
        yield f"{title!r} was not meant for both channels"


def _undelivered(record: DemoRecord) -> Iterator[str]:
    """What has neither arrived nor given way to a newer message of the same alert that has."""
    newest: dict[tuple[str, str], int] = {}
    for each in record.outbox:
        if each["status"] == ARRIVED:
            key = (each["channel"], each["alert_key"])
            newest[key] = max(newest.get(key, 0), each["row"])
    for each in record.outbox:
        gave_way = each["status"] == GAVE_WAY and newest.get((each["channel"], each["alert_key"]), 0) > each["row"]
        if each["status"] != ARRIVED and not gave_way:
            yield f"{each['title']!r} is {each['status']} on {each['channel']}"


def _story_table(record: DemoRecord, approaches: Sequence[Approach]) -> Table:
    table = Table(box=SIMPLE_HEAD, pad_edge=False)
    for name in ("position", "closest to liquidation", "must be told", "was told"):
        table.add_column(name, justify="left" if name == "position" else "right")
    for approach, (name, wanted, told) in zip(approaches, told_and_wanted(record, approaches), strict=True):
        closest = "no price reaches it" if approach.distance is None else f"{approach.distance:.1%}"
        style = "green" if wanted is told else "bold red"
        table.add_row(name, closest, word_of(wanted), f"[{style}]{word_of(told)}[/]")
    return table


def _phone_line(record: DemoRecord) -> str:
    latencies = record.latencies_ms(PHONE)
    counted = f"phone (this console): {len(latencies)} messages"
    if len(latencies) < 2:  # noqa: PLR2004  # a percentile needs two
        return counted
    cuts = quantiles(latencies, n=100, method="inclusive")
    return f"{counted}, tick → delivered p50 {cuts[49]:.1f} ms, p99 {cuts[98]:.1f} ms"


def _webhook_line(record: DemoRecord) -> str:
    """A channel that wakes people is paced: in a storm what waits is told together, and the newest wins."""
    latencies, posts = record.latencies_ms(WEBHOOK), len(record.webhook_bodies)
    told, gave_way = len(record.rows(WEBHOOK, ARRIVED)), len(record.rows(WEBHOOK, GAVE_WAY))
    line = f"webhook (HTTP through Apprise): {told} messages in {posts} posts, as a storm is told together"
    line += f", {gave_way} gave way to a newer one" if gave_way else ""
    return line + (f"; the first {latencies[0]:.1f} ms after its tick" if latencies else "")


def _rules_line(left_out: Sequence[str]) -> str:
    named = ", ".join(rule for rule in WOULD_SPEAK_UP if rule in left_out)
    return (
        f"Left out, so that one crash can be read along: {len(left_out)} further rules that are on by default, "
        f"{named} among them (docs/reference/rules.md)."
    )
