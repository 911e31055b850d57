"""Golden texts: what a person reads at three in the morning, and in which order."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from liqwatch.alerts.finding import Finding
from liqwatch.alerts.voice import LANGUAGES, Privacy, Style, Voice
from liqwatch.alerts.wording import Words, compose, last_seen, late_note
from liqwatch.alerts.wording.reasons import lost_share
from liqwatch.languages import load
from liqwatch.margin.assess import assess
from liqwatch.margin.pools import pools_of
from liqwatch.margin.tiers import tiers_with_deductions
from liqwatch.model import (
    AccountSnapshot,
    AlertKey,
    AlertRecord,
    AlertState,
    Instrument,
    MarginMode,
    NotifyReason,
    Position,
    Severity,
    Side,
    SnapshotSource,
)
from liqwatch.rules import load_rule
from liqwatch.rules.base import CALM, Verdict
from liqwatch.rules.sight import Sight

ENGLISH_VOICE = Voice()
NO_BREAK = "\N{NO-BREAK SPACE}"
NO_STOP = "Alerts do not stop a liquidation."
SYMBOL = "BTC/USDT:USDT"
SUBJECT = f"{SYMBOL} long"
NOW = datetime(2026, 11, 20, 3, 14, 15, tzinfo=UTC)
CONTRACT = Instrument(
    symbol=SYMBOL,
    native_symbol="BTCUSDT",
    settle_currency="USDT",
    price_tick=0.1,
    tiers=tiers_with_deductions([(0.0, 300_000.0, 0.004), (300_000.0, 1e9, 0.005)]),
    liquidation_fee_rate=0.0125,
)
LONG = Position(
    symbol=SYMBOL,
    side=Side.LONG,
    contracts=0.5,
    entry_price=60_000.0,
    margin_mode=MarginMode.ISOLATED,
    leverage=10.0,
    isolated_wallet=3_000.0,
)
CROSS = replace(LONG, margin_mode=MarginMode.CROSS, isolated_wallet=None)


def look(
    *positions: Position,
    contract: Instrument | None = CONTRACT,
    marks: dict[str, float] | None = None,
    rule: str = "liquidation_distance",
    subject: str = SUBJECT,
) -> Finding:
    """One look of a rule at the account's first pool, at 58,000 if nothing else is said."""
    snapshot = AccountSnapshot(
        account="main",
        venue="binance_usdm",
        positions=positions,
        cross_wallets={"USDT": 3_000.0},
        as_of=NOW,
        source=SnapshotSource.REST,
    )
    contracts = {SYMBOL: contract, "ETH/USDT:USDT": replace(CONTRACT, symbol="ETH/USDT:USDT", price_tick=0.01)}
    known = {symbol: each for symbol, each in contracts.items() if each}
    pool = pools_of(snapshot, known, exchange="binance_usdm", on=date(2026, 11, 20))[0]
    health = assess(pool, {SYMBOL: 58_000.0, "ETH/USDT:USDT": 3_000.0} if marks is None else marks)
    position = next((each for each in health.positions if each.position.subject == subject), None)
    kind = load_rule(rule)
    assert kind.read is not None
    reading = kind.read(Sight(now=NOW, pool=health, position=position))
    figure = reading if isinstance(reading, float) else None
    return Finding(
        key=AlertKey("main", rule, subject),
        headline=kind.headline(reading),
        verdict=Verdict(Severity.CRITICAL, Severity.CRITICAL, reading=figure),
        pool=health,
        position=position,
    )


def record(severity: Severity | None = Severity.CRITICAL, *, peak: Severity = Severity.CRITICAL) -> AlertRecord:
    key = AlertKey("main", "liquidation_distance", SUBJECT)
    return AlertRecord(key=key, state=AlertState.FIRING, severity=severity, peak=peak, episode=1, sequence=1)


def text(finding: Finding, reason: NotifyReason = NotifyReason.FIRST, told: AlertRecord | None = None) -> list[str]:
    """Title and body, line by line; the last line's id is the record's."""
    about = told or record()
    words = compose(finding, about, reason, NOW, margin_call_ratio=0.8)
    assert words.body.endswith(f"alert {about.alert_id}")
    return [words.title, *words.body.replace(about.alert_id, "ID").splitlines()]


