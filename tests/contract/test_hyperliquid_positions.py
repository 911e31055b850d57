"""Hyperliquid's recorded answers: positions, wallets and the venue's own liquidation prices, recomputed."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import msgspec
import pytest

from liqwatch.errors import PayloadError
from liqwatch.exchanges.payloads import hyperliquid_account as account
from liqwatch.exchanges.payloads import hyperliquid_market as market
from liqwatch.exchanges.plumbing.listing import Listing
from liqwatch.margin.assess import assess
from liqwatch.margin.pools import Pool, pools_of
from liqwatch.model import (
    UNREACHABLE,
    AccountSnapshot,
    Instrument,
    MarginMode,
    Reading,
)

NOW = datetime(2026, 11, 1, tzinfo=UTC)
TODAY = date(2026, 11, 1)
SAME = 1e-8
"""Fraction of the price: well within a tick, which is a fifth significant figure."""
OLD_ENGINE = "hl_cross_2023_legacy"
POOLED = {"hyperliquid-083", "hyperliquid-084", "hyperliquid-085"}
"""Records of a unified account without its spot balance; together with it they are tested as one account."""
FAR_ABOVE, FAR_BELOW = 20.0, 0.05

Record = Mapping[str, Any]


def coin_instrument(coin: str, max_leverage: float, collateral: str = "USDC") -> Instrument:
    return Instrument(
        symbol=market.unified_symbol(coin, collateral),
        native_symbol=coin,
        settle_currency=market.pool_name(market.dex_of(coin), collateral),
        tiers=market.leverage_tiers((), max_leverage),
    )


def state_of(document: Any) -> account.ClearinghouseState:
    return msgspec.convert(document, account.ClearinghouseState, strict=False)


def listing_for(states: Iterable[Any]) -> Listing:
    positions = [row["position"] for state in states for row in state["assetPositions"]]
    return Listing.of(
        coin_instrument(each["coin"], float(each["maxLeverage"]), "USDH" if each["coin"].startswith("flx:") else "USDC")
        for each in positions
    )


def snapshot_of_states(states: Mapping[str, Any], spot_total: float | None = None) -> tuple[AccountSnapshot, Listing]:
    listing = listing_for(states.values())
    spot = None if spot_total is None else account.SpotState([account.SpotBalance("USDC", spot_total)])
    answers = account.Answers(
        pooling=account.Pooling.APART if spot is None else account.Pooling.UNIFIED,
        states={dex: state_of(state) for dex, state in states.items()},
        spot=spot,
    )
    return account.snapshot_of("main", "hyperliquid", answers, listing, NOW), listing


def prices_of(
    snapshot: AccountSnapshot, listing: Listing, stated_maintenance: Mapping[str, float] | None = None
) -> dict[str, Reading]:
    """Computed prices by symbol; `stated_maintenance` is what the venue says of a whole pool, by its name."""
    marks = {each.symbol: each.reported_mark_price for each in snapshot.positions if each.reported_mark_price}
    found: dict[str, Reading] = {}
    for pool in pools_of(snapshot, listing.by_symbol, exchange="hyperliquid", on=TODAY):
        judged = with_stated(pool, marks, (stated_maintenance or {}).get(pool.currency))
        found |= {each.position.symbol: each.computed_liquidation_price for each in assess(judged, marks).positions}
    return found


def with_stated(pool: Pool, marks: Mapping[str, float], stated: float | None) -> Pool:
    """The pool with the maintenance of those cross positions that the record leaves out."""
    if stated is None or pool.margin_mode is MarginMode.ISOLATED:
        return pool
    mine = assess(pool, marks).maintenance_margin
    assert isinstance(mine, float)
    return replace(pool, outside_maintenance_margin=stated - mine)


def agrees(ours: Reading, raw: str | float | None) -> bool:
    if raw is None:
        return ours is UNREACHABLE
    return isinstance(ours, float) and math.isclose(ours, float(raw), rel_tol=SAME)


def recorded_states(shared: Path) -> Iterator[tuple[str, Any]]:
    """Whole answers of `clearinghouseState`, each with its dex."""
    for case in json.loads((shared / "fixtures" / "ccxt" / "hyperliquid.json").read_text(encoding="utf-8")):
        answer = case["http_response"]
        if case["method"] == "fetchPositions":
            coin = answer["assetPositions"][0]["position"]["coin"]
            yield market.dex_of(coin), answer
    for case in json.loads((shared / "fixtures" / "ccxt_docstrings" / "hyperliquid.json").read_text(encoding="utf-8")):
        if case["method"] == "fetch_positions":
            yield "", case["payload"]


def lines(shared: Path, channel: str) -> list[bytes]:
    paths = sorted((shared / "wire" / "hyperliquid").glob(f"{channel}.*"))
    return [line for path in paths for line in path.read_bytes().splitlines() if line.strip()]


def test_every_recorded_position_shows_the_venues_price_and_ours_is_the_same(shared: Path) -> None:
    seen = 0
    for dex, state in recorded_states(shared):
        snapshot, listing = snapshot_of_states({dex: state})
        stated = {snapshot_pool(dex, state): float(state["crossMaintenanceMarginUsed"])}
        ours = prices_of(snapshot, listing, stated)
        by_symbol = {position.symbol: position for position in snapshot.positions}
        for row in (each["position"] for each in state["assetPositions"]):
            symbol = listing.unified(row["coin"])
            assert by_symbol[symbol].reported_liquidation_price == shown(row)
            assert agrees(ours[symbol], row["liquidationPx"]), row
            seen += 1
    assert seen == 7


def snapshot_pool(dex: str, state: Any) -> str:
    collateral = "USDH" if dex == "flx" else "USDC"
    assert state["crossMarginSummary"]
    return market.pool_name(dex, collateral)


def shown(row: Record) -> float | None:
    """The raw field, where it is a price anybody could meet."""
    if row["liquidationPx"] is None:
        return None
    price, mark = float(row["liquidationPx"]), float(row["positionValue"]) / abs(float(row["szi"]))
    return price if FAR_BELOW <= price / mark <= FAR_ABOVE else None


def test_wallets_are_the_account_value_less_the_profit_of_cross_positions(shared: Path) -> None:
    for dex, state in recorded_states(shared):
        snapshot, _ = snapshot_of_states({dex: state})
        rows = [each["position"] for each in state["assetPositions"]]
        profit = sum(float(each["unrealizedPnl"]) for each in rows if each["leverage"]["type"] == "cross")
        expected = float(state["crossMarginSummary"]["accountValue"]) - profit
        # The venue rounds entry prices: to six figures in these answers.
        assert snapshot.cross_wallets[snapshot_pool(dex, state)] == pytest.approx(expected, abs=1e-3)


def golden(shared: Path) -> list[Record]:
    records = json.loads((shared / "golden" / "positions.json").read_text(encoding="utf-8"))
    return [each for each in records if each["exchange"] == "hyperliquid"]


def state_from(record: Record) -> Any:
    """A record's figures in the venue's own shape; where it has no entry price, the mark stands in."""
    inputs, mark = record["inputs"], record["mark"]
    isolated = record["margin_mode"] == "isolated"
    value = inputs.get("crossAccountValue", inputs.get("account_value", 0.0))
    position = {
        "coin": record["symbol"].partition("/")[0],
        "szi": inputs["szi"],
        "leverage": {"type": record["margin_mode"], "value": 1, **({"rawUsd": inputs["rawUsd"]} if isolated else {})},
        "entryPx": mark,
        "positionValue": abs(inputs["szi"]) * mark,
        "marginUsed": 0.0,
        "liquidationPx": record["exchange_liquidation_price"],
        "maxLeverage": inputs.get("maxLeverage", inputs.get("max_leverage")),
    }
    return {
        "crossMarginSummary": {"accountValue": value, "totalRawUsd": 0.0},
        "crossMaintenanceMarginUsed": inputs.get("crossMaintenanceMarginUsed", inputs.get("mm_total", 0.0)),
        "assetPositions": [{"type": "oneWay", "position": position}],
    }


def test_reported_prices_of_todays_engine_are_ours(shared: Path) -> None:
    checked = 0
    for record in golden(shared):
        if record["formula"].startswith(OLD_ENGINE) or record["id"] in POOLED:
            continue
        state = state_from(record)
        dex = market.dex_of(state["assetPositions"][0]["position"]["coin"])
        snapshot, listing = snapshot_of_states({dex: state})
        stated = {market.pool_name(dex, "USDC"): state["crossMaintenanceMarginUsed"]}
        [ours] = prices_of(snapshot, listing, stated).values()
        assert agrees(ours, record["exchange_liquidation_price"]), (record["id"], ours)
        checked += 1
    assert checked == 17


def test_a_unified_account_is_as_far_from_liquidation_as_its_spot_balance_says(shared: Path) -> None:
    """Three positions of one account: without the spot balance they are 80 % off, with it all three agree."""
    records = {each["id"]: each for each in golden(shared)}
    states = [state_from(records[name]) for name in sorted(POOLED)]
    rows = [row for state in states for row in state["assetPositions"]]
    whole = {**states[0], "assetPositions": rows}
    equity = records["hyperliquid-086"]["inputs"]["crossAccountValue"]
    for total, is_pooled in ((equity, True), (None, False)):
        snapshot, listing = snapshot_of_states({"": whole}, total)
        assert snapshot.is_multi_asset is is_pooled
        ours = prices_of(snapshot, listing)
        for row in (each["position"] for each in rows):
            assert agrees(ours[listing.unified(row["coin"])], row["liquidationPx"]) is is_pooled
    assert snapshot.cross_wallets == {"USDC": pytest.approx(44.05333)}


def test_the_recorded_state_of_a_large_account_gives_the_venues_price_to_ten_digits(shared: Path) -> None:
    """The list is trimmed to two positions: the maintenance of the others is stated as a sum."""
    [frame, _] = lines(shared, "clearinghouseState")
    state = json.loads(frame)["data"]["clearinghouseState"]
    snapshot, listing = snapshot_of_states({"": state})
    ours = prices_of(snapshot, listing, {"USDC": float(state["crossMaintenanceMarginUsed"])})["SAGA/USDC:USDC"]
    assert ours == pytest.approx(29.713170189, rel=1e-10)


def row_of(coin: str) -> account.PositionRow:
    return account.PositionRow(
        coin=coin,
        leverage=account.Leverage("cross", 10.0),
        signed_contracts=1.0,
        position_value=100.0,
        margin_used=10.0,
        told_entry_price=100.0,
    )


@pytest.mark.parametrize("field", ["szi", "entryPx", "positionValue"])
def test_a_figure_that_is_no_number_refuses_the_account_and_names_the_field(field: str, shared: Path) -> None:
    dex, state = next(recorded_states(shared))
    state["assetPositions"][0]["position"][field] = "nan"
    with pytest.raises(PayloadError, match=field):
        snapshot_of_states({dex: state})


def test_an_isolated_position_without_its_cash_refuses_the_account(shared: Path) -> None:
    dex, state = next(recorded_states(shared))
    del state["assetPositions"][0]["position"]["leverage"]["rawUsd"]
    with pytest.raises(PayloadError, match="rawUsd of flx:CRCL is missing"):
        snapshot_of_states({dex: state})


def test_a_unified_account_on_two_tokens_has_a_pool_for_each_dex() -> None:
    listing = Listing.of(
        [coin_instrument("BTC", 40), coin_instrument("xyz:NVDA", 20), coin_instrument("flx:CRCL", 5, "USDH")]
    )

    def state(coin: str, maintenance: float) -> account.ClearinghouseState:
        cross = account.CrossSummary(account_value=10.0, raw_usd=0.0)
        rows = [account.AssetPosition(row_of(coin))]
        return account.ClearinghouseState(cross=cross, cross_maintenance_margin=maintenance, rows=rows)

    states = {"": state("BTC", 1.25), "xyz": state("xyz:NVDA", 2.5), "flx": state("flx:CRCL", 10.0)}
    spot = account.SpotState([account.SpotBalance("USDC", 100.0), account.SpotBalance("USDH", 20.0)])
    answers = account.Answers(pooling=account.Pooling.UNIFIED, states=states, spot=spot)
    snapshot = account.snapshot_of("main", "hyperliquid", answers, listing, NOW)
    assert not snapshot.is_multi_asset
    assert snapshot.cross_wallets == {"USDC": 97.5, "xyz:USDC": 98.75, "flx:USDH": 20.0}
    assert snapshot.reported_margin_ratios == {"USDC": 0.0375, "xyz:USDC": 0.0375, "flx:USDH": 0.5}


def test_portfolio_margin_is_known_by_its_ratio_alone() -> None:
    spot = account.SpotState([], portfolio_margin_ratio=0.475)
    answers = account.Answers(pooling=account.pooling_of('"portfolioMargin"'), states={}, spot=spot)
    snapshot = account.snapshot_of("main", "hyperliquid", answers, Listing(), NOW)
    assert snapshot.is_ratio_only
    assert snapshot.reported_margin_ratios == {"USD": pytest.approx(0.5)}
