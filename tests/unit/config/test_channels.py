from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from pydantic import SecretStr
from pydantic_core import PydanticCustomError

from liqwatch.config import LoadedSettings
from liqwatch.config.addresses import parse_channel_url, parse_service_url, unsafe_reason
from liqwatch.model.schemes import REACHING_SCHEMES, is_reaching, scheme_of
from liqwatch.redaction import redact

SCHEME_KINDS = ("protocols", "secure_protocols")
Load = Callable[..., LoadedSettings]
GOOD = """
[accounts.main]
exchange = "demo"
api_key = "canary-key-4711"
secret = "canary-secret-4711"
[channels.chat]
url = "console://"
[channels.mail]
url = "console://"
"""


@pytest.mark.parametrize(
    "url",
    ["console://", "tgram://1:a/2", "MAILTOS://u:p@example.org", "46elks://u:p@+491", "ntfys://topic", "jsons://h/x"],
)
def test_services_that_reach_a_person_are_taken(url: str) -> None:
    assert parse_channel_url(SecretStr(url)).get_secret_value() == url


@pytest.mark.parametrize(
    ("url", "kind"),
    [
        ("file:///etc/passwd", "UNKNOWN_SERVICE"),
        ("syslog://x", "UNKNOWN_SERVICE"),
        ("dbus://x", "UNKNOWN_SERVICE"),
        ("mastodon://token@host", "UNKNOWN_SERVICE"),
        ("apprise://host/token", "UNKNOWN_SERVICE"),
        ("amqp://host/queue", "UNKNOWN_SERVICE"),
        ("https://discord.com/api/webhooks/1/2", "UNKNOWN_SERVICE"),
        ("include://x", "UNKNOWN_SERVICE"),
        ("mailto://", "BAD_ADDRESS"),
        ("tgram:///", "BAD_ADDRESS"),
        ("tgram:1/2", "BAD_ADDRESS"),
        ("://x", "BAD_ADDRESS"),
        ("two words://x", "BAD_ADDRESS"),
    ],
)
def test_anything_else_is_refused_without_being_quoted(url: str, kind: str) -> None:
    with pytest.raises(PydanticCustomError) as refusal:
        parse_channel_url(SecretStr(url))
    assert refusal.value.type == kind
    assert (refusal.value.context or {})["mend"]
    assert url not in str(refusal.value)


def test_the_list_has_no_service_that_ends_on_this_machine_or_tells_the_world() -> None:
    wrong = {"file", "syslog", "rsyslog", "dbus", "gnome", "windows", "macosx", "x", "twitter", "bluesky", "reddit"}
    assert REACHING_SCHEMES.isdisjoint(wrong | {"http", "https", "apprise", "apprises", "ifttt", "mqtt", "amqp"})
    assert not is_reaching("no scheme")
    assert scheme_of("no scheme") == ""


def test_every_scheme_of_the_list_is_one_of_apprise() -> None:
    from apprise import Apprise

    services = Apprise().details()["schemas"]
    known = {scheme for each in services for kind in SCHEME_KINDS for scheme in each[kind] or ()}
    assert known >= REACHING_SCHEMES


@pytest.mark.parametrize(
    "url",
    ["https://api.example.org", "http://127.0.0.1:8081", "http://[::1]/", "http://bot-api:8081", "http://10.1.2.3"],
)
def test_a_service_of_ones_own_may_be_near_or_must_be_encrypted(url: str) -> None:
    assert parse_service_url(url) == url


@pytest.mark.parametrize(
    "url", ["http://api.example.org", "ftp://api.example.org", "https://", "api", "http://8.8.8.8"]
)
def test_a_service_that_anyone_could_overhear_is_refused(url: str) -> None:
    with pytest.raises(PydanticCustomError):
        parse_service_url(url)


@pytest.mark.parametrize(
    ("url", "is_safe"),
    [
        ("https://hc-ping.com/x", True),
        ("http://127.0.0.1:8000/x", True),
        ("http://localhost/x", True),
        ("https://[::1]/x", True),
        ("http://hc-ping.com/x", False),
        ("https://192.168.1.4/x", False),
        ("https://169.254.169.254/latest", False),
        ("https://[fe80::1]/x", False),
        ("https://100.64.0.1/x", False),
        ("https://0.0.0.0/x", False),
    ],
)
def test_what_is_called_every_minute_is_encrypted_and_outside_or_on_this_machine(url: str, is_safe: bool) -> None:
    assert (unsafe_reason(url) is None) is is_safe


def test_a_private_heartbeat_is_taken_where_that_was_thought_about(load: Load) -> None:
    loaded = load(f'{GOOD}[heartbeat]\nurl = "http://192.168.1.4/x"\nallow_private = true\n')
    assert loaded.settings.heartbeat.url is not None


def test_the_heartbeat_is_a_secret_wherever_it_stands(load: Load, tmp_path: Path) -> None:
    credentials = tmp_path / "credentials"
    credentials.mkdir()
    (credentials / "heartbeat.url").write_text("https://hc-ping.com/canary-credential\n")
    secrets = tmp_path / "secrets.toml"
    secrets.write_text('[heartbeat]\nfail_url = "https://hc-ping.com/canary-beside"\n')
    secrets.chmod(0o600)
    beside = load(GOOD).settings.heartbeat
    assert beside.fail_url == SecretStr("https://hc-ping.com/canary-beside")
    given = load(GOOD, {"CREDENTIALS_DIRECTORY": str(credentials)}).settings.heartbeat
    assert given.url == SecretStr("https://hc-ping.com/canary-credential")
    load(GOOD, {"LIQWATCH_HEARTBEAT__URL": "https://hc-ping.com/canary-environment"})
    for place in ("credential", "beside", "environment"):
        assert "canary" not in redact(f"GET https://hc-ping.com/canary-{place} failed")


def test_a_config_file_with_a_heartbeat_must_be_private(tmp_path: Path, load: Load) -> None:
    load(GOOD)
    without_key = GOOD.replace('api_key = "canary-key-4711"\nsecret = "canary-secret-4711"\n', "")
    path = tmp_path / "config.toml"
    path.write_text(f'{without_key}[heartbeat]\nurl = "https://hc-ping.com/canary"\n')
    path.chmod(0o644)
    from liqwatch.config import load_settings
    from liqwatch.errors import ConfigError

    with pytest.raises(ConfigError) as refusal:
        load_settings(path, environ={}, known_exchanges=["demo"])
    assert "LW-KEY-003" in {problem.code for problem in refusal.value.problems}


def test_lists_can_come_from_the_environment(load: Load) -> None:
    steps = '[{"severity": "critical", "steps": [{"after": "5m", "channels": ["mail"]}]}]'
    loaded = load(
        GOOD,
        {
            "LIQWATCH_CHANNELS__CHAT__ALLOWED_USERS": "[12, 34]",
            "LIQWATCH_CHANNELS__CHAT__LANGUAGE": "de",
            "LIQWATCH_CHANNELS__CHAT__CHARTS": "false",
            "LIQWATCH_ESCALATIONS": steps,
            "LIQWATCH_RULES__PROFILE": "bold",
            "LIQWATCH_RULES__LEVERAGE__LEVELS__CRITICAL": "60x",
        },
    ).settings
    chat = loaded.channels["chat"]
    assert (chat.allowed_users, chat.language, chat.charts) == ((12, 34), "de", False)
    assert loaded.escalations[0].steps[0].channels == ("mail",)
    assert loaded.rules.profile.value == "bold"
