"""What is seen of a web service's answers, and by whom."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
import requests

from liqwatch.notifiers import _wire
from liqwatch.notifiers._progress import Progress


class _Answering(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.send_response(429)
        self.send_header("Retry-After", "3")
        self.send_header("Content-Length", "2")
        self.end_headers()
        self.wfile.write(b"no")

    def log_message(self, *_: object) -> None:
        """Nothing on the console."""


@pytest.fixture
def url() -> Iterator[str]:
    _wire.install()
    with ThreadingHTTPServer(("127.0.0.1", 0), _Answering) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}/"
        server.shutdown()
        thread.join()


def test_an_answer_is_seen_by_whoever_watches_and_by_nobody_else(url: str) -> None:
    progress = Progress(is_unseen=True)
    with _wire.watch(progress) as wire:
        other = threading.Thread(target=lambda: requests.get(url, timeout=5))
        other.start()
        other.join()
        assert wire.answers == []
        assert requests.get(url, timeout=5).text == "no"
    requests.get(url, timeout=5)
    assert wire.answers == [_wire.WebAnswer(429, b"no", "3")]
    assert (progress.is_unseen, progress.is_handed_over) == (False, True)


def test_a_connection_that_never_stands_hands_nothing_over() -> None:
    _wire.install()
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    progress = Progress(is_unseen=True)
    with _wire.watch(progress) as wire, pytest.raises(requests.ConnectionError):
        requests.get(f"http://127.0.0.1:{port}/", timeout=5)
    assert (wire.unconnected, wire.unanswered, progress.may_have_arrived) == (1, 0, False)


def test_a_connection_through_a_proxy_is_seen_as_well(url: str) -> None:
    progress = Progress()
    with _wire.watch(progress) as wire:
        requests.get("http://somewhere.invalid/", timeout=5, proxies={"http": url})
    assert [answer.status for answer in wire.answers] == [429]
    assert progress.is_handed_over
