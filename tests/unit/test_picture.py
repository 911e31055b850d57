"""The picture beside the words."""

from __future__ import annotations

import pytest

from liqwatch.model import Chart, Message, Severity
from liqwatch.notifiers import _picture
from liqwatch.notifiers._picture import picture_of

CHART = Chart(title="BTC", marks=((0.0, 100.0), (60.0, 95.0)), liquidation_price=90.0)


def message(chart: Chart | None) -> Message:
    return Message(message_id="a", title="t", body="b", severity=Severity.CRITICAL, chart=chart)


def test_without_a_chart_there_is_no_picture() -> None:
    assert picture_of(message(None)) is None


def test_one_alert_on_many_channels_is_drawn_once() -> None:
    pytest.importorskip("PIL")
    first = picture_of(message(CHART))
    assert first is not None
    assert first.startswith(b"\x89PNG")
    assert picture_of(message(CHART)) is first


def test_words_do_not_wait_for_a_picture_that_takes_too_long(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_picture, "PATIENCE_SECONDS", 0.01)
    with _picture._drawing:
        assert picture_of(message(CHART)) is None
