"""Hypothesis strategies for tiers, positions, pools and price paths. Needs the `dev` dependencies."""

from __future__ import annotations

from hypothesis import strategies as st

from liqwatch.margin.conventions import MAINTENANCE_ON_MARK_WITHOUT_FEE, Convention, TierMode
from liqwatch.margin.pools import Holding, Pool
from liqwatch.margin.tiers import tiers_with_deductions
from liqwatch.model import ContractKind, Instrument, LeverageTier, MarginMode, Position, Side

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
