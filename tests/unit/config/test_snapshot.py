from __future__ import annotations

import json
from collections.abc import Callable
from copy import deepcopy
from dataclasses import dataclass
from datetime import date
from typing import Any

import pytest

from liqwatch.config.snapshot import OfflineAccount, load_snapshot
from liqwatch.errors import ConfigError, ExitCode
from liqwatch.margin.assess import assess
from liqwatch.margin.conventions import Basis, TierMode, known_exchanges

TODAY = date(2026, 11, 25)
GOOD: dict[str, Any] = {
    "schema": 1,
    "exchange": "binance_usdm",
    "margin_mode": "cross",
    "wallet_balance": 1000.0,
    "positions": [
        {
            "symbol": "ETH/USDT:USDT",
            "side": "long",
            "contracts": 2,
            "entry_price": 2000,
            "mark_price": 2100,
            "tiers": [
                {"notional_floor": 0, "notional_cap": 5000, "maintenance_margin_rate": 0.01},
                {"notional_floor": 5000, "notional_cap": 20000, "maintenance_margin_rate": 0.02},
                {"notional_floor": 20000, "maintenance_margin_rate": 0.05},
            ],
        },
        {
            "symbol": "BTC/USDT:USDT",
            "side": "short",
            "contracts": 0.1,
            "entry_price": 60000,
            "maintenance_margin_rate": 0.004,
        },
    ],
}
Edit = Callable[[dict[str, Any]], object]


def load(edit: Edit = lambda raw: None) -> OfflineAccount:
    raw = deepcopy(GOOD)
    edit(raw)
    return load_snapshot(json.dumps(raw), "account.json", today=TODAY)


def first(**values: Any) -> Edit:
    return lambda raw: raw["positions"][0].update(values)


def second(**values: Any) -> Edit:
    return lambda raw: raw["positions"][1].update(values)


def tier(index: int, **values: Any) -> Edit:
    return lambda raw: raw["positions"][0]["tiers"][index].update(values)


def top(**values: Any) -> Edit:
    return lambda raw: raw.update(values)


def without(key: str) -> Edit:
    return lambda raw: raw.pop(key)


@dataclass(frozen=True, slots=True)
class Bad:
    edit: Edit
    path: str
    code: str
    words: str


