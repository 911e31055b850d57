"""OKX perpetual swaps and expiry futures, linear and inverse, X-Perps among them.

Demo trading shares the live REST address and is told apart by a header alone, which the plumbing cannot send: there
is no `sandbox`.
"""

from __future__ import annotations

import msgspec

from liqwatch.errors import PayloadError
from liqwatch.exchanges._okx_account import ALLOWED_CALLS, TIME, OkxAccountDialect
from liqwatch.exchanges._okx_market import OkxMarkDialect, OkxMarketDialect
from liqwatch.exchanges.payloads.okx_envelope import Page
from liqwatch.exchanges.plumbing.budget import Budget
from liqwatch.exchanges.plumbing.hosts import Addresses, Hosts
from liqwatch.exchanges.plumbing.mark_stream import StreamTuning
from liqwatch.exchanges.plumbing.venue import Venue, adapter_of
from liqwatch.ports import Grade, VenueCard

EXCHANGE = "okx"
LIVE = Hosts(rest="https://www.okx.com", websocket="wss://ws.okx.com:8443")
REGIONS = {
    "us": Hosts(rest="https://us.okx.com", websocket="wss://wsus.okx.com:8443"),
    "eea": Hosts(rest="https://eea.okx.com", websocket="wss://wseea.okx.com:8443"),
}
REQUESTS_PER_MINUTE = 1200.0
"""In our weights. OKX counts by endpoint, ten in two seconds for most; this keeps far below."""
DATA_LIMIT_SECONDS = 30.0
"""A mark that does not change is repeated every ten seconds."""


class ServerTime(msgspec.Struct, frozen=True, gc=False):
    """The venue's clock in epoch ms."""

    milliseconds: float = msgspec.field(name="ts")


def read_time(answer: object) -> float:
    """The venue's clock.

    Raises:
        PayloadError: the answer has none.
    """
    try:
        return msgspec.convert(answer, Page[ServerTime], strict=False).rows[0].milliseconds
    except (msgspec.ValidationError, IndexError) as error:
        raise PayloadError(f"time: {error}") from None


ADAPTER = adapter_of(
    Venue(
        exchange=EXCHANGE,
        title="OKX swaps and futures",
        card=VenueCard(
            grade=Grade.GOLD,
            mark_source="stream mark-price, one channel a market",
            account_stream="positions, balances, own liquidations, liquidation warnings",
            tiers="position tiers, without a key, turned into notional at the mark of the moment",
            verified="frames captured 2021 to 2026: marks, liquidations, positions, balances; prices of ten positions",
            missing="demo trading, ADL warnings, options and spot margin; no real liquidation warning has been seen",
        ),
        addresses=Addresses(live=LIVE, regions=REGIONS),
        marks=lambda options, hosts: OkxMarkDialect(options.venue, hosts),
        market=lambda options, _: OkxMarketDialect(options.clock),
        account=lambda options, hosts: OkxAccountDialect(options.venue, hosts),
        ccxt_id="okx",
        allowed_calls=ALLOWED_CALLS,
        time_call=TIME,
        read_time=read_time,
        required_credentials=("api_key", "secret", "passphrase"),
        budget=Budget(limit=REQUESTS_PER_MINUTE),
        streams=StreamTuning(
            data_limit_seconds=DATA_LIMIT_SECONDS,
            streams_per_message=100,
            streams_per_connection=300,
            message_pause_seconds=0.4,
        ),
    )
)
