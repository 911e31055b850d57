from __future__ import annotations

from datetime import timedelta

import pytest

from liqwatch.config.checks.ladders import check_ladders
from liqwatch.config.checks.surroundings import Surroundings
from liqwatch.config.policies import SAFE_DIRECTION, narrowest, rule_settings, staleness_settings
from liqwatch.config.rules import RULE_KINDS, EventRule, LadderRule, Rules, YesNoRule
from liqwatch.config.settings import Settings
from liqwatch.model import Severity
from liqwatch.rules.base import Profile

CLOSED = "position_closed"
LADDERS = [kind for kind in RULE_KINDS if isinstance(Rules().of(kind), LadderRule)]
NOTICE, WARNING, CRITICAL, EMERGENCY = Severity
BTC = "BTC/USDT:USDT"


def settings(**tables: object) -> Settings:
    position = {"symbol": BTC, "side": "long", "contracts": 1, "entry_price": 60_000, "leverage": 10}
    account = {"exchange": "demo", "positions": [{**position, "rules": tables.pop("position", {})}]}
    raw = {
        "accounts": {"paper": {**account, "rules": tables.pop("account", {})}},
        "markets": {BTC: {"rules": tables.pop("market", {})}},
        "rules": tables.pop("rules", {}),
    }
    return Settings.model_validate(raw)


def distance(**keys: object) -> dict[str, object]:
    return {"liquidation_distance": keys}


def test_without_any_key_the_defaults_hold() -> None:
    ladder = rule_settings(settings(), "paper", BTC, 0, "liquidation_distance")
    assert ladder.enabled
    assert ladder.levels == {NOTICE: 0.25, WARNING: 0.15, CRITICAL: 0.08, EMERGENCY: 0.04}
    assert ladder.clear[CRITICAL] == pytest.approx(0.088)
    assert ladder.hold == dict.fromkeys(Severity, timedelta(0))
    assert ladder.patience.clear_hold == timedelta(0)
    assert ladder.patience.repeat_every == {
        NOTICE: None,
        WARNING: timedelta(hours=2),
        CRITICAL: timedelta(minutes=15),
        EMERGENCY: timedelta(minutes=5),
    }


def test_a_margin_ratio_clears_below_its_level() -> None:
    ladder = rule_settings(settings(), "paper", None, None, "margin_ratio")
    assert ladder.levels[CRITICAL] == 0.8
    assert ladder.clear[CRITICAL] == pytest.approx(0.72)


def test_position_beats_account_beats_market_beats_global_key_by_key() -> None:
    loaded = settings(
        rules=distance(levels={"notice": "30%", "warning": "20%"}, hold="1s"),
        market=distance(levels={"warning": "19%", "critical": "10%"}, hold="2s"),
        account=distance(levels={"critical": "11%", "emergency": "5%"}),
        position=distance(levels={"emergency": "6%"}),
    )
    ladder = rule_settings(loaded, "paper", BTC, 0, "liquidation_distance")
    assert ladder.levels == {NOTICE: 0.3, WARNING: 0.19, CRITICAL: 0.11, EMERGENCY: 0.06}
    assert ladder.hold[WARNING] == timedelta(seconds=2)
    other_market = rule_settings(loaded, "paper", "ETH/USDT:USDT", None, "liquidation_distance")
    assert other_market.levels == {NOTICE: 0.3, WARNING: 0.2, CRITICAL: 0.11, EMERGENCY: 0.05}
    other_account = rule_settings(loaded, "main", BTC, None, "liquidation_distance")
    assert other_account.levels == {NOTICE: 0.3, WARNING: 0.19, CRITICAL: 0.1, EMERGENCY: 0.04}


def test_off_takes_a_level_out_of_every_table() -> None:
    ladder = rule_settings(
        settings(position=distance(levels={"notice": "off"})), "paper", BTC, 0, "liquidation_distance"
    )
    assert NOTICE not in ladder.levels
    assert ladder.levels.keys() == ladder.clear.keys() == ladder.hold.keys()


def test_an_override_can_bring_a_removed_level_back() -> None:
    loaded = settings(rules=distance(levels={"notice": "off"}), account=distance(levels={"notice": "40%"}))
    assert rule_settings(loaded, "paper", None, None, "liquidation_distance").levels[NOTICE] == 0.4