PUT_ASSET = {"asset": "BTC", "symbol": "BTC/USDT:USDT", "quantity": 1}
CASES = {
    "no schema": Bad(without("schema"), "schema", "LW-CFG-002", "missing"),
    "another schema": Bad(top(schema=2), "schema", "LW-CFG-051", "2"),
    "a schema that is true": Bad(top(schema=True), "schema", "LW-CFG-051", "True"),
    "no exchange": Bad(without("exchange"), "exchange", "LW-CFG-002", "binance_usdm"),
    "an unknown exchange": Bad(top(exchange="binance_usd"), "exchange", "LW-CFG-014", "did you mean `binance_usdm`"),
    "an exchange that is a number": Bad(top(exchange=3), "exchange", "LW-CFG-004", "text in quotes"),
    "an unknown margin mode": Bad(top(margin_mode="crossed"), "margin_mode", "LW-CFG-009", "did you mean `cross`"),
    "no wallet": Bad(without("wallet_balance"), "wallet_balance", "LW-CFG-002", "missing"),
    "a wallet in quotes": Bad(top(wallet_balance="10"), "wallet_balance", "LW-CFG-004", "without quotes"),
    "a wallet that is no number": Bad(top(wallet_balance=float("nan")), "wallet_balance", "LW-CFG-010", "finite"),
    "no position": Bad(top(positions=[]), "positions", "LW-CFG-010", "empty"),
    "positions that are an object": Bad(top(positions={}), "positions", "LW-CFG-004", "a list"),
    "a position that is a number": Bad(
        lambda raw: raw["positions"].append(3), "positions[2]", "LW-CFG-004", "an object"
    ),
    "a misspelt key": Bad(top(walet=1), "walet", "LW-CFG-003", "unknown"),
    "a misspelt schema": Bad(top(shema=1), "shema", "LW-CFG-003", "`schema`"),
    "a misspelt key of a position": Bad(first(contract=1), "positions[0].contract", "LW-CFG-003", "`contracts`"),
    "a misspelt key of a tier": Bad(tier(1, floor=1), "positions[0].tiers[1].floor", "LW-CFG-003", "notional_floor"),
    "a negative size": Bad(first(contracts=-1), "positions[0].contracts", "LW-CFG-010", '"side": "short"'),
    "a size of nothing": Bad(first(contracts=0), "positions[0].contracts", "LW-CFG-010", "greater than 0"),
    "a vanishing size": Bad(first(contracts=1e-320), "positions[0].contracts", "LW-CFG-010", "1e-18"),
    "an infinite price": Bad(first(entry_price=float("inf")), "positions[0].entry_price", "LW-CFG-010", "finite"),
    "a negative mark": Bad(first(mark_price=-1), "positions[0].mark_price", "LW-CFG-010", "greater than 0"),
    "a price that is true": Bad(first(entry_price=True), "positions[0].entry_price", "LW-CFG-004", "a number"),
    "no entry price": Bad(
        lambda raw: raw["positions"][0].pop("entry_price"), "positions[0].entry_price", "LW-CFG-002", "missing"
    ),
    "an unknown side": Bad(first(side="buy"), "positions[0].side", "LW-CFG-009", "long, short"),
    "an unknown kind": Bad(first(contract_kind="option"), "positions[0].contract_kind", "LW-CFG-009", "inverse"),
    "a rate of percents": Bad(
        second(maintenance_margin_rate=4), "positions[1].maintenance_margin_rate", "LW-CFG-010", "less than 1"
    ),
    "a control character in a symbol": Bad(first(symbol="E\x1b[31m"), "positions[0].symbol", "LW-CFG-011", "E?[31m"),
    "an unknown basis": Bad(
        top(convention={"maintenance_basis": "last"}), "convention.maintenance_basis", "LW-CFG-009", "entry"
    ),
    "a basis that only fees have": Bad(
        top(convention={"maintenance_basis": "none"}), "convention.maintenance_basis", "LW-CFG-009", "fixed"
    ),
    "a gap between tiers": Bad(
        tier(1, notional_floor=6000), "positions[0].tiers[1].notional_floor", "LW-CFG-052", "leaves a gap"
    ),
    "tiers that overlap": Bad(
        tier(1, notional_floor=4000), "positions[0].tiers[1].notional_floor", "LW-CFG-052", "overlaps"
    ),
    "a first tier above nothing": Bad(
        tier(0, notional_floor=10), "positions[0].tiers[0].notional_floor", "LW-CFG-052", "begins at 0"
    ),
    "a tier that ends before it begins": Bad(
        tier(2, notional_cap=100), "positions[0].tiers[2].notional_cap", "LW-CFG-052", "above notional_floor"
    ),
    "an endless tier in the middle": Bad(
        tier(1, notional_cap=None), "positions[0].tiers[1].notional_cap", "LW-CFG-052", "only the last"
    ),
    "neither rate nor tiers": Bad(
        lambda raw: raw["positions"][1].pop("maintenance_margin_rate"),
        "positions[1].maintenance_margin_rate",
        "LW-CFG-002",
        "missing",
    ),
    "a rate beside tiers": Bad(
        first(maintenance_margin_rate=0.1), "positions[0].maintenance_margin_rate", "LW-CFG-053", "beside `tiers`"
    ),
    "the same leg twice": Bad(
        lambda raw: raw["positions"].append(raw["positions"][1]), "positions[2]", "LW-CFG-027", "positions[1]"
    ),
    "two marks for one market": Bad(
        lambda raw: raw["positions"].append({**raw["positions"][0], "side": "short", "mark_price": 1}),
        "positions[2].mark_price",
        "LW-CFG-055",
        "2100",
    ),
    "two kinds of one market": Bad(
        lambda raw: raw["positions"].append({**raw["positions"][0], "side": "short", "contract_kind": "inverse"}),
        "positions[2].contract_kind",
        "LW-CFG-055",
        "linear",
    ),
    "margin of a cross position": Bad(
        second(wallet_balance=5), "positions[1].wallet_balance", "LW-CFG-028", "no margin of its own"
    ),
    "collateral that nobody prices": Bad(
        top(collateral=[{**PUT_ASSET, "symbol": "SOL/USDT:USDT"}]),
        "collateral[0].mark_price",
        "LW-CFG-056",
        "missing",
    ),
    "collateral with another price": Bad(
        lambda raw: raw.update(collateral=[{**PUT_ASSET, "symbol": "ETH/USDT:USDT", "mark_price": 1}]),
        "collateral[0].mark_price",
        "LW-CFG-055",
        "2100",
    ),
    "a day that is none": Bad(top(as_of="2026-02-30"), "as_of", "LW-CFG-004", "2026-11-25"),
    "half a custom convention": Bad(
        top(exchange="custom", convention={"tier_mode": "flat"}), "convention", "LW-CFG-054", "closing_fee_basis"
    ),
}


