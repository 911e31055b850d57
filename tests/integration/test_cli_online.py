"""`liqwatch check --online` and `liqwatch notify-test` against the simulator and real channels."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from liqwatch.errors import ExitCode
from liqwatch.testing.stage import Stage
from liqwatch.testing.venue import VenueAccount

KEY, SECRET = "online-key", "online-secret-canary"
TYPED = """\
symbol = "BTC/USDT:USDT"
side = "long"
contracts = 0.1
entry_price = 117000
leverage = 3
"""


@pytest.fixture
async def stage(tmp_path: Path) -> AsyncIterator[Stage]:
    async with Stage(tmp_path, [VenueAccount(api_key=KEY, secret=SECRET, cross_wallets={"USDT": 100.0})]) as stage:
        stage.write_config(stage.keyed("main", KEY, SECRET), stage.typed("paper", TYPED), stage.channels())
        yield stage


async def checked(stage: Stage, exit_code: int) -> str:
    """What `check --online` prints, after a look at its exit code and its manners."""
    finished = await stage.command("check", "--online")
    assert finished.exit_code == exit_code, finished
    assert "Traceback" not in finished.output + finished.errors
    assert SECRET not in finished.output + finished.errors
    return finished.output


async def test_a_sound_configuration_is_ok_and_every_channel_gets_a_test_message(stage: Stage) -> None:
    output = await checked(stage, ExitCode.OK)
    assert output.endswith("config.toml: ok\n")
    assert len(stage.posts("liqwatch test message")) == 1
    assert len(stage.mails("liqwatch test message")) == 1
    assert stage.venue.forbidden_calls == ()


async def test_a_refused_key_exits_4(stage: Stage) -> None:
    stage.venue.faults.reject_keys = True
    output = await checked(stage, ExitCode.CREDENTIALS)
    assert "accounts.main.api_key" in output
    assert "[LW-KEY-001]" in output
    assert "Invalid API-key, IP, or permissions" in output


@pytest.mark.parametrize(("right", "words"), [("can_withdraw", "may withdraw"), ("can_transfer", "may transfer")])
async def test_a_key_that_may_move_money_exits_4(stage: Stage, right: str, words: str) -> None:
    setattr(stage.venue.book.accounts[KEY], right, True)
    output = await checked(stage, ExitCode.CREDENTIALS)
    assert f"this key {words}; liqwatch refuses it" in output
    assert "hint: make a read-only key" in output


async def test_a_key_that_may_trade_exits_4_unless_that_is_allowed(stage: Stage) -> None:
    stage.venue.book.accounts[KEY].can_trade = True
    assert "this key may trade" in await checked(stage, ExitCode.CREDENTIALS)
    allowed = f"{stage.keyed('main', KEY, SECRET)}allow_trade_permission = true\n"
    stage.write_config(allowed, stage.channels())
    assert "this key may trade" in await checked(stage, ExitCode.OK)


async def test_a_venue_that_is_down_exits_5(stage: Stage) -> None:
    stage.write_config(stage.typed("paper", TYPED), stage.channels())
    stage.venue.faults.refuse_rest(503, {"code": -1008, "msg": "Server is currently overloaded."})
    output = await checked(stage, ExitCode.EXCHANGE)
    assert "[LW-EXC-002]" in output
    assert "the venue answered 503" in output


async def test_a_venue_that_is_not_there_exits_5(tmp_path: Path) -> None:
    async with Stage(tmp_path) as gone:
        accounts = gone.keyed("main", KEY, SECRET), gone.typed("paper", TYPED)
    async with Stage(tmp_path) as stage:
        stage.write_config(*accounts, stage.channels())
        assert "[LW-EXC-002]" in await checked(stage, ExitCode.EXCHANGE)


async def test_a_refusing_channel_exits_6_and_the_other_is_tried_all_the_same(stage: Stage) -> None:
    stage.write_config(stage.typed("paper", TYPED), stage.channels())
    stage.webhook.respond = 503
    output = await checked(stage, ExitCode.NOTIFICATION)
    assert "channels.webhook.url" in output
    assert "[LW-NTF-001]" in output
    assert "channels.mail.url" not in output
    assert len(stage.mails("liqwatch test message")) == 1


async def test_a_clock_that_is_wrong_is_a_warning(stage: Stage) -> None:
    stage.venue.faults.clock_skew_ms = 2_500
    output = await checked(stage, ExitCode.OK)
    assert "[LW-EXC-006]" in output
    assert "clock is +2" in output
    assert "hint: enable time synchronisation" in output


async def test_a_market_that_the_venue_does_not_list_exits_3(stage: Stage) -> None:
    stage.write_config(stage.typed("paper", TYPED.replace("BTC/", "BTX/")), stage.channels())
    output = await checked(stage, ExitCode.CONFIG)
    assert "accounts.paper.positions[0].symbol" in output
    assert "BTX/USDT:USDT is not a market of binance_usdm" in output
    assert "hint: did you mean `BTC/USDT:USDT`?" in output


async def test_of_several_troubles_all_are_told(stage: Stage) -> None:
    stage.venue.faults.reject_keys = True
    stage.mail.refuse_with = "550 no such user"
    output = await checked(stage, ExitCode.CREDENTIALS)
    assert "[LW-KEY-001]" in output
    assert "channels.mail.url" in output


async def test_notify_test_prints_the_outcome_of_every_channel(stage: Stage) -> None:
    finished = await stage.command("notify-test")
    assert (finished.exit_code, finished.output) == (ExitCode.OK, "webhook: sent\nmail: sent\n")

    stage.webhook.respond, stage.mail.refuse_with = 404, "550 no such user"
    refused, mail_alone, unknown = await asyncio.gather(
        stage.command("notify-test"),
        stage.command("notify-test", "--channel", "mail"),
        stage.command("notify-test", "--channel", "pager"),
    )
    assert refused.exit_code == ExitCode.NOTIFICATION
    webhook_line, mail_line = refused.output.splitlines()
    assert webhook_line == "webhook: the test message was not taken: JSON: HTTP 404"
    assert mail_line.startswith("mail: the test message was not taken: ")
    assert mail_alone.exit_code == ExitCode.NOTIFICATION
    assert mail_alone.output.count("\n") == 1
    assert unknown.exit_code == ExitCode.CONFIG
    assert "no channel 'pager'" in unknown.errors
    assert "configured channels: webhook, mail" in unknown.errors
