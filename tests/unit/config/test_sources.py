from __future__ import annotations

import os
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest
from pydantic import SecretStr

from liqwatch.config import LoadedSettings, load_settings
from liqwatch.config.policies import effective_rule
from liqwatch.config.rules import LadderRule
from liqwatch.errors import ConfigError, ExitCode
from liqwatch.model import Severity
from liqwatch.redaction import redact

Load = Callable[..., LoadedSettings]

CHANNEL = '[channels.console]\nurl = "console://"\n'
ACCOUNT = '[accounts.main]\nexchange = "demo"\n' + CHANNEL
KEY = 'api_key = "{}"\nsecret = "{}"\n'


def key_of(loaded: LoadedSettings) -> tuple[str, str]:
    account = loaded.settings.accounts["main"]
    assert isinstance(account.api_key, SecretStr)
    assert isinstance(account.secret, SecretStr)
    return account.api_key.get_secret_value(), account.secret.get_secret_value()


def write_private(path: Path, text: str) -> None:
    path.write_text(text, encoding="utf-8")
    path.chmod(0o600)


def test_each_source_is_stronger_than_the_one_before(load: Load, tmp_path: Path) -> None:
    credentials = tmp_path / "credentials"
    credentials.mkdir()
    environ = {"CREDENTIALS_DIRECTORY": str(credentials)}
    in_config = '[accounts.main]\nexchange = "demo"\n' + KEY.format("key-in-config", "secret-in-config") + CHANNEL
    assert key_of(load(in_config, environ)) == ("key-in-config", "secret-in-config")

    write_private(tmp_path / "secrets.toml", "[accounts.main]\n" + KEY.format("key-beside", "secret-beside"))
    assert key_of(load(in_config, environ)) == ("key-beside", "secret-beside")

    # systemd decides on the mode of its credentials.
    (credentials / "secrets.toml").write_text("[accounts.main]\n" + KEY.format("key-cred", "secret-cred"))
    (credentials / "secrets.toml").chmod(0o644)
    assert key_of(load(in_config, environ)) == ("key-cred", "secret-cred")

    (credentials / "accounts.main.api_key").write_text("key-in-file\n")
    (credentials / "someone-else.cert").write_text("not ours")
    assert key_of(load(in_config, environ)) == ("key-in-file", "secret-cred")

    environ["LIQWATCH_ACCOUNTS__MAIN__SECRET"] = "secret-in-environment"
    assert key_of(load(in_config, environ)) == ("key-in-file", "secret-in-environment")


def test_a_channel_url_can_come_from_a_credential_file(load: Load, tmp_path: Path) -> None:
    (tmp_path / "channels.telegram.url").write_text("tgram://1234/canary-token")
    position = '[[accounts.main.positions]]\nsymbol = "BTC/USDT:USDT"\nside = "short"\n'
    text = f"{ACCOUNT}{position}contracts = 1\nentry_price = 1\nmargin = 1\n"
    loaded = load(text, {"CREDENTIALS_DIRECTORY": str(tmp_path)})
    assert loaded.settings.channels["telegram"].url.get_secret_value() == "tgram://1234/canary-token"


def test_the_environment_speaks_text_for_every_type(load: Load) -> None:
    loaded = load(
        ACCOUNT,
        {
            "LIQWATCH_ACCOUNTS__MAIN__API_KEY": "key-in-environment",
            "LIQWATCH_ACCOUNTS__MAIN__SECRET": "secret-in-environment",
            "LIQWATCH_ACCOUNTS__MAIN__SANDBOX": "true",
            "LIQWATCH_DAEMON__RECONCILE_EVERY": "1m",
            "LIQWATCH_RULES__LIQUIDATION_DISTANCE__LEVELS__CRITICAL": "9%",
            "LIQWATCH_RULES__MARGIN_RATIO__ENABLED": "false",
            "LIQWATCH_SOMETHING_ELSE": "is not ours",
        },
    )
    assert loaded.settings.accounts["main"].sandbox
    assert loaded.settings.daemon.reconcile_every == timedelta(minutes=1)
    rules = loaded.settings.rules
    distance = rules.of("liquidation_distance")
    assert isinstance(distance, LadderRule)
    assert distance.levels.of(Severity.CRITICAL) == 0.09
    assert not rules.of("margin_ratio").enabled


def test_directories_come_from_the_service_manager_unless_the_file_names_others(load: Load, tmp_path: Path) -> None:
    key = {"LIQWATCH_ACCOUNTS__MAIN__API_KEY": "key-1234", "LIQWATCH_ACCOUNTS__MAIN__SECRET": "secret-1234"}
    prepared = {**key, "STATE_DIRECTORY": "/var/lib/liqwatch:/var/lib/other", "RUNTIME_DIRECTORY": "/run/liqwatch"}
    daemon = load(ACCOUNT, prepared).settings.daemon
    assert (daemon.state_directory, daemon.runtime_directory) == (Path("/var/lib/liqwatch"), Path("/run/liqwatch"))
    daemon = load(f'[daemon]\nstate_directory = "/data"\n{ACCOUNT}', key).settings.daemon
    assert (daemon.state_directory, daemon.runtime_directory) == (Path("/data"), Path("/data"))