def spoken(
    finding: Finding,
    reason: NotifyReason,
    voice: Voice = ENGLISH_VOICE,
    *,
    told: AlertRecord | None = None,
    before: AlertRecord | None = None,
) -> Words:
    """One message in one voice."""
    translate = load(voice.language)
    return compose(
        finding, told or record(), reason, NOW, margin_call_ratio=0.8, voice=voice, translate=translate, before=before
    )


def test_an_isolated_long_with_the_venues_figure() -> None:
    assert text(look(replace(LONG, reported_liquidation_price=54_420.04))) == [
        "🔴 CRITICAL · BTC/USDT:USDT long · 6.2% to liquidation",
        "6.2% to go: 3,580.0 between mark and liquidation; 1,855.00 USDT to margin call (80%)",
        (
            "Mark 58,000.0 · liquidation 54,420.1 (reported) · margin ratio 5.8% · leverage 10x isolated"
            " · notional 29,000.00 USDT · PnL -1,000.00 USDT"
        ),
        "If liquidated: about -2,000.00 USDT from here",
        NO_STOP,
        "2026-11-20 03:14:15 UTC · main · alert ID",
    ]


def test_a_cross_position() -> None:
    eth = replace(CROSS, symbol="ETH/USDT:USDT", contracts=2.0, entry_price=3_100.0)
    assert text(look(CROSS, eth)) == [
        "🔴 CRITICAL · BTC/USDT:USDT long · 5.7% to liquidation",
        "5.7% to go: 3,333.3 between mark and liquidation; 1,625.00 USDT to margin call (80%)",
        (
            "Mark 58,000.0 · liquidation 54,666.7 (computed) · margin ratio 7.8% · leverage 10x cross"
            " · notional 29,000.00 USDT · PnL -1,000.00 USDT"
        ),
        "If liquidated: about -1,800.00 USDT from here",
        NO_STOP,
        "2026-11-20 03:14:15 UTC · main · alert ID",
    ]


def test_a_margin_pool_names_its_nearest_positions() -> None:
    eth = replace(CROSS, symbol="ETH/USDT:USDT", contracts=2.0, entry_price=3_100.0)
    assert text(look(CROSS, eth, rule="margin_ratio", subject="cross USDT")) == [
        "🔴 CRITICAL · cross USDT · margin ratio 7.8%",
        "Margin ratio 7.8%; 1,625.00 USDT to margin call (80%)",
        "Equity 1,800.00 USDT · maintenance margin 140.00 USDT",
        "BTC/USDT:USDT long: 5.7% to liquidation",
        "ETH/USDT:USDT long: 27.8% to liquidation",
        NO_STOP,
        "2026-11-20 03:14:15 UTC · main · alert ID",
    ]


def test_figures_that_cannot_be_known() -> None:
    assert text(look(LONG, contract=replace(CONTRACT, tiers=()), rule="figures_unknown")) == [
        "🔴 CRITICAL · BTC/USDT:USDT long · liquidation price cannot be known",
        "Liquidation price: unknown (no leverage tiers for BTC/USDT:USDT)",
        (
            "Mark 58,000.0 · liquidation unknown (no leverage tiers for BTC/USDT:USDT)"
            " · margin ratio unknown · leverage 10x isolated · notional 29,000.00 USDT"
        ),
        NO_STOP,
        "2026-11-20 03:14:15 UTC · main · alert ID",
    ]


def test_nothing_but_the_position_is_known() -> None:
    assert text(look(LONG, marks={}, rule="figures_unknown")) == [
        "🔴 CRITICAL · BTC/USDT:USDT long · liquidation price cannot be known",
        "Liquidation price: unknown (no mark price yet for BTC/USDT:USDT)",
        "liquidation unknown (no mark price yet for BTC/USDT:USDT) · margin ratio unknown · leverage 10x isolated",
        NO_STOP,
        "2026-11-20 03:14:15 UTC · main · alert ID",
    ]


def test_an_all_clear_names_the_worst() -> None:
    resolved = record(None, peak=Severity.EMERGENCY)
    assert text(look(LONG, marks={SYMBOL: 80_000.0}), NotifyReason.RESOLVED, resolved) == [
        "✅ RESOLVED · BTC/USDT:USDT long · 32.2% to liquidation (was emergency)",
        "32.2% to go: 25,783.1 between mark and liquidation; 12,800.00 USDT to margin call (80%)",
        (
            "Mark 80,000.0 · liquidation 54,216.9 (computed) · margin ratio 1.2% · leverage 10x isolated"
            " · notional 40,000.00 USDT · PnL +10,000.00 USDT"
        ),
        "If liquidated: about -13,000.00 USDT from here",
        NO_STOP,
        "2026-11-20 03:14:15 UTC · main · alert ID",
    ]


