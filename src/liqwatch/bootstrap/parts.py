"""Wire one daemon: adapters in, engine parts out. No I/O happens here."""

from __future__ import annotations

from collections.abc import Callable, Container, Mapping, Sequence
from dataclasses import dataclass

from liqwatch.bootstrap.plan import plan_of, venue_of
from liqwatch.clock import Clock
from liqwatch.config.accounts import Account
from liqwatch.config.settings import Settings
from liqwatch.engine.account_feed import AccountFeed
from liqwatch.engine.daemon import Parts
from liqwatch.engine.dispatch import Dispatcher, Outcome
from liqwatch.engine.record import Recorder
from liqwatch.engine.selfwatch import SelfWatch
from liqwatch.engine.venue_feed import VenueFeed
from liqwatch.engine.watch import Watch
from liqwatch.exchanges import load_exchange
from liqwatch.model import AlertRecord
from liqwatch.notifiers import open_channel
from liqwatch.ports import (
    AccountData,
    AccountOptions,
    ChannelOptions,
    Market,
    Notifier,
    ServiceManager,
    Telemetry,
    VenueOptions,
)
from liqwatch.stores.sqlite import SqliteStore


@dataclass(frozen=True, slots=True, kw_only=True)
class World:
    """What outlives a reload: the store, the supervisor, the clock, the counters."""

    store: SqliteStore
    service: ServiceManager
    clock: Clock
    telemetry: Telemetry
    observe: Callable[[Outcome], None] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Wired:
    """A daemon's parts, and the adapters that must be closed after it."""

    parts: Parts
    adapters: tuple[Market | AccountData | Notifier, ...]

    async def close(self) -> None:
        """Close every adapter, whatever the others do."""
        for adapter in self.adapters:
            await adapter.close()


def wire(
    settings: Settings, world: World, records: Sequence[AlertRecord], troubles: Sequence[tuple[str, str, str]] = ()
) -> Wired:
    """Put everything together for these settings and what the store remembers."""
    watch = Watch(plan_of(settings), world.clock, records)
    notifiers = open_channels(settings)
    dispatcher = Dispatcher(
        store=world.store,
        notifiers=notifiers,
        routing=watch.plan.routing,
        clock=world.clock,
        telemetry=world.telemetry,
        observe=world.observe,
    )
    recorder = Recorder(world.store, dispatcher, world.telemetry)
    options = venue_options(settings, world.clock, world.telemetry)
    markets = {name: load_exchange(_exchange_of(name)).open_market(each) for name, each in options.items()}
    private = open_accounts(settings, options, markets)
    keyed = {watch.plan.accounts[name].venue for name in private}
    venues = {name: _venue_feed(market, watch, recorder, world, keyed) for name, market in markets.items()}
    accounts = {name: _account_feed(account, watch, recorder, world, venues) for name, account in private.items()}
    selfwatch = SelfWatch(
        watch=watch,
        recorder=recorder,
        accounts=accounts,
        service=world.service,
        clock=world.clock,
        telemetry=world.telemetry,
    )
    parts = Parts(
        watch=watch,
        recorder=recorder,
        dispatcher=dispatcher,
        selfwatch=selfwatch,
        venues=venues,
        accounts=accounts,
        store=world.store,
        service=world.service,
        clock=world.clock,
        telemetry=world.telemetry,
        troubles_at_start=tuple(troubles),
    )
    return Wired(parts=parts, adapters=(*markets.values(), *private.values(), *notifiers.values()))


def _venue_feed(
    market: Market, watch: Watch, recorder: Recorder, world: World, keyed_venues: Container[str]
) -> VenueFeed:
    return VenueFeed(
        market=market,
        watch=watch,
        recorder=recorder,
        cache=world.store,
        clock=world.clock,
        telemetry=world.telemetry,
        expects_brackets=market.venue in keyed_venues,
    )


def _account_feed(
    account: AccountData, watch: Watch, recorder: Recorder, world: World, venues: Mapping[str, VenueFeed]
) -> AccountFeed:
    plan = watch.plan.accounts[account.account]
    return AccountFeed(
        plan=plan,
        account=account,
        venue=venues[plan.venue],
        watch=watch,
        recorder=recorder,
        cache=world.store,
        clock=world.clock,
        telemetry=world.telemetry,
    )


def open_channels(settings: Settings) -> dict[str, Notifier]:
    """Every configured channel, in configured order."""
    return {
        name: open_channel(
            ChannelOptions(
                name=name,
                url=channel.url.get_secret_value(),
                timeout_seconds=channel.timeout.total_seconds(),
            )
        )
        for name, channel in settings.channels.items()
    }


def venue_options(settings: Settings, clock: Clock, telemetry: Telemetry) -> dict[str, VenueOptions]:
    """One market connection per venue, however many accounts live there."""
    return {
        venue_of(account): VenueOptions(
            venue=venue_of(account),
            clock=clock,
            telemetry=telemetry,
            rest_url=str(account.endpoints.rest) if account.endpoints.rest else None,
            websocket_url=str(account.endpoints.websocket) if account.endpoints.websocket else None,
            sandbox=account.sandbox,
            region=account.region,
            allow_last_price=account.allow_last_price,
        )
        for account in settings.accounts.values()
    }


def open_accounts(
    settings: Settings, options: Mapping[str, VenueOptions], markets: Mapping[str, Market]
) -> dict[str, AccountData]:
    """Every account that has a key."""
    return {
        name: load_exchange(account.exchange).open_account(
            options[venue_of(account)], _account_options(name, account), markets[venue_of(account)]
        )
        for name, account in settings.accounts.items()
        if account.has_key
    }


def _account_options(name: str, account: Account) -> AccountOptions:
    return AccountOptions(
        account=name,
        credentials=account.credentials,
        allow_trade_permission=account.allow_trade_permission,
    )


def _exchange_of(venue: str) -> str:
    """A venue's name begins with its exchange."""
    return venue.partition("@")[0]
