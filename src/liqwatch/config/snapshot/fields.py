"""The kinds of values that a snapshot is made of: how each is read, and its limits."""

from __future__ import annotations

from datetime import date
from enum import Enum
from typing import Annotated, Any, TypeVar

from pydantic import AfterValidator, BeforeValidator, Field, WithJsonSchema

from liqwatch.config.codes import Code
from liqwatch.config.table import Table
from liqwatch.config.values import one_of, refuse, shown
from liqwatch.margin.conventions import Basis, TierMode
from liqwatch.model import ContractKind, MarginMode, Side

SCHEMA = 1
CUSTOM = "custom"
"""The exchange of a snapshot that brings its own convention, or needs none."""
MOST = 1e18
"""No quantity, price or sum of money is larger, and no quantity or price smaller than its reciprocal.

Beyond that, float arithmetic would overflow or come to nothing.
"""

Kind = TypeVar("Kind", bound=Enum)
Row = TypeVar("Row", bound=Table)


def _words(*members: Kind) -> dict[str, Kind]:
    return {str(member.value): member for member in members}


def _schema_of(words: dict[str, Any]) -> WithJsonSchema:
    return WithJsonSchema({"type": "string", "enum": list(words)})


def _parse_schema(value: object) -> int:
    if isinstance(value, bool) or value != SCHEMA:
        raise refuse(Code.UNKNOWN_SCHEMA, f"{shown(value)} is not a schema that this version reads", '"schema": 1')
    return SCHEMA


def _parse_label(value: str) -> str:
    if not value.isprintable() or value != value.strip():
        raise refuse(Code.BAD_SYMBOL, f"{shown(value)} is no name of a market", "such as BTC/USDT:USDT")
    return value


def _parse_name(value: str) -> str:
    if not value.isprintable() or value != value.strip():
        raise refuse(Code.BAD_NAME, f"{shown(value)} cannot be printed as a name", "plain characters, no space around")
    return value


def _parse_positive(value: float) -> float:
    if value < 1 / MOST:
        raise refuse(Code.OUT_OF_RANGE, f"must not be less than {1 / MOST:g}")
    return value


def not_empty(rows: tuple[Row, ...]) -> tuple[Row, ...]:
    """Refuse an empty list."""
    # A minimum length would also count rows that are there but wrong as missing.
    if not rows:
        raise refuse(Code.OUT_OF_RANGE, "must not be empty")
    return rows


def _parse_day(value: object) -> date:
    try:
        return date.fromisoformat(value) if isinstance(value, str) else _no_day(value)
    except ValueError:
        return _no_day(value)


def _no_day(value: object) -> date:
    raise refuse(Code.WRONG_TYPE, f"{shown(value)} is no day", 'write "2026-11-25"')


SIDES = {side.word: side for side in Side}
CONTRACT_KINDS = _words(*ContractKind)
MARGIN_MODES = _words(*MarginMode)
MAINTENANCE_BASES = _words(Basis.LIQUIDATION, Basis.ENTRY, Basis.MARK, Basis.FIXED)
FEE_BASES = _words(Basis.LIQUIDATION, Basis.ENTRY, Basis.MARK, Basis.NONE)
TIER_MODES = _words(*TierMode)

Schema = Annotated[int, BeforeValidator(_parse_schema), WithJsonSchema({"const": SCHEMA})]
SideName = Annotated[Side, BeforeValidator(one_of(SIDES)), _schema_of(SIDES)]
ContractKindName = Annotated[ContractKind, BeforeValidator(one_of(CONTRACT_KINDS)), _schema_of(CONTRACT_KINDS)]
MarginModeName = Annotated[MarginMode, BeforeValidator(one_of(MARGIN_MODES)), _schema_of(MARGIN_MODES)]
MaintenanceBasisName = Annotated[Basis, BeforeValidator(one_of(MAINTENANCE_BASES)), _schema_of(MAINTENANCE_BASES)]
FeeBasisName = Annotated[Basis, BeforeValidator(one_of(FEE_BASES)), _schema_of(FEE_BASES)]
TierModeName = Annotated[TierMode, BeforeValidator(one_of(TIER_MODES)), _schema_of(TIER_MODES)]
Market = Annotated[str, Field(min_length=1, max_length=80), AfterValidator(_parse_label)]
Label = Annotated[str, Field(min_length=1, max_length=80), AfterValidator(_parse_name)]
Day = Annotated[date, BeforeValidator(_parse_day), WithJsonSchema({"type": "string", "format": "date"})]

Text = Annotated[str, Field(min_length=1)]
Number = Annotated[float, Field(ge=-MOST, le=MOST, allow_inf_nan=False)]
Positive = Annotated[float, Field(gt=0, le=MOST, allow_inf_nan=False), AfterValidator(_parse_positive)]
NotNegative = Annotated[float, Field(ge=0, le=MOST, allow_inf_nan=False)]
Rate = Annotated[float, Field(ge=0, lt=1, allow_inf_nan=False)]
Share = Annotated[float, Field(ge=0, le=1, allow_inf_nan=False)]
Level = Annotated[float, Field(gt=0, le=1, allow_inf_nan=False), AfterValidator(_parse_positive)]
RatioAboveOne = Annotated[float, Field(gt=1, le=MOST, allow_inf_nan=False)]
SignedRate = Annotated[float, Field(gt=-1, lt=1, allow_inf_nan=False)]