def test_clear_levels_can_be_stated_one_by_one_beside_a_factor() -> None:
    loaded = settings(rules=distance(clear="50%"), account=distance(clear={"critical": "9%"}))
    ladder = rule_settings(loaded, "paper", None, None, "liquidation_distance")
    assert ladder.clear[CRITICAL] == 0.09
    assert ladder.clear[EMERGENCY] == pytest.approx(0.06)


def test_a_single_value_stands_for_every_severity() -> None:
    loaded = settings(rules=distance(hold="3s", repeat_every="never"), account=distance(repeat_every={"notice": "1d"}))
    ladder = rule_settings(loaded, "paper", None, None, "liquidation_distance")
    assert set(ladder.hold.values()) == {timedelta(seconds=3)}
    assert ladder.patience.repeat_every == {NOTICE: timedelta(days=1), WARNING: None, CRITICAL: None, EMERGENCY: None}


def test_a_rule_can_be_switched_off_for_one_position() -> None:
    loaded = settings(position=distance(enabled=False))
    assert not rule_settings(loaded, "paper", BTC, 0, "liquidation_distance").enabled
    assert rule_settings(loaded, "paper", BTC, None, "liquidation_distance").enabled


def test_staleness_limits_are_laid_over_each_other_too() -> None:
    loaded = settings(rules={"data_staleness": {"account": "90s"}}, market={"data_staleness": {"mark_price": "20s"}})
    limits = staleness_settings(loaded, "paper", BTC)
    assert (limits.mark_price, limits.mark_price_critical, limits.account) == (
        timedelta(seconds=20),
        timedelta(seconds=5),
        timedelta(seconds=90),
    )
    assert staleness_settings(loaded, "").mark_price == timedelta(seconds=15)


def test_a_yes_or_no_rule_has_one_severity_and_one_hold_time() -> None:
    loaded = settings(account={"figures_unknown": {"severity": "critical"}})
    unknown = rule_settings(loaded, "paper", None, None, "figures_unknown")
    assert (unknown.levels, unknown.clear, unknown.enabled) == ({CRITICAL: 0.5}, {CRITICAL: 0.5}, True)
    assert unknown.hold == {CRITICAL: timedelta(seconds=30)}
    assert rule_settings(loaded, "", None, None, "figures_disagree").hold == {WARNING: timedelta(minutes=1)}


def test_an_event_is_told_once_from_its_least_severity_up() -> None:
    closed = rule_settings(settings(rules={"position_closed": {"min_severity": "warning"}}), "", None, None, CLOSED)
    assert closed.levels == {WARNING: 1.0}
    assert set(closed.patience.repeat_every.values()) == {None}


def test_the_strongest_layer_that_names_a_profile_decides_the_base_ladder() -> None:
    loaded = settings(rules={"profile": "careful"}, market={"profile": "normal"}, position={"profile": "bold"})
    levels = [
        rule_settings(loaded, account, symbol, index, "liquidation_distance").levels[CRITICAL]
        for account, symbol, index in (("", None, None), ("paper", None, None), ("paper", BTC, None), ("paper", BTC, 0))
    ]
    assert levels == [0.15, 0.15, 0.08, 0.04]


def test_every_overridden_level_is_laid_over_the_profile_wherever_it_was_set() -> None:
    loaded = settings(rules=distance(levels={"notice": "50%", "emergency": "off"}), account={"profile": "careful"})
    ladder = rule_settings(loaded, "paper", BTC, None, "liquidation_distance")
    assert ladder.levels == {NOTICE: 0.5, WARNING: 0.25, CRITICAL: 0.15}
    assert ladder.clear[WARNING] == pytest.approx(0.275)


@pytest.mark.parametrize("kind", sorted(LADDERS))
@pytest.mark.parametrize("profile", list(Profile))
def test_a_profile_gives_every_rule_the_ladder_that_its_file_has(kind: str, profile: Profile) -> None:
    ladder = rule_settings(settings(rules={"profile": profile.value}), "", None, None, kind)
    assert ladder.levels == dict(RULE_KINDS[kind].levels_in(profile))
    assert all(
        (ladder.clear[severity] - level) * SAFE_DIRECTION[RULE_KINDS[kind].danger] > 0
        for severity, level in ladder.levels.items()
    )


