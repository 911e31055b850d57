"""Many positions before a real `Watch`, without a config file for each: isolated ones, cross accounts, and their marks.

The rules are those that follow every tick, with the levels of an empty config file and without hold times; the others
never run at a tick.
"""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

from _market import MARKETS, first_price, symbol, typed_account, write_config

from liqwatch.alerts.policy import AlertPolicy, RulePolicy
from liqwatch.alerts.routing import Route, Routing
from liqwatch.bootstrap.plan import plan_of
from liqwatch.config import load_settings
from liqwatch.engine.plan import AccountPlan, WatchPlan
from liqwatch.engine.watch import Watch
from liqwatch.exchanges import known_exchanges
from liqwatch.margin.tiers import tiers_with_deductions
from liqwatch.model import (
    AccountSnapshot,
    Instrument,
    MarginMode,
    MarkBatch,
    MarkRow,
    Position,
    Severity,
    Side,
    SnapshotSource,
)
from liqwatch.rules import known_rules, load_rule
from liqwatch.rules.base import Pace

VENUE = "binance_usdm"
NOW = datetime(2026, 11, 25, 12, 0, tzinfo=UTC)
AT_HOME = ("http://127.0.0.1:1", "ws://127.0.0.1:1")
"""Never dialled."""
LONG_TIME = timedelta(days=365)
STEPS = 64
STEP = 0.0004
"""How far a mark moves in a second, as a fraction: 4 basis points, the pace of the goals."""
TIERS = tiers_with_deductions(
    [(0.0, 50_000.0, 0.01), (50_000.0, 250_000.0, 0.015), (250_000.0, 1e6, 0.02), (1e6, 1e9, 0.05)]
)
LEVERAGES = (2.0, 3.0, 5.0, 10.0, 20.0)
SIDES = (Side.LONG, Side.SHORT)


def instruments() -> dict[str, Instrument]:
    """Every market of the venue, four tiers each."""
    return {
        symbol(index): Instrument(
            symbol=symbol(index),
            native_symbol=symbol(index).replace("/", ""),
            settle_currency="USDT",
            price_tick=0.0001,
            tiers=TIERS,
            closing_fee_rate=0.0005,
        )
        for index in range(MARKETS)
    }


@dataclass(frozen=True, slots=True)
class Portfolio:
    """Accounts as the venue would tell them."""

    snapshots: tuple[AccountSnapshot, ...]


def _dice(seed: int) -> random.Random:
    return random.Random(seed)  # noqa: S311  # a repeatable workload, no secret


def _snapshot(name: str, positions: Sequence[Position], wallets: Mapping[str, float]) -> AccountSnapshot:
    return AccountSnapshot(
        account=name, venue=VENUE, positions=tuple(positions), cross_wallets=wallets, as_of=NOW,
        source=SnapshotSource.REST,
    )  # fmt: skip


def isolated_portfolio(count: int) -> Portfolio:
    """So many isolated positions, long and short, 2x to 20x, entered within ten percent of the first price."""
    dice = _dice(7)
    slots = [(index, side) for index in range(MARKETS) for side in SIDES]
    snapshots = []
    for number, start in enumerate(range(0, count, len(slots))):
        chosen = dice.sample(slots, min(len(slots), count - start))
        snapshots.append(_snapshot(f"iso{number}", [_isolated(dice, *slot) for slot in chosen], {}))
    return Portfolio(tuple(snapshots))


def _isolated(dice: random.Random, index: int, side: Side) -> Position:
    leverage = dice.choice(LEVERAGES)
    entry_price = first_price(index) * (1 + side.value * dice.uniform(-0.5, 0.5) / leverage)
    contracts = dice.uniform(1.0, 200.0)
    return Position(
        symbol=symbol(index), side=side, contracts=contracts, entry_price=entry_price,
        margin_mode=MarginMode.ISOLATED, leverage=leverage, isolated_wallet=contracts * entry_price / leverage,
    )  # fmt: skip


