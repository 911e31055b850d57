from __future__ import annotations

from datetime import UTC, time, timedelta
from zoneinfo import ZoneInfo

import pytest

from liqwatch.alerts.schedule_plan import DigestPlan, SelfTestPlan
from liqwatch.bootstrap.schedules import digest_of, heartbeat_of, self_test_of
from liqwatch.config.settings import Settings

URL = "https://hc-ping.com/canary-4711"


def settings(**tables: object) -> Settings:
    return Settings.model_validate({"channels": {name: {"url": "console://"} for name in ("chat", "mail")}, **tables})


def test_there_is_no_digest_until_somebody_wants_one() -> None:
    assert digest_of(settings()) is None


def test_a_digest_comes_daily_or_on_one_day_of_the_week() -> None:
    daily = digest_of(settings(digest={"every": "daily", "at": "7:30", "zone": "Asia/Tokyo"}))
    assert daily == DigestPlan(at=time(7, 30), zone=ZoneInfo("Asia/Tokyo"), channels=("chat", "mail"))
    weekly = digest_of(settings(digest={"every": "weekly", "weekday": "sun", "channels": ["mail"]}))
    assert weekly == DigestPlan(at=time(8), zone=UTC, channels=("mail",), weekday=6)


def test_every_channel_is_tested_daily_unless_that_is_switched_off() -> None:
    assert self_test_of(settings()) == SelfTestPlan(at=time(12), zone=UTC, channels=("chat", "mail"))
    chosen = self_test_of(settings(self_test={"channels": ["mail"], "at": "03:00"}))
    assert chosen == SelfTestPlan(at=time(3), zone=UTC, channels=("mail",))
    assert self_test_of(settings(self_test={"enabled": False})) is None


def test_there_is_no_heartbeat_without_a_url() -> None:
    assert heartbeat_of(settings()) is None
    assert heartbeat_of(settings(heartbeat={"every": "30s"})) is None


@pytest.mark.parametrize(
    ("table", "fail_url"),
    [
        ({"url": URL}, f"{URL}/fail"),
        ({"url": f"{URL}/"}, f"{URL}/fail"),
        ({"url": URL, "fail_url": "https://example.org/x"}, "https://example.org/x"),
        ({"url": URL, "fail_url": ""}, None),
        ({"url": "https://example.org/push/canary?status=up"}, None),
    ],
)
def test_trouble_is_told_at_the_end_of_the_url_unless_it_cannot_or_must_not(
    table: dict[str, str], fail_url: str | None
) -> None:
    plan = heartbeat_of(settings(heartbeat={**table, "every": "2m"}))
    assert plan is not None
    assert (plan.url, plan.fail_url, plan.every) == (table["url"], fail_url, timedelta(minutes=2))
    assert not plan.allow_private
    assert "canary" not in repr(plan)
