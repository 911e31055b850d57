"""Wire one daemon: adapters in, engine parts out. No I/O happens here."""

from __future__ import annotations

from collections.abc import Callable, Container, Mapping, Sequence
from dataclasses import dataclass

import structlog

from liqwatch.alerts.speaker import Speaker
from liqwatch.bootstrap.messages import channel_options, limits_of
from liqwatch.bootstrap.plan import plan_of, venue_of
from liqwatch.bootstrap.schedules import heartbeat_of
from liqwatch.clock import Clock
from liqwatch.config.accounts import Account
from liqwatch.config.settings import Settings
from liqwatch.engine.absence import Absence
from liqwatch.engine.account_feed import AccountFeed
from liqwatch.engine.daemon import Parts
from liqwatch.engine.delivery.dispatch import Dispatcher, Outcome
from liqwatch.engine.delivery.pace import UNHURRIED, PaceLimits
from liqwatch.engine.desk import Desk
from liqwatch.engine.heartbeat import Heartbeat, Troubles
from liqwatch.engine.record import Recorder
from liqwatch.engine.selfwatch import SelfWatch
from liqwatch.engine.venue_feed import VenueFeed
from liqwatch.engine.watch import Watch
from liqwatch.exchanges import load_exchange
from liqwatch.languages import load
from liqwatch.model import AlertRecord, Silence
from liqwatch.notifiers import is_console, open_channel
from liqwatch.ports import (
    AccountData,
    AccountOptions,
    Cache,
    Conversation,
    Market,
    Notifier,
    Pulse,
    ServiceManager,
    Telemetry,
    VenueOptions,
)
from liqwatch.stores.sqlite import SqliteStore

log = structlog.get_logger(__name__)


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
    desk: Desk
    adapters: tuple[Market | AccountData | Notifier | Pulse, ...]

    async def close(self) -> None:
        """Close every adapter, whatever the others do."""
        for adapter in self.adapters:
            try:
                await adapter.close()
            except Exception as error:  # noqa: BLE001 - a reload must not end with one adapter's bug
                log.warning("adapter_not_closed", adapter=type(adapter).__name__, error=type(error).__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Remembered:
    """What the store knows of the time before this daemon, and what went wrong before it could speak."""

    records: Sequence[AlertRecord] = ()
    silences: Sequence[Silence] = ()
    troubles: Sequence[tuple[str, str, str]] = ()


def wire(settings: Settings, world: World, remembered: Remembered) -> Wired:
    """Put everything together for these settings and what the store remembers."""
    watch = Watch(plan_of(settings), world.clock, remembered.records, remembered.silences)
    notifiers = open_channels(settings, cache=world.store, clock=world.clock)
    conversations = {name: each for name, each in notifiers.items() if isinstance(each, Conversation)}
    dispatcher = _dispatcher(settings, world, watch, notifiers)
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
        is_outbox_moving=dispatcher.is_moving,
    )
    pulse = open_pulse(settings)
    desk = Desk(
        watch=watch,
        recorder=recorder,
        selfwatch=selfwatch,
        store=world.store,
        clock=world.clock,
        conversations=conversations,
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
        absence=Absence(watch=watch, recorder=recorder, venues=venues, cache=world.store, clock=world.clock),
        desk=desk,
        heartbeat=_heartbeat(settings, world, pulse, lambda: (*selfwatch.troubles, *dispatcher.troubles())),
        conversations=conversations,
        troubles_at_start=tuple(remembered.troubles),
    )
    adapters: list[Market | AccountData | Notifier | Pulse] = [
        *markets.values(),
        *private.values(),
        *notifiers.values(),
    ]
    if pulse is not None:
        adapters.append(pulse)
    return Wired(parts=parts, desk=desk, adapters=tuple(adapters))


def _dispatcher(settings: Settings, world: World, watch: Watch, notifiers: Mapping[str, Notifier]) -> Dispatcher:
    return Dispatcher(
        store=world.store,
        notifiers=notifiers,
        routing=watch.plan.routing,
        clock=world.clock,
        telemetry=world.telemetry,
        observe=world.observe,
        paces=paces_of(settings),
        speakers={name: Speaker(voice, load(voice.language)) for name, voice in watch.plan.voices.items()},
    )


def paces_of(settings: Settings) -> dict[str, PaceLimits]:
    """How often each channel may speak; standard output as often as it likes."""
    limits = limits_of(settings)
    return {
        name: UNHURRIED
        if is_console(channel.url.get_secret_value())
        else PaceLimits(max_per_minute=limits[name])
        if name in limits
        else PaceLimits()
        for name, channel in settings.channels.items()
    }


def open_pulse(settings: Settings) -> Pulse | None:
    """Whoever misses us outside, where somebody is named. Loads the HTTP client only then."""
    plan = heartbeat_of(settings)
    if plan is None:
        return None
    from liqwatch.faces.pulse import HttpPulse  # noqa: PLC0415 - costs the start of whoever has no heartbeat

    return HttpPulse(plan.url, plan.fail_url, allow_private=plan.allow_private)


def _heartbeat(settings: Settings, world: World, pulse: Pulse | None, troubles: Troubles) -> Heartbeat | None:
    plan = heartbeat_of(settings)
    if plan is None or pulse is None:
        return None
    return Heartbeat(
        pulse=pulse,
        troubles=troubles,
        every_seconds=plan.every.total_seconds(),
        clock=world.clock,
        telemetry=world.telemetry,
    )


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


def open_channels(settings: Settings, *, cache: Cache | None = None, clock: Clock | None = None) -> dict[str, Notifier]:
    """Every configured channel, in configured order."""
    return {
        name: open_channel(options) for name, options in channel_options(settings, cache=cache, clock=clock).items()
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
