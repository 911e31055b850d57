"""Back-off, dial budget and weight budget: how often a venue is bothered."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime

import pytest

from liqwatch.clock import ManualClock
from liqwatch.errors import (
    CredentialsError,
    ExchangeBlocked,
    ExchangeError,
    ExchangeUnreachable,
    UnknownPart,
)
from liqwatch.exchanges import known_exchanges, load_exchange
from liqwatch.exchanges.plumbing.budget import Budget, RequestBudget, request_budget
from liqwatch.exchanges.plumbing.dial import Backoff, DialBudget, dial_budget
from liqwatch.exchanges.plumbing.refusals import refusal, wait_seconds

START = datetime(2026, 1, 1, 12, 0, 0, tzinfo=UTC)


def test_pauses_are_spread_below_a_ceiling_that_doubles_up_to_its_cap() -> None:
    backoff = Backoff(base_seconds=1.0, cap_seconds=30.0)
    ceilings = []
    for _ in range(7):
        ceilings.append(backoff.ceiling_seconds)
        assert 0.0 <= backoff.next_seconds() <= ceilings[-1]
    assert ceilings == [1.0, 2.0, 4.0, 8.0, 16.0, 30.0, 30.0]
    backoff.reset()
    assert backoff.ceiling_seconds == 1.0


def test_a_very_long_outage_does_not_overflow() -> None:
    backoff = Backoff()
    for _ in range(5000):
        backoff.next_seconds()
    assert backoff.ceiling_seconds == 30.0


async def test_a_dial_over_budget_waits_for_the_minute_to_pass() -> None:
    clock = ManualClock(START)
    budget = DialBudget(clock, dials_per_minute=2)
    await budget.take()
    await budget.take()
    async with asyncio.TaskGroup() as group:
        third = group.create_task(budget.take())
        await asyncio.sleep(0)  # noqa: TID251  lets the task start
        clock.advance(59)
        await asyncio.sleep(0)  # noqa: TID251  would let it go on
        assert not third.done()
        clock.advance(1)


def test_everyone_who_dials_a_host_shares_its_budget() -> None:
    clock = ManualClock(START)
    assert dial_budget(clock, "wss://a.example/x") is dial_budget(clock, "wss://a.example/y")
    assert dial_budget(clock, "wss://a.example/x") is not dial_budget(clock, "wss://b.example/x")


def test_everyone_who_asks_a_host_shares_its_weight() -> None:
    clock = ManualClock(START)
    budget = Budget(limit=100, header="used")
    first = request_budget(clock, "https://a.example", budget)
    assert first is request_budget(clock, "https://a.example/path", budget)


@pytest.mark.parametrize(("used", "pause"), [("10", 0.0), ("80", 0.0), ("90", 30.0), ("100", 60.0), ("250", 60.0)])
def test_requests_slow_down_above_four_fifths_of_the_weight(used: str, pause: float) -> None:
    budget = RequestBudget(ManualClock(START), Budget(limit=100, header="used"))
    budget.note({"Used": used})
    assert budget.pause_seconds() == pytest.approx(pause)


def test_a_new_minute_starts_with_fresh_weight() -> None:
    clock = ManualClock(START)
    budget = RequestBudget(clock, Budget(limit=100, header="used"))
    budget.note({"USED": "100", "other": "x"})
    clock.advance(60)
    assert budget.pause_seconds() == 0.0


def test_our_own_requests_count_where_the_venue_does_not_say() -> None:
    clock = ManualClock(START)
    budget = RequestBudget(clock, Budget(limit=100))
    budget.spend(90)
    assert budget.pause_seconds() == pytest.approx(30.0)
    clock.advance(60)
    assert budget.pause_seconds() == 0.0


def test_a_ban_silences_everyone_on_the_host_until_its_end() -> None:
    clock = ManualClock(START)
    budget = RequestBudget(clock, Budget())
    budget.block(240)
    with pytest.raises(ExchangeBlocked, match="banned until 12:04:00 UTC") as caught:
        budget.refuse_if_blocked()
    assert caught.value.retry_after_seconds == pytest.approx(240)
    clock.advance(240)
    budget.refuse_if_blocked()


def test_a_wait_is_the_bans_end_then_the_header_then_a_minute() -> None:
    banned = f"IP banned until {int((START.timestamp() + 90) * 1000)}. Please"
    assert wait_seconds(banned, {"Retry-After": "5"}, START) == pytest.approx(90)
    assert wait_seconds("slow down", {"retry-after": "5"}, START) == 5.0
    assert wait_seconds("slow down", {"retry-after": "Wed"}, START) == 60.0
    assert wait_seconds("banned until 1000000000000", {}, START) == 1.0


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (429, ExchangeBlocked),
        (418, ExchangeBlocked),
        (401, CredentialsError),
        (502, ExchangeUnreachable),
        (404, ExchangeError),
    ],
)
def test_a_status_says_which_error_it_is(status: int, kind: type[Exception]) -> None:
    error = refusal(status, "signature=abcdef0123", {}, START)
    assert type(error) is kind
    assert "abcdef0123" not in str(error)


def test_an_unknown_exchange_is_refused_with_those_there_are() -> None:
    assert "binance_usdm" in known_exchanges()
    with pytest.raises(UnknownPart, match="binance_usdm"):
        load_exchange("binance_usd")
    with pytest.raises(UnknownPart):
        load_exchange("_dial")


def test_every_exchange_file_exports_an_adapter_of_its_own_name() -> None:
    for name in known_exchanges():
        assert load_exchange(name).exchange == name
