"""When the venue liquidates, people are told so: never a green tick, never silence."""

from __future__ import annotations

from pathlib import Path

from liqwatch.model import Side
from liqwatch.testing.stage import Stage
from liqwatch.testing.venue import VenueAccount, VenuePosition

KEY, SECRET = "liquidated-key", "liquidated-secret"


async def test_a_liquidation_is_told_once_and_as_one_and_its_alert_ends_in_silence(tmp_path: Path) -> None:
    position = VenuePosition(
        native_symbol="BTCUSDT",
        side=Side.LONG,
        contracts=0.1,
        entry_price=117_000.0,
        leverage=3,
        isolated_wallet=3_900.0,
    )
    account = VenueAccount(api_key=KEY, secret=SECRET, cross_wallets={"USDT": 1_000.0}, positions=[position])
    async with Stage(tmp_path, [account]) as stage:
        stage.venue._liquidates = True
        stage.write_config(stage.keyed("main", KEY, SECRET), stage.channels())
        async with stage.daemon() as daemon:
            await daemon.until_ready()
            await daemon.until_status(lambda report: len(report["positions"]) == 1, "the position is not watched")
            stage.venue.set_price("BTCUSDT", 81_000.0)
            await stage.until_posted("EMERGENCY", "BTC/USDT:USDT long", "to liquidation")
            stage.venue.set_price("BTCUSDT", 70_000.0)
            (told,) = await stage.until_posted("EMERGENCY", "BTC/USDT:USDT long", "liquidated by the venue")
            assert "Last seen: mark" in told
            await daemon.until_status(
                lambda report: not report["alerts"] and not report["outbox"]["pending"],
                "an alert outlives its position",
            )
            # Its own end is no news beside that, and no all-clear.
            assert stage.posts("ENDED", "BTC/USDT:USDT long") == []
            assert stage.posts("RESOLVED", "BTC/USDT:USDT long") == []
