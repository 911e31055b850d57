"""Hyperliquid's adapter against its simulator over real sockets: addresses, pooled balances, the venue's own closes."""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator, Callable
from contextlib import AsyncExitStack, aclosing, asynccontextmanager
from dataclasses import replace
from typing import cast

import pytest

from liqwatch.errors import CredentialsError
from liqwatch.exchanges import load_exchange
from liqwatch.model import AccountSnapshot, Side, SnapshotSource
from liqwatch.ports import AccountData, AccountOptions
from liqwatch.testing.adapter_options import options_at
from liqwatch.testing.venue import VenueAccount, VenuePosition
from liqwatch.testing.venue.simulator import VenueSimulator
from liqwatch.testing.venue.wires import load_wire

ADDRESS = "0x" + "ab" * 20
LONG = VenuePosition(native_symbol="BTC", side=Side.LONG, contracts=0.05, entry_price=86_000.0)
OTHER_DEX = VenuePosition(native_symbol="xyz:XYZ100", side=Side.LONG, contracts=0.05, entry_price=30_400.0)
WALLETS = {"USDC": 1_000.0, "xyz:USDC": 500.0}


def an_account(*positions: VenuePosition, is_unified: bool = False, is_agent: bool = False) -> VenueAccount:
    return VenueAccount(
        api_key=ADDRESS,
        cross_wallets=dict(WALLETS),
        positions=[replace(position) for position in positions],
        is_multi_asset=is_unified,
        can_trade=is_agent,
    )


@asynccontextmanager
async def opened(
    account: VenueAccount, address: str = ADDRESS, *, liquidates: bool = False
) -> AsyncIterator[tuple[VenueSimulator, AccountData]]:
    async with AsyncExitStack() as stack:
        venue = await stack.enter_async_context(
            VenueSimulator(
                load_wire("hyperliquid"), accounts=[account], publish_every_seconds=0.1, liquidates=liquidates
            )
        )
        options = options_at(venue)
        adapter = load_exchange("hyperliquid")
        market = adapter.open_market(options)
        stack.push_async_callback(market.close)
        owner = AccountOptions(account="main", credentials={"wallet_address": address})
        data = adapter.open_account(options, owner, market)
        stack.push_async_callback(data.close)
        yield venue, data


async def until(
    changes: AsyncGenerator[AccountSnapshot, None], holds: Callable[[AccountSnapshot], bool]
) -> AccountSnapshot:
    async for snapshot in changes:
        if holds(snapshot):
            return snapshot
    raise AssertionError("the changes have ended")


def changes_of(data: AccountData) -> AsyncGenerator[AccountSnapshot, None]:
    return cast("AsyncGenerator[AccountSnapshot, None]", data.changes())


@pytest.mark.parametrize("address", ["0x1234", "ab" * 20, "0x" + "zz" * 20])
async def test_an_address_that_is_none_is_refused_before_anything_is_asked(address: str) -> None:
    async with opened(an_account(), address) as (venue, data):
        with pytest.raises(CredentialsError, match="wallet_address is no address") as refused:
            await data.snapshot()
        assert address not in str(refused.value)
        questions = venue.rest_calls["POST /info"]
        with pytest.raises(CredentialsError, match="wallet_address is no address"):
            await data.snapshot()
        assert venue.rest_calls["POST /info"] == questions


async def test_an_api_wallets_address_is_refused_because_it_would_look_empty_and_safe() -> None:
    async with opened(an_account(LONG, is_agent=True)) as (_, data):
        with pytest.raises(CredentialsError, match="API wallet"):
            await data.snapshot()


async def test_an_address_may_do_nothing_and_says_so() -> None:
    async with opened(an_account(LONG)) as (_, data):
        report = await data.probe()
    assert (report.can_trade, report.can_transfer, report.can_withdraw) == (False, False, False)
    assert report.note == "address only"
    async with opened(an_account(), "0x" + "cd" * 20) as (_, data):
        assert (await data.probe()).note == "address only; the venue has never seen it"
        assert not (await data.snapshot()).positions
    assert report.clock_skew_ms is not None
    assert abs(report.clock_skew_ms) < 5_000


async def test_a_unified_account_is_one_pool_and_money_that_comes_is_seen_at_once() -> None:
    async with opened(an_account(LONG, OTHER_DEX, is_unified=True)) as (venue, data):
        before = await data.snapshot()
        assert before.is_multi_asset
        assert before.cross_wallets == {"USDC": pytest.approx(1_500.0)}
        assert len(before.positions) == 2
        async with aclosing(changes_of(data)) as changes:
            await until(changes, lambda snapshot: snapshot.source is SnapshotSource.REST)
            await venue.change_wallet(ADDRESS, 100.0, asset="USDC")
            after = await until(changes, lambda snapshot: snapshot.cross_wallets["USDC"] > 1_550.0)
        assert after.cross_wallets == {"USDC": pytest.approx(1_600.0)}


async def test_a_position_that_the_venue_liquidates_is_gone_and_known_to_be_forced() -> None:
    async with opened(an_account(LONG, OTHER_DEX), liquidates=True) as (venue, data):
        async with aclosing(changes_of(data)) as changes:
            await until(changes, lambda snapshot: len(snapshot.positions) == 2)
            venue.set_price("BTC", 60_000.0)
            after = await until(changes, lambda snapshot: len(snapshot.positions) == 1)
        assert after.forced == {"BTC/USDC:USDC long": "liquidated by the venue"}
        assert [each.symbol for each in after.positions] == ["XYZ-XYZ100/USDC:USDC"]
        assert after.cross_wallets["xyz:USDC"] == pytest.approx(500.0)


async def test_one_empty_answer_ends_nothing_for_the_pushes_that_follow() -> None:
    more = VenuePosition(native_symbol="SOL", side=Side.SHORT, contracts=1.0, entry_price=86.0)
    async with opened(an_account(LONG, OTHER_DEX)) as (venue, data), aclosing(changes_of(data)) as changes:
        await until(changes, lambda snapshot: len(snapshot.positions) == 2)
        venue.faults.empty_positions_once = True
        assert len((await data.snapshot()).positions) == 1
        await venue.open_position(ADDRESS, more)
        after = await until(changes, lambda snapshot: len(snapshot.positions) == 3)
    assert not after.closed
