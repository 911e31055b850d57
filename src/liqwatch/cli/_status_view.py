"""The status report as tables for a terminal. Shared by `status` and the demo's live view."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from rich.box import SIMPLE_HEAD
from rich.console import Console, Group, RenderableType
from rich.table import Table
from rich.text import Text

STYLES = {"notice": "blue", "warning": "yellow", "critical": "red", "emergency": "bold red"}
UNWATCHED_WIDTH = 160
"""Columns when the output goes to a file or another program: nothing is cut."""

NEAR_STYLES = ((0.04, "bold red"), (0.08, "red"), (0.15, "yellow"), (0.25, "blue"))


def print_report(report: Mapping[str, Any]) -> None:
    """Print everything."""
    output_console().print(report_view(report))


def output_console() -> Console:
    """Standard output; colours only where the terminal and NO_COLOR allow."""
    console = Console()
    return console if console.is_terminal else Console(width=UNWATCHED_WIDTH)


def report_view(report: Mapping[str, Any]) -> RenderableType:
    """Positions, pools, alerts, streams and the outbox, one below the other."""
    parts: list[RenderableType] = [positions_table(report["positions"])]
    if report["pools"]:
        parts.append(_pools_table(report["pools"]))
    parts.append(_alerts_table(report["alerts"]) if report["alerts"] else Text("No alert burns.", style="green"))
    parts.append(_streams_line(report["streams"]))
    outbox = report["outbox"]
    parts.append(Text(f"Outbox: {outbox['pending']} waiting, {outbox['sent']} sent, {outbox['dead']} undeliverable."))
    return Group(*parts)


def positions_table(positions: Sequence[Mapping[str, Any]]) -> Table:
    """One row per position, the nearest to liquidation first."""
    table = Table(title="Positions", title_justify="left", box=SIMPLE_HEAD, pad_edge=False)
    for name in ("account", "position", "contracts", "mark", "liquidation", "distance", "margin ratio", "PnL"):
        table.add_column(name, justify="left" if name in ("account", "position") else "right")
    ranked = sorted(positions, key=lambda each: (each["liquidation_distance"] is None, each["liquidation_distance"]))
    for each in ranked:
        table.add_row(
            each["account"],
            f"{each['symbol']} {each['side']} {each['margin_mode']}",
            f"{each['contracts']:,g}",
            _number(each["mark_price"]),
            _liquidation(each),
            _distance(each),
            _percent(each["margin_ratio"]),
            f"{_number(each['unrealized_pnl'], sign='+')} {each['currency']}",
        )
    return table


def _pools_table(pools: Sequence[Mapping[str, Any]]) -> Table:
    table = Table(title="Margin", title_justify="left", box=SIMPLE_HEAD, pad_edge=False)
    for name in ("account", "pool", "equity", "maintenance", "margin ratio", "to liquidation"):
        table.add_column(name, justify="left" if name in ("account", "pool") else "right")
    for each in pools:
        money = [_number(each[key]) for key in ("equity", "maintenance_margin")]
        buffer = f"{_number(each['margin_buffer'])} {each['currency']}"
        table.add_row(each["account"], each["subject"], *money, _percent(each["margin_ratio"]), buffer)
    return table


def _alerts_table(alerts: Sequence[Mapping[str, Any]]) -> Table:
    table = Table(title="Alerts", title_justify="left", box=SIMPLE_HEAD, pad_edge=False)
    for name in ("id", "severity", "account", "subject", "rule", "state", "since"):
        table.add_column(name)
    for each in alerts:
        severity = Text(each["severity"] or "-", style=STYLES.get(each["severity"] or "", ""))
        table.add_row(
            each["id"], severity, each["account"], each["subject"], each["rule"], each["state"], each["since"] or "-"
        )
    return table


def _streams_line(streams: Sequence[Mapping[str, Any]]) -> Text:
    stale = [each for each in streams if not each["fresh"]]
    if not streams:
        return Text("No stream is followed yet.")
    if not stale:
        oldest = max(each["age_seconds"] for each in streams)
        return Text(f"All {len(streams)} streams are fresh, the oldest {oldest:.1f} s.", style="green")
    names = ", ".join(f"{each['stream']} ({each['age_seconds']:.0f} s)" for each in stale)
    return Text(f"Stale: {names}", style="bold red")


def _liquidation(position: Mapping[str, Any]) -> str:
    if position["liquidation_price"] is not None:
        return f"{_number(position['liquidation_price'])} {position['liquidation_source'][0]}"
    return "unknown" if position["unknown"] else "none"


def _distance(position: Mapping[str, Any]) -> Text:
    distance = position["liquidation_distance"]
    if distance is None:
        return Text("unknown", style="bold red") if position["unknown"] else Text("safe", style="green")
    style = next((style for limit, style in NEAR_STYLES if distance <= limit), "green")
    return Text(f"{distance:.2%}", style=style)


def _percent(ratio: float | None) -> str:
    return "-" if ratio is None else f"{ratio:.1%}"


def _number(value: float | None, sign: str = "") -> str:
    if value is None:
        return "-"
    value = round(value, 8) or 0.0
    return f"{value:{sign},.2f}" if abs(value) >= 1 else f"{value:{sign},.6g}"
