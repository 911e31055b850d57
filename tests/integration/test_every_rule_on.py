"""The daemon as it is by default, every rule on: one crash, one recovery, one position closed."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

from liqwatch.model import Side
from liqwatch.testing.stage import Stage
from liqwatch.testing.venue import VenueAccount, VenuePosition

KEY, SECRET = "default-key", "default-secret"
CALM, NEAR = 117_000.0, 84_000.0
STANDING_WARNING = "Alerts do not stop a liquidation."


def the_account() -> VenueAccount:
    """An isolated long that is a third of the price away from liquidation, and one that nothing happens to."""
    bitcoin = VenuePosition(
        native_symbol="BTCUSDT",
        side=Side.LONG,
        contracts=0.1,
        entry_price=CALM,
        leverage=3,
        isolated_wallet=3_900.0,
    )
    ether = VenuePosition(
        native_symbol="ETHUSDT",
        side=Side.LONG,
        contracts=0.1,
        entry_price=4_300.0,
        leverage=2,
        isolated_wallet=215.0,
    )
    return VenueAccount(api_key=KEY, secret=SECRET, cross_wallets={"USDT": 30_000.0}, positions=[bitcoin, ether])


async def test_with_every_default_a_crash_its_end_and_a_closed_position_are_told_and_nothing_else(
    tmp_path: Path,
) -> None:
    async with Stage(tmp_path, [the_account()]) as stage:
        stage.write_config(stage.keyed("main", KEY, SECRET), stage.channels(), staleness="", rules="")
        async with stage.daemon() as daemon:
            await daemon.until_ready()
            await daemon.until_status(lambda report: len(report["positions"]) == 2, "positions are missing")
            stage.venue.set_price("BTCUSDT", NEAR)
            (told,) = await stage.until_posted("CRITICAL", "BTC", "6.8% to liquidation")
            # 15 % below 84,000 is 71,400: 0.1 contracts, 78,313.25 - 71,400, 99.6 % of it (the rest is maintenance).
            assert "\nWhat to do: Add about 688.56 USDT of margin to have 15.0% to liquidation again.\n" in told
            await stage.until_mailed("CRITICAL", "BTC")

            stage.venue.set_price("BTCUSDT", CALM)
            await stage.until_posted("RESOLVED", "BTC", "(was critical)")
            await stage.venue.close_position(KEY, "BTCUSDT", Side.LONG)
            (ending,) = await stage.until_posted("BTC", "closed by hand or by a bot")
            assert ending.startswith("🔵 NOTICE")
            await daemon.until_status(
                lambda report: len(report["positions"]) == 1 and not report["outbox"]["pending"],
                "something is still to be told",
            )
            assert "Traceback" not in daemon.log
        assert not stage.venue.forbidden_calls

        assert all(STANDING_WARNING in text for text in stage.posts() + stage.mails())
        assert Counter(stage.posts("ETH")) == Counter()
        letter = next(mail for mail in stage.mail.received if "CRITICAL" in mail["Subject"])
        assert {part.get_content_type() for part in letter.walk()} >= {"text/plain", "text/html"}
        assert len(stage.posts("WARNING")) <= 1, stage.posts("WARNING")
