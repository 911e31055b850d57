"""A position is gone when the venue says so or two answers in a row lack it; one empty answer ends nothing."""

from __future__ import annotations

from datetime import UTC, datetime

from liqwatch.engine.reconcile import Reconciler
from liqwatch.model import AccountSnapshot, MarginMode, Position, Side, SnapshotSource

BTC, ETH = "BTC/USDT:USDT long", "ETH/USDT:USDT long"
REST, STREAM = SnapshotSource.REST, SnapshotSource.STREAM


def answer(*subjects: str, source: SnapshotSource = REST, closed: str | None = None) -> AccountSnapshot:
    positions = tuple(
        Position(
            symbol=subject.split()[0],
            side=Side.LONG,
            contracts=1.0,
            entry_price=100.0,
            margin_mode=MarginMode.CROSS,
        )
        for subject in subjects
    )
    return AccountSnapshot(
        account="main",
        venue="binance_usdm",
        positions=positions,
        cross_wallets={},
        as_of=datetime(2026, 11, 20, tzinfo=UTC),
        source=source,
        closed=frozenset({closed} if closed else ()),
    )


def held(reconciler: Reconciler, snapshot: AccountSnapshot) -> tuple[set[str], set[str]]:
    """Believed subjects, and those without confirmation."""
    believed = reconciler.believe(snapshot)
    return {position.subject for position in believed.snapshot.positions}, set(believed.unconfirmed)


def test_one_empty_answer_keeps_every_position_and_asks_again() -> None:
    reconciler = Reconciler()
    reconciler.believe(answer(BTC, ETH))
    assert held(reconciler, answer()) == ({BTC, ETH}, {BTC, ETH})
    assert held(reconciler, answer(BTC, ETH)) == ({BTC, ETH}, set())


def test_two_answers_in_a_row_are_believed() -> None:
    reconciler = Reconciler()
    reconciler.believe(answer(BTC, ETH))
    assert held(reconciler, answer(ETH)) == ({BTC, ETH}, {BTC})
    assert held(reconciler, answer(ETH)) == ({ETH}, set())


def test_two_empty_answers_with_a_full_one_between_close_nothing() -> None:
    reconciler = Reconciler()
    reconciler.believe(answer(BTC))
    reconciler.believe(answer())
    reconciler.believe(answer(BTC))
    assert held(reconciler, answer()) == ({BTC}, {BTC})


def test_a_push_that_states_a_closing_is_believed_at_once() -> None:
    reconciler = Reconciler()
    reconciler.believe(answer(BTC, ETH))
    assert held(reconciler, answer(ETH, source=STREAM, closed=BTC)) == ({ETH}, set())
    assert held(reconciler, answer(ETH)) == ({ETH}, set())


def test_a_push_between_two_answers_neither_ends_nor_confirms_a_doubt() -> None:
    """The push is merged into the adapter's own last answer, which may be the empty one."""
    reconciler = Reconciler()
    reconciler.believe(answer(BTC, ETH))
    reconciler.believe(answer(ETH))
    assert held(reconciler, answer(ETH, source=STREAM)) == ({BTC, ETH}, {BTC})
    assert held(reconciler, answer(ETH, source=STREAM)) == ({BTC, ETH}, {BTC})
    assert held(reconciler, answer(ETH)) == ({ETH}, set())


def test_a_push_that_shows_a_doubted_position_ends_the_doubt() -> None:
    reconciler = Reconciler()
    reconciler.believe(answer(BTC))
    reconciler.believe(answer())
    assert held(reconciler, answer(BTC, source=STREAM)) == ({BTC}, set())
    assert held(reconciler, answer()) == ({BTC}, {BTC})


def test_what_burned_before_a_restart_wants_a_second_look_too() -> None:
    reconciler = Reconciler(frozenset({BTC}))
    assert held(reconciler, answer(ETH)) == ({ETH}, {BTC})
    assert held(reconciler, answer(ETH)) == ({ETH}, set())


def test_a_push_right_after_a_restart_ends_nothing_that_burned() -> None:
    reconciler = Reconciler(frozenset({BTC}))
    assert held(reconciler, answer(source=STREAM)) == (set(), {BTC})
    assert held(reconciler, answer(source=STREAM, closed=BTC)) == (set(), set())
