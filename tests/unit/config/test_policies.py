from __future__ import annotations

from datetime import timedelta

import pytest

from liqwatch.config.policies import doubt_settings, rule_settings, staleness_settings
from liqwatch.config.settings import Settings
from liqwatch.model import Severity

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
    assert ladder.clear_hold == timedelta(0)
    assert ladder.repeat_every == {
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
    assert ladder.repeat_every == {NOTICE: timedelta(days=1), WARNING: None, CRITICAL: None, EMERGENCY: None}


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


def test_unknown_figures_have_a_hold_time_and_a_severity() -> None:
    loaded = settings(account={"figures_unknown": {"severity": "critical"}})
    unknown = doubt_settings(loaded, "paper", None, None, "figures_unknown")
    assert (unknown.hold, unknown.severity, unknown.enabled) == (timedelta(seconds=30), CRITICAL, True)
