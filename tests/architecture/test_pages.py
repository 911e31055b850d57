"""What people read is true: links lead somewhere, configurations can be run, promises are held by tests that exist."""

from __future__ import annotations

import importlib.util
import re
from pathlib import Path
from types import ModuleType

import pytest

from liqwatch.config import load_settings
from liqwatch.config.rules import RULE_KINDS
from liqwatch.config.units import written
from liqwatch.exchanges import known_exchanges
from liqwatch.rules.base import Profile
from liqwatch.rules.compound import Operator, readings

ROOT = Path(__file__).resolve().parents[2]
PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md"), *(ROOT / "benchmarks").glob("*.md")])
LINK = re.compile(r"\]\(([^)\s]+)\)")
TOML = re.compile(r"```toml\n(.*?)```", re.DOTALL)
AROUND = """\
[accounts.main]
exchange = "binance_usdm"
api_key = "key"
secret = "secret"
[channels.desk]
url = "console://"
[channels.mail]
url = "console://"
[channels.partner]
url = "console://"
"""
"""What the examples of the guide name and leave to the reader."""


def anchor(heading: str) -> str:
    return re.sub(r"[^\w\- ]", "", heading.strip().lower()).replace(" ", "-")


@pytest.fixture(scope="module")
def rules_page() -> str:
    spec = importlib.util.spec_from_file_location("generate_rules_page", ROOT / "scripts" / "generate_rules_page.py")
    assert spec is not None
    assert spec.loader is not None
    script: ModuleType = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(script)
    return str(script.rules_page())


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_every_link_of_a_page_leads_somewhere(page: Path) -> None:
    for target in LINK.findall(page.read_text(encoding="utf-8")):
        name, _, place = target.partition("#")
        if "://" in target:
            continue
        file = (page.parent / name).resolve() if name else page
        assert file.exists(), target
        if place:
            headings = re.findall(r"(?m)^#+ (.+)$", file.read_text(encoding="utf-8"))
            assert place in {anchor(heading) for heading in headings}, target


def test_the_configuration_of_the_readme_can_be_run(tmp_path: Path) -> None:
    config, secrets = TOML.findall((ROOT / "README.md").read_text(encoding="utf-8"))
    (tmp_path / "config.toml").write_text(config, encoding="utf-8")
    (tmp_path / "secrets.toml").write_text(secrets, encoding="utf-8")
    (tmp_path / "secrets.toml").chmod(0o600)
    loaded = load_settings(tmp_path / "config.toml", environ={}, known_exchanges=known_exchanges())
    assert list(loaded.settings.channels) == ["telegram", "mail"]
    assert loaded.warnings == ()


def test_the_examples_of_the_guide_make_one_configuration_that_can_be_run(tmp_path: Path) -> None:
    examples = TOML.findall((ROOT / "docs" / "alerting.md").read_text(encoding="utf-8"))
    config = tmp_path / "config.toml"
    config.write_text("\n".join([AROUND, *examples]), encoding="utf-8")
    config.chmod(0o600)
    settings = load_settings(config, environ={}, known_exchanges=known_exchanges()).settings
    assert len(settings.conditions) == 3
    assert settings.escalations
    assert settings.quiet_hours
    assert {"call", "pushover", "ntfy"} <= settings.channels.keys()


@pytest.mark.parametrize("kind", RULE_KINDS)
def test_every_rule_is_told_with_its_reading_levels_and_options(rules_page: str, kind: str) -> None:
    rule = RULE_KINDS[kind]
    section = rules_page.partition(f"\n## `{kind}`\n")[2].partition("\n## ")[0]
    assert rule.docs in section
    assert f"Reading: {rule.figure}." in section
    for name, option in rule.options.items():
        assert f"| `{name}` | " in section
        assert f"`{written(option.default, option.unit)}` | {option.description} |" in section
    if "| Profile |" in section:
        for profile in Profile:
            (row,) = re.findall(rf"(?m)^\| {profile.value} \| (.+) \|$", section)
            shown = [cell.strip("`") for cell in row.split(" | ") if cell != "-"]
            assert shown == [written(level, rule.unit) for level in rule.levels_in(profile).values()]
    else:
        assert max(rule.levels).word in section


def test_every_named_reading_and_operator_is_told(rules_page: str) -> None:
    conditions = rules_page.partition("\n## Conditions of your own\n")[2]
    for named in readings().values():
        name = f"[`{named.name}`](#{named.name})" if named.name in RULE_KINDS else f"`{named.name}`"
        assert f"| {name} | {named.counted_in} | {named.docs[:20]}" in conditions
    for operator in Operator:
        assert f"| `{operator.value}` | " in conditions