def test_assumed_tiers_are_named_as_assumed() -> None:
    assert text(look(LONG, contract=replace(CONTRACT, tiers_assumed=True))) == [
        "🔴 CRITICAL · BTC/USDT:USDT long · 6.5% to liquidation",
        "6.5% to go: 3,783.1 between mark and liquidation; 1,855.00 USDT to margin call (80%)",
        (
            "Mark 58,000.0 · liquidation 54,216.9 (computed) · margin ratio 5.8% · leverage 10x isolated"
            " · notional 29,000.00 USDT · PnL -1,000.00 USDT"
        ),
        "The maintenance rate is assumed (0.40%): the venue tells its brackets only to a key.",
        "If liquidated: about -2,000.00 USDT from here",
        NO_STOP,
        "2026-11-20 03:14:15 UTC · main · alert ID",
    ]


def test_beyond_liquidation() -> None:
    assert text(look(LONG, marks={SYMBOL: 54_000.0}), told=record(Severity.EMERGENCY)) == [
        "🆘 EMERGENCY · BTC/USDT:USDT long · 0.4% beyond liquidation",
        "0.4% beyond: 216.9 between mark and liquidation; past margin call (80%) by 135.00 USDT",
        (
            "Mark 54,000.0 · liquidation 54,216.8 (computed) · margin ratio over 100% (no equity left)"
            " · leverage 10x isolated · notional 27,000.00 USDT · PnL -3,000.00 USDT"
        ),
        "If liquidated: nothing more, no equity is left",
        NO_STOP,
        "2026-11-20 03:14:15 UTC · main · alert ID",
    ]


def test_a_reminder_says_still() -> None:
    title = text(look(LONG), NotifyReason.REPEATED)[0]
    assert title == "🔴 CRITICAL · BTC/USDT:USDT long · still 6.5% to liquidation"


def test_the_smaller_side_of_a_hedge() -> None:
    short = replace(CROSS, side=Side.SHORT, contracts=0.1)
    finding = replace(look(CROSS, short, subject=f"{SYMBOL} short"), verdict=CALM)
    assert text(finding, NotifyReason.RESOLVED) == [
        "✅ RESOLVED · BTC/USDT:USDT short · cannot be liquidated (was critical)",
        "The smaller side of a hedge: 5,183.1 between mark and liquidation; 2,026.00 USDT to margin call (80%)",
        (
            "Mark 58,000.0 · liquidation 52,817.0 (computed) · margin ratio 6.3% · leverage 10x cross"
            " · notional 5,800.00 USDT · PnL +200.00 USDT"
        ),
        "If liquidated: about -66.02 USDT from here",
        NO_STOP,
        "2026-11-20 03:14:15 UTC · main · alert ID",
    ]


def test_a_closed_position_has_no_figures() -> None:
    finding = Finding(key=AlertKey("main", "liquidation_distance", SUBJECT), headline="position closed", verdict=None)
    assert text(finding, NotifyReason.RESOLVED) == [
        "⚪ ENDED · BTC/USDT:USDT long · position closed (was critical)",
        NO_STOP,
        "2026-11-20 03:14:15 UTC · main · alert ID",
    ]


def test_figures_without_a_fresh_mark_are_called_the_last_known_ones() -> None:
    stale = replace(look(LONG), figures_age_seconds=47.0)
    title, first, *_ = text(stale, NotifyReason.REPEATED)
    assert "last known: " in title
    assert "still" not in title
    assert first == "No mark price for 47 s: these are the last known figures."


def test_the_order_of_facts_is_the_one_that_was_promised() -> None:
    whole = "\n".join(text(look(LONG)))
    facts = [
        "CRITICAL",
        SYMBOL,
        "% to liquidation",
        "% to go",
        "between mark and liquidation",
        "to margin call",
        "Mark ",
        "liquidation 54",
        "(computed)",
        "margin ratio",
        "leverage",
        "notional",
        "PnL",
        "If liquidated",
        "2026-11-20 03:14:15 UTC",
        "alert ",
    ]
    places = [whole.index(fact) for fact in facts]
    assert places == sorted(places)


