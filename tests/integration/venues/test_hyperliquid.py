"""The daemon at Hyperliquid: an address alone, the venue's own dex and a builder-deployed one."""

from __future__ import annotations

from pathlib import Path

from liqwatch.model import Side
from liqwatch.testing.venue import VenueAccount, VenuePosition
from liqwatch.testing.venue_stage import VenueStage

ADDRESS = "0x" + "aB" * 20
BTC, XYZ100 = "BTC/USDC:USDC", "XYZ-XYZ100/USDC:USDC"
XYZ100_LIQUIDATION = "liquidation 20,746"
"""(30,400 - 500 / 0.05) / (1 - 1/60): the other dex's 1,000 USDC do not help."""


def the_account() -> VenueAccount:
    return VenueAccount(
        api_key=ADDRESS.lower(),
        cross_wallets={"USDC": 1_000.0, "xyz:USDC": 500.0},
        positions=[
            VenuePosition(
                native_symbol="BTC",
                side=Side.SHORT,
                contracts=0.05,
                entry_price=86_000.0,
                leverage=3,
                isolated_wallet=1_433.0,
            ),
            VenuePosition(
                native_symbol="xyz:XYZ100", side=Side.LONG, contracts=0.05, entry_price=30_400.0, leverage=10
            ),
        ],
    )


async def test_positions_of_every_dex_are_found_alerted_on_and_watched_through_outages(tmp_path: Path) -> None:
    async with VenueStage("hyperliquid", tmp_path, [the_account()]) as stage:
        stage.write_config(stage.keyed("main", wallet_address=ADDRESS))
        async with stage.daemon() as daemon:
            await daemon.until_ready()
            report = await daemon.until_status(lambda report: len(report["positions"]) == 2, "positions are missing")
            found = {(each["symbol"], each["side"], each["margin_mode"]) for each in report["positions"]}
            assert found == {(BTC, "short", "isolated"), (XYZ100, "long", "cross")}

            stage.venue.set_price("xyz:XYZ100", 22_000.0)
            [told] = await stage.until_posted("CRITICAL", XYZ100)
            assert XYZ100_LIQUIDATION in told
            stage.venue.set_price("xyz:XYZ100", 30_400.0)
            await stage.until_posted("RESOLVED", XYZ100)

            stage.venue.faults.drop_connections()
            await daemon.until_logged("mark_stream_up")
            await daemon.until_logged("user_stream_up")

            before = len(stage.posts("RESOLVED", "mark prices of hyperliquid"))
            stage.venue.faults.silence_marks = True
            stage.venue.faults.refuse_rest(503, {"error": "busy"})
            await stage.until_posted("WARNING", "mark prices of hyperliquid", count=before + 1)
            stage.venue.faults.silence_marks = False
            stage.venue.faults.serve_rest()
            await stage.until_posted("RESOLVED", "mark prices of hyperliquid", count=before + 1)

            await stage.venue.close_position(ADDRESS.lower(), "BTC", Side.SHORT)
            await daemon.until_status(lambda report: len(report["positions"]) == 1, "a closed position is watched")
            assert "Traceback" not in daemon.log
            assert ADDRESS.lower() not in daemon.log.lower()
        assert not stage.venue.forbidden_calls
