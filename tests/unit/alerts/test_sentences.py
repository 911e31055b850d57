"""Nothing that rules and engine say stays English: their texts are taken from running them, not from a list."""

from __future__ import annotations

import math
import random
import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from functools import cache
from itertools import product

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from liqwatch.alerts.lifting import FIGURE, lifted, translated
from liqwatch.alerts.phrasebook.advice import ADVICE
from liqwatch.alerts.phrasebook.details import CAUSES, DETAIL, FLAWS, PLACES
from liqwatch.alerts.phrasebook.headlines import HEADLINES
from liqwatch.alerts.speaker import Speaker
from liqwatch.alerts.voice import LANGUAGES, Voice
from liqwatch.languages import load
from liqwatch.margin.adl_rows import ADL_ROWS, AdlRow
from liqwatch.margin.assess import computed_liquidation_price
from liqwatch.margin.conventions import Basis, TierMode
from liqwatch.margin.health import PositionHealth
from liqwatch.margin.margin_call_rows import MARGIN_CALL_ROWS, MarginCallRow
from liqwatch.margin.marked import MarkedPool
from liqwatch.model import (
    UNREACHABLE,
    ContractKind,
    FundingRate,
    MarginMode,
    OrderKind,
    Position,
    Reading,
    RestingOrder,
    Severity,
    Side,
    Unknown,
)
from liqwatch.rules import known_rules, load_rule
from liqwatch.rules.base import RuleKind, Scope
from liqwatch.rules.compound import Condition, parse_comparison, rule_of
from liqwatch.rules.sight import Sight
from liqwatch.testing.pasts import Remembered, sample_of
from liqwatch.testing.sights import CONTRACT, LONG, NOW, account_of, sight_of
from liqwatch.testing.untranslated import untranslated

TRANSLATED = [language for language in LANGUAGES if language != "en"]
PRICES = {
    "BTC/USDT:USDT": 60_000.0,
    "ETH/USDT:USDT": 3_000.0,
    "1000PEPE/USDT:USDT": 0.0000123,
    "BTC/USDC:USDC": 60_000.0,
    "BTC/USDT:USDT-261225": 61_000.0,
}
VENUES = ("binance_usdm", "gate", "kucoin_futures", "bybit", "hyperliquid", "deribit", "ccxt:gate@sandbox")
CHOSEN = ("near_and_calm", "liquidation_distance < 15%", "funding_rate > 0.01%", "silence >= 30s", "leverage <= 5")
"""Names and comparisons of a user's own condition: they stay as they were written."""
FOREIGN = frozenset({*VENUES, *CHOSEN, "inf"})
"""What is no language: also Python's word for a figure without end."""
SEEDS = range(1_000)
READINGS: tuple[Reading, ...] = (0.0, -0.5, 0.3, 1.0, 40.0, math.inf, UNREACHABLE, Unknown("no position"))


TOLD_BY_THE_ENGINE = frozenset(
    {
        "Last seen: mark {mark}, liquidation {liquidation}",
        "an unknown time",
        "It happened at {time} and was held back until now.",
        "While this lasts, the figures of what depends on it are not watched.",
    }
)
"""Details that no rule makes (`test_told_sentences.py`)."""
RULES_DETAIL = tuple(message for message in DETAIL if message not in TOLD_BY_THE_ENGINE)


def left_in_english(text: str) -> str:
    """What of it no catalogue knows, the user's and the venues' names left out."""
    return untranslated(text, load("zh"), FOREIGN)


class Listening:
    """A language that hears which messages are asked for."""

    def __init__(self) -> None:
        self.asked: set[str] = set()

    def gettext(self, message: str, /) -> str:
        self.asked.add(message)
        return load("de").gettext(message)

    def ngettext(self, one: str, many: str, count: int, /) -> str:
        return self.gettext(one if count == 1 else many)


@cache
def asked_for() -> frozenset[str]:
    """Every message that the texts of many sights ask a catalogue for."""
    listening = Listening()
    for text in said_of_many():
        translated(text, Speaker(Voice(language="de"), listening))
    return frozenset(listening.asked)


