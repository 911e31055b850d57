"""What a venue itself says: warnings, ratios, and where the mark went while nobody looked."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from liqwatch.model import MarginMode, MarkCandle, NoticeKind, NotifyReason, Severity, VenueNotice

if TYPE_CHECKING:
    from tests.scenarios.conftest import Scenario

BTC = "BTC/USDT:USDT"
LONG = f"{BTC} long"
FAR = 130.0
FIRST, REPEATED = NotifyReason.FIRST, NotifyReason.REPEATED
NOTICE, WARNING, CRITICAL, EMERGENCY = Severity


def warned(story: Scenario, kind: NoticeKind, subject: str = LONG) -> VenueNotice:
    return VenueNotice(kind=kind, subject=subject, text="this position is at risk", at=story.clock.now())


@pytest.mark.parametrize(
    ("kind", "severity"),
    [
        (NoticeKind.MARGIN_CALL, CRITICAL),
        (NoticeKind.LIQUIDATION_WARNING, CRITICAL),
        (NoticeKind.DELEVERAGING_WARNING, WARNING),
        (NoticeKind.RISK_LIMIT_CHANGE, WARNING),
    ],
)
async def test_the_venues_own_warning_is_told_as_it_comes(
    story: Scenario, kind: NoticeKind, severity: Severity
) -> None:
    await story.position(BTC)
    await story.mark(BTC, FAR)
    await story.answered(notices=(warned(story, kind),))
    (row,) = story.heard
    assert f"{kind.value} from the venue: this position is at risk" in row.notification.title
    assert story.told() == [(FIRST, severity, LONG)]


async def test_a_warning_is_told_once_for_each_time_it_comes(story: Scenario) -> None:
    await story.position(BTC)
    await story.mark(BTC, FAR)
    await story.answered(notices=(warned(story, NoticeKind.MARGIN_CALL),))
    story.told()
    await story.answered()
    await story.advance(600.0)
    assert not [told for told in story.told() if told[2] == LONG]
    await story.answered(notices=(warned(story, NoticeKind.MARGIN_CALL),))
    assert [told for told in story.told() if told[2] == LONG] == [(FIRST, CRITICAL, LONG)]


async def test_a_warning_about_no_position_is_about_the_account(story: Scenario) -> None:
    await story.answered(notices=(warned(story, NoticeKind.LIQUIDATION_WARNING, subject=""),))
    assert story.told() == [(FIRST, CRITICAL, "account main")]


async def test_a_level_crossed_in_the_dark_is_told_late_with_its_time(story: Scenario) -> None:
    await story.position(BTC)
    await story.mark(BTC, FAR)
    at = story.clock.now().replace(second=0, microsecond=0) - timedelta(minutes=3)
    calm = MarkCandle(opened_at=at + timedelta(minutes=1), low=129.0, high=131.0)
    await story.looked_back(BTC, MarkCandle(opened_at=at, low=83.0, high=131.0), calm)
    (row,) = story.heard
    assert "told late: while no price came, the mark reached 83" in row.notification.title
    assert f"{at:%Y-%m-%d %H:%M} UTC" in row.notification.title
    assert story.told() == [(FIRST, EMERGENCY, LONG)]


async def test_a_gap_in_which_nothing_was_crossed_is_not_told(story: Scenario) -> None:
    await story.position(BTC)
    await story.mark(BTC, FAR)
    await story.looked_back(BTC, MarkCandle(opened_at=story.clock.now(), low=128.0, high=133.0))
    await story.looked_back(BTC)
    assert story.told() == []


async def test_what_burns_already_is_not_told_a_second_time_for_the_gap(story: Scenario) -> None:
    await story.position(BTC)
    await story.mark(BTC, FAR, 83.0)
    story.told()
    await story.looked_back(BTC, MarkCandle(opened_at=story.clock.now(), low=83.0, high=90.0))
    assert story.told() == []


async def test_an_account_whose_margin_cannot_be_rebuilt_is_watched_by_the_venues_ratio(story: Scenario) -> None:
    story.rules = {"margin_ratio"}
    story.cross_wallets = {"USDT": 1000.0}
    await story.position(BTC, margin_mode=MarginMode.CROSS)
    await story.mark(BTC, FAR)
    await story.answered(is_ratio_only=True, reported_margin_ratios={"USDT": 0.3})
    assert story.told() == []
    await story.answered(is_ratio_only=True, reported_margin_ratios={"USDT": 0.85})
    assert story.told() == [(FIRST, CRITICAL, "cross USDT")]


async def test_a_ratio_that_the_venue_no_longer_states_clears_nothing(story: Scenario) -> None:
    story.rules = {"margin_ratio"}
    await story.position(BTC, margin_mode=MarginMode.CROSS)
    await story.mark(BTC, FAR)
    await story.answered(is_ratio_only=True, reported_margin_ratios={"USDT": 0.85})
    story.told()
    await story.answered(is_ratio_only=True)
    assert story.told() == []
    assert story.state_of("margin_ratio", "cross USDT") == "firing"
