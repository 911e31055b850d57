"""The systemd unit: what it promises the daemon, and how little it lets the daemon do."""

from __future__ import annotations

import re
import shutil
import subprocess
from configparser import RawConfigParser
from pathlib import Path

import pytest

UNIT = Path(__file__).resolve().parents[2] / "systemd" / "liqwatch.service"
WORST_EXPOSURE = 15
LONGEST_STOP_SECONDS = 10
"""What the daemon needs at most to end by itself."""
MISSING_BINARY = re.compile(r"liqwatch\.service: Command \S+/liqwatch is not executable: No such file or directory")
ANALYSER = shutil.which("systemd-analyze")
needs_systemd = pytest.mark.skipif(ANALYSER is None, reason="systemd-analyze is not here")
HARDENING = {
    "DynamicUser": "yes",
    "NoNewPrivileges": "yes",
    "CapabilityBoundingSet": "",
    "AmbientCapabilities": "",
    "ProtectSystem": "strict",
    "ProtectHome": "yes",
    "PrivateTmp": "yes",
    "PrivateDevices": "yes",
    "PrivateUsers": "yes",
    "ProtectProc": "invisible",
    "ProtectClock": "yes",
    "ProtectKernelTunables": "yes",
    "ProtectKernelModules": "yes",
    "ProtectKernelLogs": "yes",
    "ProtectControlGroups": "yes",
    "RestrictAddressFamilies": "AF_INET AF_INET6 AF_UNIX",
    "RestrictNamespaces": "yes",
    "RestrictRealtime": "yes",
    "RestrictSUIDSGID": "yes",
    "LockPersonality": "yes",
    "MemoryDenyWriteExecute": "yes",
    "SystemCallArchitectures": "native",
    "UMask": "0077",
    "LimitCORE": "0",
    "StateDirectoryMode": "0700",
    "RuntimeDirectoryMode": "0700",
}


def unit() -> RawConfigParser:
    # `strict=False`: a unit may name a key more than once (SystemCallFilter), the last is kept.
    parser = RawConfigParser(strict=False, delimiters=("=",), comment_prefixes=("#", ";"))
    parser.optionxform = str  # type: ignore[assignment,method-assign]  # keys keep their case
    parser.read(UNIT, encoding="utf-8")
    return parser


def analysed(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [str(ANALYSER), *map(str, arguments)], capture_output=True, text=True, check=False, timeout=60
    )


@needs_systemd
def test_the_exposure_is_low() -> None:
    finished = analysed("security", "--offline=true", f"--threshold={WORST_EXPOSURE}", UNIT)
    assert finished.returncode == 0, finished.stdout[-500:] + finished.stderr


@needs_systemd
def test_systemd_finds_no_fault_but_that_liqwatch_is_not_installed_here() -> None:
    finished = analysed("verify", "--man=no", UNIT)
    ours = [line for line in (finished.stdout + finished.stderr).splitlines() if "liqwatch" in line]
    assert [line for line in ours if not MISSING_BINARY.search(line)] == []


@pytest.mark.parametrize(("key", "value"), HARDENING.items(), ids=HARDENING)
def test_the_unit_is_hardened(key: str, value: str) -> None:
    assert unit()["Service"].get(key) == value


def test_the_unit_waits_for_readiness_watches_and_restarts_for_ever() -> None:
    service = unit()["Service"]
    assert service["Type"] == "notify"
    assert service["NotifyAccess"] == "main"
    assert int(service["WatchdogSec"]) > 0
    assert service["Restart"] == "always"
    assert unit()["Unit"]["StartLimitIntervalSec"] == "0", "after a bad night systemd must not give up"


def test_the_daemon_has_time_to_drain_before_it_is_killed() -> None:
    assert int(unit()["Service"]["TimeoutStopSec"]) > LONGEST_STOP_SECONDS


def test_reload_sends_the_signal_that_the_daemon_understands() -> None:
    assert unit()["Service"]["ExecReload"] == "/bin/kill -HUP $MAINPID"


def test_secrets_come_as_a_credential_and_state_stays_in_its_own_folders() -> None:
    service = unit()["Service"]
    assert service["LoadCredential"] == "secrets.toml:/etc/liqwatch/secrets.toml"
    assert (service["StateDirectory"], service["RuntimeDirectory"]) == ("liqwatch", "liqwatch")
