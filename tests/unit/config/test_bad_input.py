from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import pytest

from liqwatch.config import LoadedSettings
from liqwatch.errors import ConfigError, ExitCode

CANARY = "canary-0123456789abcdef"
KEYED = f'[accounts.main]\nexchange = "demo"\napi_key = "{CANARY}-key"\nsecret = "{CANARY}-secret"\n'
CHANNEL = f'[channels.chat]\nurl = "tgram://1234:{CANARY}/5"\n'
CONSOLE = '[channels.console]\nurl = "console://"\n'
GOOD = KEYED + CHANNEL + CONSOLE
TYPED = '[accounts.paper]\nexchange = "demo"\n{account}\n[[accounts.paper.positions]]\n{position}\n'
POSITION = 'symbol = "BTC/USDT:USDT"\nside = "long"\ncontracts = 1\nentry_price = 60000\nleverage = 10\n'


def typed(old: str = "", new: str = "", account: str = "") -> str:
    position = POSITION.replace(old, new) if old else POSITION + new
    return GOOD + TYPED.format(account=account, position=position)


@dataclass(frozen=True, slots=True)
class Bad:
    text: str
    path: str
    code: str
    mend: str | None
    exit_code: int = ExitCode.CONFIG


POSITION_PATH = "accounts.paper.positions[0]"
DISTANCE = "rules.liquidation_distance"
CASES = {
    "a misspelt top-level table": Bad(f"{GOOD}[rule]", "rule", "LW-CFG-003", "`rules`"),
    "a misspelt key of the daemon": Bad(
        f'{GOOD}[daemon]\nlog_lvl = "info"', "daemon.log_lvl", "LW-CFG-003", "`log_level`"
    ),
    "a misspelt secret": Bad(GOOD.replace("secret =", "secrt ="), "accounts.main.secrt", "LW-CFG-003", "`secret`"),
    "a misspelt rule kind": Bad(f"{GOOD}[rules.margin_rato]", "rules.margin_rato", "LW-CFG-003", "`margin_ratio`"),
    "a misspelt severity": Bad(
        f'{GOOD}[{DISTANCE}]\nlevels = {{ critcal = "8%" }}', f"{DISTANCE}.levels.critcal", "LW-CFG-003", "`critical`"
    ),
    "a misspelt key of a position": Bad(
        typed(new="leverag = 3"), f"{POSITION_PATH}.leverag", "LW-CFG-003", "`leverage`"
    ),
    "a secret that is a number": Bad(
        GOOD.replace(f'"{CANARY}-key"', "12345678"), "accounts.main.api_key", "LW-CFG-004", None
    ),
    "an empty secret": Bad(GOOD.replace(f"{CANARY}-key", ""), "accounts.main.api_key", "LW-CFG-010", None),
    "an account that is no table": Bad(f"accounts = 3\n{CHANNEL}{CONSOLE}", "accounts", "LW-CFG-004", None),
    "a switch that is a word": Bad(
        GOOD.replace("api_key", 'sandbox = "yes"\napi_key'), "accounts.main.sandbox", "LW-CFG-004", None
    ),
    "no exchange": Bad(GOOD.replace('exchange = "demo"\n', ""), "accounts.main.exchange", "LW-CFG-002", "binance_usdm"),
    "an unknown exchange": Bad(
        GOOD.replace('"demo"', '"binance_usd"'), "accounts.main.exchange", "LW-CFG-014", "`binance_usdm`"
    ),
    "a name in capitals": Bad(
        GOOD.replace("accounts.main", "accounts.Main"), "accounts.Main", "LW-CFG-012", "small letters"
    ),
    "a channel without a URL": Bad(f"{GOOD}[channels.mail]", "channels.mail.url", "LW-CFG-002", None),
    "a channel URL without a scheme": Bad(
        f'{GOOD}[channels.mail]\nurl = "{CANARY}"', "channels.mail.url", "LW-CFG-015", "console://"
    ),
    "a REST address for a websocket": Bad(
        GOOD.replace("api_key", 'endpoints = { websocket = "http://x" }\napi_key'),
        "accounts.main.endpoints.websocket",
        "LW-CFG-015",
        "wss://",
    ),
    "a metrics address without a port": Bad(
        f'{GOOD}[daemon]\nmetrics_listen = "localhost"', "daemon.metrics_listen", "LW-CFG-015", "127.0.0.1:9464"
    ),
    "a bare number as a level": Bad(
        f"{GOOD}[{DISTANCE}]\nlevels = {{ critical = 8 }}", f"{DISTANCE}.levels.critical", "LW-CFG-007", '"8%"'
    ),
    "a duration in words": Bad(
        f'{GOOD}[daemon]\nreconcile_every = "soon"', "daemon.reconcile_every", "LW-CFG-008", '"15s"'
    ),
    "a period of nothing": Bad(f"{GOOD}[daemon]\nreconcile_every = 0", "daemon.reconcile_every", "LW-CFG-008", '"15s"'),
    "a misspelt severity of a route": Bad(
        f'{GOOD}[[routes]]\nmin_severity = "warnin"\nchannels = ["chat"]',
        "routes[0].min_severity",
        "LW-CFG-009",
        "`warning`",
    ),
    "a route without channels": Bad(f"{GOOD}[[routes]]", "routes[0].channels", "LW-CFG-002", "name at least one"),
    "a negative size": Bad(
        typed("contracts = 1", "contracts = -1"), f"{POSITION_PATH}.contracts", "LW-CFG-010", 'side = "short"'
    ),
    "a size of zero": Bad(typed("contracts = 1", "contracts = 0"), f"{POSITION_PATH}.contracts", "LW-CFG-010", None),
    "a price that is no number": Bad(
        typed("entry_price = 60000", "entry_price = nan"), f"{POSITION_PATH}.entry_price", "LW-CFG-010", None
    ),
    "a price in quotes": Bad(
        typed("entry_price = 60000", 'entry_price = "60000"'), f"{POSITION_PATH}.entry_price", "LW-CFG-004", None
    ),
    "a misspelt side": Bad(typed('"long"', '"lng"'), f"{POSITION_PATH}.side", "LW-CFG-009", "`long`"),
    "a venue's own symbol": Bad(
        typed("BTC/USDT:USDT", "BTCUSDT"), f"{POSITION_PATH}.symbol", "LW-CFG-011", "`BTC/USDT:USDT`"
    ),
    "a market that is no symbol": Bad(f"{GOOD}[markets.ETHUSDT]", "markets.ETHUSDT", "LW-CFG-011", "`ETH/USDT:USDT`"),
    "a maintenance rate in percent without the sign": Bad(
        typed(new="maintenance_margin_rate = 4"), f"{POSITION_PATH}.maintenance_margin_rate", "LW-CFG-007", '"4%"'
    ),
    "leverage and margin": Bad(typed(new="margin = 5"), POSITION_PATH, "LW-CFG-028", "remove one"),
    "neither leverage nor margin": Bad(typed("leverage = 10\n", ""), POSITION_PATH, "LW-CFG-028", "set one"),
    "margin of a cross position": Bad(
        typed("leverage = 10", 'margin_mode = "cross"\nmargin = 5', account="wallet_balance = 9"),
        f"{POSITION_PATH}.margin",
        "LW-CFG-028",
        "isolated",
    ),
    "a cross position without a wallet": Bad(
        typed(new='margin_mode = "cross"'), "accounts.paper.wallet_balance", "LW-CFG-029", "wallet_balance ="
    ),
    "a position typed twice": Bad(
        typed(new=f"[[accounts.paper.positions]]\n{POSITION}"),
        "accounts.paper.positions[1]",
        "LW-CFG-027",
        "add the two",
    ),
    "a key beside typed positions": Bad(
        f"{GOOD}[[accounts.main.positions]]\n{POSITION}", "accounts.main", "LW-CFG-031", "account of their own"
    ),
    "half a key": Bad(
        GOOD.replace(f'secret = "{CANARY}-secret"\n', ""),
        "accounts.main.secret",
        "LW-KEY-002",
        "LIQWATCH_ACCOUNTS__MAIN__SECRET",
        ExitCode.CREDENTIALS,
    ),
    "neither key nor positions": Bad(
        f'{GOOD}[accounts.idle]\nexchange = "demo"', "accounts.idle", "LW-KEY-006", "secrets.toml", ExitCode.CREDENTIALS
    ),
    "nothing to watch": Bad(CHANNEL + CONSOLE, "accounts", "LW-CFG-020", "[accounts.main]"),
    "an empty file": Bad("", "channels", "LW-CFG-026", "console://"),
    "no channel": Bad(KEYED, "channels", "LW-CFG-026", "console://"),
    "a misspelt channel in a route": Bad(
        f'{GOOD}[[routes]]\nchannels = ["chatt"]', "routes[0].channels[0]", "LW-CFG-024", "`chat`"
    ),
    "a misspelt account in a route": Bad(
        f'{GOOD}[[routes]]\naccounts = ["mian"]\nchannels = ["chat"]', "routes[0].accounts[0]", "LW-CFG-030", "`main`"
    ),
    "no channel for critical": Bad(
        f'{GOOD}[[routes]]\nmin_severity = "emergency"\nchannels = ["chat"]', "routes", "LW-CFG-025", "min_severity"
    ),
    "no channel for critical of one account": Bad(
        f'{typed()}[[routes]]\naccounts = ["main"]\nchannels = ["chat"]', "routes", "LW-CFG-025", "min_severity"
    ),
    "a distance ladder out of order": Bad(
        f'{GOOD}[{DISTANCE}]\nlevels = {{ warning = "5%" }}', f"{DISTANCE}.levels.warning", "LW-CFG-021", "earlier"
    ),
    "a margin ratio ladder out of order": Bad(
        f'{GOOD}[rules.margin_ratio]\nlevels = {{ notice = "70%" }}',
        "rules.margin_ratio.levels.notice",
        "LW-CFG-021",
        "earlier",
    ),
    "an override that breaks the order": Bad(
        f'{GOOD}[accounts.main.rules.liquidation_distance.levels]\ncritical = "20%"',
        "accounts.main.rules.liquidation_distance.levels.warning",
        "LW-CFG-021",
        "earlier",
    ),
    "an override of a market that breaks the order": Bad(
        f'{GOOD}[markets."BTC/USDT:USDT".rules.liquidation_distance.levels]\nnotice = "10%"',
        'markets."BTC/USDT:USDT".rules.liquidation_distance.levels.notice',
        "LW-CFG-021",
        "earlier",
    ),
    "an override of a position that breaks the order": Bad(
        typed(new='rules.margin_ratio.levels.emergency = "70%"'),
        f"{POSITION_PATH}.rules.margin_ratio.levels.critical",
        "LW-CFG-021",
        "earlier",
    ),
    "a level hidden by an equal one": Bad(
        f'{GOOD}[{DISTANCE}]\nlevels = {{ warning = "8%" }}', f"{DISTANCE}.levels.warning", "LW-CFG-023", '"off"'
    ),
    "a clear level nearer than its fire level": Bad(
        f'{GOOD}[{DISTANCE}]\nclear = {{ critical = "7%" }}', f"{DISTANCE}.clear.critical", "LW-CFG-022", "flap"
    ),
    "a margin ratio that clears above its fire level": Bad(
        f'{GOOD}[rules.margin_ratio]\nclear = {{ critical = "85%" }}',
        "rules.margin_ratio.clear.critical",
        "LW-CFG-022",
        "flap",
    ),
    "broken TOML": Bad(f"{GOOD}[daemon\n", "config.toml", "LW-CFG-006", None),
    "a secret without quotes": Bad(f"[accounts.main]\nsecret = {CANARY}\n", "config.toml", "LW-CFG-006", None),
}


