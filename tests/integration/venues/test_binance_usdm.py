"""The daemon at Binance USDⓈ-M on the venue-neutral simulator: isolated and cross, through outages of every kind."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import aclosing
from pathlib import Path
from typing import cast

from liqwatch.exchanges import load_exchange
from liqwatch.model import MarkBatch, Side
from liqwatch.testing.adapter_options import options_at
from liqwatch.testing.venue import VenueAccount, VenuePosition
from liqwatch.testing.venue.simulator import VenueSimulator
from liqwatch.testing.venue.wires import load_wire
from liqwatch.testing.venue_tale import Closing, Crossing, Found, VenueTale

KEY, SECRET = "usdm-key", "usdm-secret"
BTC, ETH = "BTC/USDT:USDT", "ETH/USDT:USDT"
ISOLATED_LIQUIDATION = "liquidation 78,313.3"
"""(117,000 - 39,000) / (1 - 0.004), on the tick that is nearer."""
CROSS_LIQUIDATION = "liquidation 6,274.9"
"""(2,000 + 4,300) / (1 + 0.004)."""


def the_account() -> VenueAccount:
    return VenueAccount(
        api_key=KEY,
        secret=SECRET,
        cross_wallets={"USDT": 2_000.0},
        positions=[
            VenuePosition(
                native_symbol="BTCUSDT",
                side=Side.LONG,
                contracts=1.0,
                entry_price=117_000.0,
                leverage=3,
                isolated_wallet=39_000.0,
            ),
            VenuePosition(native_symbol="ETHUSDT", side=Side.SHORT, contracts=1.0, entry_price=4_300.0, leverage=5),
        ],
    )


async def test_positions_are_found_alerted_on_and_watched_through_outages(tmp_path: Path) -> None:
    tale = VenueTale(
        exchange="binance_usdm",
        accounts={"main": the_account()},
        found=[
            Found("main", BTC, "long", "isolated"),
            Found("main", ETH, "short", "cross"),
        ],
        crossings=[
            Crossing("BTCUSDT", 84_000.0, 117_000.0, BTC, ISOLATED_LIQUIDATION),
            Crossing("ETHUSDT", 5_900.0, 4_300.0, ETH, CROSS_LIQUIDATION),
        ],
        closing=Closing(KEY, "BTCUSDT", Side.LONG),
    )
    told = await tale.play(tmp_path)
    for crossing, message in zip(tale.crossings, told, strict=True):
        assert crossing.words in message
        assert crossing.liquidation in message


async def test_a_liquidation_by_the_venue_is_seen_on_the_public_stream() -> None:
    wire = load_wire("binance_usdm")
    async with VenueSimulator(wire, accounts=[the_account()], publish_every_seconds=0.1, liquidates=True) as venue:
        options = options_at(venue)
        market = load_exchange("binance_usdm").open_market(options)
        market.watch([BTC, ETH])
        async with aclosing(cast("AsyncGenerator[MarkBatch, None]", market.stream())) as stream:
            async for batch in stream:
                venue.set_price("BTCUSDT", 78_000.0)
                if batch.liquidations:
                    break
        [seen] = batch.liquidations
        assert (seen.symbol, seen.side, seen.contracts, seen.price) == (BTC, Side.LONG, 1.0, 78_000.0)
        await market.close()
