"""What venues share names none of them, and the simulator's core neither."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import liqwatch

PLUMBING = Path(liqwatch.__file__).parent / "exchanges" / "plumbing"
VENUES = ("binance", "bybit", "okx", "gate", "bitget", "hyperliquid", "kucoin", "kraken", "deribit", "aster", "bingx")
NAMED = re.compile(rf"\b(?:{'|'.join(VENUES)})", re.IGNORECASE)


@pytest.mark.parametrize("path", sorted(PLUMBING.glob("*.py")), ids=lambda path: path.name)
def test_the_shared_plumbing_knows_no_venue_by_name(path: Path) -> None:
    assert not NAMED.findall(path.read_text(encoding="utf-8"))


def test_the_net_catches_a_name() -> None:
    assert NAMED.findall("as OKX does") == ["OKX"]
    assert not NAMED.findall("investigate, delegate, aggregate")