def speaker(language: str) -> Speaker:
    return Speaker(Voice(language=language), load(language))


def texts_of(rule: RuleKind, sight: Sight) -> Iterator[str]:
    """Everything that a rule says of a sight."""
    if rule.read is not None:
        yield rule.headline(rule.read(sight))
    yield from rule.detail(sight) if rule.detail else ()
    advice = rule.advice(sight) if rule.advice else None
    yield from () if advice is None else (advice,)


@cache
def rules() -> tuple[RuleKind, ...]:
    condition = Condition(
        name=CHOSEN[0],
        severity=Severity.WARNING,
        all_of=tuple(parse_comparison(text) for text in CHOSEN[1:3]),
        any_of=tuple(parse_comparison(text) for text in CHOSEN[3:]),
        minimum_notional=10.0,
    )
    return (*map(load_rule, known_rules()), rule_of(condition))


def said_of(seed: int) -> Iterator[str]:
    """What all rules say of one random sight."""
    sight = sight_from(random.Random(seed))  # noqa: S311 - a test's dice
    for rule in rules():
        yield from texts_of(rule, replace(sight, position=None) if rule.scope is Scope.ACCOUNT else sight)


@cache
def said_of_many() -> frozenset[str]:
    return frozenset(text for seed in SEEDS for text in said_of(seed)) | frozenset(said_of_the_rare())


def said_of_the_rare() -> Iterator[str]:
    """What needs more luck than dice have: readings of no sight, a short that nothing can liquidate, other formulas."""
    for rule in rules():
        yield from (rule.headline(reading) for reading in READINGS)
    coin_margined = replace(CONTRACT, contract_kind=ContractKind.INVERSE, settle_currency="BTC")
    short = Position(
        symbol="BTC/USD:BTC",
        side=Side.SHORT,
        contracts=60_000.0,
        entry_price=60_000.0,
        margin_mode=MarginMode.CROSS,
        leverage=1.0,
    )
    account = account_of(short, cross_wallets={"BTC": 5.0})
    sight = sight_of(account, contract=coin_margined, orders=(), past=Remembered())
    yield from texts_of(load_rule("stop_loss"), sight)
    yield from said_of_disagreement()


def said_of_disagreement() -> Iterator[str]:
    """Our own figure under every other formula, told as if it were the venue's."""
    wallets = {"USDT": 60_000.0}
    marked = replace(LONG, contracts=10.0, reported_mark_price=58_000.0, reported_liquidation_price=1.0)
    for basis, fee_rate, tiers in product(Basis, (0.0, 0.0004, 0.0005), TierMode):
        contract = replace(CONTRACT, closing_fee_rate=fee_rate)
        sight = sight_of(account_of(marked, cross_wallets=wallets), contract=contract)
        convention = sight.pool.pool.convention
        assert convention is not None
        fee_basis = Basis.LIQUIDATION if fee_rate else convention.closing_fee_basis
        other = replace(convention, maintenance_basis=basis, tier_mode=tiers, closing_fee_basis=fee_basis)
        pool = replace(sight.pool.pool, convention=other)
        price = computed_liquidation_price(MarkedPool(pool, {marked.symbol: 58_000.0}), pool.holdings[0])
        if isinstance(price, float):
            told = replace(marked, reported_liquidation_price=price)
            yield from texts_of(load_rule("figures_disagree"), sight_of(account_of(told, cross_wallets=wallets)))


