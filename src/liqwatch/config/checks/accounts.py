"""Accounts: a known venue, a whole key or typed positions, and positions that can be calculated."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from liqwatch.config.accounts import Account, TypedPosition
from liqwatch.config.checks.surroundings import USUAL_CREDENTIALS, Surroundings
from liqwatch.config.codes import Code
from liqwatch.config.settings import ENVIRONMENT_PREFIX, Settings
from liqwatch.config.suggest import did_you_mean
from liqwatch.config.values import shown
from liqwatch.errors import CredentialsError, Problem, UnknownPart
from liqwatch.model import MarginMode

THROUGH_CCXT = "ccxt:"
"""What stands before ccxt's name of a venue that has no adapter of its own."""


def check_accounts(settings: Settings, surroundings: Surroundings) -> Iterator[Problem]:
    """Look at every account by itself, and at whether there is any."""
    if not surroundings.account_names and "accounts" not in surroundings.broken_tables:
        yield Code.NO_ACCOUNTS.problem("accounts", "there is nothing to watch", "add a table [accounts.main]")
    with_brackets = {account.exchange for account in settings.accounts.values() if account.has_key}
    for name, account in settings.accounts.items():
        path = f"accounts.{name}"
        yield from _check_exchange(name, account, surroundings)
        yield from _check_positions(path, account, brackets_known=account.exchange in with_brackets)


def _check_exchange(name: str, account: Account, surroundings: Surroundings) -> Iterator[Problem]:
    path = f"accounts.{name}"
    required: Sequence[str] = USUAL_CREDENTIALS
    if account.exchange in surroundings.known_exchanges or account.exchange.startswith(THROUGH_CCXT):
        try:
            required = surroundings.credentials_of(account.exchange)
        except UnknownPart as error:
            yield Code.UNKNOWN_EXCHANGE.problem(f"{path}.exchange", error.message, error.mend)
        except CredentialsError as error:
            if account.has_key:
                yield Problem(
                    path=path, code=error.code, message=error.message, mend=error.mend, exit_code=error.exit_code
                )
                return
    else:
        mend = did_you_mean(account.exchange, surroundings.known_exchanges)
        yield Code.UNKNOWN_EXCHANGE.problem(f"{path}.exchange", f"no exchange {shown(account.exchange)}", mend)
    yield from _check_key(name, account, required)


def _check_key(name: str, account: Account, required: Sequence[str]) -> Iterator[Problem]:
    path, given = f"accounts.{name}", account.credentials
    absent = [part for part in required if part not in given]
    if given and absent:
        for part in absent:
            mend = f"set it in secrets.toml, or {_variable(name, part)} in the environment"
            yield Code.HALF_A_KEY.problem(f"{path}.{part}", "missing beside the other parts of the key", mend)
    elif given and account.positions:
        mend = "move the typed positions to an account of their own"
        yield Code.KEY_AND_POSITIONS.problem(path, "has a key, so its positions are read and not typed", mend)
    elif not given and not account.positions:
        parts = " and ".join(required)
        mend = f"set {parts} in secrets.toml, or {_variable(name, required[0])} in the environment"
        yield Code.NO_KEY.problem(path, "has neither a key nor typed positions", mend)


def _variable(name: str, key: str) -> str:
    return f"{ENVIRONMENT_PREFIX}ACCOUNTS__{name}__{key}".upper()


def _check_positions(path: str, account: Account, *, brackets_known: bool) -> Iterator[Problem]:
    seen: dict[tuple[str, str], str] = {}
    for index, position in enumerate(account.positions):
        where = f"{path}.positions[{index}]"
        yield from _check_margin(where, position, account)
        first = seen.setdefault((position.symbol, position.side.word), where)
        if first != where:
            message = f"{position.symbol} {position.side.word} is already typed at {first}"
            yield Code.DUPLICATE_POSITION.problem(where, message, "add the two up, or use two accounts")
        if position.maintenance_margin_rate is None and not brackets_known:
            message = "not given, so a rate is assumed and the liquidation price is an estimate"
            mend = "copy the rate from the venue's bracket table"
            yield Code.RATE_ASSUMED.problem(f"{where}.maintenance_margin_rate", message, mend)


def _check_margin(where: str, position: TypedPosition, account: Account) -> Iterator[Problem]:
    if position.margin_mode is MarginMode.CROSS:
        if position.margin is not None:
            mend = 'remove it, or set margin_mode = "isolated"'
            yield Code.LEVERAGE_OR_MARGIN.problem(f"{where}.margin", "a cross position has no margin of its own", mend)
        if account.wallet_balance is None:
            account_path = where.partition(".positions")[0]
            message = f"missing, but {where} shares it"
            yield Code.NO_WALLET_BALANCE.problem(f"{account_path}.wallet_balance", message, "wallet_balance = 1000")
    elif position.leverage is not None and position.margin is not None:
        yield Code.LEVERAGE_OR_MARGIN.problem(where, "has both leverage and margin", "remove one of them")
    elif position.leverage is None and position.margin is None:
        mend = "set one of them, such as leverage = 10"
        yield Code.LEVERAGE_OR_MARGIN.problem(where, "has neither leverage nor margin", mend)
