"""A config file of its own for each test, and a canary secret that must never be seen again."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from liqwatch.config import LoadedSettings, load_settings

Load = Callable[..., LoadedSettings]


@pytest.fixture
def load(tmp_path: Path) -> Load:
    """Write `config.toml` (mode 0600) and load it."""

    def load_text(text: str, environ: Mapping[str, str] | None = None) -> LoadedSettings:
        path = tmp_path / "config.toml"
        path.write_text(text, encoding="utf-8")
        path.chmod(0o600)
        return load_settings(
            path, environ={"HOME": str(tmp_path), **(environ or {})}, known_exchanges=["binance_usdm", "demo"]
        )

    return load_text
