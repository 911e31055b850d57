"""Write docs/reference and the snapshot schema from the code; with --check, only tell what is stale."""

from __future__ import annotations

import argparse
import importlib.util
import inspect
import json
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import date, time, timedelta
from enum import Enum
from pathlib import Path
from types import ModuleType
from typing import Any, get_args, get_origin

import typer
from pydantic import BaseModel, SecretStr
from pydantic.fields import FieldInfo
from pydantic_core import PydanticUndefined

from liqwatch import errors
from liqwatch.cli import app
from liqwatch.cli._commands import command_names, leaf_commands
from liqwatch.config.codes import Code
from liqwatch.config.per_severity import CLEARS, LEVELS, Hold, PerSeverity, RepeatEvery
from liqwatch.config.rules import RULE_KINDS, LadderRule, Rule, Rules
from liqwatch.config.settings import Settings
from liqwatch.config.snapshot import SnapshotTable
from liqwatch.config.units import WRITTEN, written
from liqwatch.config.values import Shown, duration_text
from liqwatch.exchanges import all_cards, known_exchanges, load_exchange
from liqwatch.faces.metrics import COUNTERS, GAUGES, HISTOGRAMS
from liqwatch.margin.conventions import ROWS, ConventionRow
from liqwatch.margin.ratio_rows import RATIO_ROWS
from liqwatch.margin.ratios import NativeRatio
from liqwatch.model import Severity
from liqwatch.rules.base import Danger, Profile, RuleKind, Unit

FOLDER = Path(__file__).resolve().parents[1] / "docs"
NOTICE = "<!-- Written by scripts/generate_reference.py; do not edit. -->"
PER_SEVERITY: Mapping[str, type[BaseModel]] = {
    "levels": LEVELS[Unit.FRACTION],
    "clear": CLEARS[Unit.FRACTION],
    "hold": Hold,
    "repeat_every": RepeatEvery,
}
CARD_FACTS = ("mark_source", "account_stream", "tiers", "verified", "missing")
PLAIN_TYPES: Mapping[object, str] = {
    bool: "true or false",
    int: "whole number",
    float: "number",
    str: "text",
    SecretStr: "text",
}
UNIT_SHOWN = {text: unit for unit, text in WRITTEN.items()}


def config_page() -> str:
    """Every key of the configuration."""
    lines = ["# Configuration", "", NOTICE, ""]
    lines += ['Percentages are written `"8%"` or `0.08`, durations `"15s"`, `"2h"`, `"1h30m"`, `"1d"` or seconds.', ""]
    for path, model in _tables("", Settings):
        kind = RULE_KINDS.get(path.strip("[]").removeprefix("rules."))
        lines += [f"## `{path}`", "", _summary(model), "", *(_reading(kind) if kind else ()), *_rows(model)]
        if model is Rules:
            lines += ["## Keys of every rule", "", "Named again below only where a rule's default differs.", ""]
            lines += _rows(LadderRule, leave_out=("levels",))
    lines += ["## Tables per severity", "", "What stands in the tables inside a rule.", ""]
    lines += ["Levels are written in the unit of their rule, here as percentages.", ""]
    for name, table in PER_SEVERITY.items():
        lines += [f"### `{name}`", "", _summary(table), "", *_rows(table)]
    return "\n".join(lines)


def errors_page() -> str:
    """Every error code."""
    lines = ["# Errors", "", NOTICE, "", "## Errors of commands", ""]
    lines += ["| Code | Exit | Name | Meaning |", "| --- | --- | --- | --- |"]
    for _, error in inspect.getmembers(errors, inspect.isclass):
        if issubclass(error, errors.LiqwatchError):
            lines.append(f"| {error.code} | {error.exit_code} | `{error.__name__}` | {_summary(error)} |")
    lines += ["", "## Problems of the configuration", ""]
    lines += ["Warnings stop nothing and do not change the exit code.", ""]
    lines += ["| Code | Exit | Meaning |", "| --- | --- | --- |"]
    lines += [f"| {code.code} | {'-' if code.is_warning else code.exit_code} | {code.meaning} |" for code in Code]
    return "\n".join([*lines, ""])


