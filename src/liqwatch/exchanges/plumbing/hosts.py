"""Where a venue is: its own addresses, its test net's, its regions', each replaceable by what the user names."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from liqwatch.errors import ExchangeError
from liqwatch.ports import VenueOptions


@dataclass(frozen=True, slots=True, kw_only=True)
class Hosts:
    """Base addresses without a trailing slash: scheme, host, and where needed a path.

    `private_websocket` is where the account's stream is when it is not at `websocket`.
    """

    rest: str
    websocket: str
    private_websocket: str = ""

    @property
    def private(self) -> str:
        """Base address of the account's stream."""
        return self.private_websocket or self.websocket


@dataclass(frozen=True, slots=True, kw_only=True)
class Addresses:
    """Every place one venue can be reached at; `regions` by the name that the config uses."""

    live: Hosts
    sandbox: Hosts | None = None
    regions: Mapping[str, Hosts] = field(default_factory=dict)

    def of(self, options: VenueOptions) -> Hosts:
        """The addresses that these options mean.

        Raises:
            ExchangeError: the venue has no test net, or no such region.
        """
        hosts = self._named(options)
        if options.rest_url is not None:
            hosts = replace(hosts, rest=options.rest_url.rstrip("/"))
        if options.websocket_url is not None:
            hosts = replace(hosts, websocket=options.websocket_url.rstrip("/"), private_websocket="")
        return hosts

    def _named(self, options: VenueOptions) -> Hosts:
        if options.sandbox:
            if self.sandbox is None:
                raise ExchangeError(f"{options.venue} has no test net", mend="remove sandbox = true")
            return self.sandbox
        if not options.region:
            return self.live
        if options.region not in self.regions:
            known = ", ".join(sorted(self.regions)) or "none"
            raise ExchangeError(f"{options.venue} has no region {options.region!r}; known: {known}")
        return self.regions[options.region]
