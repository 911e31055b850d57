"""One danger, one voice: which alert makes which other one superfluous."""

from __future__ import annotations

from typing import TYPE_CHECKING

from liqwatch.engine.conditions import ACCOUNT_UNREADABLE, DATA_STALENESS, no_trouble, trouble
from liqwatch.margin.tiers import tiers_with_deductions
from liqwatch.model import MarginMode, NotifyReason, OrderKind, RestingOrder, Severity, Side
from liqwatch.rules import known_rules, load_rule

if TYPE_CHECKING:
    from tests.scenarios.conftest import Scenario

BTC, ETH = "BTC/USDT:USDT", "ETH/USDT:USDT"
LONG, OTHER, POOL = f"{BTC} long", f"{ETH} long", "cross USDT"
STREAM, ACCOUNT = "mark prices of binance_usdm", "account main"
FIRST, WORSENED, RESOLVED = NotifyReason.FIRST, NotifyReason.WORSENED, NotifyReason.RESOLVED
NOTICE, WARNING, CRITICAL, EMERGENCY = Severity
DISTANCE, RATIO, CLOSED = "liquidation_distance", "margin_ratio", "position_closed"
LIQUIDATION, FAR = 800 / 9.9, 130.0


def at(distance: float) -> float:
    """The mark from which the long's liquidation is so far away."""
    return LIQUIDATION / (1 - distance)


def rules_heard(story: Scenario) -> list[tuple[str, NotifyReason]]:
    """Which rules spoke, and why, since this was last asked."""
    heard = [(row.notification.alert_key.split("|")[1], row.notification.reason) for row in story.heard]
    story.heard.clear()
    return heard


async def test_on_an_isolated_position_the_distance_speaks_and_the_margin_ratio_does_not(story: Scenario) -> None:
    story.rules = {DISTANCE, RATIO}
    await story.position(BTC)
    await story.mark(BTC, FAR, at(0.07), at(0.01))
    assert {rule for rule, _ in rules_heard(story)} == {DISTANCE}
    assert story.state_of(RATIO, LONG) == "firing"
    await story.mark(BTC, FAR)
    assert rules_heard(story) == [(DISTANCE, RESOLVED)]


async def test_the_margin_ratio_speaks_where_it_is_worse_than_the_distance(story: Scenario) -> None:
    """A market of which two fifths must be held as maintenance: liquidated at 33.33."""
    story.rules = {DISTANCE, RATIO}
    await story.position(BTC, margin=800.0, tiers=tiers_with_deductions([(0.0, 1e12, 0.4)]))
    await story.mark(BTC, FAR, 200.0 / 6 / (1 - 0.11))
    assert rules_heard(story) == [(DISTANCE, FIRST), (RATIO, FIRST)]


async def test_distance_in_daily_moves_and_deterioration_are_quiet_where_the_plain_distance_says_as_much(
    story: Scenario,
) -> None:
    story.rules = {DISTANCE, "distance_in_volatility", "deterioration"}
    await story.position(BTC)
    story.history(BTC, swing=0.002, price=FAR)
    await story.mark(BTC, FAR)
    await story.still(10.0)
    await story.mark(BTC, at(0.02))
    await story.still(6.0)
    assert rules_heard(story) == [(DISTANCE, FIRST)]


async def with_every_rule(story: Scenario) -> None:
    """Everything that is on by default, over a long with a stop, in a market with a day of history."""
    story.rules = {kind for kind in known_rules() if load_rule(kind).default_enabled}
    await story.position(BTC)
    stop = RestingOrder(
        symbol=BTC,
        order_side=Side.SHORT,
        kind=OrderKind.STOP,
        trigger_price=81.5,
        trigger_by="mark",
        is_reduce_only=True,
    )
    story.orders(stop)
    story.funding(BTC=0.0001)
    story.history(BTC, swing=0.0005, price=FAR)
    await story.mark(BTC, FAR)
    await story.still(12.0)
    assert rules_heard(story) == []


async def test_with_every_rule_on_the_fall_of_one_position_is_one_message(story: Scenario) -> None:
    await with_every_rule(story)
    await story.mark(BTC, at(0.03))
    await story.still(30.0)
    assert rules_heard(story) == [(DISTANCE, FIRST)]


async def test_with_every_rule_on_a_slow_fall_tells_nothing_twice(story: Scenario) -> None:
    await with_every_rule(story)
    for step in range(40):
        await story.mark(BTC, at(0.378 - 0.0089 * step))
        await story.still(60.0, step=5.0)
    heard = [(row.notification.alert_key, row.notification.severity) for row in story.heard]
    assert len(set(heard)) == len(heard)
    assert [severity for key, severity in heard if f"|{DISTANCE}|" in key] == [NOTICE, WARNING, CRITICAL, EMERGENCY]


