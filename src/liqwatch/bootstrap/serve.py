"""The process's life: one state directory, one daemon; SIGTERM drains, SIGHUP takes over a new configuration.

A reload validates first. Only a file that could be started replaces the running daemon; alert states and
undelivered messages pass from one to the other through the store.
"""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import Callable, Mapping
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from pathlib import Path

import structlog

from liqwatch.bootstrap.archive import DATABASE_NAME
from liqwatch.bootstrap.chores import do_chores
from liqwatch.bootstrap.messages import heirs_of, routing_of
from liqwatch.bootstrap.parts import Remembered, World, open_channels, wire
from liqwatch.clock import SystemClock
from liqwatch.config.load import LoadedSettings, load_settings
from liqwatch.config.settings import Daemon as DaemonSettings
from liqwatch.config.settings import Settings
from liqwatch.engine import conditions
from liqwatch.engine.daemon import Daemon
from liqwatch.engine.delivery.dispatch import Outcome
from liqwatch.engine.desk.control import control_commands
from liqwatch.errors import ConfigError, LiqwatchError, RestartNeeded
from liqwatch.exchanges import credentials_of, known_exchanges
from liqwatch.faces.control import Command, ControlServer
from liqwatch.faces.logs import configure_logs
from liqwatch.faces.metrics import PrometheusTelemetry
from liqwatch.faces.systemd import service_manager
from liqwatch.model import Severity
from liqwatch.stores.lock import StateLock
from liqwatch.stores.sqlite import SqliteStore

log = structlog.get_logger(__name__)

SOCKET_NAME = "control.sock"
FIXED_UNTIL_RESTART = ("state_directory", "runtime_directory", "metrics_listen")


@dataclass(slots=True)
class Signals:
    """What the outside asks for. `wake` is set by either."""

    stop: asyncio.Event = field(default_factory=asyncio.Event)
    reload: asyncio.Event = field(default_factory=asyncio.Event)

    def listen(self) -> None:
        """SIGTERM and SIGINT stop, SIGHUP reloads."""
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self.stop.set)
        loop.add_signal_handler(signal.SIGHUP, self.reload.set)


@dataclass(frozen=True, slots=True)
class Outside:
    """The environment, and whoever wants to meet each daemon as it starts."""

    environ: Mapping[str, str]
    attach: Callable[[Daemon], None] | None = None


async def serve(
    config: Path,
    *,
    environ: Mapping[str, str] = os.environ,
    signals: Signals | None = None,
    observe: Callable[[Outcome], None] | None = None,
    attach: Callable[[Daemon], None] | None = None,
) -> None:
    """Run the daemon with this config file until told to stop.

    `observe` sees every delivery attempt, `attach` every daemon as it starts: the demo looks through them.
    """
    loaded = _load(config, environ)
    _begin_log(loaded, environ)
    if signals is None:
        signals = Signals()
        signals.listen()
    async with AsyncExitStack() as stack:
        world, troubles = await _open_world(loaded.settings, environ, stack, observe)
        while True:
            replacement = await _serve_once(loaded, world, troubles, signals, Outside(environ, attach))
            if replacement is None:
                return
            world.service.reloading()
            loaded, troubles = replacement, []
            _begin_log(loaded, environ)
            log.info("configuration_reloaded", source=str(config))


async def _serve_once(
    loaded: LoadedSettings, world: World, troubles: list[tuple[str, str, str]], signals: Signals, outside: Outside
) -> LoadedSettings | None:
    """One daemon, from its start until it is stopped (None) or replaced (by the configuration returned)."""
    await _take_over_outbox(loaded.settings, world)
    remembered = Remembered(
        records=await world.store.load(), silences=await world.store.silences(), troubles=tuple(troubles)
    )
    wired = wire(loaded.settings, world, remembered)
    daemon, ending = Daemon(wired.parts), asyncio.Event()
    if outside.attach:
        outside.attach(daemon)
    socket_path = loaded.settings.daemon.runtime_directory / SOCKET_NAME
    try:
        commands: dict[str, Command] = {
            "status": daemon.status,
            "explain": daemon.explain,
            **control_commands(wired.desk, world.store, wired.parts.dispatcher, world.clock),
        }
        async with ControlServer(socket_path, commands), asyncio.TaskGroup() as tasks:
            tasks.create_task(daemon.run(ending), name="daemon")
            chores = tasks.create_task(do_chores(daemon, wired, loaded.settings, world), name="chores")
            replacement = await _until_told(loaded, signals, daemon, outside.environ)
            if replacement is None:
                # Not on a reload: a service manager that hears this kills whoever is still there a little later.
                world.service.stopping()
            chores.cancel()
            ending.set()
    finally:
        await wired.close()
    if daemon.refusal is not None:
        raise daemon.refusal
    return replacement


