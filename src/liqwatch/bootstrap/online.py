"""`check --online`: ask every venue, key and channel, and report instead of raising."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from datetime import datetime

from liqwatch.bootstrap.parts import open_accounts, open_channels, venue_options
from liqwatch.bootstrap.plan import venue_of
from liqwatch.clock import SystemClock
from liqwatch.config.settings import Settings
from liqwatch.config.suggest import did_you_mean
from liqwatch.engine.keys import REFUSED_RIGHTS_MEND, refused_right
from liqwatch.errors import CredentialsError, ExitCode, LiqwatchError, Problem
from liqwatch.exchanges import load_exchange
from liqwatch.faces.metrics import PrometheusTelemetry
from liqwatch.model import Delivery, Message, Severity
from liqwatch.ports import AccountData, KeyReport, Market, Notifier

LARGEST_SKEW_MS = 500.0
TEST_TITLE = "liqwatch test message"
TEST_BODY = "If you can read this, this channel works. No position is in danger because of this message."


def check_online(settings: Settings) -> list[Problem]:
    """Every problem that only the world can tell; empty when all is well."""
    return asyncio.run(_check(settings))


async def _check(settings: Settings) -> list[Problem]:
    clock, telemetry = SystemClock(), PrometheusTelemetry()
    options = venue_options(settings, clock, telemetry)
    markets = {name: load_exchange(name.partition("@")[0]).open_market(each) for name, each in options.items()}
    accounts = open_accounts(settings, options, markets)
    channels = open_channels(settings)
    try:
        problems = [await _check_market(settings, name, market) for name, market in markets.items()]
        problems += [await _check_account(settings, name, account) for name, account in accounts.items()]
        problems.append([problem for problem in (await try_channels(channels)).values() if problem])
    finally:
        adapters: list[Market | AccountData | Notifier] = [
            *accounts.values(),
            *markets.values(),
            *channels.values(),
        ]
        for adapter in adapters:
            await adapter.close()
    return [problem for found in problems for problem in found]


async def try_channels(channels: Mapping[str, Notifier]) -> dict[str, Problem | None]:
    """Send one message through every channel at once; None where it arrived."""
    now = SystemClock().now()
    async with asyncio.TaskGroup() as tasks:
        attempts = {name: tasks.create_task(notifier.send(_test_message(now))) for name, notifier in channels.items()}
    return {name: _channel_problem(name, attempt.result().delivery, attempt.result().detail)
            for name, attempt in attempts.items()}  # fmt: skip


def _test_message(now: datetime) -> Message:
    """Each try is a message of its own: somebody waits for it to appear."""
    return Message(message_id=f"test-{now:%Y%m%d-%H%M%S}", title=TEST_TITLE, body=TEST_BODY, severity=Severity.NOTICE)


def _channel_problem(name: str, delivery: Delivery, detail: str) -> Problem | None:
    if delivery is Delivery.SENT:
        return None
    return Problem(
        path=f"channels.{name}.url",
        code="LW-NTF-001",
        message=f"the test message was not taken: {detail or delivery.value}",
        mend="check the address and the token against the service's own page",
        exit_code=ExitCode.NOTIFICATION,
    )


async def _check_market(settings: Settings, venue: str, market: Market) -> list[Problem]:
    try:
        instruments = await market.instruments()
    except LiqwatchError as error:
        return [_problem(f"venue {venue}", error)]
    typed = [
        (f"accounts.{name}.positions[{index}].symbol", position.symbol)
        for name, account in settings.accounts.items()
        if venue_of(account) == venue
        for index, position in enumerate(account.positions)
    ]
    return [
        Problem(
            path=path,
            code="LW-EXC-005",
            message=f"{symbol} is not a market of {venue}",
            mend=did_you_mean(symbol, instruments),
            exit_code=ExitCode.CONFIG,
        )
        for path, symbol in typed
        if symbol not in instruments
    ]


async def _check_account(settings: Settings, name: str, account: AccountData) -> list[Problem]:
    path = f"accounts.{name}.api_key"
    try:
        await account.snapshot()
        report = await account.probe()
    except LiqwatchError as error:
        return [_problem(path, error)]
    return key_problems(path, report, allow_trade=settings.accounts[name].allow_trade_permission)


def key_problems(path: str, report: KeyReport, *, allow_trade: bool) -> list[Problem]:
    """What is wrong with a key's rights and with the clock. Watching needs to read, nothing else."""
    problems = []
    right = refused_right(report, allow_trade=True)
    if right:
        problems.append(_right(path, f"this key may {right}; liqwatch refuses it", is_warning=False))
    if report.can_trade:
        problems.append(_right(path, "this key may trade; liqwatch only needs to read", is_warning=allow_trade))
    if report.expires_at is not None:
        problems.append(_right(path, f"this key expires on {report.expires_at:%Y-%m-%d}", is_warning=True))
    if report.is_ip_bound is False:
        problems.append(_right(path, "this key is bound to no address; bind it to this machine's", is_warning=True))
    if report.can_withdraw is None:
        note = f" ({report.note})" if report.note else ""
        problems.append(_right(path, f"the venue does not say what this key may do: unverified{note}", is_warning=True))
    if report.clock_skew_ms is not None and abs(report.clock_skew_ms) > LARGEST_SKEW_MS:
        problems.append(
            Problem(
                path="clock",
                code="LW-EXC-006",
                message=f"this machine's clock is {report.clock_skew_ms:+.0f} ms away from the venue's",
                mend="enable time synchronisation (timedatectl set-ntp true)",
                exit_code=ExitCode.EXCHANGE,
                is_warning=True,
            )
        )
    return problems


def _right(path: str, message: str, *, is_warning: bool) -> Problem:
    return Problem(
        path=path,
        code=CredentialsError.code,
        message=message,
        mend=REFUSED_RIGHTS_MEND,
        exit_code=ExitCode.CREDENTIALS,
        is_warning=is_warning,
    )


def _problem(path: str, error: LiqwatchError) -> Problem:
    return Problem(path=path, code=error.code, message=error.message, mend=error.mend, exit_code=error.exit_code)
