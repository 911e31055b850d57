"""The small value types of the configuration: how a percentage, a duration, a word or a URL is read.

Each parser takes what TOML or an environment variable gives and returns the value the models hold,
or refuses with a kind of problem, a reason and a mend. None of these types ever carries a secret.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Annotated, TypeVar
from urllib.parse import urlsplit

from pydantic import AfterValidator, BeforeValidator
from pydantic_core import PydanticCustomError

from liqwatch.config.codes import Code
from liqwatch.config.suggest import nearest, symbol_mend
from liqwatch.model import MarginMode, Severity, Side
from liqwatch.redaction import redact

Word = TypeVar("Word")

UNIT_SECONDS = {"d": 86_400.0, "h": 3_600.0, "m": 60.0, "s": 1.0, "ms": 0.001}
DURATION = re.compile(r"(?:\d+(?:\.\d+)?(?:ms|d|h|m|s))+")
DURATION_PART = re.compile(r"(\d+(?:\.\d+)?)(ms|d|h|m|s)")
LONGEST_SECONDS = 366 * 86_400.0
SYMBOL = re.compile(r"[^\s/:]+/[^\s/:]+:[^\s/:]+")
NAME = re.compile(r"[a-z][a-z0-9]*(?:[_-][a-z0-9]+)*")
LONGEST_PORT = 65_535
SHOWN_CHARACTERS = 40


@dataclass(frozen=True, slots=True)
class Shown:
    """How the reference names the type of a key."""

    text: str


def refuse(code: Code, message: str, mend: str | None = None) -> PydanticCustomError:
    """Build the error of a parser; `report.py` turns it into a `Problem`."""
    # The message is handed over as a value, so that braces in it are not taken for placeholders.
    return PydanticCustomError(code.name, "{message}", {"message": message, "mend": mend})


def shown(value: object) -> str:
    """Show a value that is no secret: short, printable, redacted all the same."""
    text = redact(value if isinstance(value, str) else repr(value))
    printable = "".join(character if character.isprintable() else "?" for character in text)
    return f"`{printable[:SHOWN_CHARACTERS]}`"


def parse_fraction(value: object) -> float:
    """Read "25%" or 0.25 as 0.25: greater than 0, at most 1.

    Raises:
        PydanticCustomError: neither a percentage nor a fraction, or out of range.
    """
    number = _bare_number(value)
    if number is not None:
        if number > 1 and math.isfinite(number):
            raise refuse(Code.BAD_FRACTION, f"{shown(value)} is no fraction", f'did you mean "{number:g}%"?')
    elif isinstance(value, str) and (match := re.fullmatch(r"\s*(\d+(?:\.\d+)?)\s*%\s*", value)):
        number = float(match[1]) / 100
    elif isinstance(value, str) and re.fullmatch(r"\s*\d*\.?\d+\s*", value):
        return parse_fraction(float(value))
    else:
        raise refuse(Code.BAD_FRACTION, f"{shown(value)} is no percentage", 'write "25%" or 0.25')
    if not 0 < number <= 1:
        raise refuse(Code.BAD_FRACTION, f"{shown(value)} is not above 0 % and up to 100 %", 'write "25%" or 0.25')
    return number


def parse_duration(value: object) -> timedelta:
    """Read "15s", "1h30m", "1d" or a number of seconds; zero is allowed.

    Raises:
        PydanticCustomError: not a duration, negative, or longer than a year.
    """
    if isinstance(value, timedelta):
        return value
    seconds = _bare_number(value)
    if seconds is None and isinstance(value, str):
        seconds = _seconds_in(value.replace(" ", ""))
    if seconds is None:
        raise refuse(Code.BAD_DURATION, f"{shown(value)} is no duration", 'write "15s", "2h", "1h30m" or "1d"')
    if not 0 <= seconds <= LONGEST_SECONDS:
        raise refuse(Code.BAD_DURATION, f"{shown(value)} is not between 0 and a year", 'write "15s", "2h" or "1d"')
    return timedelta(seconds=seconds)


def parse_period(value: object) -> timedelta:
    """Read a duration that must not be zero.

    Raises:
        PydanticCustomError: as `parse_duration`, or zero.
    """
    period = parse_duration(value)
    if not period:
        raise refuse(Code.BAD_DURATION, "must be longer than nothing", 'write "15s", "2h", "1h30m" or "1d"')
    return period


def duration_text(duration: timedelta) -> str:
    """Write a duration the way `parse_duration` reads it, largest unit first."""
    milliseconds = round(duration / timedelta(milliseconds=1))
    parts = []
    for unit, unit_seconds in UNIT_SECONDS.items():
        count, milliseconds = divmod(milliseconds, round(unit_seconds * 1000))
        if count:
            parts.append(f"{count}{unit}")
    return "".join(parts) or "0s"


def parse_symbol(value: str) -> str:
    """Check the form of a unified contract symbol; whether the venue lists it is asked online.

    Raises:
        PydanticCustomError: not BASE/QUOTE:SETTLE in capital letters.
    """
    if not SYMBOL.fullmatch(value) or value != value.upper():
        raise refuse(Code.BAD_SYMBOL, f"{shown(value)} is no contract symbol", symbol_mend(value))
    return value


def parse_name(value: str) -> str:
    """Check the name of an account or a channel.

    Raises:
        PydanticCustomError: anything but small letters, digits and single dashes or underscores.
    """
    if not NAME.fullmatch(value):
        # Environment variables know no case and use the double underscore as a separator.
        reason = f"{shown(value)} is no usable name"
        raise refuse(Code.BAD_NAME, reason, "use small letters, digits, single - or _, beginning with a letter")
    return value


def parse_listen(value: str) -> str:
    """Check "" (off) or "host:port".

    Raises:
        PydanticCustomError: no host, or no port between 1 and 65535.
    """
    host, _, port = value.rpartition(":")
    if value and not (host and port.isdecimal() and 0 < int(port) <= LONGEST_PORT):
        mend = 'write "127.0.0.1:9464", or "" for off'
        raise refuse(Code.BAD_ADDRESS, f"{shown(value)} is no listening address", mend)
    return value


def some(values: tuple[Word, ...]) -> tuple[Word, ...]:
    """Check that a list has something in it; what is wrong in the list itself has been told before.

    Raises:
        PydanticCustomError: it has not.
    """
    if not values:
        raise refuse(Code.OUT_OF_RANGE, "must not be empty")
    return values


def _bare_number(value: object) -> float | None:
    if isinstance(value, int | float) and not isinstance(value, bool):
        return float(value)
    return None


def _seconds_in(text: str) -> float | None:
    if text.isdecimal():
        return float(text)
    if not DURATION.fullmatch(text):
        return None
    return sum(float(number) * UNIT_SECONDS[unit] for number, unit in DURATION_PART.findall(text))


def _url_of(*schemes: str) -> Callable[[str], str]:
    def parse(value: str) -> str:
        try:
            parts = urlsplit(value)
            fits = parts.scheme in schemes and bool(parts.hostname)
        except ValueError:
            fits = False
        if not fits:
            raise refuse(Code.BAD_ADDRESS, "not a URL of the needed kind", f"it begins with {schemes[0]}://")
        return value

    return parse


def one_of(words: Mapping[str, Word]) -> Callable[[object], Word]:
    """Build the parser of a word that stands for a value."""

    def parse(value: object) -> Word:
        if isinstance(value, str) and value in words:
            return words[value]
        for known in words.values():
            if value is known:
                return known
        message = f"{shown(value)} is none of: {', '.join(words)}"
        raise refuse(Code.UNKNOWN_WORD, message, nearest(value, words) if isinstance(value, str) else None)

    return parse


def _switched_off_by(word: str, parse: Callable[[object], Word]) -> Callable[[object], Word | None]:
    return lambda value: None if value is None or value == word else parse(value)


def _path(value: object) -> object:
    return Path(value).expanduser() if isinstance(value, str) and value else value


SEVERITIES = {severity.word: severity for severity in Severity}

Fraction = Annotated[float, BeforeValidator(parse_fraction), Shown("percentage or fraction")]
Level = Annotated[
    float | None,
    BeforeValidator(_switched_off_by("off", parse_fraction)),
    Shown('percentage, fraction or "off"'),
]
Duration = Annotated[timedelta, BeforeValidator(parse_duration), Shown("duration")]
Period = Annotated[timedelta, BeforeValidator(parse_period), Shown("duration")]
RepeatPeriod = Annotated[
    timedelta | None, BeforeValidator(_switched_off_by("never", parse_period)), Shown('duration or "never"')
]
SeverityWord = Annotated[Severity, BeforeValidator(one_of(SEVERITIES)), Shown("severity")]
SideWord = Annotated[Side, BeforeValidator(one_of({side.word: side for side in Side})), Shown("long or short")]
MarginModeWord = Annotated[
    MarginMode, BeforeValidator(one_of({mode.value: mode for mode in MarginMode})), Shown("isolated or cross")
]
LogLevelWord = Annotated[
    str,
    BeforeValidator(one_of({word: word for word in ("debug", "info", "warning", "error")})),
    Shown("debug, info, warning or error"),
]
Directory = Annotated[Path, BeforeValidator(_path), Shown("path")]
Symbol = Annotated[str, AfterValidator(parse_symbol), Shown("symbol")]
Name = Annotated[str, AfterValidator(parse_name), Shown("name")]
ListenAddress = Annotated[str, AfterValidator(parse_listen), Shown("host:port")]
RestUrl = Annotated[str, AfterValidator(_url_of("https", "http")), Shown("http(s) URL")]
WebsocketUrl = Annotated[str, AfterValidator(_url_of("wss", "ws")), Shown("ws(s) URL")]
