"""Every venue on recorded messages: found by file name, held to what its contract claims.

Each message of a claimed channel is read into something or refused by a name; a mark is exactly the recorded one.
"""

from __future__ import annotations

import importlib.util
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from liqwatch.exchanges import known_exchanges, load_exchange
from liqwatch.exchanges.plumbing.listing import Listing
from liqwatch.ports import Grade
from liqwatch.testing.contract import Everything, VenueContract

FOLDER = Path(__file__).parent / "venues"
NAMES = sorted(path.stem for path in FOLDER.glob("[a-z]*.py"))
SHARES_A_WIRE = {"binance_portfolio": "binance_usdm"}
"""Venues whose public side is another's, contract and all."""


def contract_of(name: str) -> VenueContract:
    spec = importlib.util.spec_from_file_location(f"venue_contract_{name}", FOLDER / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    contract: VenueContract = module.CONTRACT
    return contract


def channel_of(path: Path) -> str:
    return path.name.split(".", 1)[0]


def messages(folder: Path, channels: frozenset[str]) -> Iterator[tuple[str, bytes]]:
    for path in sorted(folder.glob("*.jsonl")):
        if channel_of(path) in channels:
            yield from ((path.name, line) for line in path.read_bytes().splitlines() if line.strip())


def test_every_first_class_venue_has_a_contract() -> None:
    gold = [name for name in known_exchanges() if load_exchange(name).card.grade is Grade.GOLD]
    assert sorted(SHARES_A_WIRE.get(name, name) for name in gold if name not in SHARES_A_WIRE) == NAMES


@pytest.mark.parametrize("name", NAMES)
def test_every_recorded_channel_is_claimed_or_left_alone_with_a_reason(name: str, shared: Path) -> None:
    contract = contract_of(name)
    recorded = {channel_of(path) for path in (shared / "wire" / contract.wire).glob("*.jsonl")}
    claimed = contract.market_channels | contract.account_channels
    assert recorded == claimed | set(contract.unclaimed)
    assert not claimed & set(contract.unclaimed)
    assert all(len(reason) > 10 for reason in contract.unclaimed.values())


@pytest.mark.parametrize("name", NAMES)
def test_every_public_message_is_read_or_refused_by_name_and_a_mark_is_the_recorded_one(
    name: str, shared: Path
) -> None:
    contract = contract_of(name)
    marks = 0
    for file, line in messages(shared / "wire" / contract.wire, contract.market_channels):
        frame = contract.read_market(line, Everything())
        says_something = frame.is_data or frame.is_alive or frame.rejected or frame.liquidations
        assert says_something or frame.replies or frame.end, (file, line[:200])
        recorded = _marks(contract, line)
        assert sorted(frame.rows) == sorted(recorded), (file, line[:200])
        marks += len(recorded)
    assert marks > 0


def _marks(contract: VenueContract, line: bytes) -> list[tuple[str, float, int]]:
    try:
        document: Any = json.loads(line)
    except ValueError:
        return []
    return contract.marks_of(document)


@pytest.mark.parametrize("name", NAMES)
def test_every_private_message_is_read_or_refused_by_name(name: str, shared: Path) -> None:
    contract = contract_of(name)
    events = 0
    for file, line in messages(shared / "wire" / contract.wire, contract.account_channels):
        heard = contract.read_account(line, Listing())
        assert heard.rejected is None or heard.rejected.replace("_", "").isalnum(), (file, line[:200])
        events += len(heard.events)
    assert events > 0 or not contract.account_channels


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("frame", [b"", b"\xff\xfe", b"{", b"[]", b"null", b"[" * 2000, b'{"a":1}'])
def test_garbage_is_never_raised_out_of_a_reader(name: str, frame: bytes) -> None:
    contract = contract_of(name)
    assert not contract.read_market(frame, Everything()).rows
    assert not contract.read_account(frame, Listing()).events


@pytest.mark.parametrize("name", NAMES)
def test_whole_recorded_sessions_replay_without_error_up_to_each_markets_last_price(name: str, shared: Path) -> None:
    contract = contract_of(name)
    for prefix in contract.sessions:
        paths = sorted((shared / "wire" / "sessions").glob(f"{prefix}*.jsonl"))
        assert paths, prefix
        for path in paths:
            _replay(contract, path)


def _replay(contract: VenueContract, path: Path) -> None:
    seen: dict[str, float] = {}
    expected: dict[str, float] = {}
    for line in path.read_text(encoding="utf-8").splitlines():
        record = json.loads(line)
        if record.get("t") != "recv":
            continue
        raw = record["data"].encode()
        frame = contract.read_market(raw, Everything())
        seen.update((symbol, price) for symbol, price, _ in frame.rows)
        expected.update((symbol, price) for symbol, price, _ in _marks(contract, raw))
    assert seen == expected, path.name