async def pool_of_two(story: Scenario, wallet: float) -> None:
    story.cross_wallets = {"USDT": wallet}
    story.hold(BTC, margin_mode=MarginMode.CROSS)
    story.hold(ETH, margin_mode=MarginMode.CROSS)
    await story.answered()
    await story.marked({BTC: 100.0, ETH: 100.0})


async def test_the_alarm_of_a_pool_mutes_those_of_its_positions(story: Scenario) -> None:
    story.rules = {DISTANCE, RATIO}
    await pool_of_two(story, 21.0)
    assert story.told() == [(FIRST, EMERGENCY, POOL)]
    assert story.state_of(DISTANCE, LONG) == "firing"
    assert story.state_of(DISTANCE, OTHER) == "firing"


async def test_positions_are_told_when_their_pool_no_longer_speaks_for_them(story: Scenario) -> None:
    story.rules = {DISTANCE, RATIO}
    await pool_of_two(story, 21.0)
    story.told()
    story.rules = {DISTANCE}
    await story.answered()
    heard = story.told()
    assert (RESOLVED, EMERGENCY, POOL) in heard
    await story.still(12.0)
    heard += story.told()
    assert [subject for reason, _, subject in heard if reason is FIRST] == [LONG, OTHER]


async def test_a_pool_with_a_milder_alarm_does_not_mute_the_worse_ones_of_its_positions(story: Scenario) -> None:
    story.rules = {DISTANCE, RATIO}
    await pool_of_two(story, 40.0)
    assert story.told() == [(FIRST, NOTICE, POOL), (FIRST, EMERGENCY, LONG), (FIRST, EMERGENCY, OTHER)]


async def test_a_liquidated_position_mutes_its_own_warnings_and_their_all_clears(story: Scenario) -> None:
    story.rules = {DISTANCE, RATIO, CLOSED}
    await story.position(BTC)
    await story.mark(BTC, FAR, at(0.01))
    assert rules_heard(story) == [(DISTANCE, FIRST)]
    await story.closed(LONG, forced={LONG: "liquidated by the venue"})
    assert rules_heard(story) == [(CLOSED, FIRST)]
    await story.still(600.0, step=10.0)
    assert rules_heard(story) == []
    assert story.state_of(DISTANCE, LONG) == "ok"


async def test_an_end_that_is_milder_than_what_people_fear_does_not_mute_the_end_of_the_alert(story: Scenario) -> None:
    story.rules = {DISTANCE, CLOSED}
    story.orders()
    await story.position(BTC)
    await story.mark(BTC, FAR, at(0.03))
    story.told()
    await story.closed(LONG)
    assert story.told() == [(FIRST, NOTICE, LONG), (RESOLVED, EMERGENCY, LONG)]


async def test_a_dead_venue_is_one_alert_and_not_one_for_each_of_its_markets(story: Scenario) -> None:
    story.rules = {"venue_trouble"}
    for number in range(20):
        story.hold(f"COIN{number}/USDT:USDT")
    await story.answered()
    await story.marked(dict.fromkeys(story.contracts, FAR))
    await story.advance(70.0)
    assert {subject for _, _, subject in story.told()} == {STREAM}


async def test_a_silent_market_is_told_by_itself_while_the_venue_speaks(story: Scenario) -> None:
    story.rules = set()
    story.hold(BTC)
    story.hold(ETH)
    await story.answered()
    await story.marked({BTC: FAR, ETH: FAR})
    for _ in range(20):
        await story.advance(1.0)
        await story.marked({BTC: FAR})
    assert [subject for _, _, subject in story.told()] == [f"mark price of {ETH} (binance_usdm)"]


async def test_an_account_that_cannot_be_read_is_told_and_the_age_of_its_figures_is_not(story: Scenario) -> None:
    await story.position(BTC)
    await story._write(
        story.watch.take_finding(
            trouble(ACCOUNT_UNREADABLE, ACCOUNT, "cannot be read: no answer", CRITICAL, account="main")
        )
    )
    old = trouble(DATA_STALENESS, "positions of main", "no data for 90 s", WARNING, account="main")
    await story._write(story.watch.take_finding(old))
    assert story.told() == [(FIRST, CRITICAL, ACCOUNT)]
    readable = no_trouble(ACCOUNT_UNREADABLE, ACCOUNT, "can be read again", account="main")
    await story._write(story.watch.take_finding(readable))
    await story._write(story.watch.take_finding(old))
    assert story.told() == [(RESOLVED, CRITICAL, ACCOUNT), (FIRST, WARNING, "positions of main")]
