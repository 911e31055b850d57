"""The daemon at KuCoin Futures: a classic account with an isolated and a cross position, and a unified one."""

from __future__ import annotations

from pathlib import Path

from liqwatch.model import Side
from liqwatch.testing.venue import VenueAccount, VenuePosition
from liqwatch.testing.venue_stage import VenueStage

KEY, SECRET, PASSPHRASE = "kucoin-key-7", "kucoin-secret-7", "kucoin-phrase-7"
UNIFIED_KEY, UNIFIED_SECRET = "unified-key-7", "unified-secret-7"
BTC, ETH, SOL = "BTC/USDT:USDT", "ETH/USDT:USDT", "SOL/USDT:USDT"
BTC_LIQUIDATION = "liquidation 78,468"
"""117,000 - 3,900 / 0.1 + 0.004 * 117,000: maintenance of the entry value, no fee."""


def classic() -> VenueAccount:
    return VenueAccount(
        api_key=KEY,
        secret=SECRET,
        passphrase=PASSPHRASE,
        cross_wallets={"USDT": 1_000.0},
        positions=[
            VenuePosition(
                native_symbol="XBTUSDTM",
                side=Side.LONG,
                contracts=100.0,
                entry_price=117_000.0,
                isolated_wallet=3_900.0,
            ),
            VenuePosition(native_symbol="ETHUSDTM", side=Side.SHORT, contracts=50.0, entry_price=4_300.0),
        ],
    )


def unified() -> VenueAccount:
    return VenueAccount(
        api_key=UNIFIED_KEY,
        secret=UNIFIED_SECRET,
        passphrase=PASSPHRASE,
        is_multi_asset=True,
        cross_wallets={"USDT": 1_500.0},
        positions=[VenuePosition(native_symbol="SOLUSDTM", side=Side.LONG, contracts=100.0, entry_price=220.0)],
    )


async def test_both_kinds_of_account_are_found_alerted_on_and_watched_through_outages(tmp_path: Path) -> None:
    async with VenueStage("kucoin_futures", tmp_path, [classic(), unified()]) as stage:
        venue = stage.venue
        stage.write_config(
            stage.keyed("main", api_key=KEY, secret=SECRET, passphrase=PASSPHRASE),
            stage.keyed("pooled", api_key=UNIFIED_KEY, secret=UNIFIED_SECRET, passphrase=PASSPHRASE),
        )
        async with stage.daemon() as daemon:
            await daemon.until_ready()
            report = await daemon.until_status(lambda report: len(report["positions"]) == 3, "positions are missing")
            found = {
                (each["account"], each["symbol"], each["side"], each["margin_mode"]) for each in report["positions"]
            }
            assert found == {
                ("main", BTC, "long", "isolated"),
                ("main", ETH, "short", "cross"),
                ("pooled", SOL, "long", "cross"),
            }

            venue.set_price("XBTUSDTM", 84_000.0)
            [told] = await stage.until_posted("CRITICAL", BTC)
            assert BTC_LIQUIDATION in told
            venue.set_price("XBTUSDTM", 117_000.0)
            await stage.until_posted("RESOLVED", BTC)

            venue.faults.drop_connections()
            await daemon.until_logged("mark_stream_up")
            await daemon.until_logged("user_stream_up")

            before = len(stage.posts("RESOLVED", "mark prices of kucoin_futures"))
            venue.faults.silence_marks = True
            venue.faults.refuse_rest(503, {"code": "503", "msg": "Service unavailable"})
            await stage.until_posted("WARNING", "mark prices of kucoin_futures", count=before + 1)
            venue.faults.silence_marks = False
            venue.faults.serve_rest()
            await stage.until_posted("RESOLVED", "mark prices of kucoin_futures", count=before + 1)

            await venue.send_margin_call(UNIFIED_KEY)
            await stage.until_posted("margin call", "pooled")

            await venue.close_position(KEY, "ETHUSDTM", Side.SHORT)
            await daemon.until_status(lambda report: len(report["positions"]) == 2, "a closed position is watched")
            assert "Traceback" not in daemon.log
            for secret in (KEY, SECRET, PASSPHRASE, UNIFIED_KEY, UNIFIED_SECRET):
                assert secret not in daemon.log
        assert not venue.forbidden_calls
