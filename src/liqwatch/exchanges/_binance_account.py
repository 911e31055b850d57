"""The private side of one Binance USDⓈ-M account: whole by REST, kept current by the user-data stream."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Mapping
from contextlib import aclosing
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Protocol, cast

import structlog

from liqwatch.errors import CredentialsError, ExchangeBlocked, ExchangeError, PayloadError
from liqwatch.exchanges._binance_private import (
    AccountAnswer,
    AccountUpdate,
    ListenKeyAnswer,
    ListenKeyExpired,
    MarginCall,
    MultiAssetsAnswer,
    OrderUpdate,
    PositionRow,
    RestrictionsAnswer,
    RiskLevelChange,
    SettingsChanged,
    UserEvent,
    leverage_tiers_of,
    read_brackets,
    read_user_event,
)
from liqwatch.exchanges._binance_snapshot import (
    Owner,
    merge_account_update,
    snapshot_of,
    subject_of,
    unified,
    with_doubted,
)
from liqwatch.exchanges._ccxt_account import SignedCalls
from liqwatch.exchanges._dial import Backoff
from liqwatch.exchanges._user_stream import Arrival, Heard, UserStream, UserTuning, forced_pause_seconds
from liqwatch.model import AccountSnapshot, Instrument, LeverageTier, Side
from liqwatch.ports import AccountOptions, KeyReport, MarketData, VenueOptions

ACCOUNT = "fapiPrivateV3GetAccount"
POSITIONS = "fapiPrivateV3GetPositionRisk"
MULTI_ASSETS = "fapiPrivateGetMultiAssetsMargin"
BRACKETS = "fapiPrivateGetLeverageBracket"
OPEN_LISTEN_KEY = "fapiPrivatePostListenKey"
KEEP_LISTEN_KEY = "fapiPrivatePutListenKey"
RESTRICTIONS = "sapiGetAccountApiRestrictions"
TIME = "fapiPublicGetTime"

ALLOWED_CALLS = frozenset(
    {ACCOUNT, POSITIONS, MULTI_ASSETS, BRACKETS, OPEN_LISTEN_KEY, KEEP_LISTEN_KEY, RESTRICTIONS, TIME}
)
"""Everything that is ever asked with a key. The two that are no GET make and prolong a listen key."""

MODE_LASTS = timedelta(minutes=10)
FORCED_SETTLES_WITHIN = timedelta(seconds=5)
"""The account update behind a closing order has come by then."""
FORCED_REMEMBERED = timedelta(minutes=10)
"""How long the venue's own closing order explains why a position is gone."""
READS_PER_SNAPSHOT = 3

log = structlog.get_logger(__name__)


class PrivateUrl(Protocol):
    """Where the user-data stream of a listen key is."""

    def __call__(self, listen_key: str, /) -> str:
        """The URL to dial; it holds the key."""
        ...


@dataclass(slots=True)
class BinanceUserDialect:
    """How Binance speaks on its user-data stream."""

    venue: str
    session: SignedCalls
    private_url: PrivateUrl

    async def open_key(self) -> str:
        """A listen key that is good now; the venue gives the same one again while it lives."""
        return (await self.session.call(OPEN_LISTEN_KEY, ListenKeyAnswer)).listen_key

    async def keep_key(self) -> None:
        """Good for another hour."""
        await self.session.call(KEEP_LISTEN_KEY, dict)

    def url(self, listen_key: str) -> str:
        """Where to dial."""
        return self.private_url(listen_key)

    def read(self, frame: bytes) -> Heard[UserEvent]:
        """Decode a frame."""
        event = read_user_event(frame)
        if isinstance(event, str):
            return Heard(rejected=event)
        return Heard(is_end=True) if isinstance(event, ListenKeyExpired) else Heard(event)


