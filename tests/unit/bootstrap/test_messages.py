from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, time

from liqwatch.alerts.voice import Privacy, Style, Voice
from liqwatch.bootstrap.messages import channel_options, limits_of, routing_of, voices_of
from liqwatch.bootstrap.plan import plan_of
from liqwatch.config.settings import Settings
from liqwatch.model import Severity

NIGHT = {"zone": "Europe/Berlin", "from": "22:00", "until": "07:00"}
CHANNELS: dict[str, Mapping[str, object]] = {name: {"url": "console://"} for name in ("chat", "mail", "phone")}


def settings(channels: Mapping[str, Mapping[str, object]] = CHANNELS, **tables: object) -> Settings:
    return Settings.model_validate({"channels": channels, **tables})


def at(hour: int) -> datetime:
    """July 2026, by the clock of Berlin."""
    return datetime(2026, 7, 20, (hour - 2) % 24, tzinfo=UTC)


def test_each_channel_is_spoken_to_as_it_says_itself_or_else_as_all_are() -> None:
    messages = {"language": "de", "style": "compact", "charts": False}
    chat = {"url": "console://", "language": "tr", "privacy": "percent", "charts": True}
    voices = voices_of(settings({"chat": chat, "mail": {"url": "console://"}}, messages=messages))
    assert voices["mail"] == Voice(language="de", style=Style.COMPACT, charts=False)
    assert voices["chat"] == Voice(language="tr", style=Style.COMPACT, privacy=Privacy.PERCENT, charts=True)
    assert plan_of(settings()).voices == dict.fromkeys(CHANNELS, Voice())


def test_a_route_with_working_hours_is_open_only_then() -> None:
    hours = {"zone": "Europe/Berlin", "from": "08:00", "until": "18:00", "days": ["mon", "fri"]}
    routing = routing_of(settings(routes=[{"channels": ["mail"], "hours": hours}, {"channels": ["chat"]}]))
    assert routing.channels_for(Severity.WARNING, "main", at(12)) == ("chat", "mail")
    assert routing.channels_for(Severity.WARNING, "main", at(20)) == ("chat",)
    assert routing.routes[0].hours is not None
    assert routing.routes[0].hours.days == {0, 4}


def test_quiet_hours_hold_back_what_is_milder_than_critical() -> None:
    quiet = [{**NIGHT, "channels": ["chat"], "accounts": ["main"]}]
    routing = routing_of(settings(quiet_hours=quiet))
    assert routing.channels_for(Severity.WARNING, "main", at(23)) == ("mail", "phone")
    assert routing.channels_for(Severity.WARNING, "main", at(12)) == ("chat", "mail", "phone")
    assert routing.channels_for(Severity.CRITICAL, "main", at(23)) == ("chat", "mail", "phone")
    assert (routing.quiet[0].hours.start, routing.quiet[0].pierced_by) == (time(22), Severity.CRITICAL)


def test_a_named_channel_stands_in_for_one_that_refuses() -> None:
    named = {**CHANNELS, "chat": {"url": "console://", "fallback": "phone"}}
    assert routing_of(settings(named)).next_after("chat", ["chat"]) == "phone"
    assert routing_of(settings()).next_after("chat", ["chat"]) == "mail"


def test_limits_are_those_that_the_configuration_names() -> None:
    named = {**CHANNELS, "chat": {"url": "console://", "max_per_minute": 20}}
    assert limits_of(settings(named)) == {"chat": 20}


def test_a_notifier_is_opened_with_everything_that_its_table_says() -> None:
    telegram = {
        "url": "tgram://1:canary/2",
        "timeout": "4s",
        "allowed_users": [12, 34],
        "api_url": "http://127.0.0.1:8081",
    }
    options = channel_options(settings({"chat": telegram, "mail": {"url": "console://"}}))
    assert list(options) == ["chat", "mail"]
    assert options["chat"].allowed_users == {12, 34}
    assert (options["chat"].api_url, options["chat"].timeout_seconds) == ("http://127.0.0.1:8081", 4.0)
    assert (options["mail"].api_url, options["mail"].allowed_users) == ("", frozenset())
    assert "canary" not in repr(options)
