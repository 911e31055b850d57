"""Golden texts: what a person reads at three in the morning, and in which order."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest

from liqwatch.alerts.finding import Finding
from liqwatch.alerts.wording import body_of, late_note, title_of
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
    reading = kind.read(health, position)
    return Finding(
        key=AlertKey("main", rule, subject),
        headline=kind.headline(reading),
        verdict=Verdict(Severity.CRITICAL, Severity.CRITICAL),
        pool=health,
        position=position,
    )


def record(severity: Severity | None = Severity.CRITICAL, *, peak: Severity = Severity.CRITICAL) -> AlertRecord:
    key = AlertKey("main", "liquidation_distance", SUBJECT)
    return AlertRecord(key=key, state=AlertState.FIRING, severity=severity, peak=peak, episode=1, sequence=1)


def text(finding: Finding, reason: NotifyReason = NotifyReason.FIRST, told: AlertRecord | None = None) -> list[str]:
    """Title and body, line by line; the last line's id is the record's."""
    about = told or record()
    body = body_of(finding, about, NOW, margin_call_ratio=0.8)
    assert body.endswith(f"alert {about.alert_id}")
    return [title_of(finding, about, reason), *body.replace(about.alert_id, "ID").splitlines()]


def test_an_isolated_long_with_the_venues_figure() -> None:
    assert text(look(replace(LONG, reported_liquidation_price=54_420.04))) == [
        "🔴 CRITICAL · BTC/USDT:USDT long · 6.2% to liquidation",
        "6.2% to go: 3,580.0 between mark and liquidation; 1,855.00 USDT to margin call (80%)",
        (
            "Mark 58,000.0 · liquidation 54,420.1 (reported) · margin ratio 5.8% · leverage 10x isolated"
            " · notional 29,000.00 USDT · PnL -1,000.00 USDT"
        ),
        "If liquidated: about -2,000.00 USDT from here",
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
        "2026-11-20 03:14:15 UTC · main · alert ID",
    ]


def test_nothing_but_the_position_is_known() -> None:
    assert text(look(LONG, marks={}, rule="figures_unknown")) == [
        "🔴 CRITICAL · BTC/USDT:USDT long · liquidation price cannot be known",
        "Liquidation price: unknown (no mark price yet for BTC/USDT:USDT)",
        "liquidation unknown (no mark price yet for BTC/USDT:USDT) · margin ratio unknown · leverage 10x isolated",
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
        "2026-11-20 03:14:15 UTC · main · alert ID",
    ]


def test_a_closed_position_has_no_figures() -> None:
    finding = Finding(key=AlertKey("main", "liquidation_distance", SUBJECT), headline="position closed", verdict=None)
    assert text(finding, NotifyReason.RESOLVED) == [
        "⚪ ENDED · BTC/USDT:USDT long · position closed (was critical)",
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