async def _take_over_outbox(settings: Settings, world: World) -> None:
    """What the last daemon had under way is due again; what waits for channels that are gone is told by others."""
    await world.store.release()
    count = await world.store.inherit(settings.channels.keys(), heirs_of(routing_of(settings)), world.clock.now())
    if count:
        log.warning("messages_of_removed_channels", count=count, note="told by others, and listed as dead")


async def _until_told(
    loaded: LoadedSettings, signals: Signals, daemon: Daemon, environ: Mapping[str, str]
) -> LoadedSettings | None:
    """Return when the daemon is to end: None to stop, or the new configuration that has proved sound."""
    config, daemon_in_force = loaded.source, loaded.settings.daemon
    while True:
        if await _first_of(signals.stop, daemon.refused, signals.reload) is not signals.reload:
            return None
        signals.reload.clear()
        try:
            return _replacement(config, environ, daemon_in_force)
        except LiqwatchError as error:
            log.error("configuration_rejected", error=str(error))  # noqa: TRY400  # told to people, not traced
            headline = f"is refused ({_first_problem(error)}); the old one stays in force"
            await daemon.tell(conditions.CONFIG_REJECTED, f"configuration {config.name}", headline, Severity.WARNING)


def _replacement(config: Path, environ: Mapping[str, str], in_force: DaemonSettings) -> LoadedSettings:
    """The new configuration; raises for a file that could not be started, or not without a restart."""
    loaded = _load(config, environ)
    # What a check of the file alone does not find: a URL that names no bot, or no chat.
    open_channels(loaded.settings)
    fixed = [name for name in FIXED_UNTIL_RESTART if getattr(loaded.settings.daemon, name) != getattr(in_force, name)]
    if fixed:
        raise RestartNeeded(f"changes {', '.join(f'daemon.{name}' for name in fixed)}", mend="restart the daemon")
    return loaded


def _first_problem(error: LiqwatchError) -> str:
    if not isinstance(error, ConfigError):
        return f"{error.message}: {error.mend}"
    first, more = error.problems[0], len(error.problems) - 1
    return f"{first.path}: {first.message}" + (f", and {more} more" if more else "")


async def _first_of(*events: asyncio.Event) -> asyncio.Event:
    async with asyncio.TaskGroup() as tasks:
        waiting = {tasks.create_task(event.wait()): event for event in events}
        done, pending = await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
        for task in pending:
            task.cancel()
    return min((waiting[task] for task in done), key=events.index)


def _load(config: Path, environ: Mapping[str, str]) -> LoadedSettings:
    return load_settings(config, environ=environ, known_exchanges=known_exchanges(), credentials_of=credentials_of)


def _begin_log(loaded: LoadedSettings, environ: Mapping[str, str]) -> None:
    """Log as configured from here on, the configuration's own warnings first."""
    configure_logs(loaded.settings.daemon.log_level, environ)
    for warning in loaded.warnings:
        log.warning("configuration_warning", path=warning.path, message=warning.message, mend=warning.mend)


async def _open_world(
    settings: Settings,
    environ: Mapping[str, str],
    stack: AsyncExitStack,
    observe: Callable[[Outcome], None] | None,
) -> tuple[World, list[tuple[str, str, str]]]:
    lock = StateLock(settings.daemon.state_directory)
    lock.acquire()
    stack.callback(lock.release)
    store = SqliteStore(settings.daemon.state_directory / DATABASE_NAME)
    await store.open()
    stack.push_async_callback(store.close)
    telemetry = PrometheusTelemetry()
    _serve_metrics(settings.daemon.metrics_listen, telemetry)
    stack.callback(telemetry.close)
    world = World(
        store=store,
        service=service_manager(environ),
        clock=SystemClock(),
        telemetry=telemetry,
        observe=observe,
    )
    reset = (conditions.HISTORY_RESET, "alert history", "was damaged and has been begun anew; the old file is kept")
    return world, [reset] if store.history_reset else []


def _serve_metrics(address: str, telemetry: PrometheusTelemetry) -> None:
    """Watching goes on where nobody can count."""
    try:
        if address:
            telemetry.listen(address)
    except OSError as error:
        log.error("metrics_not_served", address=address, error=str(error))  # noqa: TRY400  # told, not traced
