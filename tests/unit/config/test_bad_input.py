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
ZONE, SEVEN = 'zone = "Europe/Berlin"\n', '"7:00"'
QUIET = f'[[quiet_hours]]\n{ZONE}from = "22:00"\nuntil = {SEVEN}\n'
STEPS = 'steps = [{{ after = "{}", channels = ["chat"] }}, {{ after = "{}", channels = ["console"] }}]'
CONDITION = '[[conditions]]\nname = "squeezed"\nall = ["margin_ratio > 60%"]\n'
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
    "a level beyond the point at which all is lost": Bad(
        f'{GOOD}[rules.margin_ratio]\nlevels = {{ emergency = "101%" }}',
        "rules.margin_ratio.levels.emergency",
        "LW-CFG-038",
        "earlier",
    ),
    "a multiple in words": Bad(
        f'{GOOD}[rules.leverage]\nlevels = {{ warning = "a lot" }}', "rules.leverage.levels.warning", "LW-CFG-013", "5x"
    ),
    "a negative multiple": Bad(
        f"{GOOD}[rules.leverage]\nlevels = {{ warning = -3 }}", "rules.leverage.levels.warning", "LW-CFG-013", "5x"
    ),
    "a multiple of nothing": Bad(
        f"{GOOD}[rules.leverage]\nlevels = {{ warning = 0 }}", "rules.leverage.levels.warning", "LW-CFG-013", "5x"
    ),
    "levels of a rule without levels": Bad(
        f'{GOOD}[rules.tier_change]\nlevels = {{ warning = "5%" }}', "rules.tier_change.levels", "LW-CFG-003", "hold"
    ),
    "an option in the wrong unit": Bad(
        f'{GOOD}[rules.deterioration]\nwithin = "5%"', "rules.deterioration.within", "LW-CFG-008", '"15s"'
    ),
    "a misspelt option": Bad(
        f'{GOOD}[rules.deterioration]\nwithn = "5m"', "rules.deterioration.withn", "LW-CFG-003", "`within`"
    ),
    "a misspelt profile": Bad(f'{GOOD}[rules]\nprofile = "carful"', "rules.profile", "LW-CFG-009", "`careful`"),
    "a profile under a level that was meant for another": Bad(
        f'{GOOD}[{DISTANCE}]\nlevels = {{ notice = "20%" }}\n[accounts.main.rules]\nprofile = "careful"',
        "accounts.main.rules.liquidation_distance.levels.notice",
        "LW-CFG-021",
        "earlier",
    ),
    "a flap limit of nothing": Bad(f"{GOOD}[{DISTANCE}]\nflap_limit = 0", f"{DISTANCE}.flap_limit", "LW-CFG-010", None),
    "a service that reaches nobody": Bad(
        f'{GOOD}[channels.mail]\nurl = "syslog://{CANARY}"', "channels.mail.url", "LW-CFG-017", "tgram://"
    ),
    "a misspelt service": Bad(
        f'{GOOD}[channels.mail]\nurl = "maito://{CANARY}"', "channels.mail.url", "LW-CFG-017", "`mailto`"
    ),
    "a service by its web address": Bad(
        f'{GOOD}[channels.mail]\nurl = "https://hooks.slack.com/{CANARY}"',
        "channels.mail.url",
        "LW-CFG-017",
        "jsons://",
    ),
    "a service without anybody": Bad(
        f'{GOOD}[channels.mail]\nurl = "tgram://"', "channels.mail.url", "LW-CFG-015", "tgram://"
    ),
    "a channel that stands in for itself": Bad(
        GOOD.replace("/5", '/5"\nfallback = "chat'), "channels.chat.fallback", "LW-CFG-034", "another"
    ),
    "a fallback that is no channel": Bad(
        GOOD.replace("/5", '/5"\nfallback = "consol'), "channels.chat.fallback", "LW-CFG-024", "`console`"
    ),
    "an unknown language": Bad(GOOD.replace("/5", '/5"\nlanguage = "fr'), "channels.chat.language", "LW-CFG-009", None),
    "an unknown language of all messages": Bad(
        f'{GOOD}[messages]\nlanguage = "EN"', "messages.language", "LW-CFG-009", "`en`"
    ),
    "an unknown style": Bad(f'{GOOD}[messages]\nstyle = "compct"', "messages.style", "LW-CFG-009", "`compact`"),
    "an unknown privacy": Bad(
        GOOD.replace("/5", '/5"\nprivacy = "percents'), "channels.chat.privacy", "LW-CFG-009", "`percent`"
    ),
    "a user by name": Bad(
        f'{GOOD}[channels.other]\nurl = "tgram://1/2"\nallowed_users = ["me"]',
        "channels.other.allowed_users[0]",
        "LW-CFG-004",
        None,
    ),
    "a Bot API server that anyone can listen to": Bad(
        f'{GOOD}[channels.other]\nurl = "tgram://1/2"\napi_url = "http://api.example.org"',
        "channels.other.api_url",
        "LW-CFG-015",
        "https://",
    ),
    "no message at all in a minute": Bad(
        f'{GOOD}[channels.other]\nurl = "tgram://1/2"\nmax_per_minute = 0',
        "channels.other.max_per_minute",
        "LW-CFG-010",
        None,
    ),
    "a route to nowhere": Bad(
        f"{GOOD}[[routes]]\nchannels = []", "routes[0].channels", "LW-CFG-010", "name at least one"
    ),
    "working hours in an unknown zone": Bad(
        f'{GOOD}[[routes]]\nchannels = ["chat"]\nhours = {{ zone = "Berlin", from = "8:00", until = "18:00" }}',
        "routes[0].hours.zone",
        "LW-CFG-018",
        "`Europe/Berlin`",
    ),
    "quiet hours in an unknown zone": Bad(
        f"{GOOD}{QUIET.replace('Europe/Berlin', 'Europe/Berlim')}",
        "quiet_hours[0].zone",
        "LW-CFG-018",
        "`Europe/Berlin`",
    ),
    "quiet hours in a folder of zones": Bad(
        f"{GOOD}{QUIET.replace('Europe/Berlin', 'Europe')}", "quiet_hours[0].zone", "LW-CFG-018", "Europe/"
    ),
    "quiet hours in a zone outside the folder of zones": Bad(
        f"{GOOD}{QUIET.replace('Europe/Berlin', '../../etc/passwd')}", "quiet_hours[0].zone", "LW-CFG-018", "IANA"
    ),
    "quiet hours without a zone": Bad(
        f"{GOOD}{QUIET.replace(ZONE, '')}", "quiet_hours[0].zone", "LW-CFG-002", "Europe/Berlin"
    ),
    "quiet hours that begin at no time of day": Bad(
        f"{GOOD}{QUIET.replace('22:00', '25:00')}", "quiet_hours[0].from", "LW-CFG-019", '"22:00"'
    ),
    "quiet hours that end in a number": Bad(
        f"{GOOD}{QUIET.replace(SEVEN, '7')}", "quiet_hours[0].until", "LW-CFG-019", '"22:00"'
    ),
    "quiet hours on no day": Bad(f"{GOOD}{QUIET}days = []", "quiet_hours[0].days", "LW-CFG-010", None),
    "quiet hours on an unknown day": Bad(
        f'{GOOD}{QUIET}days = ["fryday", "sat"]', "quiet_hours[0].days[0]", "LW-CFG-009", None
    ),
    "quiet hours that would hide critical alerts": Bad(
        f'{GOOD}{QUIET}pierced_by = "emergency"', "quiet_hours[0].pierced_by", "LW-CFG-032", "critical"
    ),
    "quiet hours that would hide critical alerts by the key of a route": Bad(
        f'{GOOD}{QUIET}min_severity = "emergency"', "quiet_hours[0].min_severity", "LW-CFG-003", "pierced_by"
    ),
    "quiet hours of an unknown channel": Bad(
        f'{GOOD}{QUIET}channels = ["chatt"]', "quiet_hours[0].channels[0]", "LW-CFG-024", "`chat`"
    ),
    "quiet hours of an unknown account": Bad(
        f'{GOOD}{QUIET}accounts = ["mian"]', "quiet_hours[0].accounts[0]", "LW-CFG-030", "`main`"
    ),
    "an escalation without steps": Bad(f"{GOOD}[[escalations]]", "escalations[0].steps", "LW-CFG-002", "after"),
    "an escalation with no step": Bad(
        f"{GOOD}[[escalations]]\nsteps = []", "escalations[0].steps", "LW-CFG-010", "after"
    ),
    "an escalation without a channel": Bad(
        f'{GOOD}[[escalations]]\nsteps = [{{ after = "5m" }}]',
        "escalations[0].steps[0].channels",
        "LW-CFG-002",
        "at least one",
    ),
    "an escalation to nobody": Bad(
        f'{GOOD}[[escalations]]\nsteps = [{{ after = "5m", channels = [] }}]',
        "escalations[0].steps[0].channels",
        "LW-CFG-010",
        "at least one",
    ),
    "an escalation to an unknown channel": Bad(
        f'{GOOD}[[escalations]]\nsteps = [{{ after = "5m", channels = ["chat", "phone"] }}]',
        "escalations[0].steps[0].channels[1]",
        "LW-CFG-024",
        "known: chat, console",
    ),
    "an escalation of an unknown account": Bad(
        f'{GOOD}[[escalations]]\naccounts = ["mian"]\nsteps = [{{ after = "5m", channels = ["chat"] }}]',
        "escalations[0].accounts[0]",
        "LW-CFG-030",
        "`main`",
    ),
    "an escalation that goes back in time": Bad(
        f"{GOOD}[[escalations]]\n{STEPS.format('15m', '5m')}", "escalations[0].steps[1].after", "LW-CFG-033", "first"
    ),
    "two steps of an escalation at once": Bad(
        f"{GOOD}[[escalations]]\n{STEPS.format('5m', '300s')}", "escalations[0].steps[1].after", "LW-CFG-033", "first"
    ),
    "a step of an escalation at once": Bad(
        f"{GOOD}[[escalations]]\n{STEPS.format('0s', '5m')}", "escalations[0].steps[0].after", "LW-CFG-008", '"15s"'
    ),
    "an hourly digest": Bad(f'{GOOD}[digest]\nevery = "hourly"', "digest.every", "LW-CFG-009", None),
    "a digest in an unknown zone": Bad(f'{GOOD}[digest]\nzone = "Mars/Base"', "digest.zone", "LW-CFG-018", "IANA"),
    "a digest to an unknown channel": Bad(
        f'{GOOD}[digest]\nchannels = ["mail"]', "digest.channels[0]", "LW-CFG-024", "known"
    ),
    "a self-test at no time of day": Bad(f'{GOOD}[self_test]\nat = "noon"', "self_test.at", "LW-CFG-019", '"22:00"'),
    "a self-test of an unknown channel": Bad(
        f'{GOOD}[self_test]\nchannels = ["cht"]', "self_test.channels[0]", "LW-CFG-024", "`chat`"
    ),
    "a heartbeat that anyone can listen to": Bad(
        f'{GOOD}[heartbeat]\nurl = "http://example.org/{CANARY}"', "heartbeat.url", "LW-CFG-015", "https://"
    ),
    "a heartbeat into a private network": Bad(
        f'{GOOD}[heartbeat]\nurl = "https://10.0.0.7/{CANARY}"', "heartbeat.url", "LW-CFG-015", "allow_private"
    ),
    "a heartbeat to the cloud's own metadata": Bad(
        f'{GOOD}[heartbeat]\nurl = "https://hc-ping.com/1"\nfail_url = "https://169.254.169.254/{CANARY}"',
        "heartbeat.fail_url",
        "LW-CFG-015",
        "allow_private",
    ),
    "a heartbeat that is no web address": Bad(
        f'{GOOD}[heartbeat]\nurl = "file:///etc/{CANARY}"', "heartbeat.url", "LW-CFG-015", "https://"
    ),
    "a condition without a name": Bad(
        f'{GOOD}[[conditions]]\nall = ["margin_ratio > 60%"]', "conditions[0].name", "LW-CFG-002", None
    ),
    "a condition that compares nothing": Bad(
        f'{GOOD}[[conditions]]\nname = "squeezed"', "conditions[0]", "LW-CFG-036", "all = ["
    ),
    "two conditions of one name": Bad(f"{GOOD}{CONDITION}{CONDITION}", "conditions[1].name", "LW-CFG-037", "another"),
    "a condition with the name of a rule": Bad(
        f"{GOOD}{CONDITION.replace('squeezed', 'leverage')}", "conditions[0].name", "LW-CFG-037", "another"
    ),
    "a condition over an unknown reading": Bad(
        f"{GOOD}{CONDITION.replace('margin_ratio', 'margin_rato')}",
        "conditions[0].all[0]",
        "LW-CFG-035",
        "margin_ratio",
    ),
    "a condition that is no comparison": Bad(
        f"{GOOD}{CONDITION.replace(' > 60%', '')}", "conditions[0].all[0]", "LW-CFG-035", None
    ),
    "a condition of an unknown account": Bad(
        f'{GOOD}{CONDITION}accounts = ["mian"]', "conditions[0].accounts[0]", "LW-CFG-030", "`main`"
    ),
    "a condition that expires some day": Bad(
        f'{GOOD}{CONDITION}expires = "some day"', "conditions[0].expires", "LW-CFG-019", "2026-12-31"
    ),
    "a condition on a venue's own symbol": Bad(
        f'{GOOD}{CONDITION}markets = ["BTCUSDT"]', "conditions[0].markets[0]", "LW-CFG-011", "`BTC/USDT:USDT`"
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


@pytest.mark.parametrize(
    ("text", "path"),
    [
        (GOOD + '[accounts.main.rules.data_staleness]\naccount = "5m"\n', "accounts.main"),
        (GOOD + '[markets."BTC/USDT:USDT".rules.data_staleness]\nmark_price = "5m"\n', 'markets."BTC/USDT:USDT"'),
    ],
)
def test_an_age_that_is_set_where_it_does_not_count_is_warned_of(
    load: Callable[[str], LoadedSettings], text: str, path: str
) -> None:
    (warning,) = load(text).warnings
    assert (warning.path, warning.code) == (f"{path}.rules.data_staleness", "LW-CFG-042")
