"""What pydantic found wrong, told in our own words: path, code, reason, mend. Input is never quoted.

pydantic's own errors carry the input even where their text hides it, so nothing of them but the kind,
the place and the limits is looked at.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from types import NoneType, UnionType
from typing import Annotated, Any, TypeAlias, Union, get_args, get_origin

from pydantic import BaseModel, ValidationError

from liqwatch.config.codes import Code
from liqwatch.config.settings import Settings
from liqwatch.config.suggest import did_you_mean
from liqwatch.errors import Problem

Location: TypeAlias = tuple[int | str, ...]
OriginOf: TypeAlias = Callable[[Location], str | None]
PLAIN_KEY = re.compile(r"[A-Za-z0-9_-]+")
KEY_MARK = "[key]"

# Keys of a dictionary come back as (…, key, "[key]"), and a default that needs its neighbours is not an error.
UNTOLD = {"default_factory_not_called"}

EXPECTED = {
    "string_type": "text in quotes",
    "bool_type": "true or false",
    "float_type": "a number",
    "int_type": "a whole number",
    "tuple_type": "a list",
    "dict_type": "a table",
    "model_type": "a table",
    "is_instance_of": "text in quotes",
}

LIMITS = {
    "greater_than": ("gt", "must be greater than"),
    "greater_than_equal": ("ge", "must not be less than"),
    "less_than": ("lt", "must be less than"),
    "less_than_equal": ("le", "must not be greater than"),
}

MENDS = {
    "contracts": 'sizes are positive: write a short as side = "short"',
    "exchange": 'name the venue: exchange = "binance_usdm"',
    "side": 'side = "long" or side = "short"',
    "channels": 'name at least one: channels = ["…"]',
    "steps": 'such as steps = [{ after = "5m", channels = ["…"] }]',
    "zone": 'name the time zone: zone = "Europe/Berlin"',
}


def path_text(location: Location) -> str:
    """A place in the file the way TOML would write it; places in a list count from 0."""
    text = ""
    for part in location:
        if isinstance(part, int):
            text += f"[{part}]"
        elif part != KEY_MARK:
            key = part if PLAIN_KEY.fullmatch(part) else f'"{part}"'
            text += f".{key}" if text else key
    return text


@dataclass(frozen=True, slots=True)
class Dialect:
    """What a kind of file calls its parts: the model of the whole, types in words, mends by key."""

    root: type[BaseModel]
    expected: Mapping[str, str]
    mends: Mapping[str, str]


TOML = Dialect(Settings, EXPECTED, MENDS)


def to_problems(
    error: ValidationError, origin_of: OriginOf, dialect: Dialect = TOML
) -> Iterator[tuple[Location, Problem]]:
    """Every finding with its place. `origin_of` names the source of a place unless it is the config file itself."""
    for detail in error.errors(include_input=False, include_url=False):
        if detail["type"] in UNTOLD:
            continue
        location = detail["loc"]
        problem = _problem(location, detail["type"], detail.get("ctx", {}), dialect)
        origin = origin_of(location)
        if origin is not None:
            problem = replace(problem, path=f"{problem.path} (from {origin})")
        yield location, problem


def _problem(location: Location, kind: str, context: Mapping[str, Any], dialect: Dialect) -> Problem:
    path, key = path_text(location), str(location[-1]) if location else ""
    if kind in Code.__members__:
        return Code[kind].problem(path, context["message"], context.get("mend") or dialect.mends.get(key))
    if kind == "extra_forbidden":
        return Code.UNKNOWN_KEY.problem(path, "unknown key", did_you_mean(key, keys_at(location[:-1], dialect.root)))
    code, message = _reason(kind, context, dialect.expected)
    return code.problem(path, message, dialect.mends.get(key))


def _reason(kind: str, context: Mapping[str, Any], expected: Mapping[str, str]) -> tuple[Code, str]:
    if kind == "missing":
        return Code.MISSING_KEY, "missing"
    if kind in LIMITS:
        name, words = LIMITS[kind]
        return Code.OUT_OF_RANGE, f"{words} {context[name]:g}"
    if kind == "finite_number":
        return Code.OUT_OF_RANGE, "must be a finite number"
    if kind in {"too_short", "string_too_short"}:
        return Code.OUT_OF_RANGE, "must not be empty"
    return Code.WRONG_TYPE, f"must be {expected.get(kind, 'a value of another type')}"


def keys_at(location: Location, root: type[BaseModel] = Settings) -> tuple[str, ...]:
    """The keys that the table at `location` of `root` may have; none where names are free."""
    place: Any = root
    for part in location:
        if _is_table(place):
            field = next((each for name, each in place.model_fields.items() if part == (each.alias or name)), None)
            place = _unwrapped(field.annotation) if field else None
        else:
            # A dictionary or a list of tables: whatever the name or the number, the same keys.
            place = _first_table(place)
    return tuple(each.alias or name for name, each in place.model_fields.items()) if _is_table(place) else ()


def _first_table(annotation: object) -> object:
    """The table that a dictionary or a list holds, however it is wrapped."""
    if _is_table(annotation):
        return annotation
    return next((found for inner in get_args(annotation) if (found := _first_table(inner)) is not None), None)


def _is_table(annotation: object) -> bool:
    return isinstance(annotation, type) and issubclass(annotation, BaseModel)


def _unwrapped(annotation: object) -> object:
    """What is annotated, or may be absent."""
    if get_origin(annotation) is Annotated:
        return _unwrapped(get_args(annotation)[0])
    present = [each for each in get_args(annotation) if each is not NoneType]
    is_optional = get_origin(annotation) in {Union, UnionType} and len(present) == 1
    return _unwrapped(present[0]) if is_optional else annotation
