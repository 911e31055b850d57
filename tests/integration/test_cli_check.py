from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from liqwatch import __version__

CANARY = "canary-fedcba9876543210"
GOOD = """
[accounts.paper]
exchange = "binance_usdm"
[[accounts.paper.positions]]
symbol = "BTC/USDT:USDT"
side = "long"
contracts = 0.5
entry_price = 60000
leverage = 10
[channels.console]
url = "console://"
"""


def liqwatch(*arguments: str | Path, folder: Path) -> subprocess.CompletedProcess[str]:
    environ = {"PATH": os.environ["PATH"], "HOME": str(folder), "NO_COLOR": "1"}
    command = [sys.executable, "-m", "liqwatch.cli", *map(str, arguments)]
    finished = subprocess.run(command, capture_output=True, text=True, env=environ, cwd=folder, check=False)
    assert "Traceback" not in finished.stdout + finished.stderr
    assert CANARY not in finished.stdout + finished.stderr
    assert "\x1b" not in finished.stdout + finished.stderr
    return finished


def write(folder: Path, text: str) -> Path:
    path = folder / "config.toml"
    path.write_text(text, encoding="utf-8")
    path.chmod(0o600)
    return path


def test_a_good_file_exits_0_and_tells_its_warnings(tmp_path: Path) -> None:
    finished = liqwatch("check", "--config", write(tmp_path, GOOD), folder=tmp_path)
    assert finished.returncode == 0, finished.stdout
    assert "2 warnings" in finished.stdout
    assert finished.stdout.endswith(": ok\n")


def test_the_file_in_the_present_folder_is_found_by_itself(tmp_path: Path) -> None:
    write(tmp_path, GOOD)
    assert liqwatch("check", folder=tmp_path).stdout.endswith("config.toml: ok\n")


def test_then_the_file_in_the_home_folder(tmp_path: Path) -> None:
    home = tmp_path / ".config" / "liqwatch"
    home.mkdir(parents=True)
    write(home, GOOD)
    assert liqwatch("check", folder=tmp_path).stdout.endswith(".config/liqwatch/config.toml: ok\n")


@pytest.mark.skipif(Path("/etc/liqwatch/config.toml").exists(), reason="this machine has a configuration of its own")
def test_without_any_file_the_places_are_named(tmp_path: Path) -> None:
    finished = liqwatch("check", folder=tmp_path)
    assert finished.returncode == 3
    assert "/etc/liqwatch/config.toml" in finished.stdout


@pytest.mark.parametrize("arguments", [["chek"], ["check", "--onlin"], ["check", "surplus"], ["check", "--config"]])
def test_wrong_usage_exits_2(tmp_path: Path, arguments: list[str]) -> None:
    assert liqwatch(*arguments, folder=tmp_path).returncode == 2


def test_bad_input_exits_3_with_path_code_reason_and_hint(tmp_path: Path) -> None:
    text = GOOD.replace("contracts = 0.5", "contracts = -0.5").replace("leverage", "leverag")
    finished = liqwatch("check", "-c", write(tmp_path, text), folder=tmp_path)
    assert finished.returncode == 3
    lines = finished.stdout.splitlines()
    assert lines[0].endswith("config.toml: 2 problems")
    assert lines[2].split() == ["accounts.paper.positions[0].contracts", "[LW-CFG-010]"]
    assert lines[3] == "      must be greater than 0"
    assert lines[4] == '      hint: sizes are positive: write a short as side = "short"'
    assert lines[7] == "      hint: did you mean `leverage`?"


def test_an_absent_file_and_broken_toml_exit_3(tmp_path: Path) -> None:
    assert liqwatch("check", "-c", tmp_path / "absent.toml", folder=tmp_path).returncode == 3
    finished = liqwatch("check", "-c", write(tmp_path, f"[accounts.main]\napi_key = {CANARY}"), folder=tmp_path)
    assert finished.returncode == 3
    assert "at line 2, column 11" in finished.stdout


