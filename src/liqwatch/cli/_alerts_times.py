"""Durations and moments on the command line, and who is sitting at it."""

from __future__ import annotations

import getpass
import math
import os
from datetime import UTC, datetime, timedelta
from typing import Annotated, TypeAlias

import typer


def minutes(text: str) -> int:
    """A duration (`90m`, `1h30m`) in whole minutes, never less than asked for."""
    duration = _duration(text)
    if duration is None or duration <= timedelta():
        raise typer.BadParameter(f"{text!r} is no duration; write 30m, 2h or 1h30m")
    return math.ceil(duration.total_seconds() / 60)


def moment_of(text: str, now: datetime) -> datetime:
    """A moment (`2026-11-20`, `2026-11-20T12:00`, UTC unless it says otherwise), or an age before now (`7d`)."""
    age = _duration(text)
    if age is not None:
        return now - age
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise typer.BadParameter(f"{text!r} is no moment; write 2026-11-20, 2026-11-20T12:00 or 7d") from None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def since(text: str) -> datetime:
    """As `moment_of`, by the machine's clock."""
    from liqwatch.clock import SystemClock

    return moment_of(text, SystemClock().now())


def login_name() -> str:
    """Who gives this command, for the history."""
    try:
        return getpass.getuser()
    except (OSError, KeyError):
        # A user without a name, as service managers make them.
        return f"user {os.getuid()}"


def _duration(text: str) -> timedelta | None:
    from pydantic_core import PydanticCustomError

    from liqwatch.config.values import parse_duration

    if not text.strip()[-1:].isalpha():
        # A bare number would be taken for seconds: nobody means those here.
        return None
    try:
        return parse_duration(text)
    except PydanticCustomError:
        return None


ForOption: TypeAlias = Annotated[
    int, typer.Option("--for", parser=minutes, metavar="DURATION", help="For how long: 30m, 2h, 1h30m.")
]
SinceOption: TypeAlias = Annotated[
    datetime | None,
    typer.Option(
        "--since", parser=since, metavar="MOMENT", help="Only from then on: 2026-11-20, 2026-11-20T12:00, 7d (ago)."
    ),
]
