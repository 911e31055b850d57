from __future__ import annotations

from datetime import timedelta

import pytest

from liqwatch.alerts.policy import EscalationStep
from liqwatch.bootstrap.plan import plan_of
from liqwatch.bootstrap.policies import NEVER, escalation_of, policies_of, staleness_of
from liqwatch.config.settings import Settings
from liqwatch.model import Severity
from liqwatch.rules.base import Danger

NOTICE, WARNING, CRITICAL, EMERGENCY = Severity
BTC, ETH = "BTC/USDT:USDT", "ETH/USDT:USDT"
LONG = f"{BTC} long"


def settings(**tables: object) -> Settings:
    position = {"symbol": BTC, "side": "long", "contracts": 1, "entry_price": 60_000, "leverage": 10}
    typed = {"exchange": "demo", "positions": [{**position, "rules": tables.pop("position", {})}]}
    accounts = {"paper": {**typed, "rules": tables.pop("account", {})}, "main": {"exchange": "demo"}}
    channels = {name: {"url": "console://"} for name in ("chat", "mail", "phone")}
    return Settings.model_validate({"accounts": accounts, "channels": channels, **tables})


def steps(*channels_after: tuple[str, str]) -> list[dict[str, object]]:
    return [{"after": after, "channels": [channel]} for after, channel in channels_after]


def minutes(count: int, *channels: str) -> EscalationStep:
    return EscalationStep(timedelta(minutes=count), channels)


def test_a_policy_carries_the_ladder_the_patience_and_the_options_of_its_rule() -> None:
    rules = {"deterioration": {"hold": "20s", "clear_hold": "1m", "deeper_by": "10%", "flap_limit": 5, "within": "5m"}}
    policy = policies_of(settings(rules=rules))("main", ETH, "any", "deterioration")
    assert policy is not None
    assert (policy.ladder.danger, policy.ladder.limit) == (Danger.ABOVE, 1.0)
    assert [(level.severity, level.fire_at) for level in policy.ladder.levels] == [(NOTICE, 0.3), (WARNING, 0.5)]
    assert policy.options == {"within": 300.0, "at_least": 0.02}
    assert policy.alerts.hold == dict.fromkeys((NOTICE, WARNING), timedelta(seconds=20))
    assert policy.alerts.clear_hold == timedelta(minutes=1)
    assert (policy.alerts.deeper_by, policy.alerts.flap_limit) == (0.1, 5)
    assert policy.alerts.repeat_every[CRITICAL] == timedelta(minutes=15)
    assert NOTICE not in policy.alerts.repeat_every


def test_a_rule_that_is_off_has_no_policy() -> None:
    lookup = policies_of(settings(position={"liquidation_distance": {"enabled": False}}))
    assert lookup("paper", BTC, LONG, "liquidation_distance") is None
    assert lookup("paper", BTC, f"{BTC} short", "liquidation_distance") is not None
    assert lookup("paper", BTC, LONG, "margin_cover") is None


def test_subjects_that_nothing_sets_apart_share_one_policy() -> None:
    lookup = policies_of(settings(account={"leverage": {"hold": "5s"}}))
    distance = lookup("main", ETH, "a", "liquidation_distance")
    assert distance is lookup("paper", BTC, LONG, "liquidation_distance")
    assert lookup("main", ETH, "a", "leverage") is not lookup("paper", BTC, LONG, "leverage")


def test_a_profile_reaches_the_engine() -> None:
    plan = plan_of(settings(rules={"profile": "bold"}, account={"profile": "careful"}))
    policy = plan.policies("paper", BTC, LONG, "liquidation_distance")
    assert policy is not None
    assert policy.ladder.levels[-1].fire_at == 0.08
    assert plan.margin_call_ratio == 0.9


def test_an_escalation_holds_from_its_severity_up() -> None:
    loaded = settings(escalations=[{"severity": "critical", "steps": steps(("5m", "mail"), ("15m", "phone"))}])
    told = (minutes(5, "mail"), minutes(15, "phone"))
    assert escalation_of(loaded, "main") == {CRITICAL: told, EMERGENCY: told}
    policy = policies_of(loaded)("main", ETH, "any", "leverage")
    assert policy is not None
    assert policy.alerts.escalation == {CRITICAL: told, EMERGENCY: told}


