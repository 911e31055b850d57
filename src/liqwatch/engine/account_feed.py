"""One account's private side: pushed changes as they come, and a full answer over REST to hold them against."""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Sequence
from datetime import UTC, timedelta

import structlog

from liqwatch.clock import Clock
from liqwatch.engine import conditions
from liqwatch.engine.keys import doubts, mend_of, refused_right
from liqwatch.engine.plan import AccountPlan
from liqwatch.engine.reconcile import Reconciler
from liqwatch.engine.record import Recorder
from liqwatch.engine.supervise import keep_alive
from liqwatch.engine.venue_feed import VenueFeed
from liqwatch.engine.watch import Watch
from liqwatch.errors import CredentialsError, ExchangeBlocked, ExchangeError
from liqwatch.model import AccountSnapshot, RestingOrder, Severity
from liqwatch.ports import AccountData, Cache, Telemetry

log = structlog.get_logger(__name__)

SECOND_LOOK_SECONDS = 2.0
CRITICAL_EVERY_SECONDS = 5.0
ORDERS_EVERY_SECONDS = 300.0
TIERS_LOOK_SECONDS = 5.0
PROBE_EVERY_SECONDS = 86_400.0
FAILURES_BEFORE_TOLD = 3


class AccountFeed:
    """Keeps one account's snapshot true."""

    def __init__(  # noqa: PLR0913  # collaborators, wired once in bootstrap
        self,
        *,
        plan: AccountPlan,
        account: AccountData,
        venue: VenueFeed,
        watch: Watch,
        recorder: Recorder,
        cache: Cache,
        clock: Clock,
        telemetry: Telemetry,
    ) -> None:
        """Nothing runs until `run`."""
        self.plan = plan
        self._account = account
        self._venue = venue
        self._watch = watch
        self._recorder = recorder
        self._cache = cache
        self._clock = clock
        self._telemetry = telemetry
        self._reconciler = Reconciler(watch.burning_subjects(plan.account))
        self._failures = 0
        self.answered_monotonic = clock.monotonic()
        self.orders: Sequence[RestingOrder] | None = None
        """None: not read yet, or the key may not read them."""
        self.refusal: CredentialsError | None = None
        """Why the key is of no use, while it is of none."""
        self._has_refused_right = False
        self._has_told_orders = False
        self._asked_tiers: set[str] = set()

    async def run(self) -> None:
        """Follow the account for ever. Leverage brackets come first, so that the first judgement is the right one."""
        await self._venue.instruments_known.wait()
        if await self._is_refused():
            self._venue.go_on_without_brackets()
            return
        work = [
            ("account", self._reconcile),
            ("pushes", self._follow),
            ("orders", self._keep_orders),
            ("tiers", self._keep_tiers),
            ("probe", self._keep_probing),
        ]
        try:
            await self.refresh_brackets(await self._first_held())
        except (ExchangeError, CredentialsError) as error:
            log.warning("leverage_brackets_missing", account=self.plan.account, error=str(error))
            work.append(("brackets", self.refresh_brackets))
        # Asked, answered or not: whoever holds nothing here gets no tiers, and nobody must wait for them.
        self._venue.go_on_without_brackets()
        async with asyncio.TaskGroup() as tasks:
            for name, run in work:
                label = f"{name}:{self.plan.account}"
                tasks.create_task(keep_alive(label, run, self._clock, self._telemetry), name=label)

    async def _is_refused(self) -> bool:
        """Look at the key's rights. Unable to ask is no reason not to watch; a right to act is."""
        try:
            report = await self._account.probe()
        except CredentialsError as error:
            await self._cannot_read(error, Severity.CRITICAL)
            self.refusal = self._named(error)
            return False
        except ExchangeError as error:
            log.warning("key_not_probed", account=self.plan.account, error=str(error))
            return False
        for doubt in doubts(report):
            log.warning("key_doubtful", account=self.plan.account, doubt=doubt)
        right = refused_right(report, allow_trade=self.plan.allow_trade_permission)
        self._has_refused_right = right is not None
        if right is None:
            return False
        refusal = CredentialsError(f"this key may {right} and is refused", mend=mend_of(right))
        await self._cannot_read(refusal, Severity.CRITICAL)
        self.refusal = self._named(refusal)
        return True

    def _blind(self, error: ExchangeBlocked) -> ExchangeBlocked:
        """A ban with its end: until then prices come by stream alone."""
        until = (self._clock.now() + timedelta(seconds=error.retry_after_seconds)).astimezone(UTC)
        text = f"REST blind until {until:%H:%M:%S} UTC ({error.message})"
        return ExchangeBlocked(text, retry_after_seconds=error.retry_after_seconds)

    def _named(self, error: CredentialsError) -> CredentialsError:
        """The refusal with the account and the venue it is about."""
        where = f"account {self.plan.account} at {self.plan.venue}"
        return CredentialsError(f"{where}: {error.message}", path=f"accounts.{self.plan.account}", mend=error.mend)

    async def _first_held(self) -> set[str]:
        """The markets held at the start: many venues tell tiers only market by market."""
        snapshot = await self._account.snapshot()
        return {position.symbol for position in snapshot.positions}

    async def refresh_brackets(self, symbols: Collection[str] = ()) -> None:
        """Ask for the leverage brackets of what is held anew (chore: daily, and when a new market is entered)."""
        held = self._watch.snapshots.get(self.plan.account)
        wanted = {*symbols, *(position.symbol for position in held.positions)} if held else set(symbols)
        brackets = await self._account.leverage_tiers(wanted)
        log.info("leverage_brackets_loaded", account=self.plan.account, markets=len(brackets))
        await self._venue.use_brackets(brackets)

    async def _follow(self) -> None:
        async for snapshot in self._account.changes():
            self.answered_monotonic = self._clock.monotonic()
            await self._take(snapshot)

    async def _reconcile(self) -> None:
        pause = 0.0
        while True:
            await self._clock.sleep(pause)
            pause = await self._ask()

    async def _ask(self) -> float:
        """One REST answer; the seconds until the next."""
        every = self.plan.reconcile_every.total_seconds()
        try:
            snapshot = await self._account.snapshot()
        except ExchangeBlocked as error:
            await self._cannot_read(self._blind(error), Severity.WARNING)
            return max(error.retry_after_seconds, every)
        except CredentialsError as error:
            await self._cannot_read(error, Severity.CRITICAL)
            return max(every, timedelta(minutes=1).total_seconds())
        except ExchangeError as error:
            self._failures += 1
            if self._failures >= FAILURES_BEFORE_TOLD:
                await self._cannot_read(error, Severity.WARNING)
            return every
        self._failures = 0
        self.answered_monotonic = self._clock.monotonic()
        if not self._has_refused_right:
            self.refusal = None
            await self._readable()
        unconfirmed = await self._take(snapshot)
        if self._watch.is_critical(self.plan.account):
            every = min(CRITICAL_EVERY_SECONDS, every)
        return min(SECOND_LOOK_SECONDS, every) if unconfirmed else every

    async def _keep_orders(self) -> None:
        """The orders that wait, read now and then: a stop that is there, or is not."""
        while True:
            try:
                self.orders = await self._account.resting_orders()
            except (ExchangeError, CredentialsError) as error:
                if self.orders is not None or not self._has_told_orders:
                    log.warning("resting_orders_not_read", account=self.plan.account, error=str(error))
                self.orders, self._has_told_orders = None, True
            self._watch.sights.learn_orders(self.plan.account, self.orders)
            await self._clock.sleep(ORDERS_EVERY_SECONDS)

    async def _keep_tiers(self) -> None:
        """Tiers of a market that has just been entered: only the key is told them at some venues."""
        while True:
            await self._clock.sleep(TIERS_LOOK_SECONDS)
            held = self._watch.snapshots.get(self.plan.account)
            missing = self._venue.without_tiers({each.symbol for each in held.positions} if held else ())
            if set(missing) - self._asked_tiers:
                await self.refresh_brackets()
                self._asked_tiers.update(missing)

    async def _keep_probing(self) -> None:
        """Look at the key's rights once a day: they can be changed behind our back."""
        while True:
            await self._clock.sleep(PROBE_EVERY_SECONDS)
            await self._is_refused()

    async def _take(self, snapshot: AccountSnapshot) -> frozenset[str]:
        believed = self._reconciler.believe(snapshot)
        if believed.unconfirmed:
            log.warning("positions_missing", account=self.plan.account, subjects=sorted(believed.unconfirmed))
        changes = self._watch.take_account(believed.snapshot, unconfirmed=believed.unconfirmed)
        self._venue.follow()
        await self._recorder.record(changes)
        return believed.unconfirmed

    async def _cannot_read(self, error: ExchangeError | CredentialsError, severity: Severity) -> None:
        log.warning("account_unreadable", account=self.plan.account, error=str(error))
        self._telemetry.count("account_failures_total", account=self.plan.account, code=error.code)
        finding = conditions.trouble(
            conditions.ACCOUNT_UNREADABLE,
            f"account {self.plan.account}",
            f"cannot be read: {error}",
            severity,
            account=self.plan.account,
        )
        await self._recorder.record(self._watch.take_finding(finding))

    async def _readable(self) -> None:
        finding = conditions.no_trouble(
            conditions.ACCOUNT_UNREADABLE,
            f"account {self.plan.account}",
            "can be read again",
            account=self.plan.account,
        )
        await self._recorder.record(self._watch.take_finding(finding))
