"""Fixtures every folder shares."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

SHARED = Path(__file__).resolve().parents[1].parent / "shared"


@pytest.fixture(scope="session")
def shared() -> Path:
    """The folder of other people's figures and payloads; absent outside the builders' machines."""
    if not SHARED.is_dir():
        message = "the folder of recorded payloads and published figures is not beside this checkout"
        if os.environ.get("LIQWATCH_REQUIRE_SHARED") == "1":
            pytest.fail(message)
        pytest.skip(message)
    return SHARED
