"""Secrets of the configuration: where they stand, who may read the files they stand in, and that nothing shows them."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from pydantic import SecretStr

from liqwatch.config.codes import Code
from liqwatch.config.settings import CONSOLE_SCHEME
from liqwatch.errors import Problem
from liqwatch.redaction import remember_secret

SECRETS_FILE = "secrets.toml"
SECRET_KEYS = {
    "accounts": ("api_key", "secret", "passphrase"),
    "channels": ("url",),
    "heartbeat": ("url", "fail_url"),
}
"""Where secrets stand: keys of each account and each channel, and of the one heartbeat."""
SINGLE_TABLES = {"heartbeat"}
OTHERS_MAY = stat.S_IRWXG | stat.S_IRWXO


def secrets_in(raw: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Every secret of a configuration that has not been validated yet, whatever its shape: its key and its text."""
    for path, table, keys in _secret_tables(raw):
        for key in keys:
            value = table.get(key) or ""
            # pydantic-settings has already wrapped what came from the environment.
            text = value.get_secret_value() if isinstance(value, SecretStr) else str(value)
            if text and not text.startswith(CONSOLE_SCHEME):
                yield f"{path}.{key}", text


def _secret_tables(raw: Mapping[str, Any]) -> Iterator[tuple[str, Mapping[str, Any], tuple[str, ...]]]:
    """Every table that may hold secrets, with its path and the keys that do."""
    for name, keys in SECRET_KEYS.items():
        table = raw.get(name)
        if not isinstance(table, dict):
            continue
        entries = {name: table} if name in SINGLE_TABLES else {f"{name}.{entry}": each for entry, each in table.items()}
        yield from ((path, entry, keys) for path, entry in entries.items() if isinstance(entry, dict))


def remember_secrets(raw: Mapping[str, Any]) -> None:
    """Have every secret masked from now on, a URL's password and longer parts on their own as well."""
    for _, secret in secrets_in(raw):
        remember_secret(secret)
        try:
            parts = urlsplit(secret)
        except ValueError:
            continue
        if parts.scheme and parts.password:
            remember_secret(parts.password)


def exposure(path: Path, raw: Mapping[str, Any]) -> list[Problem]:
    """What is wrong with the owner and the mode of a file that holds these secrets."""
    status = path.stat()
    key = next((key for key, _ in secrets_in(raw)), "nothing yet")
    problems = []
    if status.st_uid not in {0, os.geteuid()}:
        problems.append(
            Code.SECRETS_FOREIGN.problem(
                path.name, f"holds secrets ({key}) and belongs to another user", f"chown it, then chmod 600 {path}"
            )
        )
    if status.st_mode & OTHERS_MAY:
        mode = f"{stat.S_IMODE(status.st_mode):04o}"
        problems.append(
            Code.SECRETS_EXPOSED.problem(
                path.name,
                f"holds secrets ({key}) and is open to others (mode {mode})",
                f"chmod 600 {path}" + ("" if path.name == SECRETS_FILE else f", or move them to {SECRETS_FILE}"),
            )
        )
    return problems
