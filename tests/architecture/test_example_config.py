from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, get_args

import pytest
from pydantic import BaseModel

from liqwatch.config import Settings, load_settings
from liqwatch.config.channels import Channel
from liqwatch.config.per_severity import RepeatEvery
from liqwatch.config.report import path_text
from liqwatch.config.routes import Hours, Route
from liqwatch.config.settings import Daemon, Market
from liqwatch.exchanges import known_exchanges

EXAMPLE = Path(__file__).resolve().parents[2] / "config.example.toml"


def tables_in(annotation: Any) -> Iterator[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
        for field in annotation.model_fields.values():
            yield from tables_in(field.annotation)
    for argument in get_args(annotation):
        yield from tables_in(argument)


KEYS = sorted({field.alias or name for table in tables_in(Settings) for name, field in table.model_fields.items()})


def test_the_example_is_a_valid_configuration() -> None:
    loaded = load_settings(EXAMPLE, environ={}, known_exchanges=known_exchanges())
    assert set(loaded.settings.accounts) == {"paper"}
    assert [warning.code for warning in loaded.warnings] == ["LW-CFG-041"]


def test_the_example_states_the_defaults_of_every_rule() -> None:
    stated = load_settings(EXAMPLE, environ={}, known_exchanges=known_exchanges()).settings.rules
    assert stated == Settings().rules


@pytest.mark.parametrize("key", KEYS)
def test_every_key_occurs_in_the_example(key: str) -> None:
    text = EXAMPLE.read_text(encoding="utf-8")
    assert re.search(rf"(?m)^(?:# )?(?:.*[{{,.\[] ?)?{key}(?: =|\.|\])", text), key


def test_what_is_commented_out_would_be_valid_as_well(tmp_path: Path) -> None:
    text = EXAMPLE.read_text(encoding="utf-8")
    commented = text.partition("# ── What is watched")[2].partition("\n")[2]
    lines = [line.removeprefix("# ") for line in commented.splitlines() if is_toml(line)]
    example = tmp_path / "config.toml"
    example.write_text("\n".join(lines), encoding="utf-8")
    example.chmod(0o600)
    settings = load_settings(example, environ={}, known_exchanges=known_exchanges()).settings
    assert set(settings.accounts) == {"main", "paper"}
    assert set(settings.channels) == {"console", "telegram", "mail", "phone"}
    assert len(settings.conditions) == len(settings.quiet_hours) == len(settings.escalations) == 1
    assert settings.heartbeat.url is not None


def is_toml(line: str) -> bool:
    """Whether a line is a table or a key, as it stands or commented out; one that is an alternative is neither."""
    bare = line.removeprefix("# ")
    is_alternative = line.startswith(("# clear =", "# margin =")) or "instead of a key" in line
    return not is_alternative and re.match(r"\[|[a-z_]+ = ", bare) is not None


def test_every_key_has_a_description() -> None:
    for table in tables_in(Settings):
        for name, field in table.model_fields.items():
            assert field.description, path_text((table.__name__, name))


def test_the_list_of_tables_reaches_the_bottom() -> None:
    assert {Channel, Daemon, Market, Route, Hours, RepeatEvery} < set(tables_in(Settings))
