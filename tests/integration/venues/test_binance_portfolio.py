"""The daemon on a Binance portfolio margin account: one ratio for everything, asked again and again."""

from __future__ import annotations

from pathlib import Path

from liqwatch.model import Side
from liqwatch.testing.venue import VenueAccount, VenuePosition
from liqwatch.testing.venue.wires._binance_portfolio import BinancePortfolioWire
from liqwatch.testing.venue_stage import VenueStage

KEY, SECRET = "portfolio-key", "portfolio-secret"
BTC = "BTC/USDT:USDT"
REPORTED_LIQUIDATION = "liquidation 77,309.3"
"""(117,000 - 40,000) / (1 - 0.004): the venue's own price, on the tick that is nearer."""
RATIO = "margin ratio 72.3%"
"""1.05 * 77,450 * 0.004 / (40,000 - 117,000 + 77,450)."""


def the_account() -> VenueAccount:
    return VenueAccount(
        api_key=KEY,
        secret=SECRET,
        cross_wallets={"USDT": 40_000.0},
        positions=[
            VenuePosition(native_symbol="BTCUSDT", side=Side.LONG, contracts=1.0, entry_price=117_000.0, leverage=10)
        ],
    )


async def test_the_ratio_of_the_account_is_watched_and_the_venues_warning_is_told(tmp_path: Path) -> None:
    async with VenueStage("binance_portfolio", tmp_path, [the_account()], wire=BinancePortfolioWire()) as stage:
        stage.write_config(stage.keyed("main", api_key=KEY, secret=SECRET))
        async with stage.daemon() as daemon:
            await daemon.until_ready()
            report = await daemon.until_status(lambda report: len(report["positions"]) == 1, "no position is found")
            [position] = report["positions"]
            assert (position["symbol"], position["side"], position["margin_mode"]) == (BTC, "long", "cross")
            assert position["liquidation_source"] == "reported"

            stage.venue.set_price("BTCUSDT", 83_000.0)
            [told] = await stage.until_posted("CRITICAL", f"{BTC} long")
            assert REPORTED_LIQUIDATION in told
            stage.venue.set_price("BTCUSDT", 77_450.0)
            [told] = await stage.until_posted("WARNING", "cross USD")
            assert RATIO in told
            stage.venue.set_price("BTCUSDT", 117_000.0)
            await stage.until_posted("RESOLVED", f"{BTC} long")
            await stage.until_posted("RESOLVED", "cross USD")

            await stage.venue.send_margin_call(KEY)
            await stage.until_posted("risk level MARGIN_CALL")

            users = len(daemon.events("user_stream_up"))
            stage.venue.faults.drop_connections()
            await daemon.until(lambda: len(daemon.events("user_stream_up")) > users, "the stream does not come back")
            await stage.venue.close_position(KEY, "BTCUSDT", Side.LONG)
            await daemon.until_status(lambda report: not report["positions"], "a closed position is watched")
            assert "Traceback" not in daemon.log
            assert SECRET not in daemon.log
        assert not stage.venue.forbidden_calls
