"""Which mark is news, which market is quiet, and how a deaf stream is told from a quiet one."""

from __future__ import annotations

from liqwatch.exchanges.plumbing.mark_ledger import MarkLedger
from liqwatch.testing.telemetry import SilentTelemetry


def a_ledger() -> tuple[MarkLedger, list[str]]:
    refused: list[str] = []
    return MarkLedger("somewhere", SilentTelemetry(), refused.append), refused


def test_an_older_mark_and_an_impossible_one_are_no_news() -> None:
    ledger, refused = a_ledger()
    assert ledger.news([("A", 100.0, 5)], 0.0) == [("A", 100.0, 5)]
    assert ledger.news([("A", 99.0, 4), ("A", 98.0, 5), ("B", float("nan"), 9), ("B", -1.0, 9)], 1.0) == [
        ("A", 98.0, 5)
    ]
    assert refused == ["bad_price", "bad_price"]


def test_an_answer_takes_the_time_of_the_last_push_so_that_it_never_hides_the_next_one() -> None:
    ledger, _ = a_ledger()
    ledger.news([("A", 100.0, 5)], 0.0)
    assert ledger.answered([("A", 101.0, 999), ("B", 7.0, 3), ("C", 0.0, 3)]) == [("A", 101.0, 5), ("B", 7.0, 3)]
    assert ledger.news([("A", 102.0, 6)], 1.0) == [("A", 102.0, 6)]


def test_a_market_is_quiet_from_its_last_push_on() -> None:
    ledger, _ = a_ledger()
    assert ledger.quiet(["A", "B"], 0.0, 5.0) == []
    ledger.news([("A", 100.0, 5)], 4.0)
    assert ledger.quiet(["A", "B"], 5.0, 5.0) == ["B"]
    assert ledger.quiet(["A", "B"], 9.0, 5.0) == ["A", "B"]


def test_a_mark_that_moved_while_its_stream_was_silent_gives_the_stream_away() -> None:
    ledger, _ = a_ledger()
    ledger.news([("A", 100.0, 5)], 0.0)
    assert not ledger.moved_silently([("A", 100.05, 0), ("B", 5.0, 0)], 0.001)
    assert ledger.moved_silently([("A", 100.2, 0)], 0.001)