@pytest.mark.parametrize("bad", CASES.values(), ids=CASES.keys())
def test_bad_input_is_told_with_path_code_and_mend_and_without_a_secret(
    bad: Bad, load: Callable[[str], LoadedSettings]
) -> None:
    with pytest.raises(ConfigError) as refusal:
        load(bad.text)
    found = {(problem.path, problem.code): problem for problem in refusal.value.problems}
    assert (bad.path, bad.code) in found
    problem = found[bad.path, bad.code]
    assert problem.exit_code == bad.exit_code
    if bad.mend is not None:
        assert bad.mend in (problem.mend or "")
    assert not [problem for problem in refusal.value.problems if problem.is_warning]
    assert CANARY not in f"{refusal.value} {refusal.value!r} {refusal.value.problems!r} {vars(refusal.value)}"
    assert refusal.value.__cause__ is None
    assert refusal.value.__context__ is None


def test_one_mistake_is_one_problem(load: Callable[[str], LoadedSettings]) -> None:
    lonely = {
        name: bad
        for name, bad in CASES.items()
        if name not in {"an empty file", "a misspelt secret", "a name in capitals"}
    }
    for name, bad in lonely.items():
        with pytest.raises(ConfigError) as refusal:
            load(bad.text)
        assert len(refusal.value.problems) == 1, (name, refusal.value.problems)


