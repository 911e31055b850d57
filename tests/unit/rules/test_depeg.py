"""A stablecoin below its peg is told to the accounts that stand on it."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from liqwatch.model import UNREACHABLE, Severity, Unknown
from liqwatch.rules.base import Danger, Ladder, Level
from liqwatch.rules.depeg import RULE, advice, detail, headline, read
from liqwatch.rules.sight import Sight
from liqwatch.testing.sights import CONTRACT, LONG, account_of, sight_of


def look(prices: dict[str, float], wallets: dict[str, float] | None = None) -> Sight:
    return sight_of(account_of(cross_wallets=wallets or {"USDT": 6_000.0}), peg_prices=prices)


def fired(sight: Sight) -> Severity | None:
    levels = tuple(Level(each, value, value * 1.002) for each, value in RULE.levels.items())
    return Ladder(Danger.BELOW, levels).judge(read(sight)).fired


def test_two_cents_below_the_peg_are_a_warning() -> None:
    assert fired(look({"USDT": 0.999})) is None
    assert fired(look({"USDT": 0.98})) is Severity.WARNING
    assert fired(look({"USDT": 0.94})) is Severity.CRITICAL


def test_the_worst_coin_counts() -> None:
    assert read(look({"USDT": 1.0, "USDC": 0.97}, {"USDT": 6_000.0, "USDC": 10.0})) == 0.97


def test_coins_that_the_account_does_not_use_do_not_count() -> None:
    assert read(look({"USDT": 1.0, "DAI": 0.5})) == 1.0


def test_the_coin_that_positions_are_counted_in_counts_without_a_wallet_of_it() -> None:
    sight = look({"USDT": 0.95, "USDC": 1.0}, {"USDC": 6_000.0})
    assert read(sight) == 0.95
    assert detail(sight) == ("USDT 0.9500 dollars, counts your positions",)


def test_a_missing_price_is_unknown_unless_another_coin_has_broken_its_peg() -> None:
    wallets = {"USDT": 6_000.0, "USDC": 10.0}
    assert read(look({"USDT": 1.0}, wallets)) == Unknown("no price of USDC")
    assert read(look({}, wallets)) == Unknown("no price of USDC, USDT")
    assert read(look({"USDT": 0.97}, wallets)) == 0.97


def test_a_price_of_zero_is_no_price() -> None:
    assert read(look({"USDT": 0.0})) == Unknown("no price of USDT")


def test_without_stablecoins_there_is_nothing_to_lose() -> None:
    inverse = replace(CONTRACT, settle_currency="BTC")
    account = account_of(replace(LONG, symbol="BTC/USD:BTC"), cross_wallets={"BTC": 1.0})
    assert read(sight_of(account, contract=inverse)) is UNREACHABLE


def test_the_message_names_the_coin_and_what_is_held() -> None:
    sight = look({"USDT": 0.97})
    assert detail(sight) == ("USDT 0.9700 dollars, 6,000.00 held",)
    assert advice(sight) == (
        "Decide whether to keep margin in USDT (6,000.00, worth 5,820.00 dollars): "
        "add margin in another coin before exchanging it."
    )
    assert advice(look({"USDT": 1.0})) is None
    assert advice(look({})) is None


def test_without_a_profit_the_bare_wallet_is_told() -> None:
    account = account_of()
    assert detail(sight_of(account, marks={}, peg_prices={"USDT": 0.9})) == ("USDT 0.9000 dollars, 6,000.00 held",)
    assert "counts your positions" in detail(replace(look({"USDT": 0.9}), snapshot=None))[0]


def test_every_reading_has_a_headline() -> None:
    assert headline(0.9712) == "a stablecoin of this account is worth 0.9712 dollars"
    assert headline(UNREACHABLE) == "stands on no stablecoin"
    assert headline(Unknown("x")) == "peg of the stablecoins unknown: x"


@given(st.floats(0.5, 1.1), st.floats(0.5, 1.1))
def test_the_reading_is_never_better_than_any_coin(tether: float, circle: float) -> None:
    reading = read(look({"USDT": tether, "USDC": circle}, {"USDT": 1.0, "USDC": 1.0}))
    assert reading == min(tether, circle)
