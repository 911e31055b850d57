"""How early the ladders warn: careful, normal or bold, and what is set over them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from liqwatch.config.settings import Settings
from liqwatch.model import NotifyReason, Severity

if TYPE_CHECKING:
    from tests.scenarios.conftest import Scenario

BTC, ETH = "BTC/USDT:USDT", "ETH/USDT:USDT"
LONG, OTHER = f"{BTC} long", f"{ETH} long"
FIRST, RESOLVED = NotifyReason.FIRST, NotifyReason.RESOLVED
NOTICE, WARNING, CRITICAL, EMERGENCY = Severity
LIQUIDATION = 800 / 9.9


def settings(**tables: object) -> Settings:
    return Settings.model_validate(tables)


@pytest.mark.parametrize(("profile", "severity"), [("careful", EMERGENCY), ("normal", CRITICAL), ("bold", WARNING)])
async def test_the_same_distance_weighs_differently_in_each_profile(
    story: Scenario, profile: str, severity: Severity
) -> None:
    story.settings = settings(rules={"profile": profile})
    await story.position(BTC)
    await story.mark(BTC, LIQUIDATION / (1 - 0.07))
    assert story.told() == [(FIRST, severity, LONG)]


async def test_a_level_that_is_set_is_laid_over_the_profile(story: Scenario) -> None:
    story.settings = settings(
        rules={"profile": "bold", "liquidation_distance": {"levels": {"critical": "10%", "warning": "12%"}}}
    )
    await story.position(BTC)
    await story.mark(BTC, LIQUIDATION / (1 - 0.09))
    assert story.told() == [(FIRST, CRITICAL, LONG)]


async def test_one_market_may_have_a_profile_of_its_own(story: Scenario) -> None:
    story.settings = settings(markets={ETH: {"rules": {"profile": "careful"}}})
    for market in (BTC, ETH):
        await story.position(market)
        await story.mark(market, LIQUIDATION / (1 - 0.3))
    assert story.told() == [(FIRST, NOTICE, OTHER)]
