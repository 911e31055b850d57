"""OKX's private side on recordings: the venue's own figures as they stand, and our price beside its price."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import msgspec
import pytest

from liqwatch.errors import PayloadError
from liqwatch.exchanges.payloads.liquidation_price import cleaned_liquidation_price
from liqwatch.exchanges.payloads.okx_account import (
    BalanceRow,
    ConfigurationRow,
    Owner,
    PositionRow,
    key_report,
    position_of,
    snapshot_of,
)
from liqwatch.exchanges.payloads.okx_envelope import Page
from liqwatch.exchanges.payloads.okx_listing import TAKER_FEE_RATE
from liqwatch.exchanges.plumbing.listing import Listing
from liqwatch.margin.assess import assess
from liqwatch.margin.pools import pools_of
from liqwatch.model import (
    UNREACHABLE,
    ContractKind,
    Instrument,
    LeverageTier,
    MarginMode,
    Position,
    Reading,
    Side,
)

NOW = datetime(2026, 1, 1, tzinfo=UTC)
OWNER = Owner(account="main", venue="okx")
EVERY_NOTIONAL = 1e18

CONTRACT_SIZES = {"BTC-USDT-SWAP": 0.01, "LTC-USDT-SWAP": 1.0, "BTC-USD-SWAP": 100.0, "ETH-USD-SWAP": 10.0}
NOT_A_CONTRACT = {"okx-035", "okx-160", "okx-161"}
"""Isolated spot margin: other arithmetic, not watched."""
NO_AGREEMENT = {
    "okx-032": "a grid bot's position, whose orders and profit are partly not in the record",
    "okx-033": "a grid bot's position, whose orders and profit are partly not in the record",
    "okx-036": "edited by hand: its last and mark prices are 8 % apart",
}


def instrument(native: str, contract_size: float, rate: float, fee_rate: float, *, is_inverse: bool) -> Instrument:
    base, quote, _ = native.split("-")
    return Instrument(
        symbol=f"{base}/{quote}:{base if is_inverse else quote}",
        native_symbol=native,
        settle_currency=base if is_inverse else quote,
        contract_kind=ContractKind.INVERSE if is_inverse else ContractKind.LINEAR,
        contract_size=contract_size,
        tiers=(LeverageTier(notional_floor=0.0, notional_cap=EVERY_NOTIONAL, maintenance_margin_rate=rate),),
        closing_fee_rate=fee_rate,
    )


def row_of(document: Mapping[str, Any], **fields: Any) -> PositionRow:
    return msgspec.convert({**document, **fields}, PositionRow)


def our_price(row: PositionRow, listed: Instrument) -> tuple[Position, Reading]:
    """Read a row, and compute its price by our own arithmetic alone.

    The cross wallet is what the row's ratio says of the account's equity: mgnRatio times maintenance and fee.
    """
    listing = Listing.of([listed])
    mark_price, maintenance = float(row.mark_price), float(row.maintenance_margin)
    exposure = abs(float(row.contracts)) * listed.contract_size
    notional = exposure / mark_price if listed.contract_kind is ContractKind.INVERSE else exposure * mark_price
    ratio = float(getattr(row, "margin_ratio", "0") or 0.0)
    equity = ratio * (maintenance + listed.closing_fee_rate * notional)
    cash = equity - float(row.unrealized_profit or 0.0)
    balance = BalanceRow(details=[])
    if row.mode is MarginMode.CROSS:
        balance = msgspec.convert({"details": [{"ccy": listed.settle_currency, "cashBal": repr(cash)}]}, BalanceRow)
    snapshot = snapshot_of(OWNER, [row], balance, listing, NOW)
    [pool] = pools_of(snapshot, listing.by_symbol, exchange="okx", on=date(2026, 1, 1))
    [health] = assess(pool, {listed.symbol: mark_price}).positions
    return snapshot.positions[0], health.computed_liquidation_price


class RatioRow(PositionRow, frozen=True, gc=False):
    """A position row with the ratio that the adapter does not need, but this test does."""

    margin_ratio: str = msgspec.field(name="mgnRatio", default="")


def recorded_rest_rows(shared: Path) -> Iterator[dict[str, Any]]:
    fixtures = json.loads((shared / "fixtures" / "ccxt" / "okx.json").read_text(encoding="utf-8"))
    for each in fixtures:
        if each["method"] in ("fetchPosition", "fetchPositions") and "history" not in each["description"]:
            yield from each["http_response"]["data"]


def golden(shared: Path) -> dict[str, dict[str, Any]]:
    records = json.loads((shared / "golden" / "positions.json").read_text(encoding="utf-8"))
    return {each["id"]: each for each in records if each["exchange"] == "okx"}


def test_recorded_rest_rows_are_read_raw_and_our_price_is_theirs_within_a_tick(shared: Path) -> None:
    seen = 0
    for document in recorded_rest_rows(shared):
        row = msgspec.convert(document, RatioRow)
        is_inverse = "-USD-" in row.native_symbol
        listed = instrument(
            row.native_symbol,
            CONTRACT_SIZES[row.native_symbol],
            0.0065 if row.native_symbol.startswith("LTC") else 0.004,
            TAKER_FEE_RATE,
            is_inverse=is_inverse,
        )
        position, computed = our_price(row, listed)
        assert position.entry_price == float(document["avgPx"])
        assert position.contracts == float(document["pos"])
        assert position.reported_mark_price == float(document["markPx"])
        assert position.reported_maintenance_margin == float(document["mmr"])
        assert position.reported_liquidation_price == cleaned_liquidation_price(
            document["liqPx"], float(document["markPx"])
        )
        if document["liqPx"]:
            assert computed == pytest.approx(float(document["liqPx"]), abs=0.1 * 1.000001)
        else:
            assert computed is UNREACHABLE
        seen += 1
    assert seen >= 4


def test_golden_rows_give_the_price_that_the_venue_reported(shared: Path) -> None:
    for name, record in golden(shared).items():
        if name in NOT_A_CONTRACT or name in NO_AGREEMENT:
            continue
        inputs = record["inputs"]
        document = {"ccy": "", "upl": repr(inputs.get("upl", 0.0))} | record["raw"] | {"markPx": repr(record["mark"])}
        row = msgspec.convert(document, RatioRow)
        listed = instrument(
            row.native_symbol,
            inputs["ctVal"],
            inputs["mmr"],
            inputs["taker_fee"],
            is_inverse="-USD-" in row.native_symbol,
        )
        position, computed = our_price(row, listed)
        reported = record["exchange_liquidation_price"]
        # Isolated prices stand one tick nearer to the mark; the coarsest tick of these contracts is 0.1.
        tolerance = 0.1 * 1.000001 if position.margin_mode is MarginMode.ISOLATED else 1e-6
        assert computed == pytest.approx(reported, rel=0, abs=tolerance), name
        assert position.reported_liquidation_price in (reported, None), name
        assert position.side.word == record["side"], name


def test_rows_that_do_not_agree_still_do_not(shared: Path) -> None:
    records = golden(shared)
    assert set(NO_AGREEMENT) <= set(records)
    for name in ("okx-032", "okx-033"):
        error = records[name]["error_as_fraction_of_mark"]
        assert error is not None
        assert error > 1e-6


def a_row(**fields: Any) -> PositionRow:
    document = {
        "instId": "BTC-USDT-SWAP",
        "instType": "SWAP",
        "mgnMode": "cross",
        "posSide": "net",
        "pos": "-2",
        "avgPx": "100",
        "markPx": "110",
        "liqPx": "150",
        "lever": "10",
        "margin": "",
        "mmr": "0.3",
        "upl": "-0.2",
        "ccy": "USDT",
        "adl": "2",
    }
    return row_of(document, **fields)


LISTED = instrument("BTC-USDT-SWAP", 0.01, 0.004, TAKER_FEE_RATE, is_inverse=False)
INVERSE = instrument("BTC-USD-SWAP", 100.0, 0.004, TAKER_FEE_RATE, is_inverse=True)
DOLLAR = replace(LISTED, symbol="BTC/USD:USD-310404", native_symbol="BTC-USD_UM_XPERP-310404", settle_currency="USD")
LISTING = Listing.of([LISTED, INVERSE, DOLLAR])


def balance(adjusted: str = "", ratio: str = "", **cash: str) -> BalanceRow:
    details = [{"ccy": currency, "cashBal": held} for currency, held in cash.items()]
    return msgspec.convert({"details": details, "adjEq": adjusted, "mgnRatio": ratio}, BalanceRow)


def test_a_net_row_takes_its_side_from_the_sign() -> None:
    assert position_of(a_row(), LISTING) == Position(
        symbol="BTC/USDT:USDT",
        side=Side.SHORT,
        contracts=2.0,
        entry_price=100.0,
        margin_mode=MarginMode.CROSS,
        leverage=10.0,
        reported_liquidation_price=150.0,
        reported_maintenance_margin=0.3,
        reported_mark_price=110.0,
        adl_rank=2.0,
    )
    hedged = position_of(a_row(posSide="short", pos="2", mgnMode="isolated", margin="7.5"), Listing())
    assert (hedged.symbol, hedged.side, hedged.isolated_wallet) == ("BTC-USDT-SWAP", Side.SHORT, 7.5)


@pytest.mark.parametrize(
    "fields", [{"pos": "nan"}, {"avgPx": ""}, {"avgPx": "0"}, {"mgnMode": "isolated", "margin": ""}]
)
def test_an_impossible_figure_refuses_the_account(fields: dict[str, Any]) -> None:
    with pytest.raises(PayloadError):
        snapshot_of(OWNER, [a_row(**fields)], balance(USDT="5"), LISTING, NOW)


def test_futures_mode_has_a_wallet_for_each_currency() -> None:
    rows = [a_row(), a_row(instType="OPTION", instId="BTC-USD-250328-50000-C"), a_row(pos="0")]
    snapshot = snapshot_of(OWNER, rows, balance(USDT="500", BTC="0", ETH="2"), LISTING, NOW)
    assert (len(snapshot.positions), snapshot.cross_wallets) == (1, {"USDT": 500.0, "ETH": 2.0})
    assert not snapshot.is_multi_asset
    with pytest.raises(PayloadError, match="USDT"):
        snapshot_of(OWNER, rows, balance(ETH="2"), LISTING, NOW)
    with pytest.raises(PayloadError, match="cashBal"):
        snapshot_of(OWNER, rows, balance(USDT=""), LISTING, NOW)


def test_a_dollar_contract_is_backed_by_the_coin_that_its_row_names() -> None:
    snapshot = snapshot_of(OWNER, [a_row(instId=DOLLAR.native_symbol, ccy="USDC")], balance(USDC="70"), LISTING, NOW)
    assert snapshot.cross_wallets == {"USDC": 70.0, "USD": 70.0}


def test_pooled_modes_have_one_wallet_in_dollars_and_the_ratio_turned_over() -> None:
    rows = [a_row(), a_row(instId="BTC-USD-SWAP", upl="0.001", usdPx="100000", ccy="BTC")]
    owner = replace(OWNER, account_mode="3")
    snapshot = snapshot_of(owner, rows, balance(adjusted="1000", ratio="12.5", USDT="5"), LISTING, NOW)
    assert snapshot.cross_wallets == {"USD": pytest.approx(1000.0 + 0.2 - 100.0)}
    assert snapshot.pool_currency == "USD"
    assert snapshot.reported_margin_ratios == {"USD": pytest.approx(0.08)}
    assert [each.reported_maintenance_margin for each in snapshot.positions] == [0.3, None]
    portfolio = snapshot_of(replace(OWNER, account_mode="4"), rows, balance(adjusted="1000"), LISTING, NOW)
    assert [each.reported_maintenance_margin for each in portfolio.positions] == [None, None]
    assert portfolio.reported_margin_ratios == {}
    with pytest.raises(PayloadError, match="adjEq"):
        snapshot_of(owner, rows, balance(USDT="5"), LISTING, NOW)
    with pytest.raises(PayloadError, match="acctLv"):
        snapshot_of(replace(OWNER, account_mode="9"), rows, balance(USDT="5"), LISTING, NOW)


def test_recorded_balances_are_read(shared: Path) -> None:
    fixtures = json.loads((shared / "fixtures" / "ccxt" / "okx.json").read_text(encoding="utf-8"))
    answers = [each["http_response"] for each in fixtures if each["method"] == "fetchBalance"]
    pooled = [each for each in answers if each["data"] and "adjEq" in each["data"][0]]
    assert pooled
    for each in pooled:
        [row] = msgspec.convert(each, Page[BalanceRow]).rows
        snapshot = snapshot_of(replace(OWNER, account_mode="3"), [], row, LISTING, NOW)
        assert snapshot.cross_wallets == {"USD": float(each["data"][0]["adjEq"])}


@pytest.mark.parametrize(
    ("permissions", "addresses", "expected"),
    [
        ("read_only", "", (False, False, False, False)),
        ("read_only,withdraw,trade", "1.2.3.4", (True, True, True, True)),
        ("read_only,trade", None, (False, True, True, None)),
    ],
)
def test_rights_are_the_keys_own(permissions: str, addresses: str | None, expected: tuple[bool | None, ...]) -> None:
    report = key_report(ConfigurationRow(account_mode="2", permissions=permissions, addresses=addresses))
    assert (report.can_withdraw, report.can_transfer, report.can_trade, report.is_ip_bound) == expected
