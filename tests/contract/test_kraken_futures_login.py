"""How a Kraken Futures key logs in, and which margin schedule an account proves to be under."""

from __future__ import annotations

import json

import pytest

from liqwatch.clock import SystemClock
from liqwatch.errors import CredentialsError
from liqwatch.exchanges._kraken_futures_account import (
    KrakenFuturesAccount,
    signed_challenge,
    signing_key,
    subscriptions,
)
from liqwatch.exchanges.payloads.kraken_futures_tiers import Exposure, MarginLevel, leverage_tiers, schedule_in_force
from liqwatch.exchanges.plumbing.listing import Listing


def test_every_feed_is_asked_for_with_the_signed_challenge_the_positions_last() -> None:
    asked = [json.loads(each) for each in subscriptions("key", b"secret", "challenge")]
    assert [each["feed"] for each in asked] == ["fills", "open_orders", "balances", "open_positions"]
    assert {each["signed_challenge"] for each in asked} == {signed_challenge(b"secret", "challenge")}
    assert all((each["event"], each["api_key"]) == ("subscribe", "key") for each in asked)


def test_the_last_grant_makes_ready_and_a_refusal_ends_the_connection() -> None:
    ours = KrakenFuturesAccount("kraken_futures", SystemClock(), "wss://example")
    ready = ours.hear(b'{"event":"subscribed","feed":"open_positions"}', Listing())
    assert ready.is_ready
    assert not ours.hear(b'{"event":"subscribed","feed":"fills"}', Listing()).is_ready
    refused = ours.hear(b'{"event":"alert","message":"Failed to subscribe to authenticated feed"}', Listing())
    assert refused.end == "login_refused"
    assert ours.hear(b'{"event":"alert","message":"Already subscribed to feed, re-requesting"}', Listing()).end is None


def test_the_documented_challenge_is_signed_as_documented() -> None:
    """Key, challenge and signature stand in the venue's documentation of the challenge."""
    key = "7zxMEF5p/Z8l2p2U7Ghv6x14Af+Fx+92tPgUdVQ748FOIrEoT9bgT+bTRfXc5pz8na+hL/QdrCVG7bh9KpT0eMTm"
    signature = signed_challenge(signing_key(key), "c100b894-1729-464d-ace1-52dbce11db42")
    assert signature == ("4JEpF3ix66GA2B+ooK128Ift4XQVtc137N9yeg4Kqsn9PI0Kpzbysl9M1IeCEdjg0zl00wkVqcsnG4bmnlMb3A==")
    with pytest.raises(CredentialsError):
        signing_key("no base64!")


def test_the_schedule_is_the_one_that_explains_the_stated_maintenance_margin() -> None:
    professional = [MarginLevel(0.02, 0.01, contracts=0), MarginLevel(0.04, 0.02, contracts=500)]
    retail = [MarginLevel(0.5, 0.25, contracts=0)]
    schedules = [
        {"PI_XBTUSD": leverage_tiers(professional, 1.0)},
        {"PI_XBTUSD": leverage_tiers(professional, 1.0, stepwise=True)},
        {"PI_XBTUSD": leverage_tiers(retail, 1.0)},
    ]
    held = [Exposure("PI_XBTUSD", 1_000.0)]
    assert schedule_in_force(schedules, [(20.1, held)]) is schedules[0]
    assert schedule_in_force(schedules, [(15.0, held)]) is schedules[1]
    assert schedule_in_force(schedules, [(250.0, held)]) is schedules[2]
    assert schedule_in_force(schedules, [(100.0, held)]) is None
    assert schedule_in_force(schedules, [(1.0, [Exposure("PI_XBTUSD", 100.0)])]) is schedules[0]
    assert schedule_in_force(schedules, []) is None
