"""Dead channels stay alone with their trouble."""

from __future__ import annotations

import asyncio
import subprocess
import sys
import threading

import pytest

from liqwatch.model import Delivery, DeliveryReport, Message, Severity
from liqwatch.notifiers import open_channel
from liqwatch.notifiers._worker import ABANDONED_LIMIT, ChannelStuck, ChannelWorker
from liqwatch.ports import ChannelOptions, Notifier
from liqwatch.testing.sinks import HttpSink

pytestmark = pytest.mark.filterwarnings(
    # Apprise's mail plug-in imports it where it still exists.
    "ignore:'imghdr' is deprecated:DeprecationWarning"
)

HANGING = 24

EXIT_WHILE_HANGING = """
import asyncio, threading
from liqwatch.notifiers._worker import ChannelWorker

async def main():
    try:
        await ChannelWorker("chat").run(threading.Event().wait, 0.05)
    except TimeoutError:
        print("left behind", flush=True)

asyncio.run(main())
"""

LAZY = """
import sys
from liqwatch.notifiers import open_channel
from liqwatch.ports import ChannelOptions
open_channel(ChannelOptions(name="chat", url="json://127.0.0.1:9/"))
sys.exit("apprise" in sys.modules)
"""


def channel(name: str, url: str) -> Notifier:
    return open_channel(ChannelOptions(name=name, url=url, timeout_seconds=60))


async def send(notifier: Notifier) -> DeliveryReport:
    return await notifier.send(Message(message_id="a", title="title", body="body", severity=Severity.CRITICAL))


async def test_a_healthy_channel_delivers_while_all_others_hang() -> None:
    async with HttpSink() as dead, HttpSink() as healthy, asyncio.TaskGroup() as tasks:
        dead.hang = True
        hanging = [tasks.create_task(send(channel(f"dead-{n}", dead.url))) for n in range(HANGING)]
        await dead.wait_for(HANGING, timeout=60)
        report = await send(channel("healthy", healthy.url))
        assert report.delivery is Delivery.SENT
        assert len(healthy.received) == 1
        for task in hanging:
            task.cancel()


async def test_a_channel_starts_nothing_new_while_too_many_sends_hang() -> None:
    worker, release = ChannelWorker("chat"), threading.Event()
    started: list[int] = []

    def hang(number: int) -> None:
        started.append(number)
        release.wait()

    for number in range(ABANDONED_LIMIT):
        with pytest.raises(TimeoutError):
            await worker.run(lambda number=number: hang(number), 0.02)  # type: ignore[misc]
    with pytest.raises(ChannelStuck):
        await worker.run(lambda: hang(99), 0.02)
    assert started == list(range(ABANDONED_LIMIT))

    left_behind = [thread for thread in threading.enumerate() if thread.name == "channel:chat"]
    release.set()
    for thread in left_behind:
        thread.join()
    assert await worker.run(lambda: "again", 10) == "again"


async def test_an_error_on_the_thread_reaches_the_caller() -> None:
    def fail() -> None:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await ChannelWorker("chat").run(fail, 10)


def test_a_hanging_send_does_not_keep_the_process_alive() -> None:
    ended = subprocess.run(
        [sys.executable, "-c", EXIT_WHILE_HANGING], capture_output=True, text=True, timeout=60, check=True
    )
    assert (ended.stdout, ended.stderr) == ("left behind\n", "")


def test_opening_a_channel_does_not_load_apprise() -> None:
    ended = subprocess.run([sys.executable, "-c", LAZY], timeout=60, check=False)
    assert ended.returncode == 0
