"""A KuCoin account against the simulated venue: keys, pages, tokens, both kinds of account."""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing, asynccontextmanager
from typing import cast

import pytest

from liqwatch.errors import CredentialsError, ExchangeError
from liqwatch.exchanges import load_exchange
from liqwatch.exchanges._kucoin_futures_account import KucoinAccount
from liqwatch.exchanges.kucoin_futures import LIVE
from liqwatch.faces.metrics import PrometheusTelemetry
from liqwatch.model import AccountSnapshot, MarginMode, Side, SnapshotSource
from liqwatch.ports import AccountData, AccountOptions
from liqwatch.testing.adapter_options import options_at
from liqwatch.testing.venue import VenueAccount, VenuePosition
from liqwatch.testing.venue.simulator import VenueSimulator
from liqwatch.testing.venue.wires import load_wire

KEY, SECRET, PASSPHRASE = "kc-key", "kc-secret", "kc-phrase"
GOOD = {"api_key": KEY, "secret": SECRET, "passphrase": PASSPHRASE}


def holder(*, is_multi_asset: bool = False) -> VenueAccount:
    return VenueAccount(
        api_key=KEY,
        secret=SECRET,
        passphrase=PASSPHRASE,
        is_multi_asset=is_multi_asset,
        can_trade=True,
        cross_wallets={"USDT": 2_000.0},
        positions=[
            VenuePosition(
                native_symbol="XBTUSDTM",
                side=Side.LONG,
                contracts=100.0,
                entry_price=117_000.0,
                isolated_wallet=1_170.0,
            ),
            VenuePosition(native_symbol="ETHUSDTM", side=Side.SHORT, contracts=50.0, entry_price=4_400.0),
            VenuePosition(native_symbol="SOLUSDTM", side=Side.LONG, contracts=10.0, entry_price=200.0),
        ],
    )


@asynccontextmanager
async def opened(
    holder: VenueAccount, credentials: dict[str, str] | None = None
) -> AsyncIterator[tuple[VenueSimulator, AccountData]]:
    adapter = load_exchange("kucoin_futures")
    async with VenueSimulator(load_wire("kucoin_futures"), accounts=[holder], publish_every_seconds=None) as venue:
        options = options_at(venue, PrometheusTelemetry())
        market = adapter.open_market(options)
        account = adapter.open_account(options, AccountOptions(account="main", credentials=credentials or GOOD), market)
        try:
            yield venue, account
        finally:
            await account.close()
            await market.close()


async def test_a_classic_account_is_read_whole() -> None:
    async with opened(holder()) as (venue, account):
        snapshot = await account.snapshot()
        assert [(each.subject, each.margin_mode) for each in snapshot.positions] == [
            ("BTC/USDT:USDT long", MarginMode.ISOLATED),
            ("ETH/USDT:USDT short", MarginMode.CROSS),
            ("SOL/USDT:USDT long", MarginMode.CROSS),
        ]
        assert snapshot.positions[0].isolated_wallet == pytest.approx(1_170.0)
        assert snapshot.positions[0].reported_liquidation_price == 105_768.0
        assert dict(snapshot.cross_wallets) == {"USDT": pytest.approx(2_000.0)}
        assert not snapshot.is_multi_asset
        report = await account.probe()
        assert (report.can_trade, report.can_withdraw, report.is_ip_bound) == (True, False, True)
        assert await account.resting_orders() == []
        assert not venue.forbidden_calls


async def test_a_unified_account_is_one_pool_read_over_all_pages() -> None:
    async with opened(holder(is_multi_asset=True)) as (venue, account):
        venue.faults.page_limit = 1
        snapshot = await account.snapshot()
        assert [each.symbol for each in snapshot.positions] == ["BTC/USDT:USDT", "ETH/USDT:USDT", "SOL/USDT:USDT"]
        assert (snapshot.is_multi_asset, snapshot.pool_currency) == (True, "USD")
        # The profit of the isolated position is no part of the pool.
        assert dict(snapshot.cross_wallets) == {"USD": pytest.approx(2_000.0)}
        # ETH 2,150 and SOL 220 of notional at 0.4 % and the fee, against 2,000 and profits of 50 and 20.
        assert snapshot.reported_margin_ratios["USD"] == pytest.approx((2_150 + 220) * 0.0046 / 2_070)
        assert await account.resting_orders() == []
        assert "GET /api/v1/positions" not in venue.rest_calls


@pytest.mark.parametrize("wrong", ["api_key", "secret", "passphrase"])
async def test_a_wrong_key_is_refused(wrong: str) -> None:
    async with opened(holder(), {**GOOD, wrong: "other"}) as (_, account):
        with pytest.raises(CredentialsError):
            await account.snapshot()


async def test_a_clock_that_is_off_is_measured_before_the_first_signed_call() -> None:
    async with opened(holder()) as (venue, account):
        venue.faults.clock_skew_ms = 60_000
        assert len((await account.snapshot()).positions) == 3
        assert venue.rest_calls["GET /api/v1/timestamp"] >= 1


@pytest.mark.parametrize("is_multi_asset", [False, True])
async def test_the_stream_opens_with_a_token_and_tells_of_changes(is_multi_asset: bool) -> None:
    async with (
        opened(holder(is_multi_asset=is_multi_asset)) as (venue, account),
        aclosing(cast("AsyncGenerator[AccountSnapshot, None]", account.changes())) as changes,
    ):
        first = await anext(changes)
        assert (len(first.positions), first.source) == (3, SnapshotSource.REST)
        await venue.close_position(KEY, "ETHUSDTM", Side.SHORT)
        second = await anext(changes)
        assert [each.symbol for each in second.positions] == ["BTC/USDT:USDT", "SOL/USDT:USDT"]
        assert second.source is SnapshotSource.STREAM
        assert "ETH/USDT:USDT short" in second.closed


async def test_the_stream_is_where_the_venue_says_or_where_the_user_put_the_venue() -> None:
    named = "wss://ws-api-futures.kucoin.com/endpoint"
    there = KucoinAccount("kucoin_futures", LIVE.private, is_elsewhere=False, ping=None)
    elsewhere = KucoinAccount("kucoin_futures", "ws://127.0.0.1:9", is_elsewhere=True, ping=None)
    assert there._address(named) == named
    assert elsewhere._address(named) == "ws://127.0.0.1:9/endpoint"


async def test_an_empty_answer_under_load_keeps_what_is_known() -> None:
    async with opened(holder()) as (venue, account):
        await account.snapshot()
        venue.faults.empty_positions_once = True
        assert not (await account.snapshot()).positions
        assert len((await account.snapshot()).positions) == 3


async def test_a_venue_that_does_not_answer_is_told_and_not_taken_for_an_empty_account() -> None:
    async with opened(holder()) as (venue, account):
        venue.faults.refuse_rest(503, {"code": "503", "msg": "Service unavailable"})
        with pytest.raises(ExchangeError):
            await account.snapshot()
