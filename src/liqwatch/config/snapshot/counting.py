"""Which convention a snapshot is judged by: the exchange's row in force, with the snapshot's own words laid over."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date
from typing import Any

from liqwatch.config.snapshot.tables import ConventionTable, PositionTable, SnapshotTable
from liqwatch.margin.conventions import Convention, ConventionRow, row_of
from liqwatch.model import ContractKind

NEEDED = ("maintenance_basis", "closing_fee_basis", "tier_mode")
"""A convention is whole with these three; HTX's `rate_is_per_leverage` is off unless said."""


@dataclass(frozen=True, slots=True)
class Counting:
    """A convention, the exchange's row behind it (None: there is none), and the fields the snapshot has changed."""

    convention: Convention
    row: ConventionRow | None
    overridden: tuple[str, ...]


def counting_of(snapshot: SnapshotTable, positions: tuple[PositionTable, ...], today: date) -> Counting | None:
    """How the pool of these positions is counted; None: no row is in force and the snapshot does not say it all."""
    kinds = {position.contract_kind for position in positions}
    kind = kinds.pop() if len(kinds) == 1 else ContractKind.LINEAR
    stated = stated_fields(snapshot.convention)
    row = row_of(snapshot.exchange, snapshot.margin_mode, kind, snapshot.as_of or today)
    if row is None and missing_fields(snapshot):
        return None
    base = row.convention if row else Convention(name="as the snapshot says")
    changed = {name: value for name, value in stated.items() if row is None or value != getattr(base, name)}
    if not changed:
        return Counting(base, row, ())
    name = base.name if row is None else f"{base.name}, changed by the snapshot"
    return Counting(replace(base, name=name, **changed), row, tuple(changed))


def missing_fields(snapshot: SnapshotTable) -> list[str]:
    """What a snapshot without a row in force would still have to say."""
    return [name for name in NEEDED if name not in stated_fields(snapshot.convention)]


def stated_fields(table: ConventionTable) -> dict[str, Any]:
    """The fields that the snapshot sets."""
    values = {name: getattr(table, name) for name in type(table).model_fields}
    return {name: value for name, value in values.items() if value is not None}
