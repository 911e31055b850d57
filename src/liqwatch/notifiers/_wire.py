"""What really happened between Apprise and a web service.

Apprise tells success from failure only: it hides the body of an answer, the `Retry-After` of a refusal, and whether a
connection was never made or the answer to a sent message was lost. All its web services go through `requests`, whose
transport is replaced by a subclass here, once, when Apprise is loaded. It notes what it sees on the thread that has
begun to `watch`; for everybody else it is the transport it was.
"""

from __future__ import annotations

import functools
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import requests.sessions
from requests import PreparedRequest, Response
from requests.adapters import HTTPAdapter
from urllib3 import HTTPConnectionPool, PoolManager

from liqwatch.notifiers._progress import Progress

BODY_LIMIT = 10_000
"""Bytes of an answer that are looked at."""

_watching = threading.local()


@dataclass(frozen=True, slots=True)
class WebAnswer:
    """One answer of a service."""

    status: int
    body: bytes
    retry_after: str = ""

    @property
    def is_success(self) -> bool:
        """By its status."""
        return 200 <= self.status < 300  # noqa: PLR2004 - HTTP


@dataclass(slots=True)
class Wire:
    """Everything one attempt has seen, in order."""

    progress: Progress
    answers: list[WebAnswer] = field(default_factory=list)
    unanswered: int = 0
    """Requests that had a connection, and so may have arrived, but got no answer."""
    unconnected: int = 0
    """Requests that never had a connection."""
    is_connected: bool = False
    """Whether the present request has a connection."""


@contextmanager
def watch(progress: Progress) -> Iterator[Wire]:
    """Note what this thread's requests meet."""
    wire = Wire(progress)
    _watching.wire = wire
    try:
        yield wire
    finally:
        _watching.wire = None


def install() -> None:
    """From now on every `requests` session of this process has the transport that can be watched."""
    requests.sessions.HTTPAdapter = _Transport  # type: ignore[attr-defined]  # the name that sessions mount by


def _current() -> Wire | None:
    return getattr(_watching, "wire", None)


def _note_connected() -> None:
    wire = _current()
    if wire is not None:
        # From here on the request may be written.
        wire.is_connected = True
        wire.progress.hand_over()


@functools.lru_cache
def _noting(pool: type[HTTPConnectionPool]) -> type[HTTPConnectionPool]:
    """The same pool (plain, TLS, either of them through a proxy), with connections that tell when they stand.

    A connection over TLS stands when its handshake is over: before that no word is sent.
    """
    usual = pool.ConnectionCls

    def connect(self: Any) -> None:  # noqa: ANN401 - urllib3 types its connections as protocols
        usual.connect(self)
        _note_connected()

    connection = type(f"Noting{usual.__name__}", (usual,), {"connect": connect})
    return type(f"Noting{pool.__name__}", (pool,), {"ConnectionCls": connection})


class _Transport(HTTPAdapter):
    """The usual transport, with connections that tell when they stand."""

    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:  # noqa: ANN401 - the parent's signature
        super().init_poolmanager(*args, **kwargs)
        _use_noting_pools(self.poolmanager)

    def proxy_manager_for(self, *args: Any, **kwargs: Any) -> Any:  # noqa: ANN401 - the parent's signature
        is_known = args[0] in self.proxy_manager
        manager = super().proxy_manager_for(*args, **kwargs)
        if not is_known:
            _use_noting_pools(manager)
        return manager

    def send(self, request: PreparedRequest, *args: Any, **kwargs: Any) -> Response:  # noqa: ANN401 - the parent's signature
        wire = _current()
        if wire is None:
            return super().send(request, *args, **kwargs)
        wire.progress.is_unseen = False
        wire.is_connected = False
        try:
            response = super().send(request, *args, **kwargs)
            # Reading is part of it: an answer that breaks off says nothing.
            body = response.content
        except Exception:
            if wire.is_connected:
                wire.unanswered += 1
            else:
                wire.unconnected += 1
            raise
        retry_after = response.headers.get("Retry-After", "")
        wire.answers.append(WebAnswer(response.status_code, body[:BODY_LIMIT], retry_after))
        return response


def _use_noting_pools(manager: PoolManager) -> None:
    manager.pool_classes_by_scheme = {name: _noting(pool) for name, pool in manager.pool_classes_by_scheme.items()}
