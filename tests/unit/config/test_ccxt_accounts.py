"""`exchange = "ccxt:<id>"` in the configuration, held against what ccxt's files and our table say."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from liqwatch.config import LoadedSettings, load_settings
from liqwatch.errors import ConfigError, ExitCode
from liqwatch.exchanges import credentials_of, known_exchanges

POSITION = """
[[accounts.main.positions]]
symbol = "BTC/USDT:USDT"
side = "long"
contracts = 1
entry_price = 60000
leverage = 10
maintenance_margin_rate = "1%"
"""
USUAL = 'api_key = "canary-key"\nsecret = "canary-secret"'


def loaded(directory: Path, exchange: str, account: str) -> LoadedSettings:
    path = directory / "config.toml"
    path.touch(mode=0o600)
    path.write_text(
        f'[accounts.main]\nexchange = "{exchange}"\n{account}\n[channels.phone]\nurl = "console://"\n', encoding="utf-8"
    )
    return load_settings(path, environ={}, known_exchanges=known_exchanges(), credentials_of=credentials_of)


@pytest.mark.parametrize(
    ("exchange", "account"),
    [
        ("ccxt:phemex", USUAL),
        ("ccxt:phemex", POSITION),
        ("ccxt:lighter", 'wallet_address = "0x1"'),
        ("ccxt:blofin", f'{USUAL}\npassphrase = "canary-phrase"'),
        ("ccxt:paradex", POSITION),
    ],
)
def test_a_venue_through_ccxt_is_accepted(tmp_path: Path, exchange: str, account: str) -> None:
    assert loaded(tmp_path, exchange, account).settings.accounts["main"].exchange == exchange


@pytest.mark.parametrize(
    ("exchange", "account", "code", "hint"),
    [
        ("ccxt:bybit", USUAL, "LW-CFG-014", 'exchange = "bybit"'),
        ("ccxt:phemx", USUAL, "LW-CFG-014", "ccxt:phemex"),
        ("ccxt:upbit", USUAL, "LW-CFG-014", "liqwatch exchanges"),
        ("ccxt:blofin", USUAL, "LW-KEY-002", "passphrase"),
        ("ccxt:paradex", USUAL, "LW-KEY-001", "type the positions in"),
    ],
)
def test_what_cannot_be_watched_is_named_with_its_mend(
    tmp_path: Path, exchange: str, account: str, code: str, hint: str
) -> None:
    with pytest.raises(ConfigError) as caught:
        loaded(tmp_path, exchange, account)
    (problem,) = caught.value.problems
    assert problem.code == code
    assert hint in f"{problem.path} {problem.mend}"
    assert problem.exit_code == (ExitCode.CREDENTIALS if "KEY" in code else ExitCode.CONFIG)


def test_knowing_the_names_does_not_load_the_library(tmp_path: Path) -> None:
    before = "ccxt" in sys.modules
    loaded(tmp_path, "ccxt:phemex", USUAL)
    assert ("ccxt" in sys.modules) is before
