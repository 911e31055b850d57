"""docs/reference/rules.md: every rule's reading, unit, levels and options, and what conditions may compare.

`generate_reference.py` writes and checks the page beside the others; run alone, this prints it.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from datetime import timedelta

from liqwatch.config.conditions import Condition
from liqwatch.config.rules import RULE_KINDS, WRITTEN_OUT, DataStalenessRule, EventRule, LadderRule, Rules
from liqwatch.config.units import WRITTEN, written
from liqwatch.config.values import duration_text
from liqwatch.engine.rounds import EVERY_SECONDS
from liqwatch.engine.selfwatch import BLIND_AFTER
from liqwatch.model import Severity
from liqwatch.rules.base import Danger, Option, Pace, Profile, RuleKind, Scope, Unit
from liqwatch.rules.compound import NamedReading, Operator, readings
from liqwatch.rules.compound.comparison import HOW_TO_WRITE

NOTICE = "<!-- Written by scripts/generate_reference.py; do not edit. -->"
SCOPES: Mapping[Scope, str] = {
    Scope.POSITION: "each position",
    Scope.POOL: "each margin pool (a cross pool, or an isolated position)",
    Scope.ACCOUNT: "each account",
    Scope.FEED: "what the watch itself measures",
}
OFTEN = f"about every {EVERY_SECONDS:.0f} s and at every answer of the account"
PACES: Mapping[Pace, str] = {
    Pace.TICK: f"at every mark price that can matter, {OFTEN}",
    Pace.LOOK: OFTEN,
    Pace.ANSWER: "at every answer of the account",
}
UNITS: Mapping[Unit, str] = {
    Unit.FRACTION: 'percentage, written `"8%"` or 0.08',
    Unit.MULTIPLE: "plain number",
    Unit.SECONDS: 'duration, written `"15s"`',
    Unit.YES_NO: "yes or no",
}
BAD_ENDS: Mapping[Danger, str] = {Danger.BELOW: "small is bad", Danger.ABOVE: "large is bad"}
OPERATORS: Mapping[Operator, str] = {
    Operator.BELOW: "below",
    Operator.AT_MOST: "at most",
    Operator.ABOVE: "above",
    Operator.AT_LEAST: "at least",
}
EXAMPLE: Mapping[str, object] = {
    "name": "thin_and_wild",
    "severity": "critical",
    "all": ["distance_in_volatility < 4", "margin_ratio > 50%"],
    "any": ["funding > 1%", "silence > 60s"],
    "hold": "30s",
    "minimum_notional": 1000,
    "message": "Reduce before the next payment.",
}
SENTENCE_END = re.compile(r"(?<=\.) (?=[A-Z])")


def rules_page() -> str:
    """Every rule and every named reading."""
    lines = ["# Rules", "", NOTICE, ""]
    lines += ["What each rule reads, in which unit, and from where on it warns. What all rules have in common (holds,"]
    lines += ["reminders, flapping) is told in [config](config.md) and, for people, in [alerting](../alerting.md).", ""]
    lines += ["| Rule | Reading | Looks at | Unless said otherwise |", "| --- | --- | --- | --- |"]
    for kind in RULE_KINDS.values():
        state = "on" if kind.default_enabled else "off"
        lines.append(f"| [`{kind.kind}`](#{kind.kind}) | {kind.figure} | {SCOPES[kind.scope]} | {state} |")
    for kind in RULE_KINDS.values():
        lines += ["", f"## `{kind.kind}`", "", kind.docs, "", *_facts(kind)]
    return "\n".join([*lines, "", *_conditions(), ""])


def _facts(kind: RuleKind) -> Iterator[str]:
    table = Rules().of(kind.kind)
    yield f"- Reading: {kind.figure}. {_unit(kind)}"
    if kind.scope is Scope.FEED:
        yield "- Measured by the watch itself."
    else:
        yield f"- Looks at {SCOPES[kind.scope]}, {PACES[kind.pace]}."
    if not kind.default_enabled:
        yield "- Off until `enabled = true`."
    if isinstance(table, LadderRule):
        yield f"- Ends when a level is left behind by {written(kind.clear_factor, Unit.FRACTION)} of itself (`clear`)."
        yield from _hold(kind.hold)
        yield from ("", *_levels(kind))
    elif isinstance(table, EventRule):
        yield "- An event: told once, from `min_severity` up, and over as it is told."
        yield f"- `min_severity`: {_severities(kind)}."
    elif isinstance(table, DataStalenessRule):
        yield f"- `warning` at the limit, `critical` at {BLIND_AFTER} times the limit, over at half of it."
        yield "- The same in every profile, and for all accounts and markets: only `[rules]` counts."
    else:
        yield f"- One `severity` instead of levels: {_severities(kind)}."
        yield from _hold(kind.hold)
    if rows := [*_options(kind.options), *_own_keys(kind)]:
        yield from ("", "| Option | Unit | Default | Meaning |", "| --- | --- | --- | --- |", *rows)


def _unit(kind: RuleKind) -> str:
    """How it is counted, and which end of it is bad."""
    if kind.unit is Unit.YES_NO and kind.scope is not Scope.FEED and (least := min(kind.levels.values())) >= 1:
        return f"A plain number; {least:g} is where it begins."
    end = "" if kind.unit is Unit.YES_NO else f"; {BAD_ENDS[kind.danger]}"
    return f"Unit: {UNITS[kind.unit]}{end}."


def _severities(kind: RuleKind) -> str:
    """The severity that each profile gives a rule without a ladder."""
    words = {profile: max(kind.levels_in(profile)).word for profile in Profile}
    if len(set(words.values())) == 1:
        return f"`{words[Profile.NORMAL]}` in every profile"
    return ", ".join(f"{profile.value} `{word}`" for profile, word in words.items())


def _hold(hold: timedelta | None) -> Iterator[str]:
    if hold:
        yield f"- Told after it has lasted for {duration_text(hold)} (`hold`)."


def _levels(kind: RuleKind) -> Iterator[str]:
    yield f"| Profile | {' | '.join(severity.word for severity in Severity)} |"
    yield "| --- | --- | --- | --- | --- |"
    for profile in Profile:
        levels = kind.levels_in(profile)
        cells = (f"`{written(levels[severity], kind.unit)}`" if severity in levels else "-" for severity in Severity)
        yield f"| {profile.value} | {' | '.join(cells)} |"


def _options(options: Mapping[str, Option]) -> Iterator[str]:
    for name, option in options.items():
        default = written(option.default, option.unit)
        yield f"| `{name}` | {WRITTEN[option.unit]} | `{default}` | {option.description} |"


def _own_keys(kind: RuleKind) -> Iterator[str]:
    """What a rule with a table of its own has beside the keys that every lasting rule has."""
    written_out = WRITTEN_OUT.get(kind.kind)
    if written_out is None:
        return
    inherited = set(written_out.__mro__[1].__annotations__) | {"enabled"}
    for name, field in written_out.model_fields.items():
        if name not in inherited:
            yield f"| `{name}` | duration | `{duration_text(field.default)}` | {field.description} |"


def _conditions() -> Iterator[str]:
    yield from ("## Conditions of your own", "")
    yield "A `[[conditions]]` table fires while every comparison of `all`, and at least one of `any`, holds for a"
    yield "position. A comparison is a named reading, an operator and a value in the reading's unit. What is not known"
    yield "neither fulfils a condition nor ends it, unless the rest decides. Readings of rules are taken with the"
    yield from ("default options of the rules. Keys: [config](config.md).", "")
    yield from ("```toml", *_example(), "```", "")
    yield from ("| Operator | Meaning |", "| --- | --- |")
    yield from (f"| `{operator.value}` | {OPERATORS[operator]} |" for operator in Operator)
    yield from ("", "| Values of | Are written so |", "| --- | --- |")
    for unit, how in HOW_TO_WRITE.items():
        yield f"| {UNITS[unit].partition(',')[0]} | {how.removeprefix('write ')} |"
    yield from ("", "| Reading | Unit | What it is |", "| --- | --- | --- |")
    yield from map(_reading, readings().values())


def _example() -> Iterator[str]:
    Condition.model_validate(EXAMPLE)
    yield "[[conditions]]"
    for key, value in EXAMPLE.items():
        # JSON's way of writing texts, numbers and lists is TOML's as well.
        yield f"{key} = {json.dumps(value)}"


def _reading(named: NamedReading) -> str:
    name = f"[`{named.name}`](#{named.name})" if named.name in RULE_KINDS else f"`{named.name}`"
    return f"| {name} | {named.counted_in} | {SENTENCE_END.split(named.docs)[0]} |"


if __name__ == "__main__":
    print(rules_page(), end="")
