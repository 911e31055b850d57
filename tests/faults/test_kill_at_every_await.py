"""SIGKILL at every point at which the pipeline can be waiting, then a restart: nothing lost, nothing told twice unless
nobody could know whether it had arrived."""

from __future__ import annotations

import json
import sqlite3
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Self

import pytest

SCRIPT = Path(__file__).with_name("kill_points.py")
CHANNELS = ("steady", "forgetful")
EVERY = 1
MOST_POINTS = 5_000


class Player:
    """The process that forks a child for each telling of the story."""

    def __enter__(self) -> Self:
        self._process = subprocess.Popen(
            [sys.executable, SCRIPT], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        return self

    def __exit__(self, *_: object) -> None:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.close()
        self._process.wait(timeout=10)
        self._process.stdout.close()

    def play(self, kill_at: int, directory: Path) -> str:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        directory.mkdir(exist_ok=True)
        self._process.stdin.write(f"{kill_at} {directory}\n")
        self._process.stdin.flush()
        return self._process.stdout.readline().strip()


@pytest.fixture(scope="module")
def player() -> Iterator[Player]:
    with Player() as made:
        yield made


def rows(directory: Path) -> dict[tuple[str, str], tuple[str, str]]:
    """(message, channel) → (status, title) of everything that was ever owed."""
    connection = sqlite3.connect(directory / "state.sqlite3")
    found = connection.execute("SELECT dedup_key, channel, status, title FROM outbox").fetchall()
    connection.close()
    return {(dedup_key, channel): (status, title) for dedup_key, channel, status, title in found}


def delivered(directory: Path, channel: str) -> list[dict[str, str]]:
    file = directory / f"{channel}.jsonl"
    # A line cut short by the kill was not taken: its message has to come again.
    lines = file.read_text().splitlines() if file.exists() else []
    return [json.loads(line) for line in lines if line.endswith("}")]


@pytest.mark.timeout(300)
def test_whatever_the_moment_of_the_kill_nothing_is_lost_and_repeats_have_the_same_id(
    player: Player, tmp_path: Path
) -> None:
    assert player.play(0, tmp_path / "model") == "done"
    owed = rows(tmp_path / "model")
    assert len(owed) >= 12
    points = 0
    for kill_at in range(1, MOST_POINTS, EVERY):
        directory = tmp_path / f"killed-{kill_at}"
        ended = player.play(kill_at, directory)
        if ended == "done":
            break
        assert ended == "killed"
        points += 1
        assert player.play(0, directory) == "done"
        compare(owed, directory, kill_at)
    assert points > 100, "the story has a hundred points at which it waits"


def compare(owed: dict[tuple[str, str], tuple[str, str]], directory: Path, kill_at: int) -> None:
    told = rows(directory)
    assert told.keys() == owed.keys(), f"killed at {kill_at}: other messages were decided on"
    for channel in CHANNELS:
        taken = delivered(directory, channel)
        text = "\n".join(line["text"] for line in taken)
        for (dedup_key, name), (status, title) in told.items():
            if name == channel:
                assert status in ("sent", "superseded"), f"killed at {kill_at}: {dedup_key} is {status}"
                assert status == "superseded" or title.partition(" · ")[2] in text, f"killed at {kill_at}: {title} lost"
        repeats = {message_id: count - 1 for message_id, count in Counter(line["id"] for line in taken).items()}
        unknown = 1 + (channel == "forgetful")
        assert sum(repeats.values()) <= unknown, f"killed at {kill_at}: told again without need on {channel}"
