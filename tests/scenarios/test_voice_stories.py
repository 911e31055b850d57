"""One alert in the words of each channel: its language, its style, and what strangers may read."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from liqwatch.alerts.routing import Route
from liqwatch.alerts.voice import LANGUAGES, Privacy, Style, Voice
from liqwatch.model import Severity

if TYPE_CHECKING:
    from tests.scenarios.conftest import Scenario

    from liqwatch.model import Notification

BTC = "BTC/USDT:USDT"
CHAT, PHONE, LOBBY, TWIN = "chat", "phone", "lobby", "twin"
NOTICE, WARNING, CRITICAL, EMERGENCY = Severity


async def told_on(story: Scenario, **voices: Voice) -> dict[str, Notification]:
    """A critical alert as each channel is told of it."""
    story.routes(Route(min_severity=NOTICE, channels=(CHAT, *voices)))
    story.voices = voices
    story.begin()
    await story.position(BTC)
    story.history(BTC, swing=0.001)
    await story.mark(BTC, 130.0, 87.0)
    return {row.channel: row.notification for row in story.heard}


async def test_every_channel_is_told_the_same_alert_in_its_own_words(story: Scenario) -> None:
    told = await told_on(
        story, phone=Voice(style=Style.COMPACT), lobby=Voice(privacy=Privacy.PERCENT), berlin=Voice(language="de")
    )
    assert len({each.body for each in told.values()}) == 4
    assert len({each.alert_id for each in told.values()}) == 1
    assert len({each.dedup_key for each in told.values()}) == 1


async def test_a_compact_message_fits_into_few_lines_and_keeps_what_matters(story: Scenario) -> None:
    phone = (await told_on(story, phone=Voice(style=Style.COMPACT)))[PHONE]
    text = f"{phone.title}\n{phone.body}"
    assert len(text) <= 320
    assert "BTC/USDT:USDT long" in text
    assert "7.1%" in text
    assert "Alerts do not stop a liquidation." in text


async def test_a_private_channel_hears_shares_and_neither_prices_nor_money(story: Scenario) -> None:
    lobby = (await told_on(story, lobby=Voice(privacy=Privacy.PERCENT)))[LOBBY]
    text = f"{lobby.title}\n{lobby.body}"
    assert "7.1%" in text
    assert all(secret not in text for secret in ("87.0", "80.8", "USDT from here", "130"))
    assert lobby.chart is None


@pytest.mark.parametrize("language", [each for each in LANGUAGES if each != "en"])
async def test_every_language_tells_the_figures_and_the_market(story: Scenario, language: str) -> None:
    told = await told_on(story, other=Voice(language=language))
    foreign, english = told["other"], told[CHAT]
    assert "BTC/USDT:USDT" in foreign.title
    assert foreign.title != english.title
    assert "Alerts do not stop a liquidation." not in foreign.body
    assert english.alert_id in foreign.body


async def test_channels_with_the_same_voice_share_one_wording(story: Scenario) -> None:
    told = await told_on(story, twin=Voice())
    assert told[CHAT].body == told[TWIN].body


async def test_an_alert_about_a_position_brings_its_picture_and_the_all_clear_brings_none(story: Scenario) -> None:
    told = await told_on(story)
    assert told[CHAT].chart is not None
    await story.mark(BTC, 130.0)
    assert story.heard[-1].notification.chart is None