def test_trouble_with_keys_alone_exits_4(tmp_path: Path) -> None:
    text = f'{GOOD}\n[accounts.main]\nexchange = "binance_usdm"\napi_key = "{CANARY}"\n'
    finished = liqwatch("check", "-c", write(tmp_path, text), folder=tmp_path)
    assert finished.returncode == 4
    assert "[LW-KEY-002]" in finished.stdout


def test_a_secrets_file_open_to_the_world_exits_4(tmp_path: Path) -> None:
    secrets = tmp_path / "secrets.toml"
    secrets.write_text(f'[channels.chat]\nurl = "tgram://1234:{CANARY}/5"\n', encoding="utf-8")
    secrets.chmod(0o644)
    finished = liqwatch("check", "-c", write(tmp_path, GOOD), folder=tmp_path)
    assert finished.returncode == 4
    assert "mode 0644" in finished.stdout


@pytest.mark.skipif(os.geteuid() == 0, reason="root reads everything")
def test_a_secrets_file_that_cannot_be_read_exits_4(tmp_path: Path) -> None:
    (tmp_path / "secrets.toml").touch(mode=0o000)
    assert liqwatch("check", "-c", write(tmp_path, GOOD), folder=tmp_path).returncode == 4


def test_json_says_the_same_for_programs(tmp_path: Path) -> None:
    text = GOOD.replace("binance_usdm", "binance_usd")
    finished = liqwatch("check", "--json", "-c", write(tmp_path, text), folder=tmp_path)
    answer = json.loads(finished.stdout)
    assert finished.returncode == answer["exit_code"] == 3
    assert answer["problems"] == [
        {
            "path": "accounts.paper.exchange",
            "code": "LW-CFG-014",
            "message": "no exchange `binance_usd`",
            "mend": "did you mean `binance_usdm`?",
        }
    ]


def test_control_characters_from_the_file_do_not_reach_the_terminal(tmp_path: Path) -> None:
    text = GOOD.replace("leverage", '"\\u001b[31mred"')
    assert liqwatch("check", "-c", write(tmp_path, text), folder=tmp_path).returncode == 3


def test_the_version_is_told(tmp_path: Path) -> None:
    finished = liqwatch("--version", folder=tmp_path)
    assert (finished.returncode, finished.stdout) == (0, f"liqwatch {__version__}\n")


def test_help_lists_the_commands_without_loading_any(tmp_path: Path) -> None:
    program = (
        "import sys; from liqwatch.cli import main\n"
        "try: main(['--help'])\n"
        "finally: assert not {'pydantic', 'ccxt', 'apprise', 'asyncio', 'rich'} & set(sys.modules), sys.modules.keys()"
    )
    finished = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=False, timeout=30, cwd=tmp_path
    )
    assert finished.returncode == 0, finished.stderr
    assert "check" in finished.stdout


def test_an_interrupt_exits_130() -> None:
    program = (
        "import signal, liqwatch.cli as cli\n"
        "signal.signal(signal.SIGINT, signal.default_int_handler)\n"
        "cli.build_group = lambda app: signal.raise_signal(signal.SIGINT)\n"
        "cli.main([])"
    )
    finished = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert finished.returncode == 128 + signal.SIGINT
    assert not finished.stderr


def test_a_state_directory_that_is_a_file_is_a_problem_before_the_daemon_meets_it(tmp_path: Path) -> None:
    place = tmp_path / "state"
    place.write_text("not a directory", encoding="utf-8")
    finished = liqwatch(
        "check", "--config", write(tmp_path, f'[daemon]\nstate_directory = "{place}"\n{GOOD}'), folder=tmp_path
    )
    assert finished.returncode == 3
    assert "daemon.state_directory" in finished.stdout
    assert "is no directory" in finished.stdout


def test_a_channel_that_no_service_takes_is_a_problem(tmp_path: Path) -> None:
    text = f'{GOOD}\n[channels.chat]\nurl = "nosuchservice://{CANARY}/x"\n'
    finished = liqwatch("check", "--config", write(tmp_path, text), folder=tmp_path)
    assert finished.returncode == 3
    assert "channels.chat.url" in finished.stdout
