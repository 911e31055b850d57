"""The whole configuration as one frozen value. `docs/reference/config.md` is written from these models."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Annotated, Any

from pydantic import Field
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict

from liqwatch.config.accounts import Account
from liqwatch.config.channels import Channel, Messages
from liqwatch.config.chores import Digest, Heartbeat, SelfTest
from liqwatch.config.conditions import Condition
from liqwatch.config.routes import Escalation, QuietHours, Route
from liqwatch.config.rules import Rules
from liqwatch.config.table import Table
from liqwatch.config.values import Directory, ListenAddress, LogLevelWord, Name, Period, Symbol

ENVIRONMENT_PREFIX = "LIQWATCH_"
ENVIRONMENT_DELIMITER = "__"
CONSOLE_SCHEME = "console://"


def _home_state_directory() -> Path:
    return Path("~/.local/state/liqwatch").expanduser()


def _same_as_state_directory(validated: dict[str, Any]) -> Path:
    return Path(validated["state_directory"])


class Daemon(Table):
    """The process itself."""

    state_directory: Directory = Field(
        default_factory=_home_state_directory,
        description="Where alert states and undelivered messages are kept.",
        json_schema_extra={"default": "`$STATE_DIRECTORY`, else ~/.local/state/liqwatch"},
    )
    runtime_directory: Directory = Field(
        default_factory=_same_as_state_directory,
        description="Where the control socket is.",
        json_schema_extra={"default": "`$RUNTIME_DIRECTORY`, else `state_directory`"},
    )
    log_level: LogLevelWord = Field(default="info", description="Least important log lines that are written.")
    metrics_listen: ListenAddress = Field(
        default="", description="Address for Prometheus metrics, such as 127.0.0.1:9464."
    )
    reconcile_every: Period = Field(
        default=timedelta(seconds=20),
        description="How often each account is read anew over REST, whatever the stream says.",
    )


class Market(Table):
    """What differs for one market, in every account."""

    rules: Rules = Field(default=Rules(), description="Rule keys that differ for this market.")


class Settings(BaseSettings):
    """Everything a config file can say."""

    model_config = SettingsConfigDict(
        strict=True,
        extra="forbid",
        frozen=True,
        hide_input_in_errors=True,
        env_prefix=ENVIRONMENT_PREFIX,
        env_nested_delimiter=ENVIRONMENT_DELIMITER,
        env_ignore_empty=True,
    )

    daemon: Daemon = Field(default_factory=Daemon, description="The process itself.")
    accounts: dict[Name, Account] = Field(default_factory=dict, description="What is watched.")
    markets: dict[Symbol, Market] = Field(default_factory=dict, description="What differs for single markets.")
    rules: Rules = Field(default=Rules(), description="When to alert.")
    conditions: Annotated[tuple[Condition, ...], Field(strict=False)] = Field(
        default=(), description="Alerts of your own, over several readings at once."
    )
    messages: Messages = Field(default=Messages(), description="In which words people are told.")
    channels: dict[Name, Channel] = Field(default_factory=dict, description="Ways to reach somebody.")
    routes: Annotated[tuple[Route, ...], Field(strict=False)] = Field(
        default=(), description="Who is told what. Without any route, every channel gets everything from `warning` up."
    )

    quiet_hours: Annotated[tuple[QuietHours, ...], Field(strict=False)] = Field(
        default=(), description="When people are left in peace."
    )
    escalations: Annotated[tuple[Escalation, ...], Field(strict=False)] = Field(
        default=(), description="Who else is told while nobody acknowledges."
    )
    digest: Digest = Field(default=Digest(), description="A silent summary, daily or weekly.")
    self_test: SelfTest = Field(default=SelfTest(), description="A silent message to each channel, daily.")
    heartbeat: Heartbeat = Field(default=Heartbeat(), description="A sign of life to somebody outside.")

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Take what is given and nothing else: `load.py` alone decides which sources are read."""
        del settings_cls, env_settings, dotenv_settings, file_secret_settings
        return (init_settings,)
