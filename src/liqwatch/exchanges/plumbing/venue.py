"""One venue from its parts: a venue file declares a `Venue`, and `adapter_of` makes the adapter."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace

from liqwatch.errors import CredentialsError
from liqwatch.exchanges.plumbing.account import VenueAccount
from liqwatch.exchanges.plumbing.budget import Budget, request_budget
from liqwatch.exchanges.plumbing.ccxt_session import CcxtSession, CcxtSetup
from liqwatch.exchanges.plumbing.dialects import AccountDialect, MarkDialect, MarketDialect
from liqwatch.exchanges.plumbing.hosts import Addresses, Hosts
from liqwatch.exchanges.plumbing.mark_stream import StreamTuning
from liqwatch.exchanges.plumbing.market import VenueMarket
from liqwatch.exchanges.plumbing.private_stream import PrivateTuning
from liqwatch.ports import AccountData, AccountOptions, ExchangeAdapter, Market, VenueCard, VenueOptions

CCXT_NAMES = {"api_key": "apiKey", "secret": "secret", "passphrase": "password", "wallet_address": "walletAddress"}
"""Our names of credentials, and ccxt's."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Venue:
    """Everything that makes a venue itself.

    `allowed_calls` are the ccxt raw calls that watching needs, each with its request weight; nothing else can be
    called. `read_time` finds the venue's clock (epoch ms) in the answer of `time_call`.
    """

    exchange: str
    title: str
    card: VenueCard
    addresses: Addresses
    marks: Callable[[VenueOptions, Hosts], MarkDialect]
    market: Callable[[VenueOptions, Hosts], MarketDialect]
    account: Callable[[VenueOptions, Hosts], AccountDialect]
    ccxt_id: str
    allowed_calls: Mapping[str, float]
    time_call: str
    read_time: Callable[[object], float]
    required_credentials: tuple[str, ...] = ("api_key", "secret")
    ccxt_options: Mapping[str, object] = field(default_factory=dict)
    budget: Budget = field(default_factory=Budget)
    streams: StreamTuning = field(default_factory=StreamTuning)
    private_stream: PrivateTuning = field(default_factory=PrivateTuning)


def adapter_of(venue: Venue) -> ExchangeAdapter:
    """The adapter that the loader looks for."""

    def open_market(options: VenueOptions) -> Market:
        hosts = venue.addresses.of(options)
        tuning = replace(venue.streams, silence_limit_seconds=options.silence_limit_seconds)
        dialect, marks = venue.market(options, hosts), venue.marks(options, hosts)
        return VenueMarket(options, hosts, dialect, marks, tuning, venue.budget)

    def open_account(options: VenueOptions, account: AccountOptions, market: Market) -> AccountData:
        hosts = venue.addresses.of(options)
        session = _session(venue, options, account, hosts)
        dialect = venue.account(options, hosts)
        return VenueAccount(options, account, market, session, dialect, venue.private_stream)

    return ExchangeAdapter(
        exchange=venue.exchange,
        title=venue.title,
        required_credentials=venue.required_credentials,
        open_market=open_market,
        open_account=open_account,
        card=venue.card,
        raw_calls=frozenset({*venue.allowed_calls, venue.time_call}),
        regions=tuple(sorted(venue.addresses.regions)),
        has_sandbox=venue.addresses.sandbox is not None,
    )


def _session(venue: Venue, options: VenueOptions, account: AccountOptions, hosts: Hosts) -> CcxtSession:
    missing = [name for name in venue.required_credentials if not account.credentials.get(name)]
    if missing:
        raise CredentialsError(f"missing: {', '.join(missing)}", path=f"accounts.{account.account}")
    setup = CcxtSetup(
        exchange_id=venue.ccxt_id,
        allowed_calls=venue.allowed_calls,
        time_call=venue.time_call,
        read_time=venue.read_time,
        credentials=account.credentials,
        ccxt_names=CCXT_NAMES,
        options=venue.ccxt_options,
        base_url=None if hosts.rest == venue.addresses.live.rest else hosts.rest,
    )
    return CcxtSession(setup, options.clock, request_budget(options.clock, hosts.rest, venue.budget))