@pytest.mark.parametrize("case", CASES.values(), ids=CASES.keys())
def test_each_wrong_field_is_named_with_its_path_code_and_reason(case: Bad) -> None:
    with pytest.raises(ConfigError) as caught:
        load(case.edit)
    found = [(problem.path, problem.code) for problem in caught.value.problems]
    assert found == [(case.path, case.code)]
    (problem,) = caught.value.problems
    assert case.words in f"{problem.message} {problem.mend}"
    assert caught.value.worst_exit_code == ExitCode.CONFIG


def test_everything_wrong_is_told_at_once() -> None:
    def edit(raw: dict[str, Any]) -> None:
        for change in (first(contracts=-1), second(side="up"), top(schema=0)):
            change(raw)

    with pytest.raises(ConfigError) as caught:
        load(edit)
    assert [problem.path for problem in caught.value.problems] == [
        "schema",
        "positions[0].contracts",
        "positions[1].side",
    ]


def test_an_unknown_exchange_is_refused_whatever_the_convention_with_all_known_ones() -> None:
    whole = {"maintenance_basis": "entry", "closing_fee_basis": "none", "tier_mode": "flat"}
    with pytest.raises(ConfigError) as caught:
        load(top(exchange="moonbase", convention=whole))
    (problem,) = caught.value.problems
    assert all(exchange in (problem.mend or "") for exchange in known_exchanges())


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("{", "line 1"),
        ("", "line 1"),
        ("[" * 100_000, "nested too deeply"),
        ('{"schema": ' + "1" * 5000 + "}", "too many digits"),
        ("[]", "an object"),
        ("null", "an object"),
    ],
)
def test_what_is_no_snapshot_at_all_is_told_as_such(text: str, words: str) -> None:
    with pytest.raises(ConfigError) as caught:
        load_snapshot(text, "account.json", today=TODAY)
    (problem,) = caught.value.problems
    assert problem.path == "the whole file"
    assert words in problem.message


def test_without_a_convention_the_row_in_force_counts() -> None:
    counting = load().pools[0].counting
    assert counting.convention.maintenance_basis is Basis.LIQUIDATION
    assert counting.overridden == ()
    assert counting.row is not None


def test_the_day_picks_the_row() -> None:
    def isolated_bybit(day: str) -> Basis:
        def edit(raw: dict[str, Any]) -> None:
            raw.update(exchange="bybit", margin_mode="isolated", as_of=day, positions=raw["positions"][:1])

        return load(edit).pools[0].counting.convention.maintenance_basis

    assert isolated_bybit("2025-01-01") is Basis.ENTRY
    assert isolated_bybit("2026-11-01") is Basis.LIQUIDATION


def test_a_convention_overrides_field_by_field_and_says_which() -> None:
    counting = load(top(convention={"tier_mode": "flat", "closing_fee_basis": "none"})).pools[0].counting
    assert counting.convention.tier_mode is TierMode.FLAT
    assert counting.convention.maintenance_basis is Basis.LIQUIDATION
    assert counting.overridden == ("tier_mode",)


def test_a_custom_exchange_counts_as_it_says() -> None:
    whole = {"maintenance_basis": "mark", "closing_fee_basis": "mark", "tier_mode": "flat"}
    counting = load(top(exchange="custom", convention=whole)).pools[0].counting
    assert (counting.row, counting.convention.maintenance_basis) == (None, Basis.MARK)


def test_missing_deductions_are_worked_out_so_that_tiers_join() -> None:
    instrument = load().pools[0].pool.holdings[0].instrument
    assert instrument is not None
    assert [tier.maintenance_deduction for tier in instrument.tiers] == [0.0, 50.0, 650.0]


def test_a_stated_deduction_is_taken_and_the_next_one_built_on_it() -> None:
    instrument = load(tier(1, maintenance_deduction=70)).pools[0].pool.holdings[0].instrument
    assert instrument is not None
    assert [tier.maintenance_deduction for tier in instrument.tiers] == [0.0, 70.0, 670.0]


