"""Binance USDⓈ-M futures."""

from __future__ import annotations

from liqwatch.exchanges import _binance as binance
from liqwatch.exchanges._binance_account import BinanceAccountDialect, allowed_calls
from liqwatch.exchanges.plumbing.budget import Budget
from liqwatch.exchanges.plumbing.hosts import Addresses, Hosts
from liqwatch.exchanges.plumbing.mark_stream import StreamTuning
from liqwatch.exchanges.plumbing.venue import Venue, adapter_of
from liqwatch.ports import Grade, VenueCard, VenueOptions

EXCHANGE = "binance_usdm"
FAMILY = binance.USD_MARGINED
LIVE = Hosts(rest="https://fapi.binance.com", websocket="wss://fstream.binance.com")
SANDBOX = Hosts(rest="https://demo-fapi.binance.com", websocket="wss://fstream.binancefuture.com")
"""The venue's demo trading, which took the place of its futures test net. Its streams are not routed."""


def _is_routed(options: VenueOptions) -> bool:
    return not options.sandbox or options.websocket_url is not None


VENUE = Venue(
    exchange=EXCHANGE,
    title="Binance USDⓈ-M futures",
    card=VenueCard(
        grade=Grade.GOLD,
        mark_source="stream markPrice@1s, all-market array from 40 markets",
        account_stream="user data: positions, wallets, margin calls, own liquidations",
        tiers="leverage brackets, with a key",
        verified="mark frames recorded 2026-09-27; account updates captured; margin call by documentation",
        missing="no real margin call has been seen",
    ),
    addresses=Addresses(live=LIVE, sandbox=SANDBOX),
    marks=lambda options, hosts: binance.BinanceMarkDialect(
        options.venue, hosts, FAMILY, is_routed=_is_routed(options), tells_liquidations=True
    ),
    market=lambda options, _: binance.BinanceMarketDialect(FAMILY, options.clock),
    account=lambda options, hosts: BinanceAccountDialect(options.venue, hosts, FAMILY, is_routed=_is_routed(options)),
    ccxt_id="binanceusdm",
    allowed_calls=allowed_calls(FAMILY),
    time_call=FAMILY.call("PublicGetTime"),
    read_time=binance.read_time,
    budget=Budget(limit=binance.WEIGHT_PER_MINUTE, header=binance.WEIGHT_HEADER),
    streams=StreamTuning(),
)
ADAPTER = adapter_of(VENUE)