@pytest.mark.parametrize(("seconds", "is_late"), [(0, False), (59, False), (60, True), (3_600, True)])
def test_a_message_says_when_it_is_late(seconds: int, is_late: bool) -> None:  # a table column
    note = late_note(NOW, NOW + timedelta(seconds=seconds))
    assert (note is not None) == is_late


def test_the_late_note_names_both_times() -> None:
    note = late_note(NOW, NOW + timedelta(minutes=10))
    assert note == "Late: this happened at 03:14:15 UTC and could only be sent at 03:24:15 UTC."


@pytest.mark.parametrize("rule", ["liquidation_distance", "margin_ratio"])
def test_every_message_priced_by_the_last_trade_says_so(rule: str) -> None:
    by_last = replace(CONTRACT, is_last_price=True)
    subject = SUBJECT if rule == "liquidation_distance" else "cross USDT"
    for contract, is_said in ((by_last, True), (CONTRACT, False)):
        finding = look(CROSS, contract=contract, rule=rule, subject=subject)
        body = "\n".join(text(finding))
        assert ("Priced by the last trade, not the mark" in body) is is_said


def test_a_message_ends_with_what_to_do_and_that_alerts_stop_nothing() -> None:
    lines = text(replace(look(LONG), advice="Add about 500.00 USDT of margin."))
    assert lines[-3:] == [
        "What to do: Add about 500.00 USDT of margin.",
        NO_STOP,
        "2026-11-20 03:14:15 UTC · main · alert ID",
    ]


@pytest.mark.parametrize("style", Style)
@pytest.mark.parametrize("privacy", Privacy)
@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("reason", [reason for reason in NotifyReason if reason is not NotifyReason.ANNOUNCED])
def test_every_message_in_every_voice_says_once_that_alerts_stop_no_liquidation(
    style: Style, privacy: Privacy, language: str, reason: NotifyReason
) -> None:
    voice = Voice(language=language, style=style, privacy=privacy)
    words = spoken(look(LONG), reason, voice)
    assert words.body.count(load(language).gettext(NO_STOP)) == 1
    assert record().alert_id in words.body


def test_worsening_says_from_which_level() -> None:
    before = replace(record(), told=Severity.WARNING)
    assert "Worse: warning before, critical now." in spoken(look(LONG), NotifyReason.WORSENED, before=before).body


@pytest.mark.parametrize(
    ("snoozed_until", "expected"),
    [
        (None, "38% of what was left is gone since it was acknowledged (Kai, 02:54:15 UTC)."),
        (NOW + timedelta(minutes=40), "38% of what was left is gone since it was snoozed (Kai, 02:54:15 UTC)."),
    ],
)
def test_deepening_says_how_much_was_lost_since_who_answered(snoozed_until: datetime | None, expected: str) -> None:
    before = replace(
        record(), answered_at=NOW - timedelta(minutes=20), answered_by="Kai", answered_room=0.08,
        snoozed_until=snoozed_until,
    )  # fmt: skip
    told = replace(record(), room=0.05)
    assert spoken(look(LONG), NotifyReason.DEEPENED, told=told, before=before).body.startswith(expected)


@pytest.mark.parametrize(
    ("answered_room", "room", "expected"),
    [
        (0.08, 0.06, 0.25),
        (0.08, -0.02, 1.0),  # beyond liquidation: all of it
        (0.08, 0.09, 0.0),
        (None, 0.06, None),
        (0.08, None, None),
        (-0.01, -0.02, None),  # nothing was left when it was answered
        (float("inf"), 1.0, None),
    ],
)
def test_the_lost_share_is_between_none_and_all(
    answered_room: float | None, room: float | None, expected: float | None
) -> None:
    assert lost_share(answered_room, room) == (None if expected is None else pytest.approx(expected))


def test_deepening_without_a_figure_still_says_that_it_is_worse() -> None:
    before = replace(record(), answered_at=NOW, answered_by="Kai", answered_room=-0.01)
    body = spoken(look(LONG), NotifyReason.DEEPENED, before=before).body
    assert body.startswith("Worse since somebody answered (Kai, 03:14:15 UTC).")


def test_the_end_of_a_snooze_says_whose_it_was() -> None:
    before = replace(record(), answered_at=NOW - timedelta(hours=1), answered_by="Kai", snoozed_until=NOW)
    body = spoken(look(LONG), NotifyReason.SNOOZE_ENDED, before=before).body
    assert body.startswith("The snooze is over (Kai, 02:14:15 UTC), the danger is not.")