def test_an_escalation_of_a_worse_severity_takes_its_place() -> None:
    loaded = settings(escalations=[
        {"severity": "warning", "steps": steps(("1h", "mail"))},
        {"severity": "emergency", "steps": steps(("1m", "phone"))},
    ])  # fmt: skip
    expected = {WARNING: minutes(60, "mail"), CRITICAL: minutes(60, "mail"), EMERGENCY: minutes(1, "phone")}
    assert escalation_of(loaded, "main") == {severity: (step,) for severity, step in expected.items()}


def test_escalations_of_the_same_severity_are_merged_by_time() -> None:
    loaded = settings(escalations=[
        {"severity": "critical", "steps": steps(("5m", "mail"), ("20m", "phone"))},
        {"severity": "critical", "accounts": ["main"], "steps": steps(("5m", "chat"), ("10m", "phone"))},
    ])  # fmt: skip
    merged = (minutes(5, "mail", "chat"), minutes(10, "phone"), minutes(20, "phone"))
    assert escalation_of(loaded, "main")[CRITICAL] == merged
    assert escalation_of(loaded, "paper")[CRITICAL] == (minutes(5, "mail"), minutes(20, "phone"))
    assert escalation_of(loaded, "")[CRITICAL] == merged


def test_old_data_escalates_only_as_every_account_does() -> None:
    loaded = settings(
        rules={"data_staleness": {"mark_price": "9s", "repeat_every": "never"}},
        escalations=[
            {"severity": "critical", "steps": steps(("5m", "mail"))},
            {"severity": "critical", "accounts": ["main"], "steps": steps(("1m", "phone"))},
        ],
    )
    limits = staleness_of(loaded)
    assert (limits.mark_price, limits.account) == (timedelta(seconds=9), timedelta(seconds=60))
    assert limits.alerts.escalation[CRITICAL] == (minutes(5, "mail"),)
    assert limits.alerts.repeat_every == {}
    assert staleness_of(settings(rules={"data_staleness": {"enabled": False}})).mark_price == NEVER


class TestConditions:
    squeezed = {  # noqa: RUF012 - a table, never changed
        "name": "squeezed",
        "severity": "critical",
        "all": ["liquidation_distance < 12%", "margin_ratio > 60%"],
        "any": ["leverage > 10"],
        "hold": "30s",
        "expires": "2027-01-31",
        "minimum_notional": 1000,
        "message": "Close half.",
    }

    def test_a_condition_is_a_rule_of_its_own_with_a_policy_of_its_own(self) -> None:
        plan = plan_of(settings(conditions=[self.squeezed]))
        (rule,) = plan.conditions
        assert (rule.kind, rule.levels) == ("squeezed", {CRITICAL: 1.0})
        assert "liquidation_distance < 12%" in rule.docs
        policy = plan.policies("main", BTC, LONG, "squeezed")
        assert policy is not None
        assert policy.ladder.judge(1.0).fired is CRITICAL
        assert policy.ladder.judge(0.0).held is None
        assert policy.alerts.hold == {CRITICAL: timedelta(seconds=30)}
        assert policy.alerts.repeat_every == {CRITICAL: timedelta(minutes=15)}

    def test_a_condition_is_in_force_only_for_its_accounts_and_markets(self) -> None:
        plan = plan_of(settings(conditions=[{**self.squeezed, "accounts": ["main"], "markets": [BTC]}]))
        assert plan.policies("main", BTC, LONG, "squeezed") is not None
        assert plan.policies("main", ETH, "any", "squeezed") is None
        assert plan.policies("paper", BTC, LONG, "squeezed") is None

    @pytest.mark.parametrize(("written", "told"), [("never", {}), ("1h", {CRITICAL: timedelta(hours=1)})])
    def test_a_condition_says_itself_how_often_it_is_told(self, written: str, told: dict[Severity, timedelta]) -> None:
        plan = plan_of(settings(conditions=[{**self.squeezed, "repeat_every": written}]))
        policy = plan.policies("main", BTC, LONG, "squeezed")
        assert policy is not None
        assert policy.alerts.repeat_every == told

    def test_without_conditions_there_are_none(self) -> None:
        assert plan_of(settings()).conditions == ()