def test_all_problems_are_told_at_once_whatever_their_kind(load: Callable[[str], LoadedSettings]) -> None:
    text = (
        typed("leverage = 10\n", "").replace('"demo"\napi_key', '"dmo"\napi_key')
        + '[[routes]]\nchannels = ["chatt"]\n'
        + '[rules.margin_ratio]\nlevels = { notice = "70%" }\n'
        + '[daemon]\nlog_level = "loud"\n'
        + "[channels.mail]\n"
    )
    with pytest.raises(ConfigError) as refusal:
        load(text)
    codes = {problem.code for problem in refusal.value.problems}
    assert codes == {"LW-CFG-002", "LW-CFG-009", "LW-CFG-014", "LW-CFG-021", "LW-CFG-024", "LW-CFG-028"}
    assert refusal.value.worst_exit_code == ExitCode.CONFIG


def test_the_place_of_a_syntax_error_is_told(load: Callable[[str], LoadedSettings]) -> None:
    with pytest.raises(ConfigError) as refusal:
        load(f"[accounts.main]\nsecret = {CANARY}\n")
    assert refusal.value.problems[0].message == "is not valid TOML at line 2, column 10: invalid value"


def test_warnings_stop_nothing(load: Callable[[str], LoadedSettings]) -> None:
    text = TYPED.format(account="", position=POSITION) + CONSOLE
    warnings = {(warning.path, warning.code) for warning in load(text).warnings}
    assert warnings == {(f"{POSITION_PATH}.maintenance_margin_rate", "LW-CFG-040"), ("channels", "LW-CFG-041")}


def test_a_key_account_of_the_same_venue_brings_the_brackets(load: Callable[[str], LoadedSettings]) -> None:
    assert load(typed()).warnings == ()