def test_every_secret_is_registered_for_redaction_even_when_the_load_fails(load: Load) -> None:
    text = f'{ACCOUNT.replace("demo", "nowhere")}[channels.mail]\nurl = "mailto://me:canary-pass@example.org"\n'
    with pytest.raises(ConfigError):
        load(text, {"LIQWATCH_ACCOUNTS__MAIN__API_KEY": "canary-key-0815"})
    assert redact("canary-key-0815 canary-pass") == "*** ***"


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o660])
def test_a_secrets_file_that_others_can_open_is_refused_with_exit_4(load: Load, tmp_path: Path, mode: int) -> None:
    secrets = tmp_path / "secrets.toml"
    write_private(secrets, "[accounts.main]\n" + KEY.format("canary-key", "canary-secret"))
    secrets.chmod(mode)
    with pytest.raises(ConfigError) as refusal:
        load(ACCOUNT)
    assert [problem.code for problem in refusal.value.problems] == ["LW-KEY-003"]
    assert refusal.value.worst_exit_code == ExitCode.CREDENTIALS
    assert "chmod 600" in (refusal.value.problems[0].mend or "")


def test_a_config_file_without_secrets_may_be_read_by_everybody(tmp_path: Path, load: Load) -> None:
    text = ACCOUNT + '[[accounts.main.positions]]\nsymbol = "BTC/USDT:USDT"\nside = "long"\ncontracts = 1\n'
    path = tmp_path / "config.toml"
    load(text + "entry_price = 1\nleverage = 5\n")
    path.chmod(0o644)
    assert load_settings(path, environ={}, known_exchanges=["demo"]).settings.accounts


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a file away")
def test_a_secrets_file_of_another_user_is_refused(load: Load, tmp_path: Path) -> None:
    secrets = tmp_path / "secrets.toml"
    write_private(secrets, "[accounts.main]\n" + KEY.format("canary-key", "canary-secret"))
    os.chown(secrets, 4321, 4321)
    with pytest.raises(ConfigError) as refusal:
        load(ACCOUNT)
    assert [problem.code for problem in refusal.value.problems] == ["LW-KEY-004"]


def test_only_accounts_and_channels_belong_into_a_secrets_file(load: Load, tmp_path: Path) -> None:
    write_private(tmp_path / "secrets.toml", "[rules]\n[accounts.main]\n" + KEY.format("canary-k", "canary-s"))
    with pytest.raises(ConfigError) as refusal:
        load(ACCOUNT)
    assert [(problem.path, problem.code) for problem in refusal.value.problems] == [
        ("secrets.toml: rules", "LW-CFG-016")
    ]


def test_a_problem_names_the_source_it_came_from(load: Load, tmp_path: Path) -> None:
    write_private(tmp_path / "secrets.toml", '[accounts.main]\napi_kee = "canary-k"\n')
    with pytest.raises(ConfigError) as refusal:
        load(ACCOUNT)
    problem = refusal.value.problems[0]
    assert problem.path == "accounts.main.api_kee (from secrets.toml)"
    assert problem.mend == "did you mean `api_key`?"


def test_a_variable_that_is_no_table_is_told_without_its_text(load: Load) -> None:
    with pytest.raises(ConfigError) as refusal:
        load(ACCOUNT, {"LIQWATCH_ACCOUNTS": "{canary-json"})
    assert ("accounts (from the environment)", "LW-CFG-004") in {(p.path, p.code) for p in refusal.value.problems}
    assert "canary-json" not in repr(refusal.value.problems)
    assert refusal.value.__cause__ is None


def test_the_environment_knows_the_short_forms_and_its_mistakes_are_told(load: Load) -> None:
    environ = {
        "LIQWATCH_ACCOUNTS__MAIN__API_KEY": "key-in-environment",
        "LIQWATCH_ACCOUNTS__MAIN__SECRET": "secret-in-environment",
        "LIQWATCH_RULES__MARGIN_RATIO__HOLD": "5s",
        "LIQWATCH_ROUTES": '[{"channels": ["console"]}]',
    }
    settings = load(ACCOUNT, environ).settings
    assert effective_rule(settings, "", None, None, "margin_ratio").model_dump()["hold"]["critical"] == timedelta(
        seconds=5
    )
    assert settings.routes[0].channels == ("console",)
    with pytest.raises(ConfigError) as refusal:
        load(ACCOUNT, {**environ, "LIQWATCH_ACCOUNTS__MAIN__SANDBOX": "maybe", "LIQWATCH_DAEMON__LOG_LEVEL": "loud"})
    assert {(problem.path, problem.code) for problem in refusal.value.problems} == {
        ("accounts.main.sandbox (from the environment)", "LW-CFG-004"),
        ("daemon.log_level (from the environment)", "LW-CFG-009"),
    }


def test_a_folder_in_place_of_a_file_is_told(load: Load, tmp_path: Path) -> None:
    (tmp_path / "secrets.toml").mkdir()
    with pytest.raises(ConfigError) as refusal:
        load(ACCOUNT)
    problem = refusal.value.problems[0]
    assert (problem.path, problem.code) == ("secrets.toml", "LW-KEY-005")
    assert problem.message == "cannot be read: it is not a file"


def test_a_file_that_is_not_text_is_told(load: Load, tmp_path: Path) -> None:
    (tmp_path / "secrets.toml").write_bytes(b"\xff\xfe")
    (tmp_path / "secrets.toml").chmod(0o600)
    with pytest.raises(ConfigError) as refusal:
        load(ACCOUNT)
    assert "LW-KEY-005" in {problem.code for problem in refusal.value.problems}


def test_a_missing_config_file_is_the_only_problem_told(tmp_path: Path) -> None:
    with pytest.raises(ConfigError) as refusal:
        load_settings(tmp_path / "absent.toml", environ={}, known_exchanges=[])
    assert [(problem.path, problem.code) for problem in refusal.value.problems] == [("absent.toml", "LW-CFG-005")]