class BinanceAccount:
    """One account, read only."""

    def __init__(
        self,
        options: VenueOptions,
        account: AccountOptions,
        market: MarketData,
        session: SignedCalls,
        stream: UserStream[UserEvent],
    ) -> None:
        """`market` says what is listed; `session` and `stream` are this account's own."""
        self.account = account.account
        self._owner = Owner(account=account.account, venue=options.venue)
        self._clock = options.clock
        self._telemetry = options.telemetry
        self._market = market
        self._session = session
        self._stream = stream
        self._reading = asyncio.Lock()
        self._listed: Mapping[str, Instrument] = {}
        self._by_native: dict[str, Instrument] = {}
        self._is_multi_asset = False
        self._mode_known_at: datetime | None = None
        self._last: AccountSnapshot | None = None
        self._doubted: frozenset[str] = frozenset()
        self._covered = 0
        self._forced: dict[str, tuple[str, datetime]] = {}
        self._told: set[str] = set()

    async def snapshot(self) -> AccountSnapshot:
        """The whole account, asked over REST; asked again when it moved meanwhile.

        Raises:
            CredentialsError: the key is refused.
            PayloadError: an answer is not what the venue documents; nothing of it is used.
            ExchangeError: the venue could not be asked.
        """
        async with self._reading:
            for _ in range(READS_PER_SNAPSHOT):
                pushes = self._stream.pushes
                snapshot = await self._read()
                if self._stream.pushes == pushes:
                    break
            # Whatever arrived before the answer was asked for is in it; merging it late would turn time back.
            self._covered = pushes
            self._last, self._doubted = with_doubted(snapshot, self._last, self._doubted)
            self._forget_survivors(snapshot)
            return replace(snapshot, forced=self._lately_forced())

    async def _read(self) -> AccountSnapshot:
        await self._learn_instruments()
        await self._learn_mode()
        as_of = self._clock.now()
        rows = await self._session.call(POSITIONS, list[PositionRow])
        answer = await self._session.call(ACCOUNT, AccountAnswer)
        self._tell_unlisted(rows)
        return snapshot_of(self._owner, answer, rows, self._by_native, is_multi_asset=self._is_multi_asset, as_of=as_of)

    async def _learn_instruments(self) -> None:
        listed = await self._market.instruments()
        if listed is not self._listed:
            self._listed = listed
            self._by_native = {instrument.native_symbol: instrument for instrument in listed.values()}

    async def _learn_mode(self) -> None:
        """Multi-assets mode, asked rarely. When it cannot be asked, what was known last stands."""
        now = self._clock.now()
        if self._mode_known_at is not None and now - self._mode_known_at < MODE_LASTS:
            return
        try:
            answer = await self._session.call(MULTI_ASSETS, MultiAssetsAnswer)
        except ExchangeBlocked:
            raise
        except ExchangeError as error:
            if self._is_first("multi_assets_mode"):
                log.warning("multi_assets_mode_unknown", account=self.account, why=error.message)
        else:
            self._is_multi_asset = answer.is_multi_asset
            self._mode_known_at = now

    def _tell_unlisted(self, rows: list[PositionRow]) -> None:
        for row in rows:
            if row.amount != 0 and row.symbol not in self._by_native:
                self._telemetry.count("frames_rejected_total", venue=self._owner.venue, reason="unlisted_market")
                if self._is_first(row.symbol):
                    log.warning("position_in_unlisted_market", account=self.account, native_symbol=row.symbol)

    def _is_first(self, what: str) -> bool:
        is_first = what not in self._told
        self._told.add(what)
        return is_first

    async def changes(self) -> AsyncGenerator[AccountSnapshot, None]:
        """A snapshot at every opening of the stream, then one after every push. Reconnects by itself, for ever."""
        arrivals = cast("AsyncGenerator[Arrival[UserEvent], None]", self._stream.arrivals())
        async with aclosing(arrivals):
            async for arrival in arrivals:
                async for snapshot in self._consequences(arrival):
                    yield snapshot

    async def _consequences(self, arrival: Arrival[UserEvent]) -> AsyncIterator[AccountSnapshot]:
        event = arrival.event
        if event is None:
            yield await self._snapshot_for_sure()
        elif isinstance(event, OrderUpdate):
            self._note_forced(event)
        elif arrival.number <= self._covered:
            return
        elif isinstance(event, AccountUpdate):
            merged = self._merged(event)
            if merged is not None:
                yield merged
            if merged is None or merged.is_multi_asset:
                # One asset's wallet does not tell what the pool of all assets is worth.
                yield await self._snapshot_for_sure()
        else:
            self._tell_event(event)
            yield await self._snapshot_for_sure()

    def _merged(self, update: AccountUpdate) -> AccountSnapshot | None:
        if self._last is None:
            return None
        try:
            self._last = merge_account_update(self._last, update, self._by_native)
        except PayloadError as error:
            self._stream.reject("bad_event")
            log.warning("account_update_refused", account=self.account, why=error.message)
            return None
        return replace(self._last, forced=self._lately_forced())

    def _note_forced(self, event: OrderUpdate) -> None:
        """Remember what the venue closes by itself: the account update that follows does not say why."""
        word, order = event.forced_close, event.order
        if word is None:
            return
        side = {"LONG": Side.LONG, "SHORT": Side.SHORT}.get(order.position_side)
        side = side or (Side.LONG if order.order_side == "SELL" else Side.SHORT)
        subject = subject_of(unified(order.symbol, self._by_native), side)
        self._forced[subject] = word, self._clock.now()
        log.warning("position_closed_by_venue", account=self.account, subject=subject, how=word)

    def _forget_survivors(self, snapshot: AccountSnapshot) -> None:
        """A position that is there again, or still, has had its closing order told: the next one is news."""
        now = self._clock.now()
        for position in snapshot.positions:
            _, at = self._forced.get(position.subject, ("", now))
            if now - at > FORCED_SETTLES_WITHIN:
                del self._forced[position.subject]

    def _lately_forced(self) -> dict[str, str]:
        now = self._clock.now()
        return {subject: word for subject, (word, at) in self._forced.items() if now - at < FORCED_REMEMBERED}

    def _tell_event(self, event: UserEvent) -> None:
        if isinstance(event, MarginCall | RiskLevelChange):
            self._telemetry.count("account_events_total", venue=self._owner.venue, event="margin_call")
            log.warning("venue_margin_call", account=self.account, venue=self._owner.venue)
        elif isinstance(event, SettingsChanged):
            self._mode_known_at = None
            log.info("account_settings_changed", account=self.account)

    async def _snapshot_for_sure(self) -> AccountSnapshot:
        """Ask until there is an answer, ever more slowly; the trouble is told once."""
        backoff = Backoff()
        while True:
            try:
                return await self.snapshot()
            except (ExchangeError, CredentialsError) as error:
                if self._stream.is_closed:
                    raise
                if backoff.is_fresh:
                    log.warning("account_not_read", account=self.account, why=error.message)
                await self._clock.sleep(forced_pause_seconds(error) + backoff.next_seconds())

    async def leverage_tiers(self) -> Mapping[str, tuple[LeverageTier, ...]]:
        """The account's leverage brackets by unified symbol; markets that are not listed are left out."""
        await self._learn_instruments()
        answers = read_brackets(await self._session.call(BRACKETS, object))
        return {
            self._by_native[answer.symbol].symbol: leverage_tiers_of(answer)
            for answer in answers
            if answer.symbol in self._by_native
        }

    async def probe(self) -> KeyReport:
        """Clock skew, and what the key may do where the venue says so.

        Raises:
            CredentialsError: the key is refused altogether.
        """
        skew_ms = await self._session.measure_skew_ms()
        try:
            rights = await self._session.call(RESTRICTIONS, RestrictionsAnswer)
        except ExchangeBlocked:
            raise
        except (ExchangeError, CredentialsError) as error:
            # Test nets and simulators have no such page. Whether the key is good must be asked elsewhere.
            await self._session.call(MULTI_ASSETS, MultiAssetsAnswer)
            return KeyReport(clock_skew_ms=skew_ms, note=f"permissions not verified: {error.message}")
        return KeyReport(
            can_withdraw=rights.withdrawals,
            can_transfer=rights.internal_transfer or rights.universal_transfer,
            can_trade=rights.futures or rights.spot or rights.margin or rights.options,
            clock_skew_ms=skew_ms,
        )

    async def close(self) -> None:
        """End the stream, give back the HTTP session."""
        await self._stream.close()
        await self._session.close()


def open_stream(dialect: BinanceUserDialect, options: VenueOptions, tuning: UserTuning) -> UserStream[UserEvent]:
    """The account's user-data stream, not yet dialled."""
    return UserStream(dialect, options.clock, options.telemetry, tuning)
