from __future__ import annotations

import importlib.util
import re
from pathlib import Path
from types import ModuleType

import pytest

from liqwatch import errors
from liqwatch.alerts.inhibition import INHIBITIONS
from liqwatch.alerts.machine import MOVING, TRANSITIONS
from liqwatch.config.codes import Code
from liqwatch.model import NotifyReason

SCRIPT = Path(__file__).resolve().parents[2] / "scripts" / "generate_reference.py"
STORIES = Path(__file__).resolve().parents[1] / "scenarios"


@pytest.fixture(scope="module")
def script() -> ModuleType:
    spec = importlib.util.spec_from_file_location("generate_reference", SCRIPT)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_pages_are_fresh_after_writing_and_stale_after_an_edit(script: ModuleType, tmp_path: Path) -> None:
    assert list(script.stale_pages(tmp_path)) == list(script.PAGES)
    script.write_pages(tmp_path)
    assert list(script.stale_pages(tmp_path)) == []
    (tmp_path / "reference" / "errors.md").write_text("edited")
    assert list(script.stale_pages(tmp_path)) == ["reference/errors.md"]


def test_the_reference_names_every_code_once(script: ModuleType) -> None:
    page = script.errors_page()
    for code in Code:
        assert page.count(f"| {code.code} | ") >= 1
        assert code.meaning in page


def test_codes_are_unique_and_say_their_exit_code() -> None:
    codes = [code.code for code in Code]
    assert len(set(codes)) == len(codes)
    classes = [thing for thing in vars(errors).values() if isinstance(thing, type)]
    tree = {error.code for error in classes if issubclass(error, errors.LiqwatchError)}
    # The same trouble has the same code, whether `check` finds it in the file or a command at work.
    assert tree & set(codes) == {Code.UNKNOWN_EXCHANGE.code}


def test_the_page_on_alerts_names_every_state_reason_and_inhibition(script: ModuleType) -> None:
    page = script.alerts_page()
    for (state, cue), target in TRANSITIONS.items():
        marks = " *" if cue in MOVING else ""
        assert f"| {state.value} | {cue.name.lower()}{marks} | {cue.value} | {target.value} |" in page
    for reason in NotifyReason:
        (line,) = re.findall(rf"^\| {reason.value} \| (.+) \|$", page, re.MULTILINE)
        assert line.endswith(".")
    for each in INHIBITIONS:
        assert f"| `{each.by}` | `{each.mutes}` | {each.reach.value} | {each.why} |" in page


def test_the_page_on_alerts_tells_every_story_once(script: ModuleType) -> None:
    told = re.findall(r"^- (.+)$", script.alerts_page(), re.MULTILINE)
    files = list(STORIES.rglob("test_*.py"))
    names = [name for file in files for name in re.findall(r"^async def (test_\w+)", file.read_text(), re.MULTILINE)]
    assert len(told) == len(names)
    assert len(set(names)) == len(names)
    assert all(sentence[0].isupper() or sentence[0].isdigit() for sentence in told)
