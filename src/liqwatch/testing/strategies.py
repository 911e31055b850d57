"""Hypothesis strategies for tiers, positions, pools, accounts and alerts. Needs the `dev` dependencies."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from hypothesis import strategies as st

from liqwatch.alerts.policy import AlertPolicy, EscalationStep
from liqwatch.margin.conventions import MAINTENANCE_ON_MARK_WITHOUT_FEE, Convention, TierMode
from liqwatch.margin.pools import Holding, Pool
from liqwatch.margin.tiers import tiers_with_deductions
from liqwatch.model import (
    AccountSnapshot,
    ContractKind,
    Instrument,
    LeverageTier,
    MarginMode,
    Position,
    Severity,
    Side,
    SnapshotSource,
)
from liqwatch.rules.base import Danger, Ladder, Level, Verdict

SYMBOLS = tuple(f"{base}/USDT:USDT" for base in ("BTC", "ETH", "SOL", "XRP", "DOGE", "BNB", "ADA", "LTC"))
LAST_CAP = 1e12


@st.composite
def tier_tables(draw: st.DrawFn, *, tier_mode: TierMode = TierMode.DEDUCTION) -> tuple[LeverageTier, ...]:
    """Up to six tiers whose rates grow from 0.4 % to at most 40 %."""
    count = draw(st.integers(1, 6))
    floors = sorted(draw(st.lists(st.integers(1, 400), min_size=count - 1, max_size=count - 1, unique=True)))
    rates = sorted(draw(st.lists(st.integers(4, 400), min_size=count, max_size=count, unique=True)))
    edges = [0.0, *(floor * 5_000.0 for floor in floors), LAST_CAP]
    rows = [(edges[index], edges[index + 1], rates[index] / 1000) for index in range(count)]
    if tier_mode is TierMode.DEDUCTION:
        return tiers_with_deductions(rows)
    return tuple(
        LeverageTier(notional_floor=floor, notional_cap=cap, maintenance_margin_rate=rate) for floor, cap, rate in rows
    )


def instrument(symbol: str, tiers: tuple[LeverageTier, ...], *, kind: ContractKind = ContractKind.LINEAR) -> Instrument:
    """A contract of one unit, settled in USDT (or the base coin when inverse)."""
    base = symbol.partition("/")[0]
    return Instrument(
        symbol=symbol,
        native_symbol=f"{base}USDT",
        settle_currency="USDT" if kind is ContractKind.LINEAR else base,
        contract_kind=kind,
        price_tick=0.01,
        tiers=tiers,
        closing_fee_rate=0.0005,
        liquidation_fee_rate=0.0125,
    )


@st.composite
def holdings(
    draw: st.DrawFn, symbol: str, margin_mode: MarginMode, *, kind: ContractKind = ContractKind.LINEAR
) -> Holding:
    """A position opened somewhere around 100, worth 50 to 500,000."""
    contracts = draw(st.integers(1, 5_000))
    position = Position(
        symbol=symbol,
        side=draw(st.sampled_from(Side)),
        contracts=float(contracts),
        entry_price=draw(st.integers(5_000, 20_000)) / 100,
        margin_mode=margin_mode,
        leverage=10.0,
    )
    return Holding(position, instrument(symbol, draw(tier_tables()), kind=kind))


@st.composite
def pools(
    draw: st.DrawFn,
    *,
    most: int = 8,
    convention: Convention = MAINTENANCE_ON_MARK_WITHOUT_FEE,
    kind: ContractKind = ContractKind.LINEAR,
) -> Pool:
    """A cross pool of up to `most` markets, or an isolated pool of one, with a wallet from thin to ample."""
    count = draw(st.integers(1, most))
    mode = MarginMode.CROSS if count > 1 else draw(st.sampled_from(MarginMode))
    held = tuple(draw(holdings(symbol, mode, kind=kind)) for symbol in SYMBOLS[:count])
    gross = sum(holding.position.contracts * holding.position.entry_price for holding in held)
    share = draw(st.integers(1, 150)) / 100
    wallet = gross * share if kind is ContractKind.LINEAR else share * gross / 1e4
    return Pool(
        account="main",
        venue="binance_usdm",
        subject="cross USDT" if mode is MarginMode.CROSS else held[0].position.subject,
        currency="USDT",
        margin_mode=mode,
        wallet_balance=wallet,
        holdings=held,
        convention=convention,
    )


@st.composite
def marks_for(draw: st.DrawFn, pool: Pool) -> dict[str, float]:
    """A mark for every market of the pool, with eight decimals like a venue's."""
    return {symbol: draw(st.integers(2_000, 30_000)) / 100 for symbol in sorted(pool.symbols)}


