from __future__ import annotations

from liqwatch.config.routing import channels_for
from liqwatch.config.settings import Settings
from liqwatch.model import Severity


def settings(*routes: dict[str, object]) -> Settings:
    channels = {name: {"url": "console://"} for name in ("chat", "mail", "phone")}
    return Settings.model_validate({"channels": channels, "routes": list(routes)})


def test_without_routes_every_channel_gets_everything_from_warning_up() -> None:
    assert channels_for(settings(), "main", Severity.NOTICE) == ()
    assert channels_for(settings(), "main", Severity.WARNING) == ("chat", "mail", "phone")


def test_every_matching_route_counts_and_a_channel_is_told_once() -> None:
    loaded = settings({"channels": ["mail", "chat"]}, {"min_severity": "critical", "channels": ["phone", "chat"]})
    assert channels_for(loaded, "main", Severity.WARNING) == ("mail", "chat")
    assert channels_for(loaded, "main", Severity.EMERGENCY) == ("mail", "chat", "phone")


def test_a_route_for_some_accounts_leaves_the_others_out_but_not_the_daemon_itself() -> None:
    loaded = settings({"accounts": ["main"], "channels": ["chat"]})
    assert channels_for(loaded, "main", Severity.CRITICAL) == ("chat",)
    assert channels_for(loaded, "paper", Severity.CRITICAL) == ()
    assert channels_for(loaded, "", Severity.CRITICAL) == ("chat",)
