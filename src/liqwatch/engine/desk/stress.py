"""What would be liquidated if every mark moved by a share at once, down and up.

An isolated position falls at its own liquidation price, the nearer of the venue's and ours. A cross pool falls as a
whole: toward its nearest end the common move is exact (`margin/shock.py`); the other way is walked in steps.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import IntEnum

from liqwatch.alerts.figures import ratio_text
from liqwatch.alerts.safe import safe
from liqwatch.engine.desk.views import NO_POSITION, name_of_position
from liqwatch.margin.assess import assess
from liqwatch.margin.health import PoolHealth
from liqwatch.margin.shock import shock_of
from liqwatch.model import UNREACHABLE, MarginMode, Reading, Unknown

DEFAULT_SHARE = 0.10
LARGEST_SHARE = 0.9
STEPS = 40


class Move(IntEnum):
    """Where every mark goes."""

    LOWER = -1
    HIGHER = 1


@dataclass(frozen=True, slots=True)
class Fall:
    """A pool that a move liquidates: after which share of it, and whose positions."""

    share: float
    name: str


def stress_lines(pools: Sequence[PoolHealth], share: float) -> list[str]:
    """Both directions, the nearest first; what cannot be computed is said."""
    if not pools:
        return [NO_POSITION]
    lines, unknown = ["If every mark moves at once:"], [pool for pool in pools if _why_unknown(pool)]
    nothing = "nothing of what is known is" if unknown else "nothing"
    for move in Move:
        falls = sorted(_falls(pools, move, share), key=lambda fall: fall.share)
        word = move.name.lower()
        lines.append(f"{share * 100:.4g}% {word}: {len(falls) or nothing} liquidated.")
        lines += [f"- {fall.name}: {_when(fall.share, word)}" for fall in falls]
        lines += _survivors(pools, move, share)
    return [*lines, *(f"- not known: {_name(pool)}: {_why_unknown(pool)}" for pool in unknown)]


def reach(pool: PoolHealth, move: Move, share: float) -> Reading:
    """The part of the move after which the pool is liquidated; unreachable: it survives all of it."""
    reading = _isolated(pool, move) if pool.pool.margin_mode is MarginMode.ISOLATED else _crossed(pool, move, share)
    return UNREACHABLE if isinstance(reading, float) and reading > share else reading


def _falls(pools: Sequence[PoolHealth], move: Move, share: float) -> Iterator[Fall]:
    for pool in pools:
        reading = reach(pool, move, share)
        if isinstance(reading, float):
            yield Fall(max(reading, 0.0), _name(pool))


def _isolated(pool: PoolHealth, move: Move) -> Reading:
    (health,) = pool.positions
    distance, price, mark_price = health.liquidation_distance, health.liquidation_price, health.mark_price
    if not isinstance(distance, float) or distance <= 0 or not isinstance(price, float) or mark_price is None:
        return distance
    return abs(price - mark_price) / mark_price if (price > mark_price) is (move is Move.HIGHER) else UNREACHABLE


def _crossed(pool: PoolHealth, move: Move, share: float) -> Reading:
    shock = shock_of(pool.marked, {})
    if not isinstance(shock.distance, float) or shock.distance == 0 or shock.direction == move:
        return shock.distance
    return next((step for step in _steps(share) if _is_liquidated(_moved(pool, move, step))), UNREACHABLE)


def _steps(share: float) -> Iterator[float]:
    return (share * step / STEPS for step in range(1, STEPS + 1))


def _moved(pool: PoolHealth, move: Move, share: float) -> PoolHealth:
    return assess(pool.pool, {symbol: price * (1 + move * share) for symbol, price in pool.marked.marks.items()})


def _is_liquidated(pool: PoolHealth) -> bool:
    return isinstance(pool.margin_ratio, float) and pool.margin_ratio >= 1


def _survivors(pools: Sequence[PoolHealth], move: Move, share: float) -> list[str]:
    """How cross pools stand after the move: an isolated position loses nobody else's margin."""
    alive = [
        pool for pool in pools if pool.pool.margin_mode is MarginMode.CROSS and reach(pool, move, share) is UNREACHABLE
    ]
    return [f"- {_name(pool)}: margin ratio {ratio_text(_moved(pool, move, share).margin_ratio)}" for pool in alive]


def _why_unknown(pool: PoolHealth) -> str:
    reading = reach(pool, Move.LOWER, LARGEST_SHARE)
    return safe(reading.reason) if isinstance(reading, Unknown) else ""


def _name(pool: PoolHealth) -> str:
    if pool.pool.margin_mode is MarginMode.ISOLATED:
        return name_of_position(pool, pool.positions[0])
    held = ", ".join(safe(each.position.subject) for each in pool.positions[:5])
    more = f" and {len(pool.positions) - 5} more" if len(pool.positions) > 5 else ""  # noqa: PLR2004  # a handful
    return f"{safe(pool.pool.subject)} ({safe(pool.pool.account)}), with {held}{more}"


def _when(share: float, word: str) -> str:
    return f"at {ratio_text(share)} {word}" if share > 0 else "due now"