def test_a_reminder_says_since_when() -> None:
    told = replace(record(), started_at=NOW - timedelta(minutes=72))
    body = spoken(look(LONG), NotifyReason.REPEATED, told=told).body
    assert body.startswith("So since 02:02:15 UTC, for 1 h 12 min.")


def test_an_escalation_says_for_how_long_nobody_has_acknowledged_it() -> None:
    told = replace(record(), started_at=NOW - timedelta(hours=2), alarmed_at=NOW - timedelta(minutes=5))
    body = spoken(look(LONG), NotifyReason.ESCALATED, told=told).body
    assert body.startswith("Nobody has acknowledged this for 5 min.")


def test_an_alert_that_keeps_coming_back_says_so() -> None:
    body = spoken(look(LONG), NotifyReason.FIRST, told=replace(record(), flaps=2)).body
    assert body.startswith("It came back 2 times soon after the all-clear.")


def test_an_all_clear_tells_what_happened_in_between() -> None:
    over = replace(
        record(None, peak=Severity.EMERGENCY), sequence=6, started_at=NOW - timedelta(minutes=72), ended_at=NOW,
        worst_reading=0.031, worst_at=NOW - timedelta(minutes=30),
    )  # fmt: skip
    assert spoken(look(LONG), NotifyReason.RESOLVED, told=over).body.splitlines()[:3] == [
        "It lasted 1 h 12 min, from 02:02:15 UTC to 03:14:15 UTC.",
        "Worst: emergency, 3.1% to liquidation, at 02:44:15 UTC.",
        "5 messages were sent.",
    ]


def test_a_gone_position_shows_its_last_figures_in_the_language() -> None:
    finding = replace(look(LONG), verdict=None, headline="position closed: no longer at the venue")
    words = spoken(finding, NotifyReason.RESOLVED, Voice(language="de"))
    assert words.title.startswith("⚪ BEENDET · BTC/USDT:USDT Long · Position geschlossen: an der Börse nicht mehr")
    assert words.body.startswith("Zuletzt: Mark-Preis 58.000,0, Liquidation 54.216,9\n")


def test_a_whole_message_in_russian() -> None:
    finding = replace(
        look(replace(LONG, reported_liquidation_price=54_420.04)),
        advice="Add about 1,855.00 USDT of margin to have 15.0% to liquidation again.",
    )
    words = spoken(finding, NotifyReason.FIRST, Voice(language="ru"))
    assert [words.title, *words.body.replace(NO_BREAK, "_").splitlines()[:-1]] == [
        f"🔴 КРИТИЧНО · BTC/USDT:USDT лонг · 6,2{NO_BREAK}% до ликвидации",
        "Осталось 6,2_%: 3_580,0 между ценой маркировки и ликвидацией; 1_855,00 USDT до маржин-колла (80_%)",
        (
            "Цена маркировки 58_000,0 · ликвидация 54_420,1 (по данным биржи) · коэффициент маржи 5,8_%"
            " · плечо 10x, изолированная · номинал 29_000,00 USDT · PnL -1_000,00 USDT"
        ),
        "При ликвидации: отсюда около -2_000,00 USDT",
        "Что делать: Добавьте около 1_855,00 USDT маржи, чтобы до ликвидации снова было 15,0_%.",
        "Оповещения не останавливают ликвидацию.",
    ]


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("rule", ["liquidation_distance", "margin_ratio"])
@pytest.mark.parametrize("style", Style)
def test_a_private_message_has_no_figure_but_shares_and_times(language: str, rule: str, style: Style) -> None:
    subject = SUBJECT if rule == "liquidation_distance" else "cross USDT"
    finding = replace(
        look(CROSS, rule=rule, subject=subject),
        detail=("Venue 54,420, computed 54,216: tiers.", "Only 12% of it is left."),
        advice="Add about 500.00 USDT of margin.",
    )
    words = spoken(finding, NotifyReason.FIRST, Voice(language=language, privacy=Privacy.PERCENT, style=style))
    told = f"{words.title}\n{words.body}".replace(record().alert_id, "").replace("2026-11-20 03:14:15", "")
    figures = re.findall(rf"%?\d[\d.,]*(?:{NO_BREAK}?%)?", told)
    assert figures
    assert [figure for figure in figures if "%" not in figure] == []
    assert load(language).gettext("Add margin, or make the position smaller.")[:40] in told