@pytest.mark.parametrize("kind", sorted(LADDERS))
@pytest.mark.parametrize("profile", list(Profile))
def test_no_ladder_of_a_rule_file_breaks_a_rule_of_its_own(kind: str, profile: Profile) -> None:
    loaded = settings(rules={"profile": profile.value}, account={"profile": profile.value})
    nowhere = Surroundings(known_exchanges=(), account_names=(), channel_names=(), broken_tables=frozenset())
    assert [problem for problem in check_ladders(loaded, nowhere) if f".{kind}." in problem.path] == []


def test_a_rule_that_its_file_leaves_off_is_off_until_somebody_asks_for_it() -> None:
    assert not rule_settings(settings(), "paper", None, None, "margin_cover").enabled
    asked = settings(account={"margin_cover": {"enabled": True}})
    assert rule_settings(asked, "paper", None, None, "margin_cover").enabled
    assert not rule_settings(asked, "main", None, None, "margin_cover").enabled


def test_options_are_keys_of_their_rule_in_their_own_units() -> None:
    loaded = settings(rules={"deterioration": {"within": "1h"}}, account={"deterioration": {"at_least": "3%"}})
    assert rule_settings(loaded, "paper", None, None, "deterioration").options == {"within": 3600.0, "at_least": 0.03}
    assert rule_settings(loaded, "", None, None, "deterioration").options == {"within": 3600.0, "at_least": 0.02}


@pytest.mark.parametrize("kind", sorted(RULE_KINDS))
def test_no_option_of_a_rule_file_takes_the_name_of_a_key_that_every_rule_has(kind: str) -> None:
    common = {*LadderRule.model_fields, *YesNoRule.model_fields, *EventRule.model_fields}
    assert common.isdisjoint(RULE_KINDS[kind].options)


def test_levels_are_written_in_the_unit_of_their_rule() -> None:
    rules = {"leverage": {"levels": {"warning": "12x", "critical": 25}}, "collateral": {"levels": {"warning": "180%"}}}
    loaded = settings(rules=rules)
    assert rule_settings(loaded, "", None, None, "leverage").levels == {NOTICE: 10.0, WARNING: 12.0, CRITICAL: 25.0}
    assert rule_settings(loaded, "", None, None, "collateral").levels[WARNING] == pytest.approx(1.8)


def test_a_dollar_coin_can_find_back_to_its_peg() -> None:
    clear = rule_settings(settings(), "", None, None, "depeg").clear
    assert max(clear.values()) < 1


def test_the_life_cycle_can_be_set_for_every_lasting_rule() -> None:
    keys = {"flap_limit": 5, "flap_window": "1h", "flap_clear_hold": "20m", "deeper_by": "10%", "clear_hold": "1m"}
    loaded = settings(rules={"tier_change": keys, "drawdown": keys}, market={"drawdown": {"flap_limit": 1}})
    patience = rule_settings(loaded, "paper", BTC, 0, "drawdown").patience
    assert (patience.flap_limit, patience.deeper_by) == (1, 0.1)
    assert (patience.flap_window, patience.flap_clear_hold) == (timedelta(hours=1), timedelta(minutes=20))
    assert rule_settings(loaded, "", None, None, "tier_change").patience.flap_limit == 5


def test_subjects_that_nothing_sets_apart_share_one_answer() -> None:
    loaded = settings(account=distance(hold="1s"), position={"profile": "bold"})
    assert narrowest(loaded, "paper", BTC, 0, "liquidation_distance") == ("paper", None, 0)
    assert narrowest(loaded, "paper", BTC, None, "liquidation_distance") == ("paper", None, None)
    assert narrowest(loaded, "paper", BTC, None, "margin_ratio") == ("", None, None)
    by_market = settings(market={"margin_ratio": {"enabled": False}})
    assert narrowest(by_market, "paper", BTC, None, "margin_ratio") == ("", BTC, None)
    assert narrowest(by_market, "main", "ETH/USDT:USDT", None, "margin_ratio") == ("", None, None)
