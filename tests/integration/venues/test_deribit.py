"""The daemon at Deribit: a linear and an inverse perpetual, each in the pool of its own currency."""

from __future__ import annotations

from pathlib import Path

from liqwatch.model import Side
from liqwatch.testing.venue import VenueAccount, VenuePosition
from liqwatch.testing.venue_stage import VenueStage

KEY, SECRET = "deribit-key", "deribit-secret"
LINEAR, INVERSE = "BTC/USDC:USDC", "BTC/USD:BTC"
LINEAR_LIQUIDATION = "liquidation 77,778"
"""(0.1 * 117,000 - 4,000) / (0.1 * (1 - 0.01)); the growth of the rate with 0.1 BTC moves it by 30 cents."""
INVERSE_LIQUIDATION = "liquidation 163,71"
"""20,000 (1 - 0.01) / (20,000 / 117,000 - 0.05), less a dollar or two for the growth of the rate."""


def the_account() -> VenueAccount:
    return VenueAccount(
        api_key=KEY,
        secret=SECRET,
        cross_wallets={"USDC": 4_000.0, "BTC": 0.05},
        positions=[
            VenuePosition(
                native_symbol="BTC_USDC-PERPETUAL", side=Side.LONG, contracts=100.0, entry_price=117_000.0, leverage=3
            ),
            VenuePosition(
                native_symbol="BTC-PERPETUAL", side=Side.SHORT, contracts=2_000.0, entry_price=117_000.0, leverage=3
            ),
        ],
    )


async def test_both_kinds_of_contracts_are_found_alerted_on_and_watched_through_outages(tmp_path: Path) -> None:
    async with VenueStage("deribit", tmp_path, [the_account()]) as stage:
        stage.write_config(stage.keyed("main", api_key=KEY, secret=SECRET))
        async with stage.daemon() as daemon:
            await daemon.until_ready()
            report = await daemon.until_status(lambda report: len(report["positions"]) == 2, "positions are missing")
            found = {(each["symbol"], each["side"], each["margin_mode"]) for each in report["positions"]}
            assert found == {(LINEAR, "long", "cross"), (INVERSE, "short", "cross")}

            stage.venue.set_price("BTC_USDC-PERPETUAL", 82_500.0)
            [told] = await stage.until_posted("CRITICAL", LINEAR)
            assert LINEAR_LIQUIDATION in told
            stage.venue.set_price("BTC_USDC-PERPETUAL", 117_000.0)
            await stage.until_posted("RESOLVED", LINEAR)

            stage.venue.set_price("BTC-PERPETUAL", 155_000.0)
            [told] = await stage.until_posted("CRITICAL", INVERSE)
            assert INVERSE_LIQUIDATION in told
            stage.venue.set_price("BTC-PERPETUAL", 117_000.0)
            await stage.until_posted("RESOLVED", INVERSE)

            stage.venue.faults.drop_connections()
            await daemon.until_logged("mark_stream_up")
            await daemon.until_logged("user_stream_up")

            stage.venue.faults.silence_marks = True
            stage.venue.faults.refuse_rest(503, {"error": {"code": 11051, "message": "system_maintenance"}})
            await stage.until_posted("WARNING", "mark prices of deribit")
            stage.venue.faults.silence_marks = False
            stage.venue.faults.serve_rest()
            await stage.until_posted("RESOLVED", "mark prices of deribit")

            await stage.venue.close_position(KEY, "BTC_USDC-PERPETUAL", Side.LONG)
            await daemon.until_status(lambda report: len(report["positions"]) == 1, "a closed position is watched")
            assert "Traceback" not in daemon.log
            assert SECRET not in daemon.log
        assert not stage.venue.forbidden_calls
