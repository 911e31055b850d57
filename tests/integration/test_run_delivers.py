"""The main job, end to end: the real process, a real config file, a venue and two channels over real sockets."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import pytest
import pytest_asyncio

from liqwatch.model import Side
from liqwatch.testing.process import DaemonProcess
from liqwatch.testing.stage import Stage, alert_ids
from liqwatch.testing.venue import VenueAccount, VenuePosition

pytestmark = pytest.mark.asyncio(loop_scope="module")

KEY, SECRET = "delivery-key", "delivery-secret"
ALREADY_NEAR = """\
symbol = "XRP/USDT:USDT"
side = "short"
contracts = 1000
entry_price = 2.8
leverage = 20
"""
TYPED_CROSS = """\
symbol = "DOGE/USDT:USDT"
side = "long"
contracts = 10000
entry_price = 0.25
margin_mode = "cross"
"""


def the_account() -> VenueAccount:
    """Hedge mode: an isolated long, isolated twins, a cross long. All more than 30 % from liquidation."""
    return VenueAccount(
        api_key=KEY,
        secret=SECRET,
        is_hedge_mode=True,
        cross_wallets={"USDT": 1_000.0},
        positions=[
            isolated("BTCUSDT", Side.LONG, contracts=0.1, entry_price=117_000.0, wallet=3_900.0),
            isolated("ETHUSDT", Side.LONG, contracts=1.0, entry_price=4_300.0, wallet=1_433.0),
            isolated("ETHUSDT", Side.SHORT, contracts=1.0, entry_price=4_300.0, wallet=1_433.0),
            VenuePosition(native_symbol="SOLUSDT", side=Side.LONG, contracts=10.0, entry_price=220.0, leverage=3),
        ],
    )


def isolated(native_symbol: str, side: Side, *, contracts: float, entry_price: float, wallet: float) -> VenuePosition:
    return VenuePosition(
        native_symbol=native_symbol,
        side=side,
        contracts=contracts,
        entry_price=entry_price,
        leverage=3,
        isolated_wallet=wallet,
    )


@dataclass(frozen=True, kw_only=True)
class Crossing:
    """A market moved from a calm price to within 8 % of one position's liquidation price."""

    native_symbol: str
    calm: float
    near: float
    subject: str
    account: str


CROSSINGS = {
    "an isolated long": Crossing(
        native_symbol="BTCUSDT", calm=117_000.0, near=84_000.0, subject="BTC/USDT:USDT long", account="main"
    ),
    "one of two hedge twins": Crossing(
        native_symbol="ETHUSDT", calm=4_300.0, near=5_400.0, subject="ETH/USDT:USDT short", account="main"
    ),
    "a cross position": Crossing(
        native_symbol="SOLUSDT", calm=220.0, near=129.0, subject="SOL/USDT:USDT long", account="main"
    ),
    "a typed cross position": Crossing(
        native_symbol="DOGEUSDT", calm=0.25, near=0.161, subject="DOGE/USDT:USDT long", account="paper"
    ),
}


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def stage(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Stage]:
    async with Stage(tmp_path_factory.mktemp("delivers"), [the_account()]) as stage:
        stage.write_config(
            stage.keyed("main", KEY, SECRET),
            stage.typed("paper", ALREADY_NEAR, TYPED_CROSS, wallet_balance=1_000.0),
            stage.channels(),
        )
        yield stage


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def daemon(stage: Stage) -> AsyncIterator[DaemonProcess]:
    async with stage.daemon() as daemon:
        await daemon.until_ready()
        yield daemon


async def test_every_kind_of_position_is_found(daemon: DaemonProcess) -> None:
    report = await daemon.until_status(lambda report: len(report["positions"]) == 6, "not every position is watched")
    found = {(each["account"], each["symbol"], each["side"], each["margin_mode"]) for each in report["positions"]}
    assert found == {
        ("main", "BTC/USDT:USDT", "long", "isolated"),
        ("main", "ETH/USDT:USDT", "long", "isolated"),
        ("main", "ETH/USDT:USDT", "short", "isolated"),
        ("main", "SOL/USDT:USDT", "long", "cross"),
        ("paper", "XRP/USDT:USDT", "short", "isolated"),
        ("paper", "DOGE/USDT:USDT", "long", "cross"),
    }


async def test_a_level_that_is_already_breached_is_told_at_the_start(stage: Stage, daemon: DaemonProcess) -> None:
    (post,) = await stage.until_posted("XRP/USDT:USDT short")
    (mail,) = await stage.until_mailed("XRP/USDT:USDT short")
    assert post.startswith("🔴 CRITICAL · XRP/USDT:USDT short · 4.3% to liquidation\n")
    assert alert_ids([post]) == alert_ids([mail])