def long_at(name: str, entries: Sequence[tuple[str, float]]) -> AccountSnapshot:
    """An account with an isolated long in each of these markets, entered at these prices, 3x."""
    positions = [
        Position(
            symbol=market, side=Side.LONG, contracts=10.0, entry_price=price,
            margin_mode=MarginMode.ISOLATED, leverage=3.0, isolated_wallet=10.0 * price / 3.0,
        )
        for market, price in entries
    ]  # fmt: skip
    return _snapshot(name, positions, {})


def cross_portfolio(accounts: int, positions: int, leverages: tuple[float, float]) -> Portfolio:
    """So many cross accounts with so many markets each; gross value ÷ wallet between the two leverages."""
    dice = _dice(11)
    return Portfolio(tuple(_cross(dice, f"cross{number}", positions, leverages) for number in range(accounts)))


def _cross(dice: random.Random, name: str, count: int, leverages: tuple[float, float]) -> AccountSnapshot:
    held = []
    for index in dice.sample(range(MARKETS), count):
        price = first_price(index)
        held.append(
            Position(
                symbol=symbol(index),
                side=dice.choice(SIDES),
                contracts=dice.uniform(500.0, 5_000.0) / price,
                entry_price=price * dice.uniform(0.98, 1.02),
                margin_mode=MarginMode.CROSS,
                leverage=10.0,
            )
        )
    gross = sum(each.contracts * each.entry_price for each in held)
    return _snapshot(name, held, {"USDT": gross / dice.uniform(*leverages)})


def plan_for(portfolio: Portfolio, channels: Sequence[str] = ("console",)) -> WatchPlan:
    """The plan of an empty config file, for these accounts and channels, with the rules of every tick alone."""
    with TemporaryDirectory() as directory:
        config = write_config(Path(directory), typed_account(1, AT_HOME, name="any"))
        plan = plan_of(load_settings(config, environ={}, known_exchanges=known_exchanges()).settings)
    found = ((kind, plan.policies("any", None, "", kind)) for kind in tick_rules())
    policies = {kind: _impatient(kind, policy) for kind, policy in found if policy is not None}
    accounts = {
        each.account: AccountPlan(account=each.account, exchange=VENUE, venue=VENUE, reconcile_every=LONG_TIME)
        for each in portfolio.snapshots
    }
    names = tuple(channels)
    return replace(
        plan,
        accounts=accounts,
        policies=lambda _account, _symbol, _subject, kind: policies.get(kind),
        routing=Routing((Route(min_severity=Severity.NOTICE, channels=names),), names),
    )


def _impatient(kind: str, policy: RulePolicy) -> RulePolicy:
    """Without hold times, but for a rule that has no price: that marks are not there yet is not told."""
    return policy if load_rule(kind).guard is None else replace(policy, alerts=AlertPolicy())


def tick_rules() -> list[str]:
    """The kinds of rules that follow every tick."""
    return [kind for kind in known_rules() if load_rule(kind).pace is Pace.TICK]


def fill(watch: Watch, portfolio: Portfolio) -> None:
    """Every account once; the first one opens the markets, the first marks come next."""
    contracts = instruments()
    for number, snapshot in enumerate(portfolio.snapshots):
        watch.learn_instruments(snapshot.account, contracts)
        watch.take_account(snapshot)
        if number == 0:
            watch.take_marks(MarkBatch(VENUE, first_rows(), 0.0))
    watch.take_marks(MarkBatch(VENUE, first_rows(), 0.0))


def first_rows() -> list[MarkRow]:
    """Where every market begins."""
    return [(symbol(index), first_price(index), 0) for index in range(MARKETS)]


def walk(steps: int = STEPS) -> list[list[MarkRow]]:
    """A mark of every market for each second: a random walk there and back, so that it can be repeated."""
    dice, prices = _dice(3), [first_price(index) for index in range(MARKETS)]
    there = []
    for _ in range(steps // 2):
        prices = [price * (1 + dice.gauss(0.0, STEP)) for price in prices]
        there.append([(symbol(index), price, 0) for index, price in enumerate(prices)])
    return [*there, *reversed(there)]
