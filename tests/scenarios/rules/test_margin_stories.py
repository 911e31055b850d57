"""How well a margin pool is covered: its ratio, the venue's own margin call, its leverage, the 150 % rule."""

from __future__ import annotations

from typing import TYPE_CHECKING

from liqwatch.model import MarginMode, NoticeKind, NotifyReason, Severity, VenueNotice

if TYPE_CHECKING:
    from tests.scenarios.conftest import Scenario

BTC, ETH = "BTC/USDT:USDT", "ETH/USDT:USDT"
LONG, POOL = f"{BTC} long", "cross USDT"
FIRST, WORSENED, RESOLVED = NotifyReason.FIRST, NotifyReason.WORSENED, NotifyReason.RESOLVED
NOTICE, WARNING, CRITICAL, EMERGENCY = Severity
RATIO, CALL, LEVERAGE, COVER = "margin_ratio", "margin_call", "leverage", "margin_cover"


async def cross(story: Scenario, wallet: float, *, leverage: float | None = None) -> None:
    """Ten contracts at 100 that share a wallet: 10 of maintenance margin at that price."""
    story.cross_wallets = {"USDT": wallet}
    await story.position(BTC, margin_mode=MarginMode.CROSS, leverage=leverage)
    await story.mark(BTC, 100.0)


async def wallet_becomes(story: Scenario, wallet: float) -> None:
    story.cross_wallets = {"USDT": wallet}
    await story.answered()


async def test_a_shared_pool_is_told_of_as_its_margin_ratio_rises_and_falls(story: Scenario) -> None:
    story.rules = {RATIO}
    await cross(story, 100.0)
    assert story.told() == []
    for wallet in (19.0, 15.0, 12.2, 11.0):
        await wallet_becomes(story, wallet)
    assert story.told() == [
        (FIRST, NOTICE, POOL),
        (WORSENED, WARNING, POOL),
        (WORSENED, CRITICAL, POOL),
        (WORSENED, EMERGENCY, POOL),
    ]
    await wallet_becomes(story, 100.0)
    assert story.told() == [(RESOLVED, EMERGENCY, POOL)]


async def test_a_margin_ratio_that_becomes_unknown_clears_nothing(story: Scenario) -> None:
    story.rules = {RATIO}
    await cross(story, 12.2)
    story.told()
    await story.tiers_arrive(BTC, ())
    assert story.told() == []
    assert story.state_of(RATIO, POOL) == "firing"


async def test_the_venues_own_margin_call_is_told_before_it_comes_and_when_it_has_come(story: Scenario) -> None:
    story.rules = {CALL}
    await cross(story, 100.0)
    await wallet_becomes(story, 13.5)
    assert "93% of the way to the venue's margin call" in story.said(CALL)
    assert story.told() == [(FIRST, NOTICE, POOL)]
    await wallet_becomes(story, 12.4)
    assert "at the venue's margin call" in story.said(CALL)
    assert "The venue's own level: a margin ratio of 80 %" in story.said(CALL)
    assert story.told() == [(WORSENED, WARNING, POOL)]
    await wallet_becomes(story, 100.0)
    assert story.told() == [(RESOLVED, WARNING, POOL)]


async def test_the_venues_margin_call_event_is_told_apart_from_its_level(story: Scenario) -> None:
    story.rules = {CALL}
    await cross(story, 12.4)
    story.told()
    call = VenueNotice(kind=NoticeKind.MARGIN_CALL, subject=LONG, text="the venue calls", at=story.clock.now())
    await story.answered(notices=(call,))
    assert story.told() == [(FIRST, CRITICAL, LONG)]
    assert story.state_of(CALL, POOL) == "firing"


async def test_the_way_to_a_margin_call_that_becomes_unknown_clears_nothing(story: Scenario) -> None:
    story.rules = {CALL}
    await cross(story, 12.4)
    story.told()
    await story.tiers_arrive(BTC, ())
    await story.still(60.0)
    assert story.told() == []
    assert story.state_of(CALL, POOL) == "firing"


async def test_much_leverage_is_told_with_what_would_lower_it(story: Scenario) -> None:
    story.rules = {LEVERAGE}
    await cross(story, 1_000.0)
    assert story.told() == []
    await wallet_becomes(story, 90.0)
    assert "effective leverage 11.1x" in story.said(LEVERAGE)
    assert "Positions of 1,000.00 USDT stand on equity of 90.00 USDT." in story.said(LEVERAGE)
    assert "What to do: Add about 10.00 USDT of margin, or close about 10% of the positions" in story.said(LEVERAGE)
    assert story.told() == [(FIRST, NOTICE, POOL)]
    await wallet_becomes(story, 35.0)
    assert story.told() == [(WORSENED, WARNING, POOL)]
    await wallet_becomes(story, 1_000.0)
    assert story.told() == [(RESOLVED, WARNING, POOL)]


async def test_a_leverage_that_becomes_unknown_clears_nothing(story: Scenario) -> None:
    story.rules = {LEVERAGE}
    await cross(story, 90.0)
    await story.still(6.0)
    assert story.told() == [(FIRST, NOTICE, POOL)]
    await story.position(ETH, margin_mode=MarginMode.CROSS)
    await story.still(6.0)
    assert story.told() == []
    assert story.state_of(LEVERAGE, POOL) == "firing"


async def test_who_keeps_the_150_percent_rule_is_told_when_the_cover_is_less(story: Scenario) -> None:
    story.rules = {COVER}
    await cross(story, 200.0, leverage=10.0)
    assert story.told() == []
    await wallet_becomes(story, 140.0)
    assert "equity covers 140% of initial margin" in story.said(COVER)
    assert "Add 10.00 USDT" in story.said(COVER)
    assert story.told() == [(FIRST, NOTICE, POOL)]
    await wallet_becomes(story, 200.0)
    assert story.told() == [(RESOLVED, NOTICE, POOL)]


async def test_the_cover_is_unknown_where_the_leverage_is_not_told(story: Scenario) -> None:
    story.rules = {COVER}
    await cross(story, 10.0)
    await story.still(30.0)
    assert story.told() == []
