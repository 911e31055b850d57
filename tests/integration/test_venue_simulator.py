"""The simulated venue's REST side, as a foreign client (ccxt) and plain HTTP see it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import aiohttp
import pytest
from ccxt.async_support.binanceusdm import binanceusdm
from ccxt.base.errors import AuthenticationError, BaseError, DDoSProtection, InvalidNonce, OperationFailed

from liqwatch.model import Side
from liqwatch.testing.venue import BinanceVenue, VenueAccount, VenuePosition, banned_body

KEY = "simulated-key"
SECRET = "simulated-secret"


def long_bitcoin() -> VenuePosition:
    return VenuePosition(
        native_symbol="BTCUSDT",
        side=Side.LONG,
        contracts=0.5,
        entry_price=116_000,
        leverage=10,
        isolated_wallet=5_800,
    )


def short_ether() -> VenuePosition:
    return VenuePosition(native_symbol="ETHUSDT", side=Side.SHORT, contracts=2, entry_price=4_250, leverage=20)


def new_account(**changes: Any) -> VenueAccount:
    fields: dict[str, Any] = {
        "api_key": KEY,
        "secret": SECRET,
        "cross_wallets": {"USDT": 1_000.0},
        "positions": [long_bitcoin(), short_ether()],
    }
    return VenueAccount(**(fields | changes))


def new_venue(**account: Any) -> BinanceVenue:
    return BinanceVenue(accounts=[new_account(**account)], publish_every_seconds=None)


@asynccontextmanager
async def foreign_client(venue: BinanceVenue, **options: Any) -> AsyncIterator[Any]:
    settings: Any = {"apiKey": KEY, "secret": SECRET, "enableRateLimit": False} | options
    client: Any = binanceusdm(settings)
    for name, url in client.urls["api"].items():
        if isinstance(url, str):
            path = url.partition("://")[2].partition("/")[2]
            client.urls["api"][name] = f"{venue.rest_url}/{path}"
    try:
        yield client
    finally:
        await client.close()


async def test_ccxt_loads_markets_with_ticks_and_dated_contracts() -> None:
    async with new_venue() as venue, foreign_client(venue) as client:
        markets = await client.load_markets()
    assert markets["BTC/USDT:USDT"]["precision"]["price"] == 0.1
    assert markets["DOGE/USDT:USDT"]["info"]["liquidationFee"] == "0.012500"
    assert markets["BTC/USDT:USDT-271231"]["future"] is True


async def test_ccxt_reads_positions_through_its_signed_calls() -> None:
    async with new_venue() as venue, foreign_client(venue) as client:
        positions = {position["symbol"]: position for position in await client.fetch_positions()}
        raw = await client.fapiPrivateV3GetPositionRisk()
    bitcoin, ether = positions["BTC/USDT:USDT"], positions["ETH/USDT:USDT"]
    assert (bitcoin["side"], bitcoin["marginMode"], bitcoin["contracts"]) == ("long", "isolated", 0.5)
    assert (ether["side"], ether["marginMode"], ether["contracts"]) == ("short", "cross", 2.0)
    assert [row["positionSide"] for row in raw] == ["BOTH", "BOTH"]
    assert float(raw[0]["isolatedMargin"]) == pytest.approx(5_800 + 500)
    # LP = (5800 + 0 - 0.5 * 116000) / (0.5 * 0.004 - 0.5): the isolated form of the published formula
    assert float(raw[0]["liquidationPrice"]) == pytest.approx((5_800 - 58_000) / (0.5 * 0.004 - 0.5))


async def test_version_two_lists_every_market_and_its_settings() -> None:
    async with new_venue() as venue, foreign_client(venue) as client:
        rows = await client.fapiPrivateV2GetPositionRisk()
        of_bitcoin = await client.fapiPrivateV2GetPositionRisk({"symbol": "BTCUSDT"})
    assert len(rows) == len(venue.book.markets)
    assert of_bitcoin[0]["marginType"] == "isolated"
    assert of_bitcoin[0]["leverage"] == "10"
    assert {row["liquidationPrice"] for row in rows if row["positionAmt"] == "0"} == {"0"}


async def test_hedge_mode_names_both_slots() -> None:
    async with new_venue(is_hedge_mode=True) as venue, foreign_client(venue) as client:
        rows = await client.fapiPrivateV2GetPositionRisk({"symbol": "BTCUSDT"})
        mode = await client.fapiPrivateGetPositionSideDual()
    assert sorted(row["positionSide"] for row in rows) == ["LONG", "SHORT"]
    assert mode["dualSidePosition"] is True


async def test_account_answers_agree_with_each_other() -> None:
    async with new_venue() as venue, foreign_client(venue) as client:
        account = await client.fapiPrivateV3GetAccount()
        older = await client.fapiPrivateV2GetAccount()
        balances = await client.fapiPrivateV3GetBalance()
        unified = await client.fetch_balance()
    # wallet = free 1000 + isolated 5800; profit = 0.5 * 1000 - 2 * 50
    assert float(account["totalWalletBalance"]) == pytest.approx(6_800)
    assert float(account["totalCrossWalletBalance"]) == pytest.approx(1_000)
    assert float(account["totalUnrealizedProfit"]) == pytest.approx(400)
    assert float(account["totalCrossUnPnl"]) == pytest.approx(-100)
    assert older["positions"][0]["isolated"] is True
    assert older["multiAssetsMargin"] is False
    assert balances[0]["balance"] == account["assets"][0]["walletBalance"]
    assert unified["USDT"]["total"] == pytest.approx(7_200)  # ccxt counts the profit in


async def test_brackets_carry_the_deduction_of_the_recursion() -> None:
    async with new_venue() as venue, foreign_client(venue) as client:
        tiers = await client.fetch_leverage_tiers(["BTC/USDT:USDT"])
    second = tiers["BTC/USDT:USDT"][1]
    assert second["maintenanceMarginRate"] == 0.005
    assert float(second["info"]["cum"]) == pytest.approx(300_000 * 0.001)


async def test_settings_and_permissions_are_told() -> None:
    async with new_venue(can_withdraw=True) as venue, foreign_client(venue) as client:
        restrictions = await client.sapiGetAccountApiRestrictions()
        multi_asset = await client.fapiPrivateGetMultiAssetsMargin()
        configuration = await client.fapiPrivateGetSymbolConfig({"symbol": "ETHUSDT"})
    assert restrictions["enableReading"] is True
    assert restrictions["enableWithdrawals"] is True
    assert restrictions["enableFutures"] is False
    assert multi_asset["multiAssetsMargin"] is False
    assert configuration[0]["leverage"] == 20


async def test_mark_prices_are_told_for_one_and_for_all() -> None:
    async with new_venue() as venue, foreign_client(venue) as client:
        venue.set_price("BTCUSDT", 111_111.5)
        one = await client.fapiPublicGetPremiumIndex({"symbol": "BTCUSDT"})
        everything = await client.fapiPublicGetPremiumIndex()
    assert float(one["markPrice"]) == 111_111.5
    assert len(everything) == len(venue.book.markets)
    assert next(row for row in everything if row["symbol"] == "BTCUSDT_271231")["lastFundingRate"] == ""


async def test_listen_keys_live_until_they_are_ended() -> None:
    async with new_venue() as venue, foreign_client(venue) as client:
        first = await client.fapiPrivatePostListenKey()
        assert await client.fapiPrivatePostListenKey() == first
        assert await client.fapiPrivatePutListenKey() == first
        await client.fapiPrivateDeleteListenKey()
        with pytest.raises(BaseError, match="-1125"):
            await client.fapiPrivatePutListenKey()


async def test_a_wrong_secret_is_refused_for_its_signature() -> None:
    async with new_venue() as venue, foreign_client(venue, secret="another-secret") as client:
        with pytest.raises(AuthenticationError, match="-1022"):
            await client.fapiPrivateV3GetAccount()


async def test_an_unknown_key_is_refused() -> None:
    async with new_venue() as venue, foreign_client(venue, apiKey="another-key") as client:
        with pytest.raises(AuthenticationError, match="-2015"):
            await client.fapiPrivateV3GetAccount()


async def test_unsigned_and_keyless_private_calls_are_refused_in_the_venues_words() -> None:
    async with new_venue(secret=None) as venue, aiohttp.ClientSession(venue.rest_url) as session:
        path, headers = "/fapi/v3/account", {"X-MBX-APIKEY": KEY}
        now_ms = (await (await session.get("/fapi/v1/time")).json())["serverTime"]
        answers = [
            await session.get(path),
            await session.get(path, headers=headers),
            await session.get(path, headers=headers, params={"timestamp": str(now_ms)}),
            await session.get(path, headers=headers, params={"timestamp": str(now_ms), "signature": "any"}),
            await session.get("/fapi/v1/nothing"),
            await session.get("/fapi/v1/premiumIndex", params={"symbol": "NOSUCHUSDT"}),
        ]
        codes = [(answer.status, (await answer.json()).get("code")) for answer in answers]
    assert codes == [(401, -2014), (400, -1102), (400, -1022), (200, None), (404, -5000), (400, -1121)]


async def test_a_skewed_clock_is_refused_in_both_directions() -> None:
    async with new_venue() as venue, foreign_client(venue) as client:
        for skew_ms in (-60_000, 60_000):
            venue.faults.clock_skew_ms = skew_ms
            with pytest.raises(InvalidNonce, match="-1021"):
                await client.fapiPrivateV3GetAccount()


async def test_attempts_to_trade_are_refused_and_recorded() -> None:
    async with new_venue() as venue, foreign_client(venue) as client:
        await client.fapiPrivateV3GetAccount()
        assert not venue.forbidden_calls
        for attempt in (
            client.fapiPrivatePostOrder({"symbol": "BTCUSDT"}),
            client.fapiPrivatePostLeverage({"symbol": "BTCUSDT", "leverage": 5}),
            client.sapiPostCapitalWithdrawApply({"coin": "USDT"}),
        ):
            with pytest.raises(BaseError):
                await attempt
    assert venue.forbidden_calls == (
        "POST /fapi/v1/order",
        "POST /fapi/v1/leverage",
        "POST /sapi/v1/capital/withdraw/apply",
    )


async def test_calls_are_counted_and_their_weight_is_told() -> None:
    async with new_venue() as venue, aiohttp.ClientSession(venue.rest_url) as session:
        first = await session.get("/fapi/v1/premiumIndex")
        second = await session.get("/fapi/v1/ping")
    weights = [int(answer.headers["X-MBX-USED-WEIGHT-1M"]) for answer in (first, second)]
    assert weights[0] == 10
    assert weights[1] in {11, 1}  # 1: a new minute began in between
    assert venue.rest_calls["GET /fapi/v1/premiumIndex"] == 1


async def test_rest_is_refused_on_request_and_served_again() -> None:
    async with new_venue() as venue, foreign_client(venue) as client:
        venue.faults.refuse_rest(418, banned_body(1_900_000_000_000), retry_after_seconds=120)
        with pytest.raises(DDoSProtection, match="banned until 1900000000000"):
            await client.fapiPublicGetTime()
        venue.faults.refuse_rest(503, {"code": -1001, "msg": "Internal error; unable to process your request."})
        with pytest.raises(OperationFailed):
            await client.fapiPublicGetTime()
        venue.faults.serve_rest()
        assert "serverTime" in await client.fapiPublicGetTime()


async def test_positions_vanish_for_one_answer_only() -> None:
    async with new_venue() as venue, foreign_client(venue) as client:
        venue.faults.empty_positions_once = True
        assert await client.fapiPrivateV3GetPositionRisk() == []
        assert len(await client.fapiPrivateV3GetPositionRisk()) == 2


async def test_keys_are_rejected_on_request() -> None:
    async with new_venue() as venue, foreign_client(venue) as client:
        venue.faults.reject_keys = True
        with pytest.raises(AuthenticationError, match="-2015"):
            await client.fapiPrivateV3GetPositionRisk()
