"""The `[accounts.…]` tables: what is watched, by key or typed in by hand."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field, SecretStr

from liqwatch.config.rules import Rules
from liqwatch.config.table import Table
from liqwatch.config.values import Fraction, MarginModeWord, Period, RestUrl, SideWord, Symbol, WebsocketUrl
from liqwatch.model import MarginMode

Positive = Annotated[float, Field(gt=0, allow_inf_nan=False)]
Secret = Annotated[SecretStr, Field(min_length=1)]


class Endpoints(Table):
    """Other hosts than the venue's own: test net, regional host, local simulator."""

    rest: RestUrl | None = Field(default=None, description="Base URL of the REST interface.")
    websocket: WebsocketUrl | None = Field(default=None, description="Base URL of the websocket interface.")


class TypedPosition(Table):
    """A position that is typed in instead of read from the venue. Sizes are positive; `side` carries the sign."""

    symbol: Symbol = Field(description="Unified contract symbol, such as BTC/USDT:USDT.")
    side: SideWord = Field(description="Direction of the position.")
    contracts: Positive = Field(description="Number of contracts, greater than 0 for a short as well.")
    entry_price: Positive = Field(description="Average entry price in quote currency.")
    leverage: Positive | None = Field(
        default=None, description="Leverage of the position; an isolated one needs this or `margin`, not both."
    )
    margin: Positive | None = Field(
        default=None, description="Margin assigned to an isolated position, in settle currency, without unrealised PnL."
    )
    margin_mode: MarginModeWord = Field(
        default=MarginMode.ISOLATED,
        description="Margin of its own, or shared with the account's other cross positions.",
    )
    maintenance_margin_rate: Fraction | None = Field(
        default=None, description="The venue's maintenance margin rate at this size, such as 0.4%; assumed when absent."
    )
    maintenance_deduction: Annotated[float, Field(ge=0, allow_inf_nan=False)] | None = Field(
        default=None, description="The venue's maintenance deduction at this size, in settle currency."
    )
    rules: Rules = Field(default=Rules(), description="Rule keys that differ for this position.")


class Account(Table):
    """One account on one venue: with a read-only key, or with typed positions."""

    exchange: str = Field(
        description="Name of the venue, such as binance_usdm, or ccxt:<id> for a venue that is reached through ccxt."
    )
    api_key: Secret | None = Field(default=None, description="Read-only API key. Secret.")
    secret: Secret | None = Field(default=None, description="Secret of the API key. Secret.")
    passphrase: Secret | None = Field(
        default=None, description="Passphrase of the API key, where the venue has one. Secret."
    )
    wallet_address: str | None = Field(
        default=None, min_length=1, description="Public address, on venues that show an account to everybody."
    )
    region: str = Field(default="", description="The venue's regional site, such as eu; see `liqwatch exchanges`.")
    allow_last_price: bool = Field(
        default=False,
        description="Accepts the last traded price where a venue shows no mark price; every message then says so.",
    )
    sandbox: bool = Field(default=False, description="Uses the venue's test net.")
    endpoints: Endpoints = Field(default=Endpoints(), description="Other hosts than the venue's own.")
    reconcile_every: Period | None = Field(
        default=None, description="How often the whole account is read over REST; `daemon.reconcile_every` when absent."
    )
    allow_trade_permission: bool = Field(
        default=False, description="Accepts a key that may trade. liqwatch never trades, but a stolen key could."
    )
    wallet_balance: Positive | None = Field(
        default=None,
        description="Cross wallet in settle currency, without unrealised PnL; needed for typed cross positions.",
    )
    positions: Annotated[tuple[TypedPosition, ...], Field(strict=False)] = Field(
        default=(), description="Positions typed in by hand, for an account without a key."
    )
    rules: Rules = Field(default=Rules(), description="Rule keys that differ for this account.")

    @property
    def credentials(self) -> dict[str, str]:
        """What is given of a key, by the names of this table. The values are secrets."""
        secrets = {"api_key": self.api_key, "secret": self.secret, "passphrase": self.passphrase}
        given = {name: value.get_secret_value() for name, value in secrets.items() if value is not None}
        return given | ({"wallet_address": self.wallet_address} if self.wallet_address else {})

    @property
    def has_key(self) -> bool:
        """Whether the account is read from the venue; that the key is whole is checked before."""
        return bool(self.credentials)