def sight_from(dice: random.Random) -> Sight:
    """Any account at any venue at any moment: thin or ample, hedged, half known, silent, paid, crowded, depegged."""
    positions = tuple({each.subject: each for each in (_position(dice) for _ in range(dice.randint(1, 5)))}.values())
    marks = {each.symbol: PRICES[each.symbol] * dice.choice((0.7, 0.9, 0.97, 1.0, 1.03, 1.2)) for each in positions}
    if dice.random() < 0.1:
        marks.pop(positions[0].symbol)
    wallets = {"USDT": dice.choice((50.0, 3_000.0, 6_000.0, 9_000.0, 40_000.0, 1_000_000.0)), "USDC": 500.0}
    coins = {coin: dice.uniform(-1.0, 2.0) for coin in ("BTC", "ETH", "kPEPE") if dice.random() < 0.3}
    account = account_of(
        *positions,
        venue=dice.choice(VENUES),
        cross_wallets={} if dice.random() < 0.05 else {**wallets, **coins},
        is_multi_asset=dice.random() < 0.1,
    )
    contract = dice.choice((CONTRACT, CONTRACT, CONTRACT, replace(CONTRACT, tiers_assumed=True), None))
    now = sight_of(account, marks=marks, contract=contract)
    return _beside(dice, now, marks)


def _position(dice: random.Random) -> Position:
    symbol = dice.choice(tuple(PRICES))
    entry_price = PRICES[symbol]
    isolated, value = dice.random() < 0.3, dice.choice((600.0, 30_000.0, 60_000.0, 280_000.0))
    contracts = value / entry_price
    return Position(
        symbol=symbol,
        side=dice.choice(tuple(Side)),
        contracts=contracts,
        entry_price=0.0 if dice.random() < 0.02 else entry_price,
        margin_mode=MarginMode.ISOLATED if isolated else MarginMode.CROSS,
        leverage=dice.choice((None, 3.0, 10.0, 20.0, 20.0)),
        isolated_wallet=value / dice.choice((2, 10, 30)) if isolated else None,
        reported_liquidation_price=dice.choice((None, entry_price * 0.9, entry_price * 0.905, entry_price * 1.1)),
        reported_mark_price=entry_price,
        adl_rank=dice.choice((None, 0.0, 1.0, 2.0, 3.0, 4.0, 5.0, 6.0)),
    )


def _beside(dice: random.Random, now: Sight, marks: dict[str, float]) -> Sight:
    health = now.position
    assert health is not None
    symbol = health.position.symbol
    rate = dice.choice((0.0, 0.0001, -0.0001, 0.004, -0.004, 0.02))
    hours = dice.choice((None, timedelta(hours=1), timedelta(hours=8)))
    funding = FundingRate(
        symbol=symbol, rate=rate, next_at=dice.choice((None, NOW + timedelta(hours=2))), interval=hours
    )
    coins = {"USDT": dice.choice((1.0, 0.994, 0.93)), "USDC": 0.999, "BTC": 60_000.0, "ETH": 3_000.0, "kPEPE": 0.01}
    return replace(
        now,
        past=_past(dice, now, marks),
        orders=dice.choice((None, (), tuple(_order(dice, health) for _ in range(dice.randint(1, 4))))),
        funding_rates={} if dice.random() < 0.1 else {symbol: funding},
        daily_volatility=dice.choice((0.02, 0.05, 0.3, UNREACHABLE, Unknown("no price history yet"))),
        peg_prices={coin: price for coin, price in coins.items() if dice.random() < 0.9},
        peg_moves={coin: dice.choice((-0.2, -0.02, 0.03)) for coin in ("BTC", "ETH", "kPEPE") if dice.random() < 0.9},
        silent_seconds=dice.choice((0.0, 0.0, 40.0, 90.0, 400.0)),
        market_move=dice.choice((0.0, -0.03, Unknown("no price history yet"))),
        snapshot=None if dice.random() < 0.03 else now.snapshot,
    )


