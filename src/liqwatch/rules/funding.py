"""Funding eats the equity behind a position."""

from __future__ import annotations

import math
from datetime import timedelta

from liqwatch.margin.funding import HOUR, USUAL_INTERVAL, FundingBurden, assumption, days_until, funding_burden
from liqwatch.margin.words import money
from liqwatch.model import UNREACHABLE, MarginMode, Reading, Severity, Unknown
from liqwatch.rules.base import Danger, Option, RuleKind, Scope, Unit
from liqwatch.rules.sight import Sight

LEVELS = {Severity.NOTICE: 0.01, Severity.WARNING: 0.03, Severity.CRITICAL: 0.10}
OVERHEATED = 0.001
DAYS_WORTH_TELLING = 60.0


def read(sight: Sight) -> Reading:
    """What is paid per day at the present rate ÷ the equity behind the position; negative: it is received."""
    if sight.position and _is_dated(sight.position.position.symbol):
        return UNREACHABLE
    burden = _burden(sight)
    return burden if isinstance(burden, Unknown) else burden.share_per_day


def headline(reading: Reading) -> str:
    """What share a day, in half a sentence."""
    if isinstance(reading, Unknown):
        return f"funding unknown: {reading.reason}"
    if reading is UNREACHABLE:
        return "a dated contract pays no funding"
    if math.isinf(reading):
        return "funding is due and no equity is left"
    if reading > 0:
        return f"funding takes {reading:.1%} of the equity a day"
    return f"funding adds {-reading:.1%} to the equity a day" if reading < 0 else "no funding to pay"


def detail(sight: Sight) -> tuple[str, ...]:
    """Rate, money a day, how long the buffer lasts at that, and whether the rate is overheated."""
    burden, currency = _burden(sight), sight.pool.pool.currency
    if isinstance(burden, Unknown) or sight.funding is None or _is_dated(sight.funding.symbol):
        return ()
    word, hours = "pays" if burden.rate > 0 else "receives", burden.interval / HOUR
    due = f", next at {sight.funding.next_at:%H:%M} UTC" if sight.funding.next_at else ""
    lines = [f"It {word} {abs(burden.rate):.4%} per {hours:g} h{due}: {money(abs(burden.per_day), currency)} a day."]
    if burden.is_interval_assumed:
        lines.append(assumption(burden.interval))
    lasts = days_until(sight.pool.margin_buffer or 0.0, burden.per_day)
    if lasts is not None and lasts <= DAYS_WORTH_TELLING:
        lines.append(f"With an unmoved price, funding alone would liquidate it in about {lasts:.1f} days.")
    if abs(burden.rate) >= sight.options.get("overheated", OVERHEATED):
        crowded = "longs" if sight.funding.rate > 0 else "shorts"
        lines.append(f"Overheated: {crowded} crowd this market; when they are forced out, the price moves fast.")
    return tuple(lines)


def advice(sight: Sight) -> str | None:
    """How much to close (cross), or to add (isolated, where closing frees its own margin), for the level before."""
    burden, equity = _burden(sight), sight.pool.equity
    if isinstance(burden, Unknown) or isinstance(equity, Unknown) or sight.position is None:
        return None
    share = burden.share_per_day
    wanted = next((LEVELS[level] for level in (Severity.WARNING, Severity.NOTICE) if share > LEVELS[level]), None)
    if wanted is None:
        return None
    if sight.pool.pool.margin_mode is MarginMode.ISOLATED or math.isinf(share):
        added = money(burden.per_day / wanted - equity, sight.pool.pool.currency)
        return (
            f"Close it before the next payment, or add about {added} of margin to pay no more than {wanted:.0%} a day."
        )
    part = 1.0 - wanted / share
    contracts = part * sight.position.position.contracts
    return f"Close about {part:.0%} of it ({contracts:,.4g} contracts) to pay no more than {wanted:.0%} a day."


def _burden(sight: Sight) -> FundingBurden | Unknown:
    if sight.position is None:
        return Unknown("no position")
    if sight.funding is None:
        return Unknown("the venue tells no funding rate")
    seconds = sight.options.get("interval", USUAL_INTERVAL.total_seconds())
    assumed = timedelta(seconds=seconds) if seconds > 0 else USUAL_INTERVAL
    return funding_burden(sight.pool, sight.position, sight.funding, assumed)


def _is_dated(symbol: str) -> bool:
    """Whether a unified symbol names a day of delivery: such contracts know no funding."""
    return "-" in symbol.rpartition(":")[2]


RULE = RuleKind(
    kind="funding",
    scope=Scope.POSITION,
    danger=Danger.ABOVE,
    unit=Unit.FRACTION,
    figure="share of the equity that funding takes a day",
    docs="What a position would pay in a day at the present funding rate, divided by the equity behind it (its own "
    "margin, or that of its cross pool); negative when it is paid. The usual 0.01 % per 8 h takes 0.3 % a day at 10x, "
    "far below every level. 1 % a day is a third of the equity in a month, 3 % in ten days, and 10 % takes it "
    "within days. A rate above `overheated` is named in the message; `funding_overheated` tells of it by itself.",
    levels=LEVELS,
    careful={Severity.NOTICE: 0.005, Severity.WARNING: 0.015, Severity.CRITICAL: 0.05},
    bold={Severity.NOTICE: 0.03, Severity.WARNING: 0.06, Severity.CRITICAL: 0.15},
    read=read,
    headline=headline,
    detail=detail,
    advice=advice,
    options={
        "overheated": Option(Unit.FRACTION, OVERHEATED, "The rate per payment from which a market is overheated."),
        "interval": Option(Unit.SECONDS, 28_800.0, "Time between payments where the venue does not tell it."),
    },
)
