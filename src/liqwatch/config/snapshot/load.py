"""From text to a checked snapshot, or every problem at once."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import date

from pydantic import ValidationError

from liqwatch.config.codes import Code
from liqwatch.config.report import Dialect, to_problems
from liqwatch.config.snapshot.checks import check_snapshot
from liqwatch.config.snapshot.pools import OfflineAccount, account_of
from liqwatch.config.snapshot.tables import BESIDE_POSITIONS, NEEDED_BY_POSITIONS, SnapshotTable
from liqwatch.errors import ConfigError, Problem
from liqwatch.margin.conventions import canonical_exchange
from liqwatch.model import ContractKind

JSON = Dialect(
    root=SnapshotTable,
    expected={
        "string_type": "text in quotes",
        "bool_type": "true or false",
        "float_type": "a number, without quotes",
        "tuple_type": "a list",
        "model_type": "an object",
        "model_attributes_type": "an object",
    },
    mends={
        "contracts": 'sizes are positive: write a short as "side": "short"',
        "exchange": '"exchange": "binance_usdm"',
        "schema": '"schema": 1',
    },
)
FILE = "the whole file"


class DuplicateKey(ValueError):
    """A key that stands twice in one JSON object."""


def load_snapshot(text: str, source: str, *, today: date) -> OfflineAccount:
    """Read, validate, check and turn into pools with their marks.

    `source` names the text in problems; `today` picks the conventions unless the snapshot says `as_of`.

    Raises:
        ConfigError: with every problem found; the path of each is the place in the snapshot.
    """
    try:
        raw = _with_our_names(json.loads(text, object_pairs_hook=_once))
    except json.JSONDecodeError as error:
        place = f"{error.msg} at line {error.lineno}, column {error.colno}"
        raise ConfigError(source, [Code.NOT_JSON.problem(FILE, place)]) from None
    except DuplicateKey as error:
        raise ConfigError(source, [Code.NOT_JSON.problem(str(error), "stands twice in one object")]) from None
    except (ValueError, RecursionError):
        message = "nested too deeply, or a number with too many digits"
        raise ConfigError(source, [Code.NOT_JSON.problem(FILE, message)]) from None
    missing = list(_missing(raw))
    try:
        snapshot = SnapshotTable.model_validate(raw)
    except ValidationError as error:
        raise ConfigError(source, [*missing, *_problems(error)]) from None
    problems = missing or list(check_snapshot(snapshot, today))
    if problems:
        raise ConfigError(source, problems)
    return account_of(snapshot, today)


def _once(pairs: list[tuple[str, object]]) -> dict[str, object]:
    """An object whose keys all differ: of two figures for one thing, nobody can say which is meant."""
    table = dict(pairs)
    if len(table) < len(pairs):
        names = [name for name, _ in pairs]
        raise DuplicateKey(next(name for name in names if names.count(name) > 1))
    return table


def _with_our_names(raw: object) -> object:
    """The snapshot with the venue's name as ours, where it is another tool's."""
    if not isinstance(raw, dict) or not isinstance(raw.get("exchange"), str):
        return raw
    positions = raw.get("positions")
    first = positions[0] if isinstance(positions, list) and positions else None
    is_inverse = isinstance(first, dict) and first.get("contract_kind") == ContractKind.INVERSE.value
    kind = ContractKind.INVERSE if is_inverse else ContractKind.LINEAR
    return {**raw, "exchange": canonical_exchange(raw["exchange"], kind)}


def _missing(raw: object) -> Iterator[Problem]:
    """What is needed for what the snapshot holds: positions need a venue, and something must be there to judge."""
    if not isinstance(raw, dict):
        return
    has_others = any(raw.get(key) for key in BESIDE_POSITIONS)
    if raw.get("positions") or not has_others:
        for key in NEEDED_BY_POSITIONS:
            if key not in raw:
                yield Code.MISSING_KEY.problem(key, "missing", JSON.mends.get(key))
    if not has_others:
        mend = f"or one of: {', '.join(BESIDE_POSITIONS)}"
        if "positions" not in raw:
            yield Code.MISSING_KEY.problem("positions", "missing", mend)
        elif raw["positions"] == []:
            yield Code.OUT_OF_RANGE.problem("positions", "must not be empty", mend)


def _problems(error: ValidationError) -> Iterator[Problem]:
    for location, problem in to_problems(error, lambda _: None, JSON):
        yield problem if location else Code.WRONG_TYPE.problem(FILE, problem.message)
