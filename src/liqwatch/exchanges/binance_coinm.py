"""Binance COIN-M futures: inverse contracts, settled in their coin."""

from __future__ import annotations

from liqwatch.exchanges import _binance as binance
from liqwatch.exchanges._binance_account import BinanceAccountDialect, allowed_calls
from liqwatch.exchanges.plumbing.budget import Budget
from liqwatch.exchanges.plumbing.hosts import Addresses, Hosts
from liqwatch.exchanges.plumbing.venue import Venue, adapter_of
from liqwatch.ports import Grade, VenueCard

EXCHANGE = "binance_coinm"
FAMILY = binance.COIN_MARGINED
LIVE = Hosts(rest="https://dapi.binance.com", websocket="wss://dstream.binance.com")
SANDBOX = Hosts(rest="https://demo-dapi.binance.com", websocket="wss://dstream.binancefuture.com")

VENUE = Venue(
    exchange=EXCHANGE,
    title="Binance COIN-M futures",
    card=VenueCard(
        grade=Grade.GOLD,
        mark_source="stream markPrice@1s, all-market array from 40 markets",
        account_stream="user data: positions, wallets, margin calls, own liquidations",
        tiers="leverage brackets in coins, with a key",
        verified="mark frames captured 2020 to 2021; account update captured",
        missing="no frame of the family after the merger of 2026-06-30 has been seen on its own host",
    ),
    addresses=Addresses(live=LIVE, sandbox=SANDBOX),
    marks=lambda options, hosts: binance.BinanceMarkDialect(
        options.venue, hosts, FAMILY, is_routed=False, tells_liquidations=True
    ),
    market=lambda options, _: binance.BinanceMarketDialect(FAMILY, options.clock),
    account=lambda options, hosts: BinanceAccountDialect(options.venue, hosts, FAMILY, is_routed=False),
    ccxt_id="binancecoinm",
    allowed_calls=allowed_calls(FAMILY),
    time_call=FAMILY.call("PublicGetTime"),
    read_time=binance.read_time,
    budget=Budget(limit=binance.WEIGHT_PER_MINUTE, header=binance.WEIGHT_HEADER),
)
ADAPTER = adapter_of(VENUE)
