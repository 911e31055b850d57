"""docs/alerts.md: how an alert lives, from the table that runs it and from the stories that prove it.

`generate_reference.py` writes and checks the page beside the others; run alone, this prints it.
"""

from __future__ import annotations

import ast
import inspect
from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise
from pathlib import Path

from liqwatch.alerts.answers import LONGEST_CRITICAL, LONGEST_SILENCE, LONGEST_SNOOZE
from liqwatch.alerts.inhibition import INHIBITIONS
from liqwatch.alerts.machine import MOVING, TRANSITIONS
from liqwatch.alerts.policy import AlertPolicy
from liqwatch.config.values import duration_text
from liqwatch.engine.desk.silences import LONGEST_FROM_CHAT
from liqwatch.model import AlertState, NotifyReason, Severity
from liqwatch.model import alert as alert_module

NOTICE = "<!-- Written by scripts/generate_reference.py; do not edit. -->"
STORIES = Path(__file__).resolve().parents[1] / "tests" / "scenarios"
STORY_FILES = "test_*_stories.py"

PATH = """\
A venue's mark price arrives, and two comparisons tell whether any position in that market could be concerned. If one
could, its margin pool is reckoned anew and every [rule](reference/rules.md) takes its reading: a distance, a ratio, an
age, or "unknown", which never counts as safe. The reading is placed on the rule's ladder from notice over warning and
critical to emergency. What that means depends on what is remembered of the alert: its state, and what people were last
told. The table below decides the next state. Whether a message goes out is decided once, afterwards, and never without
a named reason. State and message are written in one transaction before anything is sent."""

REASONS: Mapping[NotifyReason, str] = {
    NotifyReason.FIRST: "Nobody has heard of this danger yet.",
    NotifyReason.WORSENED: "A worse level than the one last told. Nothing but a mute holds this back.",
    NotifyReason.SNOOZE_ENDED: "The pause that somebody asked for is over, the danger is not.",
    NotifyReason.REPEATED: "It still lasts, and nobody has acknowledged it.",
    NotifyReason.RESOLVED: "The danger, or what was in danger, is gone. The message tells what happened in between.",
}
"""For the reasons that explain themselves where they are declared; the others have their docstring."""

CHAPTERS: Mapping[str, Sequence[str]] = {
    "The life of an alert": ("alert", "life", "restart"),
    "People answer, or do not": ("answer", "escalation"),
    "Hours of the day": ("quiet_hours", "working_hours"),
    "Which alert speaks": ("inhibition",),
    "The rules": (
        "rules/distance",
        "rules/margin",
        "rules/account_wide",
        "rules/funding",
        "rules/stop",
        "rules/venue_side",
        "rules/profile",
        "condition",
    ),
    "Positions and venues": ("account", "ending", "venue"),
    "On the way to people": ("delivery/delivery", "delivery/crash", "delivery/broken_channel", "voice", "digest"),
    "Who watches the watch": ("gaps/absence", "gaps/gap", "heartbeat"),
}
"""The story files by chapter; one that stands in none comes last, so that none is ever left out."""
MORE = "More stories"

SPELLING: Mapping[str, str] = {
    "anna": "Anna",
    "adl": "ADL",
    "utc": "UTC",
    "percent": "%",
    "all clear": "all-clear",
    "all clears": "all-clears",
    "stand in": "stand-in",
    "auto deleveraging": "auto-deleveraging",
    "venues own": "venue's own",
    "venues words": "venue's words",
    "venues margin": "venue's margin",
    "venues ratio": "venue's ratio",
    "venues for": "venue's for",
    "days loss": "day's loss",
    "each persons": "each person's",
    "users own": "user's own",
}
"""What a function's name cannot spell."""


def alerts_page() -> str:
    """The whole page."""
    sections = (_states(), _reasons(), _inhibitions(), _limits(), _stories())
    return "\n".join(["# Alerts", "", NOTICE, "", PATH, "", *(line for section in sections for line in section)])


def _states() -> Iterator[str]:
    yield from ("## States", "", "One look at a subject yields a cue; state and cue give the next state.", "")
    yield from ("```mermaid", "stateDiagram-v2", "    [*] --> ok")
    moves: dict[tuple[AlertState, AlertState], list[str]] = {}
    for (state, cue), target in TRANSITIONS.items():
        if target is not state:
            moves.setdefault((state, target), []).append(cue.name.lower())
    yield from (f"    {a.value} --> {b.value}: {', '.join(names)}" for (a, b), names in moves.items())
    yield from ("```", "", "After a cue marked * the new state is looked at again in the same breath.", "")
    rows = (
        (state.value, f"{cue.name.lower()}{' *' if cue in MOVING else ''}", cue.value, target.value)
        for (state, cue), target in TRANSITIONS.items()
    )
    yield from _table(("State", "Cue", "What the look has shown", "Next state"), rows)


def _reasons() -> Iterator[str]:
    yield from ("## Why a message goes out", "")
    said = _member_docstrings(NotifyReason)
    rows = ((reason.value, said.get(reason.name) or REASONS[reason]) for reason in NotifyReason)
    yield from _table(("Reason", "Meaning"), rows)


