"""What the adapter believes about ccxt: names, addresses, and what its exceptions mean."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import aiohttp
import pytest
from ccxt.async_support.binanceusdm import binanceusdm
from ccxt.base import errors as foreign

from liqwatch.clock import ManualClock, SystemClock
from liqwatch.errors import (
    CredentialsError,
    ExchangeBlocked,
    ExchangeError,
    ExchangeUnreachable,
    PayloadError,
)
from liqwatch.exchanges._binance import USD_MARGINED, market_url, private_url, read_time
from liqwatch.exchanges._binance_account import allowed_calls
from liqwatch.exchanges.binance_usdm import ADAPTER, LIVE, SANDBOX
from liqwatch.exchanges.plumbing.budget import Budget, RequestBudget
from liqwatch.exchanges.plumbing.ccxt_session import CcxtSession, CcxtSetup, rebased, translated
from liqwatch.exchanges.plumbing.venue import CCXT_NAMES
from liqwatch.ports import AccountOptions, VenueOptions
from liqwatch.testing.telemetry import SilentTelemetry

CLOCK = ManualClock(datetime(2026, 1, 1, tzinfo=UTC))
ALLOWED_CALLS = allowed_calls(USD_MARGINED)
SECRET = "canary-secret-of-the-session"


def a_session(base_url: str | None = None) -> CcxtSession:
    setup = CcxtSetup(
        exchange_id="binanceusdm",
        allowed_calls=ALLOWED_CALLS,
        time_call="fapiPublicGetTime",
        read_time=read_time,
        credentials={"api_key": "canary-key", "secret": SECRET},
        ccxt_names=CCXT_NAMES,
        base_url=base_url,
    )
    return CcxtSession(setup, SystemClock(), RequestBudget(CLOCK, Budget(limit=100, header="used")))


async def test_every_allowed_call_exists_in_ccxt_and_our_hosts_are_its_hosts() -> None:
    exchange: Any = binanceusdm()
    try:
        assert all(callable(getattr(exchange, name, None)) for name in ALLOWED_CALLS)
        assert exchange.urls["api"]["fapiPrivateV3"].startswith(LIVE.rest)
        assert exchange.urls["demo"]["fapiPrivateV3"].startswith(SANDBOX.rest)
    finally:
        await exchange.close()


def test_endpoints_move_to_another_host_with_their_paths() -> None:
    urls = {"fapiPrivate": "https://fapi.binance.com/fapi/v1", "nested": {"sapi": "https://{hostname}/sapi/v1"}}
    assert rebased(urls, "http://127.0.0.1:8001/") == {
        "fapiPrivate": "http://127.0.0.1:8001/fapi/v1",
        "nested": {"sapi": "http://127.0.0.1:8001/sapi/v1"},
    }


def test_addresses_are_routed_live_and_unrouted_in_the_sandbox() -> None:
    assert (
        market_url(LIVE, "btcusdt@markPrice@1s", is_routed=True)
        == "wss://fstream.binance.com/market/ws/btcusdt@markPrice@1s"
    )
    assert market_url(LIVE, "牛来usdt@markPrice@1s", is_routed=True).isascii()
    assert private_url(LIVE, "K", is_routed=True) == "wss://fstream.binance.com/private/ws?listenKey=K"
    assert private_url(SANDBOX, "K", is_routed=False) == "wss://fstream.binancefuture.com/ws/K"


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (foreign.AuthenticationError("x"), CredentialsError),
        (foreign.PermissionDenied("x"), CredentialsError),
        (foreign.DDoSProtection("x"), ExchangeBlocked),
        (foreign.RateLimitExceeded("x"), ExchangeBlocked),
        (foreign.RequestTimeout("x"), ExchangeUnreachable),
        (foreign.ExchangeNotAvailable("x"), ExchangeUnreachable),
        (foreign.OnMaintenance("x"), ExchangeUnreachable),
        (OSError("x"), ExchangeUnreachable),
        (foreign.BadResponse("x"), ExchangeError),
        (foreign.BadSymbol("x"), ExchangeError),
        (KeyError("x"), ExchangeError),
    ],
)
def test_a_foreign_error_becomes_one_of_ours(error: Exception, kind: type[Exception]) -> None:
    assert isinstance(translated(error, CLOCK), kind)


def test_a_broken_body_is_unreachable_although_ccxt_calls_it_an_exchange_error() -> None:
    error = foreign.ExchangeError("GET https://fapi.binance.com/x?signature=abcdef")
    error.__cause__ = aiohttp.ClientPayloadError("cut")
    ours = translated(error, CLOCK)
    assert isinstance(ours, ExchangeUnreachable)
    assert "abcdef" not in str(ours)


def test_a_signed_url_and_a_known_secret_never_pass() -> None:
    a_session()
    ours = translated(
        foreign.RequestTimeout(f"binanceusdm GET https://x.y/z?timestamp=1&signature=cafe {SECRET}"), CLOCK
    )
    assert "cafe" not in str(ours)
    assert SECRET not in str(ours)


async def test_a_call_that_is_not_listed_cannot_be_made() -> None:
    session = a_session()
    with pytest.raises(ValueError, match="not among"):
        await session.call("fapiPrivateDeleteListenKey", dict)


async def test_nobody_there_is_unreachable_and_a_closed_session_too() -> None:
    session = a_session("http://127.0.0.1:1")
    with pytest.raises(ExchangeUnreachable) as caught:
        await session.call("fapiPrivateV3GetAccount", dict)
    assert "canary" not in str(caught.value)
    assert "canary" not in repr(session)
    await session.close()
    with pytest.raises(ExchangeUnreachable):
        await session.call("fapiPrivateV3GetAccount", dict)


def test_an_account_without_its_whole_key_is_refused() -> None:
    options = VenueOptions(venue="binance_usdm", clock=CLOCK, telemetry=SilentTelemetry())
    owner = AccountOptions(account="main", credentials={"api_key": "canary-key"})
    with pytest.raises(CredentialsError, match="secret"):
        ADAPTER.open_account(options, owner, ADAPTER.open_market(options))


def test_a_payload_error_is_an_exchange_error() -> None:
    assert issubclass(PayloadError, ExchangeError)