def commands_page() -> str:
    """Every command with its options."""
    lines = ["# Commands", "", NOTICE, ""]
    root = typer.main.get_command(app)
    lines += [root.help or "", "", "`liqwatch --version` prints the version.", ""]
    for name, command in (leaf for each in command_names() for leaf in leaf_commands(each)):
        lines += [f"## `liqwatch {name}`", "", command.help or "", ""]
        options = [parameter for parameter in command.params if getattr(parameter, "help", None)]
        if options:
            lines += ["| Option | Meaning |", "| --- | --- |"]
            lines += [f"| {_spelt(option)} | {getattr(option, 'help', '')} |" for option in options]
            lines += [""]
    return "\n".join(lines)


def alerts_page() -> str:
    """How an alert lives, and every story that proves it."""
    return str(_beside("generate_alerts_page").alerts_page())


def metrics_page() -> str:
    """Every Prometheus metric."""
    lines = ["# Metrics", "", NOTICE, "", "Served at `daemon.metrics_listen`; every name begins with `liqwatch_`.", ""]
    lines += ["| Metric | Kind | Labels | Meaning |", "| --- | --- | --- | --- |"]
    for kind, metrics in (("counter", COUNTERS), ("gauge", GAUGES), ("histogram", HISTOGRAMS)):
        lines += [f"| {name} | {kind} | {', '.join(labels)} | {text} |" for name, (text, labels) in metrics.items()]
    return "\n".join([*lines, ""])


def conventions_page() -> str:
    """How each venue counts maintenance, and what it calls a margin ratio."""
    lines = ["# Conventions", "", NOTICE, ""]
    lines += ["How each exchange counts maintenance, from which day to which, by which document.", ""]
    lines += ["| Exchange | Margin mode | Contracts | Since | Until | Family | Tiers | Source | Not settled |"]
    lines += ["| --- | --- | --- | --- | --- | --- | --- | --- | --- |"]
    lines += [_convention_line(row) for row in ROWS]
    families = {row.convention.name: row.convention for row in ROWS}
    lines += ["", "## Families", "", "The price at which each takes what a position must hold.", ""]
    lines += ["| Family | Maintenance at | Closing fee at |", "| --- | --- | --- |"]
    for name, family in sorted(families.items()):
        lines.append(f"| {name} | {family.maintenance_basis.value} | {family.closing_fee_basis.value} |")
    lines += ["", "## Margin ratios as venues show them", ""]
    lines += ["liqwatch shows maintenance ÷ equity: 1 is liquidation, larger is worse.", ""]
    lines += ["| Exchange | Product | Name | Direction | Liquidates at | Also acts at | Source |"]
    lines += ["| --- | --- | --- | --- | --- | --- | --- |", *map(_ratio_line, RATIO_ROWS)]
    return "\n".join([*lines, ""])


def _convention_line(row: ConventionRow) -> str:
    mode = row.margin_mode.value if row.margin_mode else "all"
    kind = row.contract_kind.value if row.contract_kind else "all"
    since = "-" if row.since == date.min else row.since.isoformat()
    until = row.until.isoformat() if row.until else "-"
    family = f"{row.convention.name} | {row.convention.tier_mode.value}"
    return f"| {row.exchange} | {mode} | {kind} | {since} | {until} | {family} | {row.source} | {row.doubt or '-'} |"


def _ratio_line(row: NativeRatio) -> str:
    event = f"{row.event:g}{' (the adjustment factor is taken off already)' if row.is_shifted else ''}"
    event = f"about {event}" if row.is_approximate else event
    also = "; ".join(f"{value:g}: {what}" for value, what in row.milestones) or "-"
    return f"| {row.exchange} | {row.product} | {row.name} | {row.direction.value} | {event} | {also} | {row.source} |"


