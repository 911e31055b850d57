"""Whose turn it is: everybody in a few seconds, and never so many at once that prices wait."""

from __future__ import annotations

from liqwatch.engine.rounds import EVERY_SECONDS, MOST_AT_ONCE, Rounds


def rounds(accounts: int, positions: int) -> Rounds:
    made = Rounds()
    for number in range(accounts):
        made.follow(f"a{number}", [(f"a{number}", "cross USDT")], positions)
    list(made.due(0.0))
    return made


def test_everybody_comes_up_within_a_few_seconds() -> None:
    made = rounds(accounts=10, positions=1)
    seen = [account for second in range(1, int(EVERY_SECONDS) + 1) for account, _ in made.due(float(second))]
    assert sorted(seen) == sorted(f"a{number}" for number in range(10))


def test_a_pool_of_many_positions_counts_as_many_looks() -> None:
    made = rounds(accounts=1_000, positions=10)
    turns = [len(list(made.due(float(second)))) for second in range(1, 11)]
    assert turns == [MOST_AT_ONCE // 10] * 10


def test_an_account_that_is_larger_than_a_turn_has_its_turn_all_the_same() -> None:
    made = rounds(accounts=3, positions=10 * MOST_AT_ONCE)
    seen = [account for second in range(1, 4) for account, _ in made.due(float(second))]
    assert sorted(seen) == ["a0", "a1", "a2"]