@st.composite
def verdicts(draw: st.DrawFn) -> Verdict:
    """Any look a ladder can give: what is fired is never worse than what is held, and now and then all is unknown."""
    if draw(st.integers(0, 9)) == 0:
        return Verdict(unknown="the venue shows none")
    held = draw(st.none() | st.sampled_from(Severity))
    milder = [severity for severity in Severity if held is not None and severity <= held]
    fired = draw(st.none() | st.sampled_from(milder)) if milder else None
    reading = draw(st.integers(1, 40)) / 100
    return Verdict(fired=fired, held=held, reading=reading, room=reading)


@st.composite
def alert_policies(draw: st.DrawFn) -> AlertPolicy:
    """From impatient to patient, from silent to insistent."""
    seconds = st.sampled_from([0, 0, 5, 30]).map(lambda count: timedelta(seconds=count))
    intervals = st.sampled_from([None, 20, 90]).map(lambda count: timedelta(seconds=count) if count else None)
    every = {severity: draw(intervals) for severity in Severity}
    return AlertPolicy(
        hold={severity: draw(seconds) for severity in Severity},
        clear_hold=draw(seconds),
        repeat_every={severity: pause for severity, pause in every.items() if pause is not None},
        flap_limit=draw(st.sampled_from([1, 3, 1_000])),
        flap_clear_hold=draw(seconds),
        escalation={severity: draw(escalations()) for severity in Severity},
    )


@st.composite
def escalations(draw: st.DrawFn) -> tuple[EscalationStep, ...]:
    """Up to three steps, one after the other."""
    afters = sorted(draw(st.sets(st.integers(1, 12), max_size=3)))
    return tuple(EscalationStep(timedelta(seconds=10 * after), (f"step-{after}",)) for after in afters)


@st.composite
def ladders(draw: st.DrawFn, danger: Danger) -> Ladder:
    """One to four levels in order, each with a clear level on its safe side or on the spot."""
    severities = sorted(draw(st.sets(st.sampled_from(Severity), min_size=1)))
    rungs = st.lists(st.integers(1, 90), min_size=len(severities), max_size=len(severities), unique=True)
    values = sorted(draw(rungs), reverse=danger is Danger.BELOW)
    margin = draw(st.sampled_from([0.0, 0.05, 0.2]))
    away = 1 + margin if danger is Danger.BELOW else 1 - margin
    levels = tuple(
        Level(severity, value / 100, value / 100 * away) for severity, value in zip(severities, values, strict=True)
    )
    return Ladder(danger, levels)


@st.composite
def snapshots(draw: st.DrawFn, account: str) -> tuple[AccountSnapshot, dict[str, Instrument]]:
    """An account with up to five positions over three markets, isolated, cross and hedged, and its contracts.

    Some positions carry a liquidation price of the venue's own; the cross wallet is thin, ample or unknown.
    """
    instruments = {symbol: instrument(symbol, draw(tier_tables())) for symbol in SYMBOLS[:3]}
    slots = [(symbol, side) for symbol in instruments for side in Side]
    chosen = draw(st.lists(st.sampled_from(slots), min_size=1, max_size=5, unique=True))
    mode_of_market = {symbol: draw(st.sampled_from(MarginMode)) for symbol in instruments}
    positions = tuple(draw(_open_position(symbol, side, mode_of_market[symbol])) for symbol, side in chosen)
    value = sum(position.contracts * position.entry_price for position in positions)
    wallet = draw(st.none() | st.integers(2, 150).map(lambda share: value * share / 100))
    snapshot = AccountSnapshot(
        account=account,
        venue="binance_usdm",
        positions=positions,
        cross_wallets={} if wallet is None else {"USDT": wallet},
        as_of=datetime(2026, 11, 20, 12, 0, tzinfo=UTC),
        source=SnapshotSource.REST,
    )
    return snapshot, instruments


@st.composite
def _open_position(draw: st.DrawFn, symbol: str, side: Side, mode: MarginMode) -> Position:
    entry_price = draw(st.integers(8_000, 12_000)) / 100
    contracts = float(draw(st.integers(1, 5_000)))
    leverage = draw(st.sampled_from([2.0, 5.0, 20.0]))
    away = draw(st.none() | st.integers(3, 60))
    return Position(
        symbol=symbol,
        side=side,
        contracts=contracts,
        entry_price=entry_price,
        margin_mode=mode,
        leverage=leverage,
        isolated_wallet=contracts * entry_price / leverage if mode is MarginMode.ISOLATED else None,
        reported_liquidation_price=None if away is None else entry_price * (1 - side.value * away / 100),
    )