def _inhibitions() -> Iterator[str]:
    yield from ("## One danger, one voice", "")
    yield "While an alert burns, these others stay quiet, unless they are worse. Their state goes on changing; what"
    yield from ("still burns when the mute ends is told then. The end of a position mutes the ends of its alerts.", "")
    rows = ((f"`{each.by}`", f"`{each.mutes}`", each.reach.value, each.why) for each in INHIBITIONS)
    yield from _table(("Burning", "Mutes", "Of", "Because"), rows)


def _limits() -> Iterator[str]:
    policy = AlertPolicy()
    yield from ("## What people may say, and its limits", "")
    deeper = f"a worse level, or {policy.deeper_by:.0%} of what was left is lost"
    rows = (
        ("acknowledge", "it is over", deeper, "no reminders, no escalation"),
        (
            "snooze",
            f"its time, at most {duration_text(LONGEST_SNOOZE)}; critical and worse: {duration_text(LONGEST_CRITICAL)}",
            deeper,
            "no reminders, no escalation; told again at its end",
        ),
        (
            "silence",
            f"its time, at most {duration_text(LONGEST_SILENCE)}, from a chat {duration_text(LONGEST_FROM_CHAT)}",
            f"critical and worse: after {duration_text(LONGEST_CRITICAL)}",
            "nothing of what it matches is told; everybody is told of the silence",
        ),
        ("quiet hours", "the wall clock says", "critical and worse", "told when they end, if it still burns"),
    )
    yield from _table(("Word", "Holds until", "Broken by", "Meanwhile"), rows)
    expiring = {severity: after for severity, after in policy.expires_after.items() if after}
    texts = ", ".join(f"{_words(severity)} after {duration_text(after)}" for severity, after in expiring.items())
    yield f"A message that could not be delivered loses its use in time: {texts}; critical and worse never."
    yield f"An alert flaps from {policy.flap_limit} returns on, each within {duration_text(policy.flap_window)} of the"
    yield from (f"all-clear before it; then the next all-clear waits for {duration_text(policy.flap_clear_hold)}.", "")


def _stories() -> Iterator[str]:
    yield from ("## Stories", "")
    yield "Each sentence is the name of a test in `tests/scenarios`, which plays it in simulated time against the real"
    yield from ("engine, so that it is true or the tests are red. What is not so yet is marked.", "")
    for chapter, files in _chapters():
        yield from (f"### {chapter}", "")
        for file in files:
            yield from _told_by(file)


def _chapters() -> Iterator[tuple[str, list[Path]]]:
    known = {chapter: [_file_of(name) for name in names] for chapter, names in CHAPTERS.items()}
    named = {file for files in known.values() for file in files}
    more = [file for file in sorted(STORIES.rglob(STORY_FILES)) if file not in named]
    for chapter, files in (*known.items(), (MORE, more)):
        present = [file for file in files if file.exists()]
        if present:
            yield chapter, present


def _file_of(name: str) -> Path:
    folder, _, topic = name.rpartition("/")
    return STORIES / folder / f"test_{topic}_stories.py"


def _told_by(file: Path) -> Iterator[str]:
    """A heading and a list: the module's docstring, split at its colon, and its tests."""
    tree = ast.parse(file.read_text(encoding="utf-8"))
    head, _, rest = (ast.get_docstring(tree) or file.stem).partition("\n")[0].partition(": ")
    yield from (f"#### {head.removesuffix('.')}", "")
    if rest:
        yield from (f"{rest[:1].upper()}{rest[1:]}", "")
    for node in tree.body:
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.name.startswith("test_"):
            is_expected_to_fail = any("xfail" in ast.unparse(decorator) for decorator in node.decorator_list)
            yield f"- {sentence_of(node.name)}{' *(not yet)*' if is_expected_to_fail else ''}"
    yield ""


def sentence_of(name: str) -> str:
    """The sentence that a test's name is."""
    text = f" {name.removeprefix('test_').replace('_', ' ')} "
    for plain, spelt in SPELLING.items():
        text = text.replace(f" {plain} ", f" {spelt} ")
    text = text.strip()
    return f"{text[:1].upper()}{text[1:]}."


def _member_docstrings(enum: type) -> dict[str, str]:
    """The texts that stand under members of an enum, on one line."""
    tree = ast.parse(inspect.getsource(alert_module))
    (body,) = (node.body for node in tree.body if isinstance(node, ast.ClassDef) and node.name == enum.__name__)
    found: dict[str, str] = {}
    for member, below in pairwise(body):
        if isinstance(member, ast.Assign) and isinstance(below, ast.Expr) and isinstance(below.value, ast.Constant):
            found[ast.unparse(member.targets[0])] = " ".join(str(below.value.value).split())
    return found


def _table(heads: Sequence[str], rows: Iterator[tuple[str, ...]] | Sequence[tuple[str, ...]]) -> Iterator[str]:
    yield f"| {' | '.join(heads)} |"
    yield f"| {' | '.join('---' for _ in heads)} |"
    yield from (f"| {' | '.join(cells)} |" for cells in rows)
    yield ""


def _words(severity: Severity) -> str:
    return f"a {severity.word}"


if __name__ == "__main__":
    print(alerts_page(), end="")
