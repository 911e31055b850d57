"""The keys that open user-data streams: one per account, valid until ended."""

from __future__ import annotations

import hashlib
from itertools import count


class ListenKeys:
    """Which listenKey belongs to whom. An unknown key opens a stream that stays silent, as on the venue."""

    def __init__(self) -> None:
        """No key is open yet."""
        self._numbers = count(1)
        self._open: dict[str, str] = {}

    def open(self, api_key: str) -> str:
        """The account's key, made when it has none."""
        if api_key not in self._open:
            seed = f"{api_key}:{next(self._numbers)}"
            self._open[api_key] = hashlib.sha256(seed.encode()).hexdigest()
        return self._open[api_key]

    def current(self, api_key: str) -> str | None:
        """The account's key, if it has one."""
        return self._open.get(api_key)

    def end(self, api_key: str) -> str | None:
        """Forget the account's key and return it; sockets opened with it go silent."""
        return self._open.pop(api_key, None)
