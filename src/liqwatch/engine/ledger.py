"""The records of all alerts, found by key, by account, and by whether they burn: nobody walks through all of them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from liqwatch.model import AlertKey, AlertRecord


class Ledger:
    """Every alert there has been."""

    def __init__(self, records: Iterable[AlertRecord] = ()) -> None:
        self.by_key: dict[AlertKey, AlertRecord] = {}
        self._by_account: dict[str, dict[AlertKey, None]] = {}
        self._burning: dict[AlertKey, None] = {}
        for record in records:
            self.put(record)

    def put(self, record: AlertRecord) -> None:
        """What is known of an alert from now on."""
        key = record.key
        if key not in self.by_key:
            self._by_account.setdefault(key.account, {})[key] = None
        self.by_key[key] = record
        if record.is_burning:
            self._burning[key] = None
        else:
            self._burning.pop(key, None)

    def of_account(self, account: str) -> list[AlertKey]:
        """The alerts that an account has ever had."""
        return list(self._by_account.get(account, ()))

    def burning(self) -> Iterator[AlertRecord]:
        """Every alert whose danger stands, told or not."""
        return (self.by_key[key] for key in tuple(self._burning))