def exchanges_page() -> str:
    """Every venue: how it is watched, and what is verified."""
    lines = ["# Exchanges", "", NOTICE, ""]
    lines += ["Gold: own streams and recorded payloads behind each claim. Silver: through ccxt, with a pushed mark"]
    lines += ["price. Bronze: through ccxt, polled.", ""]
    lines += ["Whose reported liquidation prices ours agrees with: [positions](reference/positions.md).", ""]
    lines += ["| `exchange` | Grade | Mark price from | Account stream | Missing |", "| --- | --- | --- | --- | --- |"]
    for name, card in all_cards().items():
        cells = (card.mark_source, card.account_stream or "-", card.missing or "-")
        lines.append(f"| `{name}` | {card.grade.value} | {' | '.join(cell.replace('|', '/') for cell in cells)} |")
    for name in known_exchanges():
        adapter = load_exchange(name)
        lines += ["", f"## `{name}`", "", f"{adapter.title}. Key: {', '.join(adapter.required_credentials)}.", ""]
        lines += [f"- {fact.replace('_', ' ')}: {getattr(adapter.card, fact) or 'none'}" for fact in CARD_FACTS]
        lines += [f"- regions: {', '.join(adapter.regions) or 'none'}"]
        lines += [f"- test net: {'yes' if adapter.has_sandbox else 'no'}"]
    return "\n".join([*lines, ""])


def rules_page() -> str:
    """Every rule and every named reading."""
    return str(_beside("generate_rules_page").rules_page())


def snapshot_schema() -> str:
    """The JSON schema of the offline snapshot."""
    schema = {"$schema": "https://json-schema.org/draft/2020-12/schema", **SnapshotTable.model_json_schema()}
    return json.dumps(schema, indent=2, ensure_ascii=False) + "\n"


PAGES: Mapping[str, Callable[[], str]] = {
    "reference/config.md": config_page,
    "reference/errors.md": errors_page,
    "reference/commands.md": commands_page,
    "alerts.md": alerts_page,
    "reference/metrics.md": metrics_page,
    "reference/rules.md": rules_page,
    "reference/conventions.md": conventions_page,
    "exchanges.md": exchanges_page,
    "snapshot.schema.json": snapshot_schema,
}


def stale_pages(folder: Path) -> Iterator[str]:
    """The pages that differ from what the code says now."""
    for name, page in PAGES.items():
        file = folder / name
        if not file.exists() or file.read_text(encoding="utf-8") != page():
            yield name


def write_pages(folder: Path) -> None:
    """Write every page anew."""
    for name, page in PAGES.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(page(), encoding="utf-8")


def _beside(name: str) -> ModuleType:
    """Another script of this folder, which is no package."""
    spec = importlib.util.spec_from_file_location(name, Path(__file__).with_name(f"{name}.py"))
    if spec is None or spec.loader is None:
        raise ImportError(name)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def _tables(path: str, model: type[BaseModel]) -> Iterator[tuple[str, type[BaseModel]]]:
    """Every table with its path, from the top. Rules are told once, under `[rules]`."""
    if path:
        yield path, model
    for name, field in model.model_fields.items():
        inner, form = _inner_table(field.annotation)
        if inner is None or issubclass(inner, PerSeverity) or (inner is Rules and path):
            continue
        inside = f"{path.strip('[]')}.{name}" if path else name
        yield from _tables({"dict": f"[{inside}.<name>]", "tuple": f"[[{inside}]]"}.get(form, f"[{inside}]"), inner)


def _inner_table(annotation: object) -> tuple[type[BaseModel] | None, str]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation, ""
    form = getattr(get_origin(annotation), "__name__", "")
    for argument in get_args(annotation):
        inner, inner_form = _inner_table(argument)
        if inner is not None:
            return inner, inner_form or form
    return None, ""


def _reading(kind: RuleKind) -> Iterator[str]:
    """What a rule looks at, and its ladder in every profile."""
    if not isinstance(Rules().of(kind.kind), LadderRule):
        yield from (f"Reading: {kind.figure}.", "")
        return
    side = "below" if kind.danger is Danger.BELOW else "above"
    yield from (f"Reading: {kind.figure} ({WRITTEN[kind.unit]}). A level fires at its figure and {side}.", "")
    yield f"| Profile | {' | '.join(severity.word for severity in Severity)} |"
    yield "| --- | --- | --- | --- | --- |"
    for profile in Profile:
        levels = kind.levels_in(profile)
        texts = (f"`{written(levels[severity], kind.unit)}`" if severity in levels else "-" for severity in Severity)
        yield f"| {profile.value} | {' | '.join(texts)} |"
    yield ""


