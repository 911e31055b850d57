"""What follows from the end of an attempt."""

from __future__ import annotations

import pytest

from liqwatch.engine.delivery.outcome import LONGEST_OBEYED_SECONDS, blames_length, obeyed_seconds, pause_seconds
from liqwatch.model import Delivery, DeliveryReport


@pytest.mark.parametrize(
    ("attempts", "seconds"), [(1, 1.0), (2, 2.0), (5, 16.0), (6, 30.0), (60, 30.0), (10_000, 30.0)]
)
def test_pauses_double_up_to_half_a_minute(attempts: int, seconds: float) -> None:
    assert pause_seconds(attempts) == seconds


@pytest.mark.parametrize(
    ("asked", "obeyed"), [(None, None), (0.0, None), (-1.0, None), (7.5, 7.5), (1e300, LONGEST_OBEYED_SECONDS)]
)
def test_a_pause_is_obeyed_within_reason(asked: float | None, obeyed: float | None) -> None:
    assert obeyed_seconds(DeliveryReport(Delivery.RETRY, "", asked)) == obeyed


@pytest.mark.parametrize(
    ("delivery", "detail", "is_blamed"),
    [
        (Delivery.DEAD, "JSON: HTTP 413", True),
        (Delivery.DEAD, "Discord: HTTP 400", True),
        (Delivery.DEAD, "E-Mail: the letter is refused (SMTP 552)", True),
        (Delivery.DEAD, "Telegram: Bad Request: message is too long", True),
        (Delivery.DEAD, "JSON: HTTP 401", False),
        (Delivery.DEAD, "Telegram: Forbidden: bot was blocked by the user", False),
        (Delivery.RETRY, "JSON: HTTP 413", False),
    ],
)
def test_only_what_speaks_of_the_content_blames_the_length(delivery: Delivery, detail: str, *, is_blamed: bool) -> None:
    assert blames_length(DeliveryReport(delivery, detail)) is is_blamed
