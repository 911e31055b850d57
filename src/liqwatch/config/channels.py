"""The `[messages]` and `[channels.…]` tables: who can be reached, and in which words."""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated, Final

from pydantic import BeforeValidator, Field, JsonValue

from liqwatch.alerts.voice import LANGUAGES, Privacy, Style
from liqwatch.config.addresses import SecretUrl, ServiceUrl
from liqwatch.config.table import Table
from liqwatch.config.values import Name, Period, Shown, one_of

LanguageWord = Annotated[
    str, BeforeValidator(one_of({word: word for word in LANGUAGES})), Shown(f"one of {', '.join(LANGUAGES)}")
]
StyleWord = Annotated[
    Style, BeforeValidator(one_of({style.value: style for style in Style})), Shown("plain or compact")
]
PrivacyWord = Annotated[
    Privacy, BeforeValidator(one_of({privacy.value: privacy for privacy in Privacy})), Shown("full or percent")
]
UserId = Annotated[int, Field(gt=0)]

AS_IN_MESSAGES: Final[dict[str, JsonValue]] = {"default": "as in `[messages]`"}


class Messages(Table):
    """In which words people are told, unless a channel says otherwise."""

    language: LanguageWord = Field(default=LANGUAGES[0], description="Language of the messages.")
    style: StyleWord = Field(
        default=Style.PLAIN, description="Every figure line by line, or a few short lines for SMS and watches."
    )
    privacy: PrivacyWord = Field(
        default=Privacy.FULL, description="Prices and money, or shares only, for screens that others can read."
    )
    charts: bool = Field(
        default=True, description="Adds a picture where the channel takes one and the extra `charts` is installed."
    )


class Channel(Table):
    """One way to reach somebody."""

    url: SecretUrl = Field(description="An Apprise URL, or console:// to print. Secret, except for console://.")
    timeout: Period = Field(default=timedelta(seconds=10), description="Time limit of one delivery attempt.")
    fallback: Name | None = Field(
        default=None, description="Channel that is told when this one refuses; the next in order when absent."
    )
    max_per_minute: Annotated[int, Field(gt=0)] | None = Field(
        default=None,
        description="Most messages in a minute; 20 when absent, which every service bears. The console has no limit.",
    )
    allowed_users: Annotated[tuple[UserId, ...], Field(strict=False)] = Field(
        default=(), description="Telegram ids of those who may press buttons and give commands; empty: nobody."
    )
    api_url: ServiceUrl | None = Field(
        default=None, description="Another host of the service's interface, such as a local Bot API server."
    )
    language: LanguageWord | None = Field(
        default=None, description="Language of the messages.", json_schema_extra=AS_IN_MESSAGES
    )
    style: StyleWord | None = Field(
        default=None, description="Long or short messages.", json_schema_extra=AS_IN_MESSAGES
    )
    privacy: PrivacyWord | None = Field(
        default=None, description="With money, or with shares only.", json_schema_extra=AS_IN_MESSAGES
    )
    charts: bool | None = Field(
        default=None, description="With pictures, or without.", json_schema_extra=AS_IN_MESSAGES
    )
