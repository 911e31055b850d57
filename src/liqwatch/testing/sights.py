"""One look at one position, ready to be judged: builders for the tests of rules."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, date, datetime
from typing import Any

from liqwatch.margin.assess import assess
from liqwatch.margin.pools import pools_of
from liqwatch.margin.tiers import tiers_with_deductions
from liqwatch.model import AccountSnapshot, Instrument, MarginMode, Position, Side, SnapshotSource
from liqwatch.rules.sight import Sight

SYMBOL = "BTC/USDT:USDT"
NOW = datetime(2026, 11, 20, 3, 14, 15, tzinfo=UTC)
CONTRACT = Instrument(
    symbol=SYMBOL,
    native_symbol="BTCUSDT",
    settle_currency="USDT",
    price_tick=0.1,
    tiers=tiers_with_deductions([(0.0, 300_000.0, 0.004), (300_000.0, 1e9, 0.005)]),
    closing_fee_rate=0.0005,
    liquidation_fee_rate=0.0125,
)
LONG = Position(
    symbol=SYMBOL,
    side=Side.LONG,
    contracts=1.0,
    entry_price=60_000.0,
    margin_mode=MarginMode.CROSS,
    leverage=10.0,
)
SHORT = replace(LONG, side=Side.SHORT)


def account_of(*positions: Position, **changes: Any) -> AccountSnapshot:  # noqa: ANN401 - fields of the snapshot
    """An account at Binance with 6,000 USDT; without positions it holds `LONG`."""
    snapshot = AccountSnapshot(
        account="main",
        venue="binance_usdm",
        positions=positions or (LONG,),
        cross_wallets={"USDT": 6_000.0},
        as_of=NOW,
        source=SnapshotSource.REST,
    )
    return replace(snapshot, **changes)


def sight_of(
    snapshot: AccountSnapshot | None = None,
    *,
    marks: Mapping[str, float] | None = None,
    contract: Instrument | None = CONTRACT,
    **changes: Any,  # noqa: ANN401 - fields of the sight
) -> Sight:
    """A look at the first position of the account's first pool, with every mark at 60,000 if nothing else is said."""
    account = snapshot or account_of()
    symbols = {each.symbol for each in account.positions}
    known = {symbol: replace(contract, symbol=symbol) for symbol in symbols} if contract else {}
    prices = dict.fromkeys(symbols, 60_000.0) if marks is None else marks
    exchange = account.venue.partition("@")[0]
    pools = tuple(assess(pool, prices) for pool in pools_of(account, known, exchange=exchange, on=date(2026, 11, 20)))
    sight = Sight(now=NOW, pool=pools[0], position=pools[0].positions[0], pools=pools, snapshot=account)
    return replace(sight, **changes)