def test_flat_tiers_have_no_deductions() -> None:
    instrument = load(top(convention={"tier_mode": "flat"})).pools[0].pool.holdings[0].instrument
    assert instrument is not None
    assert {tier.maintenance_deduction for tier in instrument.tiers} == {0.0}


def test_the_mark_defaults_to_the_entry_price() -> None:
    assert load().pools[0].marks == {"ETH/USDT:USDT": 2100.0, "BTC/USDT:USDT": 60000.0}


def test_of_two_cross_legs_without_a_mark_the_larger_ones_entry_counts() -> None:
    def edit(raw: dict[str, Any]) -> None:
        raw["positions"].append({**raw["positions"][1], "side": "long", "contracts": 0.3, "entry_price": 59000})

    assert load(edit).pools[0].marks["BTC/USDT:USDT"] == 59000.0


def test_a_fixed_maintenance_is_needed_and_used() -> None:
    fixed = {"maintenance_basis": "fixed"}
    with pytest.raises(ConfigError) as caught:
        load(top(convention=fixed))
    assert [problem.path for problem in caught.value.problems] == [
        "positions[0].maintenance_margin",
        "positions[1].maintenance_margin",
    ]

    def edit(raw: dict[str, Any]) -> None:
        raw["convention"] = fixed
        for position, amount in zip(raw["positions"], (11, 22), strict=True):
            position["maintenance_margin"] = amount

    pool = load(edit).pools[0]
    assert assess(pool.pool, pool.marks).maintenance_margin == pytest.approx(33)


def test_a_rate_per_leverage_without_a_leverage_is_taken_as_divided_already() -> None:
    told, untold = load(top(convention={"rate_is_per_leverage": True})), load(top())
    assert [each.pool.holdings for each in told.pools] == [each.pool.holdings for each in untold.pools]


def test_flat_tiers_refuse_a_deduction() -> None:
    def edit(raw: dict[str, Any]) -> None:
        raw["convention"] = {"tier_mode": "flat"}
        raw["positions"][0]["maintenance_deduction"] = 50

    with pytest.raises(ConfigError) as caught:
        load(edit)
    assert "positions[0].maintenance_deduction" in [problem.path for problem in caught.value.problems]


def test_a_key_that_stands_twice_is_refused() -> None:
    with pytest.raises(ConfigError) as caught:
        load_snapshot('{"schema": 1, "exchange": "okx", "exchange": "gate"}', "-", today=TODAY)
    assert [problem.path for problem in caught.value.problems] == ["exchange"]


@pytest.mark.parametrize(("theirs", "ours"), [("binance", "binance_usdm"), ("kucoin", "kucoin_futures")])
def test_other_tools_names_of_a_venue_are_understood(theirs: str, ours: str) -> None:
    assert load(top(exchange=theirs)).exchange == ours


def test_several_isolated_positions_have_a_pool_and_a_margin_each() -> None:
    def edit(raw: dict[str, Any]) -> None:
        raw["margin_mode"] = "isolated"
        del raw["wallet_balance"]
        raw["positions"][0]["wallet_balance"] = 400
        raw["positions"][1]["wallet_balance"] = 0

    assert [each.pool.wallet_balance for each in load(edit).pools] == [400.0, 0.0]


def test_several_isolated_positions_cannot_share_what_is_said_once() -> None:
    with pytest.raises(ConfigError) as caught:
        load(top(margin_mode="isolated", other_unrealized_pnl=5))
    assert [problem.path for problem in caught.value.problems] == [
        "positions[0].wallet_balance",
        "positions[1].wallet_balance",
        "wallet_balance",
        "other_unrealized_pnl",
    ]


def test_collateral_backs_a_cross_pool_at_what_the_venue_counts_of_it() -> None:
    plain = load().pools[0]
    backed = load(top(collateral=[{**PUT_ASSET, "quantity": 0.5, "value_share": 0.9}])).pools[0]
    more = assess(backed.pool, backed.marks).marked.equity - assess(plain.pool, plain.marks).marked.equity
    assert more == pytest.approx(0.5 * 0.9 * 60000)


def test_collateral_in_the_coin_of_an_inverse_contract_belongs_into_the_wallet() -> None:
    def edit(raw: dict[str, Any]) -> None:
        raw["positions"][1]["contract_kind"] = "inverse"
        raw["collateral"] = [PUT_ASSET]

    with pytest.raises(ConfigError) as caught:
        load(edit)
    assert [problem.path for problem in caught.value.problems] == ["collateral[0].symbol"]