def _rows(model: type[BaseModel], leave_out: Sequence[str] = ()) -> list[str]:
    heading = ["| Key | Type | Default | Meaning |", "| --- | --- | --- | --- |"]
    fields = {name: field for name, field in model.model_fields.items() if name not in leave_out}
    if issubclass(model, Rule) and model is not LadderRule:
        fields = {name: field for name, field in fields.items() if not _is_told_once(name, field)}
    return [*heading, *(_row(field.alias or name, field) for name, field in fields.items()), ""] if fields else []


def _is_told_once(name: str, field: FieldInfo) -> bool:
    """Whether a key of a rule is as every rule has it; levels are told by profile."""
    usual = LadderRule.model_fields.get(name)
    return name == "levels" or (usual is not None and _default_text(field) == _default_text(usual))


def _row(name: str, field: FieldInfo) -> str:
    cells = (f"`{name}`", _type_text(field.annotation, field.metadata), _default_text(field), field.description or "")
    return f"| {' | '.join(cell.replace('|', '/') for cell in cells)} |"


def _type_text(annotation: object, metadata: Sequence[object] = ()) -> str:
    for mark in metadata:
        if isinstance(mark, Shown):
            return mark.text
    if annotation in PLAIN_TYPES:
        return PLAIN_TYPES[annotation]
    inner, form = _inner_table(annotation)
    if inner is Rules:
        return "tables as under `[rules]`"
    if inner is not None:
        return {"dict": "tables by name", "tuple": "list of tables"}.get(form, "table")
    arguments = [argument for argument in get_args(annotation) if argument not in {type(None), Ellipsis}]
    if get_origin(annotation) is tuple:
        return f"list of {_type_text(arguments[0])}s"
    inner_marks = getattr(annotation, "__metadata__", ())
    return _type_text(arguments[0], inner_marks)


def _default_text(field: FieldInfo) -> str:
    stated = field.json_schema_extra.get("default") if isinstance(field.json_schema_extra, dict) else None
    if stated is not None:
        return str(stated)
    if field.is_required():
        return "**needed**"
    value = field.default
    return "" if value is PydanticUndefined or value is None or value == () else _value_text(value, _unit(field))


def _unit(field: FieldInfo) -> Unit | None:
    """The unit that a figure is written in, where it has one."""
    shown = next((mark.text for mark in field.metadata if isinstance(mark, Shown)), "")
    return UNIT_SHOWN.get(shown.removesuffix(' or "off"'))


def _value_text(value: Any, unit: Unit | None = None) -> str:  # noqa: ANN401, PLR0911 # whatever a default may be
    if isinstance(value, BaseModel):
        return _table_text(value)
    if isinstance(value, bool):
        return f"`{str(value).lower()}`"
    if isinstance(value, timedelta):
        return f"`{duration_text(value)}`"
    if isinstance(value, Enum):
        return f"`{value.name.lower()}`"
    if isinstance(value, time):
        return f"`{value:%H:%M}`"
    if isinstance(value, tuple):
        return ", ".join(_value_text(each) for each in value)
    if isinstance(value, float):
        return f"`{written(value, unit or Unit.MULTIPLE)}`"
    return f"`{value}`" if str(value) else '`""`'


def _table_text(table: BaseModel) -> str:
    """The keys of a small table with their defaults; nothing for a table of tables."""
    if isinstance(table, Rule):
        return ""
    fields = type(table).model_fields
    entries = {name: getattr(table, name) for name in fields}
    if any(isinstance(entry, BaseModel) for entry in entries.values()):
        return ""
    texts = (
        f"{name} {_value_text(entry, _unit(fields[name]))}"
        for name, entry in entries.items()
        if entry not in (None, (), "")
    )
    return ", ".join(texts)


def _summary(thing: type) -> str:
    return (inspect.getdoc(thing) or "").partition("\n")[0]


def _spelt(option: Any) -> str:  # noqa: ANN401 # typer's parameter classes are private
    return ", ".join(f"`{name}`" for name in option.opts) + ("" if getattr(option, "is_flag", False) else " …")


def main() -> int:
    """Write or check; 1 when something is stale."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true", help="write nothing, fail if a page is stale")
    if not parser.parse_args().check:
        write_pages(FOLDER)
        return 0
    stale = list(stale_pages(FOLDER))
    for name in stale:
        print(f"docs/{name} is stale: run `make docs`")
    return 1 if stale else 0


if __name__ == "__main__":
    sys.exit(main())