def test_what_a_venue_says_is_not_repeated_in_private() -> None:
    finding = Finding(
        key=AlertKey("main", "venue_warning", SUBJECT),
        headline="margin call from the venue: add 1,200 USDT",
        verdict=Verdict(Severity.CRITICAL, Severity.CRITICAL),
    )
    private = spoken(finding, NotifyReason.FIRST, Voice(privacy=Privacy.PERCENT))
    assert private.title == "🔴 CRITICAL · BTC/USDT:USDT long · warning from the venue"
    assert "1,200" in spoken(finding, NotifyReason.FIRST).title
    ended = replace(finding, key=AlertKey("main", "position_closed", SUBJECT), headline="reduced: 5 contracts became 3")
    assert "5" not in spoken(ended, NotifyReason.FIRST, Voice(privacy=Privacy.PERCENT)).title


def test_a_compact_message_has_a_title_and_three_short_lines() -> None:
    finding = replace(look(LONG), advice="Add about 1,855.00 USDT of margin to have 15.0% to liquidation again.")
    words = spoken(finding, NotifyReason.FIRST, Voice(style=Style.COMPACT))
    assert words.title == "CRITICAL BTC/USDT:USDT long: 6.5% to liquidation"
    assert words.body.replace(record().alert_id, "ID").splitlines() == [
        "Mark 58,000.0, liquidation 54,216.9",
        "Add about 1,855.00 USDT of margin to have 15.0% to liquidation again.",
        f"{NO_STOP} main, ID",
    ]


@given(
    st.sampled_from(LANGUAGES),
    st.sampled_from(Privacy),
    st.sampled_from([reason for reason in NotifyReason if reason is not NotifyReason.ANNOUNCED]),
    st.text(max_size=200),
    st.text(max_size=400),
)
def test_a_compact_message_is_never_longer_than_300_characters(
    language: str, privacy: Privacy, reason: NotifyReason, name: str, advice: str
) -> None:
    finding = replace(look(LONG), key=AlertKey(name, "liquidation_distance", f"{name} long"), advice=advice)
    voice = Voice(language=language, privacy=privacy, style=Style.COMPACT)
    words = spoken(replace(finding, headline=name), reason, voice)
    assert len(words.title) + 1 + len(words.body) <= 300
    assert len(words.body.splitlines()) <= 3


def test_an_english_compact_message_is_plain_ascii_which_keeps_an_sms_cheap() -> None:
    words = spoken(replace(look(LONG), advice="Do this. " * 50), NotifyReason.FIRST, Voice(style=Style.COMPACT))
    assert (words.title + words.body).isascii()


@given(st.text(max_size=60), st.sampled_from(LANGUAGES), st.sampled_from(Style), st.sampled_from(Privacy))
def test_untrusted_names_and_texts_add_no_line_and_no_hidden_character(
    hostile: str, language: str, style: Style, privacy: Privacy
) -> None:
    voice = Voice(language=language, style=style, privacy=privacy)
    finding = replace(look(LONG, marks={}), detail=(hostile,), advice=hostile, headline=hostile)
    finding = replace(finding, key=AlertKey(hostile, hostile, hostile))
    clean = replace(finding, detail=("x",), advice="x", headline="x", key=AlertKey("x", "x", "x"))
    words, plain = spoken(finding, NotifyReason.FIRST, voice), spoken(clean, NotifyReason.FIRST, voice)
    assert len(words.body.splitlines()) <= len(plain.body.splitlines())
    assert len(words.title.splitlines()) == 1
    for character in words.title + words.body.replace("\n", ""):
        assert unicodedata.category(character) not in {"Cc", "Cf", "Cs", "Zl", "Zp"}


def test_last_seen_figures_may_be_missing() -> None:
    position = look(LONG, marks={}).position
    assert position is not None
    assert last_seen(position) == "Last seen: mark unknown, liquidation unknown (no mark price yet for BTC/USDT:USDT)"


def test_pictures_show_prices_so_neither_private_nor_compact_voices_get_one() -> None:
    assert Voice().takes_chart
    assert not Voice(charts=False).takes_chart
    assert not Voice(privacy=Privacy.PERCENT).takes_chart
    assert not Voice(style=Style.COMPACT).takes_chart
