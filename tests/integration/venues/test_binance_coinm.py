"""The daemon at Binance COIN-M: inverse positions, isolated and cross, each pool in its own coin."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import aclosing
from datetime import timedelta
from pathlib import Path
from typing import cast

import pytest

from liqwatch.errors import CredentialsError
from liqwatch.exchanges import load_exchange
from liqwatch.model import AccountSnapshot, MarginMode, NoticeKind, Side
from liqwatch.ports import AccountOptions
from liqwatch.testing.adapter_options import options_at
from liqwatch.testing.venue import VenueAccount, VenuePosition
from liqwatch.testing.venue.simulator import VenueSimulator
from liqwatch.testing.venue.wires import load_wire
from liqwatch.testing.venue_tale import Closing, Crossing, Found, VenueTale

KEY, SECRET = "coin-key", "coin-secret"
BTC, ETH = "BTC/USD:BTC", "ETH/USD:ETH"
ISOLATED_LIQUIDATION = "liquidation 80,019."
"""10,000 * (1 + 0.004) / (0.04 + 10,000 / 117,000), of 100 contracts of 100 dollars."""
CROSS_LIQUIDATION = "liquidation 6,315.1"
"""4,000 * (1 - 0.005) / (4,000 / 4,300 - 0.3), of 400 contracts of 10 dollars."""


def the_account() -> VenueAccount:
    return VenueAccount(
        api_key=KEY,
        secret=SECRET,
        cross_wallets={"BTC": 0.01, "ETH": 0.3},
        positions=[
            VenuePosition(
                native_symbol="BTCUSD_PERP",
                side=Side.LONG,
                contracts=100.0,
                entry_price=117_000.0,
                leverage=3,
                isolated_wallet=0.04,
            ),
            VenuePosition(
                native_symbol="ETHUSD_PERP", side=Side.SHORT, contracts=400.0, entry_price=4_300.0, leverage=4
            ),
        ],
    )


async def test_inverse_positions_are_found_alerted_on_and_watched_through_outages(tmp_path: Path) -> None:
    tale = VenueTale(
        exchange="binance_coinm",
        accounts={"main": the_account()},
        found=[
            Found("main", BTC, "long", "isolated"),
            Found("main", ETH, "short", "cross"),
        ],
        crossings=[
            Crossing("BTCUSD_PERP", 86_000.0, 117_000.0, BTC, ISOLATED_LIQUIDATION),
            Crossing("ETHUSD_PERP", 5_950.0, 4_300.0, ETH, CROSS_LIQUIDATION),
        ],
        closing=Closing(KEY, "BTCUSD_PERP", Side.LONG),
    )
    told = await tale.play(tmp_path)
    for crossing, message in zip(tale.crossings, told, strict=True):
        assert crossing.words in message
        assert crossing.liquidation in message


async def test_the_account_is_read_whole_and_its_liquidation_is_told() -> None:
    wire = load_wire("binance_coinm")
    async with VenueSimulator(wire, accounts=[the_account()], publish_every_seconds=None, liquidates=True) as venue:
        adapter, options = load_exchange("binance_coinm"), options_at(venue)
        market = adapter.open_market(options)
        owner = AccountOptions(account="main", credentials={"api_key": KEY, "secret": SECRET})
        account = adapter.open_account(options, owner, market)
        snapshot = await account.snapshot()
        by_symbol = {position.symbol: position for position in snapshot.positions}
        long, short = by_symbol[BTC], by_symbol[ETH]
        assert (long.margin_mode, long.contracts, long.isolated_wallet) == (MarginMode.ISOLATED, 100.0, 0.04)
        assert (short.margin_mode, short.contracts, short.leverage) == (MarginMode.CROSS, 400.0, 4.0)
        assert short.reported_liquidation_price == pytest.approx(6_315.1, abs=0.1)
        assert snapshot.cross_wallets == {"BTC": 0.01, "ETH": 0.3}
        tiers = (await account.leverage_tiers([BTC]))[BTC]
        assert [tier.notional_cap for tier in tiers] == [5, 10, 20, 50, 100]
        assert tiers[1].maintenance_deduction == pytest.approx(5 * 0.001)
        report = await account.probe()
        assert (report.can_trade, report.can_transfer, report.can_withdraw) == (False, False, False)
        assert not await account.resting_orders()
        now = options.clock.now()
        assert len(await market.mark_candles(BTC, now - timedelta(minutes=10), now)) == 3
        rates = {each.symbol: each.interval for each in await market.funding_rates([BTC, ETH])}
        assert rates == {BTC: timedelta(hours=8), ETH: timedelta(hours=8)}

        async with aclosing(cast("AsyncGenerator[AccountSnapshot, None]", account.changes())) as changes:
            await anext(changes)
            await venue.send_margin_call(KEY)
            told = [await anext(changes) for _ in range(2 * len(snapshot.positions))]
            noticed = [each for each in told if each.notices]
            assert len(noticed) == len(snapshot.positions)
            assert {each.notices[0].kind for each in noticed} == {NoticeKind.MARGIN_CALL}
            assert {each.notices[0].subject for each in noticed} == {f"{BTC} long", f"{ETH} short"}
            venue.set_price("BTCUSD_PERP", 80_000.0)
            await venue.publish()
            last = noticed[-1]
            while BTC in {position.symbol for position in last.positions}:
                last = await anext(changes)
            assert last.forced[f"{BTC} long"] == "liquidated by the venue"
        await account.close()

        venue.faults.reject_keys = True
        refused = adapter.open_account(options, owner, market)
        with pytest.raises(CredentialsError):
            await refused.snapshot()
        await refused.close()
        await market.close()


@pytest.mark.parametrize("side", Side)
@pytest.mark.parametrize("isolated_wallet", [0.4, None])
def test_at_its_liquidation_price_an_inverse_pool_just_fails_and_before_it_does_not(
    side: Side, isolated_wallet: float | None
) -> None:
    position = VenuePosition(
        native_symbol="BTCUSD_PERP",
        side=side,
        contracts=8_000.0,
        entry_price=117_000.0,
        isolated_wallet=isolated_wallet,
    )
    account = VenueAccount(api_key=KEY, cross_wallets={"BTC": 0.5}, positions=[position])
    book = VenueSimulator(load_wire("binance_coinm"), accounts=[account]).book
    price = book.figures(account, position).liquidation_price
    assert price is not None
    assert side.value * (117_000.0 - price) > 0
    for factor, is_under in ((1 - side.value * 0.0001, True), (1 + side.value * 0.0001, False)):
        book.mark_prices["BTCUSD_PERP"] = price * factor
        assert book.is_under(account, position) is is_under
    book.mark_prices["BTCUSD_PERP"] = 120_000.0
    profit = book.figures(account, position).unrealized_profit
    assert profit == pytest.approx(side.value * 800_000.0 * (1 / 117_000 - 1 / 120_000))


def test_a_short_that_its_coins_hedge_has_no_liquidation_price() -> None:
    position = VenuePosition(native_symbol="BTCUSD_PERP", side=Side.SHORT, contracts=100.0, entry_price=100_000.0)
    account = VenueAccount(api_key=KEY, cross_wallets={"BTC": 0.2}, positions=[position])
    book = VenueSimulator(load_wire("binance_coinm"), accounts=[account]).book
    assert book.figures(account, position).liquidation_price is None
