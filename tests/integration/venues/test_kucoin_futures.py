"""The daemon at KuCoin Futures: a classic account with an isolated and a cross position, and a unified one."""

from __future__ import annotations

from pathlib import Path

from liqwatch.model import Side
from liqwatch.testing.venue import VenueAccount, VenuePosition
from liqwatch.testing.venue_tale import Closing, Crossing, Found, MarginCall, VenueTale

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
    tale = VenueTale(
        exchange="kucoin_futures",
        accounts={"main": classic(), "pooled": unified()},
        found=[
            Found("main", BTC, "long", "isolated"),
            Found("main", ETH, "short", "cross"),
            Found("pooled", SOL, "long", "cross"),
        ],
        crossings=[
            Crossing("XBTUSDTM", 84_000.0, 117_000.0, BTC, BTC_LIQUIDATION),
        ],
        closing=Closing(KEY, "ETHUSDTM", Side.SHORT),
        refusal={"code": "503", "msg": "Service unavailable"},
        margin_call=MarginCall(UNIFIED_KEY, ("margin call", "pooled")),
    )
    told = await tale.play(tmp_path)
    for crossing, message in zip(tale.crossings, told, strict=True):
        assert crossing.words in message
        assert crossing.liquidation in message