def _past(dice: random.Random, now: Sight, marks: dict[str, float]) -> Remembered:
    sample = sample_of(now, timedelta(minutes=dice.choice((1, 5, 12))))
    wallet, rate = sample.collateral, sample.maintenance_rate
    mark = marks.get(now.symbol or "", 1.0)
    side = now.position.position.side.value if now.position else 1
    further = mark * side * dice.choice((0.0, 0.03, 0.2, -0.1))
    liquidation = None if sample.liquidation_price is None else sample.liquidation_price - further
    sample = replace(
        sample,
        liquidation_price=liquidation,
        liquidation_distance=None if liquidation is None else abs(mark - liquidation) / mark,
        contracts=sample.contracts * dice.choice((1.0, 0.5, 1.5)),
        collateral=None if wallet is None else wallet + dice.choice((0.0, 40.0, 4_000.0)),
        other_pnl=None if sample.other_pnl is None else sample.other_pnl + dice.choice((0.0, 3_000.0)),
        maintenance_rate=None if rate is None else rate * dice.choice((1.0, 0.5)),
    )
    since = dice.choice((None, NOW - timedelta(minutes=2), NOW - timedelta(days=1), NOW - timedelta(days=1)))
    return Remembered([sample] if dice.random() < 0.9 else [], dice.choice((None, 0.0, 8_000.0, 90_000.0)), since)


def _order(dice: random.Random, health: PositionHealth) -> RestingOrder:
    position, price = health.position, health.liquidation_price
    trigger = position.entry_price * dice.choice((0.8, 0.91, 0.95, 1.05, 1.2))
    if isinstance(price, float) and dice.random() < 0.2:
        trigger = price * dice.choice((0.998, 1.002))
    return RestingOrder(
        symbol=position.symbol,
        order_side=Side(-position.side.value) if dice.random() < 0.8 else position.side,
        kind=dice.choice(tuple(OrderKind)),
        contracts=dice.choice((None, position.contracts, position.contracts / 3)),
        trigger_price=dice.choice((None, trigger, trigger)),
        limit_price=dice.choice((None, trigger)),
        trigger_by=dice.choice(("", "mark", "last")),
        is_reduce_only=dice.random() < 0.7,
    )


@settings(max_examples=60)
@given(st.integers(0, 2**32))
def test_nothing_that_a_rule_says_stays_english(seed: int) -> None:
    assert {text: left for text in said_of(seed) if (left := left_in_english(text))} == {}


def test_nothing_of_many_sights_stays_english() -> None:
    assert {text: left for text in said_of_many() if (left := left_in_english(text))} == {}


@pytest.mark.parametrize("language", TRANSLATED)
def test_every_text_of_a_rule_is_changed_and_keeps_its_figures_and_names(language: str) -> None:
    voice = speaker(language)
    for text in said_of_many():
        told = translated(text, voice)
        assert told != text
        for value in lifted(text)[1]:
            figure = FIGURE.fullmatch(value)
            shown = voice.numerals.localised(value.strip("+-%")) if figure else re.sub(r" (long|short)$", "", value)
            is_chosen = any(value in name and name in told for name in CHOSEN)
            assert shown in told or is_chosen, (text, told)


@pytest.mark.parametrize("phrases", [HEADLINES, RULES_DETAIL, CAUSES, FLAWS, PLACES, ADVICE], ids=lambda each: each[0])
def test_every_phrase_is_said_by_some_rule(phrases: tuple[str, ...]) -> None:
    """What no rule says is no work for translators; and what only some sight brings out, these sights bring out."""
    assert set(phrases) - asked_for() == set()


@pytest.mark.parametrize("row", MARGIN_CALL_ROWS, ids=lambda row: row.exchange)
def test_what_a_venue_calls_its_level_is_translated(row: MarginCallRow) -> None:
    assert left_in_english(f"The venue's own level: {row.words}.") == ""
    assert left_in_english(row.doubt) == ""


@pytest.mark.parametrize("row", ADL_ROWS, ids=lambda row: row.exchange)
def test_a_venues_rank_is_translated(row: AdlRow) -> None:
    assert left_in_english(f"The venue's rank: {row.shown(3.0)}.") == ""


def test_the_test_would_notice_a_sentence_that_nobody_translates() -> None:
    assert left_in_english("The moon is 3 km nearer.") == "Themooniskmnearer"
    assert left_in_english("Cause: the moon.") == "themoon"
