"""One liquidation price, a cross pool, a column of 100,000: beside the loop that other tools run.

The peer of the isolated case is the formula as freqtrade publishes it (Binance, isolated and cross in one
expression, the tier looked up from the far end), restated here on the same inputs and the same tiers.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial

from _harness import Options, Row, compare, interleaved, run, seconds_each

from liqwatch.margin.assess import assess, computed_liquidation_price
from liqwatch.margin.batch import IsolatedColumns, isolated_liquidation_prices
from liqwatch.margin.conventions import MAINTENANCE_ON_MARK_WITHOUT_FEE
from liqwatch.margin.guards import Thresholds, guard_of
from liqwatch.margin.marked import MarkedPool
from liqwatch.margin.pools import Holding, Pool
from liqwatch.margin.tiers import tiers_with_deductions
from liqwatch.model import Instrument, MarginMode, Position, Side

MICROSECONDS, MILLISECONDS = 1e6, 1e3
CAPS = (0.0, 3e5, 8e5, 3e6, 1.2e7, 7e7, 1e8, 2.3e8, 4.8e8, 6e8, 1.8e9)
RATES = (0.004, 0.005, 0.0065, 0.01, 0.02, 0.025, 0.05, 0.1, 0.125, 0.25)
TEN_TIERS = tiers_with_deductions([(floor, cap, rate) for floor, cap, rate in zip(CAPS, CAPS[1:], RATES, strict=False)])
LEVELS = (0.25, 0.275, 0.15, 0.165, 0.08, 0.088, 0.04, 0.044)
RATIOS = (0.5, 0.45, 0.65, 0.585, 0.8, 0.72, 0.9, 0.81)
POOL_POSITIONS, COLUMN_POSITIONS = 20, 100_000
MARK = 59_000.0


@dataclass(frozen=True)
class FreqtradeLike:
    """The published expression with its tier look-up, as a bot calls it per position and cycle."""

    tiers: list[dict[str, float]]

    def liquidation_price(self, side: int, amount: float, open_rate: float, wallet: float) -> float:
        """Isolated: no other positions."""
        rate, deduction = self._tier(amount * open_rate)
        return (wallet + deduction - side * amount * open_rate) / (amount * rate - side * amount)

    def _tier(self, notional: float) -> tuple[float, float]:
        for tier in reversed(self.tiers):
            if notional >= tier["minNotional"]:
                return tier["maintenanceMarginRate"], tier["maintAmt"]
        raise ValueError("no tier")


def instrument(symbol: str) -> Instrument:
    """A contract with ten tiers."""
    return Instrument(symbol=symbol, native_symbol=symbol, settle_currency="USDT", price_tick=0.1, tiers=TEN_TIERS)


def pool_of(count: int, mode: MarginMode) -> tuple[Pool, dict[str, float]]:
    """`count` markets, long and short in turn, in one pool."""
    holdings = []
    for index in range(count):
        contract = instrument(f"C{index}/USDT:USDT")
        position = Position(
            symbol=contract.symbol,
            side=Side.LONG if index % 2 == 0 else Side.SHORT,
            contracts=1.0,
            entry_price=60_000.0,
            margin_mode=mode,
            leverage=10,
        )
        holdings.append(Holding(position, contract))
    pool = Pool(
        account="main",
        venue="binance_usdm",
        subject="pool",
        currency="USDT",
        margin_mode=mode,
        wallet_balance=6_000.0 * count,
        holdings=tuple(holdings),
        convention=MAINTENANCE_ON_MARK_WITHOUT_FEE,
    )
    return pool, dict.fromkeys(pool.symbols, MARK)


def thresholds_of(pool: Pool) -> Thresholds:
    """The default ladders, fire and clear."""
    return Thresholds(distances={each.position.subject: LEVELS for each in pool.holdings}, ratios=RATIOS)


def columns_of(count: int) -> IsolatedColumns:
    """Random isolated positions of one market, the same ones at every call."""
    random_source = random.Random(7)  # noqa: S311  # a workload, not a secret
    contracts = [random_source.uniform(0.01, 50) for _ in range(count)]
    entries = [random_source.uniform(50_000, 70_000) for _ in range(count)]
    leverages = [random_source.choice((2, 3, 5, 10, 20)) for _ in range(count)]
    return IsolatedColumns(
        sides=[1 if index % 2 else -1 for index in range(count)],
        contracts=contracts,
        entry_prices=entries,
        wallets=[size * entry / leverage for size, entry, leverage in zip(contracts, entries, leverages, strict=True)],
    )


class Workload:
    """Every piece of work on one set of inputs."""

    def __init__(self, columns: IsolatedColumns) -> None:
        """`columns` are the many positions of one market."""
        self.columns = columns
        self.contract = instrument("C0/USDT:USDT")
        self.isolated, self.isolated_marks = pool_of(1, MarginMode.ISOLATED)
        self.cross, self.cross_marks = pool_of(POOL_POSITIONS, MarginMode.CROSS)
        self.peer = FreqtradeLike(
            [
                {
                    "minNotional": tier.notional_floor,
                    "maintenanceMarginRate": tier.maintenance_margin_rate,
                    "maintAmt": tier.maintenance_deduction,
                }
                for tier in TEN_TIERS
            ]
        )

    def isolated_price(self) -> object:
        """One price."""
        return computed_liquidation_price(MarkedPool(self.isolated, self.isolated_marks), self.isolated.holdings[0])

    def isolated_compiled(self) -> object:
        """Health and triggers of one position."""
        health = assess(self.isolated, self.isolated_marks)
        return guard_of(health).around(self.isolated_marks, thresholds_of(self.isolated))

    def cross_price(self) -> object:
        """One price in the pool."""
        return computed_liquidation_price(MarkedPool(self.cross, self.cross_marks), self.cross.holdings[0])

    def cross_compiled(self) -> object:
        """Health and safe box of the pool."""
        health = assess(self.cross, self.cross_marks)
        return guard_of(health).around(self.cross_marks, thresholds_of(self.cross))

    def column_prices(self, ratio: float = 1.0) -> list[float]:
        """Many prices at once."""
        convention = MAINTENANCE_ON_MARK_WITHOUT_FEE
        return isolated_liquidation_prices(self.contract, convention, self.columns, MARK, ratio=ratio)

    def column_triggers(self) -> object:
        """The liquidation price, eight distances and eight ratios of every position."""
        liquidation = self.column_prices()
        shocks = [
            [price / (1.0 - side * distance) for price, side in zip(liquidation, self.columns.sides, strict=True)]
            for distance in LEVELS
        ]
        return list(zip(liquidation, *shocks, *(self.column_prices(ratio) for ratio in RATIOS), strict=True))

    def peer_price(self) -> object:
        """One price by the peer."""
        return self.peer.liquidation_price(1, 1.0, 60_000.0, 6_000.0)

    def peer_column(self) -> object:
        """Many prices by the peer."""
        columns = self.columns
        rows = zip(columns.sides, columns.contracts, columns.entry_prices, columns.wallets, strict=True)
        return [self.peer.liquidation_price(*row) for row in rows]


def measure(options: Options) -> Iterator[Row]:
    """G12 of the goals, and what the guards cost on top."""
    count = COLUMN_POSITIONS // 10 if options.is_quick else COLUMN_POSITIONS
    work = Workload(columns_of(count))
    cases: dict[str, Callable[[], object]] = {
        "isolated": work.isolated_price,
        "compiled": work.isolated_compiled,
        "cross": work.cross_price,
        "pool": work.cross_compiled,
        "columns": work.column_prices,
        "triggers": work.column_triggers,
        "their one": work.peer_price,
        "their columns": work.peer_column,
    }
    found = interleaved({name: partial(seconds_each, each) for name, each in cases.items()}, options.rounds)
    one = _scaled(found["their one"], MICROSECONDS)
    pool = [value * POOL_POSITIONS for value in one]
    name, per_pool = "freqtrade's expression, one position", f"freqtrade's expression, {POOL_POSITIONS} positions"
    for label, case, peer, theirs in (
        ("one isolated liquidation price, tier at liquidation", "isolated", name, one),
        ("isolated: health and all triggers", "compiled", name, one),
        (f"one price in a {POOL_POSITIONS}-position pool", "cross", per_pool, pool),
        (f"{POOL_POSITIONS}-position pool: every price, ratio, safe box", "pool", per_pool, pool),
    ):
        yield compare(label, "µs", _scaled(found[case], MICROSECONDS), peer, theirs)
    loop, theirs = "freqtrade's expression in a loop", _scaled(found["their columns"], MILLISECONDS)
    for label, case in (("prices as columns", "columns"), ("compiled to 17 triggers each", "triggers")):
        yield compare(f"{count:,} isolated {label}", "ms", _scaled(found[case], MILLISECONDS), loop, theirs)


def _scaled(seconds: list[float], factor: float) -> list[float]:
    return [value * factor for value in seconds]


if __name__ == "__main__":
    run("margin", "Margin arithmetic", measure, rounds=5)