@pytest.mark.parametrize("crossing", CROSSINGS.values(), ids=CROSSINGS)
async def test_a_crossing_and_its_end_are_told_once_on_both_channels(
    stage: Stage, daemon: DaemonProcess, crossing: Crossing
) -> None:
    subject = crossing.subject
    stage.venue.set_price(crossing.native_symbol, crossing.near)
    await stage.until_posted("CRITICAL", subject)
    await stage.until_mailed("CRITICAL", subject)

    stage.venue.set_price(crossing.native_symbol, crossing.calm)
    await stage.until_posted("RESOLVED", subject)
    await stage.until_mailed("RESOLVED", subject)

    posts, mails = stage.posts(subject), stage.mails(subject)
    assert [len(posts), len(mails)] == [2, 2]
    assert len(set(alert_ids(posts + mails))) == 1
    assert all(f" · {crossing.account} · alert " in text for text in posts + mails)


async def test_a_message_says_how_far_before_it_says_anything_else(stage: Stage, daemon: DaemonProcess) -> None:
    stage.venue.set_price("BTCUSDT", 81_000.0)
    text = (await stage.until_posted("EMERGENCY", "BTC/USDT:USDT long"))[-1]
    stage.venue.set_price("BTCUSDT", 117_000.0)
    landmarks = [
        "EMERGENCY · BTC/USDT:USDT long",
        "3.3% to go: 2,686.7 between mark and liquidation",
        "to margin call (80%)",
        "Mark 81,000.0",
        "liquidation 78,313.3 (reported)",
        "margin ratio",
        "leverage 3x isolated",
        "notional 8,100.00 USDT",
        "PnL -3,600.00 USDT",
        "If liquidated: about -300.00 USDT",
        "What to do: Add about ",
        "to have 15.0% to liquidation again.",
        "Alerts do not stop a liquidation.",
        "UTC · main · alert ",
    ]
    places = [text.find(landmark) for landmark in landmarks]
    assert -1 not in places, text
    assert places == sorted(places)
    await stage.until_posted("RESOLVED", "was emergency")


async def test_nothing_is_left_over_and_nothing_was_asked_that_acts(stage: Stage, daemon: DaemonProcess) -> None:
    report = await daemon.until_status(lambda report: not report["outbox"]["pending"], "the outbox does not empty")
    assert report["outbox"]["dead"] == 0
    assert [alert["subject"] for alert in report["alerts"]] == ["XRP/USDT:USDT short"]
    assert stage.venue.forbidden_calls == ()


@pytest.mark.parametrize("has_recovered", [False, True], ids=["and it still burns", "and it is over meanwhile"])
async def test_what_was_decided_before_a_kill_arrives_after_it_with_the_same_id(
    tmp_path: Path, *, has_recovered: bool
) -> None:
    async with Stage(tmp_path, [the_account()]) as stage:
        stage.write_config(stage.keyed("main", KEY, SECRET), stage.channels())
        stage.webhook.hang, stage.mail.refuse_with = True, "451 try again later"
        async with stage.daemon() as daemon:
            await daemon.until_ready()
            stage.venue.set_price("BTCUSDT", 84_000.0)
            await stage.webhook.wait_for(1, timeout=30)
            await daemon.until_status(lambda report: report["outbox"]["pending"] == 2, "the decision is not stored")
            await daemon.kill()
        # The web hook took the message, but the daemon never heard so: this one may and must come twice.
        ambiguous = len(stage.posts())
        assert not stage.mails()
        stage.webhook.hang, stage.mail.refuse_with = False, ""
        if has_recovered:
            stage.venue.set_price("BTCUSDT", 117_000.0)

        async with stage.daemon() as daemon:
            await stage.until_posted("CRITICAL", count=ambiguous + 1)
            await stage.until_mailed("CRITICAL")
            stage.venue.set_price("BTCUSDT", 117_000.0)
            await stage.until_posted("RESOLVED")
            await stage.until_mailed("RESOLVED")
            await daemon.until_status(lambda report: not report["outbox"]["pending"], "the outbox does not empty")

        assert [text[:1] for text in stage.posts()] == ["🔴"] * (ambiguous + 1) + ["✅"]
        assert [text[:1] for text in stage.mails()] == ["🔴", "✅"]
        assert len(set(alert_ids(stage.posts() + stage.mails()))) == 1


async def test_a_restart_while_an_alert_burns_repeats_nothing_and_forgets_nothing(tmp_path: Path) -> None:
    async with Stage(tmp_path, [the_account()]) as stage:
        stage.write_config(stage.keyed("main", KEY, SECRET), stage.channels())
        async with stage.daemon() as daemon:
            await daemon.until_ready()
            stage.venue.set_price("BTCUSDT", 84_000.0)
            await stage.until_posted("CRITICAL")
            await stage.until_mailed("CRITICAL")
            await daemon.until_status(lambda report: report["outbox"]["sent"] == 2, "the deliveries are not settled")
            await daemon.kill()
        async with stage.daemon() as daemon:
            await daemon.until_ready()
            await daemon.until(lambda: daemon.notices.count("WATCHDOG=1") >= 2, "the daemon has not looked twice")
            assert [len(stage.posts()), len(stage.mails())] == [1, 1]
            stage.venue.set_price("BTCUSDT", 117_000.0)
            await stage.until_posted("RESOLVED")
            await stage.until_mailed("RESOLVED")
        assert len(set(alert_ids(stage.posts() + stage.mails()))) == 1
