from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta, timezone
from zoneinfo import ZoneInfo

import pytest
from pydantic_core import PydanticCustomError

from liqwatch.config.times import parse_expiry, parse_time_of_day, parse_zone


def test_a_zone_goes_by_its_iana_name_and_utc_needs_no_files() -> None:
    assert parse_zone("America/New_York") == ZoneInfo("America/New_York")
    assert parse_zone("UTC") is UTC


@pytest.mark.parametrize(
    "name", ["", "Berlin", "Europe", "UTC+2", "/etc/localtime", "../UTC", "Europe/Berlin\n", 2, None]
)
def test_what_is_no_zone_is_refused(name: object) -> None:
    with pytest.raises(PydanticCustomError) as refusal:
        parse_zone(name)
    assert refusal.value.type == "UNKNOWN_ZONE"
    assert (refusal.value.context or {})["mend"]


@pytest.mark.parametrize(
    ("written", "read"), [("22:00", time(22)), ("7:05", time(7, 5)), ("24:00", time(0)), (time(6, 30), time(6, 30))]
)
def test_a_time_of_day_is_written_by_the_clock(written: object, read: time) -> None:
    assert parse_time_of_day(written) == read


@pytest.mark.parametrize("written", ["24:01", "7", "12:60", "7pm", "07:00:00", 7, 7.3, None, time(7, tzinfo=UTC)])
def test_what_is_no_time_of_day_is_refused(written: object) -> None:
    with pytest.raises(PydanticCustomError) as refusal:
        parse_time_of_day(written)
    assert refusal.value.type == "BAD_TIME"


def test_a_date_lasts_until_its_end_and_a_moment_is_exact() -> None:
    end = datetime(2027, 2, 1, tzinfo=UTC)
    assert parse_expiry("2027-01-31") == parse_expiry(date(2027, 1, 31)) == end
    assert parse_expiry("2027-01-31T18:00:00") == parse_expiry(datetime(2027, 1, 31, 18)) == end - timedelta(hours=6)  # noqa: DTZ001 - TOML's local date-time
    in_tokyo = datetime(2027, 2, 1, 3, tzinfo=timezone(timedelta(hours=9)))
    assert parse_expiry("2027-02-01T03:00:00+09:00") == parse_expiry(in_tokyo) == end - timedelta(hours=6)


@pytest.mark.parametrize("written", ["tomorrow", "2027-13-01", "31.01.2027", 2027, True, "2027-01-31T25:00"])
def test_what_is_no_date_is_refused(written: object) -> None:
    with pytest.raises(PydanticCustomError) as refusal:
        parse_expiry(written)
    assert refusal.value.type == "BAD_TIME"
