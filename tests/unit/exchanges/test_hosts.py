"""Where a venue is reached: at home, in its sandbox, in a region, or where the user says."""

from __future__ import annotations

from typing import Any

import pytest

from liqwatch.clock import SystemClock
from liqwatch.errors import ExchangeError
from liqwatch.exchanges import known_exchanges, load_exchange
from liqwatch.exchanges.plumbing.hosts import Addresses, Hosts
from liqwatch.faces.metrics import PrometheusTelemetry
from liqwatch.ports import VenueOptions

LIVE = Hosts(rest="https://a.example", websocket="wss://a.example", private_websocket="wss://p.example")
ADDRESSES = Addresses(live=LIVE, regions={"eu": Hosts(rest="https://eu.example", websocket="wss://eu.example")})


def options(**more: Any) -> VenueOptions:
    return VenueOptions(venue="somewhere", clock=SystemClock(), telemetry=PrometheusTelemetry(), **more)


def test_home_region_and_the_users_own_hosts() -> None:
    assert ADDRESSES.of(options()) is LIVE
    assert LIVE.private == "wss://p.example"
    assert ADDRESSES.of(options(region="eu")).rest == "https://eu.example"
    named = ADDRESSES.of(options(rest_url="http://127.0.0.1:1/", websocket_url="ws://127.0.0.1:1/"))
    assert (named.rest, named.websocket, named.private) == (
        "http://127.0.0.1:1",
        "ws://127.0.0.1:1",
        "ws://127.0.0.1:1",
    )


@pytest.mark.parametrize("more", [{"sandbox": True}, {"region": "moon"}])
def test_what_a_venue_does_not_have_is_refused(more: dict[str, Any]) -> None:
    with pytest.raises(ExchangeError, match="somewhere has no"):
        ADDRESSES.of(options(**more))


@pytest.mark.parametrize("name", known_exchanges())
def test_every_region_and_sandbox_that_a_venue_names_can_be_opened(name: str) -> None:
    adapter = load_exchange(name)
    for region in ("", *adapter.regions):
        assert adapter.open_market(options(region=region)).venue == "somewhere"
    if adapter.has_sandbox:
        assert adapter.open_market(options(sandbox=True)).venue == "somewhere"
