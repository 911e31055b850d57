"""Key-less REST against a real local HTTP server."""

from __future__ import annotations

import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import msgspec
import pytest

from liqwatch.clock import SystemClock
from liqwatch.errors import ExchangeBlocked, ExchangeError, ExchangeUnreachable
from liqwatch.exchanges.plumbing import public_rest
from liqwatch.exchanges.plumbing.public_rest import PublicRest

LOAD_KEYLESS = """
import sys
from liqwatch.exchanges import load_exchange
load_exchange("binance_usdm")
print(sorted({"ccxt", "aiohttp"} & set(sys.modules)))
"""


class Desk(BaseHTTPRequestHandler):
    """Answers `/<status>` with that status, and `/echo` with the target it was asked for."""

    def do_GET(self) -> None:
        name = self.path.partition("?")[0].rsplit("/", 1)[1]
        body = msgspec.json.encode(self.path)
        self.send_response(int(name) if name.isdigit() else 200)
        self.send_header("Retry-After", "7")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *arguments: object) -> None:
        pass


@pytest.fixture
def desk_url() -> Iterator[str]:
    with ThreadingHTTPServer(("127.0.0.1", 0), Desk) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield f"http://127.0.0.1:{server.server_address[1]}"
        server.shutdown()
        thread.join()


async def test_a_path_and_its_query_are_asked_below_the_base(desk_url: str) -> None:
    rest = PublicRest(f"{desk_url}/base/", SystemClock())
    assert msgspec.json.decode(await rest.get("/echo", {"symbol": "牛来USDT"})) == (
        "/base/echo?symbol=%E7%89%9B%E6%9D%A5USDT"
    )


@pytest.mark.parametrize(
    ("status", "kind"), [(429, ExchangeBlocked), (503, ExchangeUnreachable), (400, ExchangeError), (302, ExchangeError)]
)
async def test_a_refusal_is_one_of_our_errors(desk_url: str, status: int, kind: type[Exception]) -> None:
    with pytest.raises(kind):
        await PublicRest(desk_url, SystemClock()).get(f"/{status}")


async def test_a_block_says_how_long(desk_url: str) -> None:
    with pytest.raises(ExchangeBlocked) as caught:
        await PublicRest(desk_url, SystemClock()).get("/418")
    assert caught.value.retry_after_seconds == 7.0


async def test_nobody_there_is_unreachable() -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        port = unused.getsockname()[1]
        with pytest.raises(ExchangeUnreachable):
            await PublicRest(f"http://127.0.0.1:{port}", SystemClock()).get("/echo")


async def test_an_endless_body_is_cut(desk_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(public_rest, "LARGEST_BODY_BYTES", 3)
    with pytest.raises(ExchangeUnreachable, match="too much"):
        await PublicRest(desk_url, SystemClock()).get("/echo")


def test_a_run_without_keys_loads_neither_ccxt_nor_aiohttp() -> None:
    done = subprocess.run([sys.executable, "-c", LOAD_KEYLESS], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
