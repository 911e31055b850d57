"""Portfolio margin by the documented answers, a captured position, and a captured account update."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import msgspec
import pytest

from liqwatch.errors import PayloadError
from liqwatch.exchanges import load_exchange
from liqwatch.exchanges.binance_portfolio import CALLS, PortfolioAccountDialect
from liqwatch.exchanges.binance_usdm import LIVE
from liqwatch.exchanges.payloads.binance_portfolio import (
    PortfolioAnswer,
    PortfolioAnswers,
    PortfolioPositionRow,
    margin_ratio,
    snapshot_of,
)
from liqwatch.exchanges.payloads.binance_snapshot import Owner
from liqwatch.exchanges.plumbing.changes import Noticed, Nudge
from liqwatch.exchanges.plumbing.listing import Listing
from liqwatch.margin.pools import pools_of
from liqwatch.model import AccountSnapshot, Instrument, MarginMode, NoticeKind, Side

NOW = datetime(2026, 11, 25, 12, tzinfo=UTC)
BTC = Instrument(symbol="BTC/USDT:USDT", native_symbol="BTCUSDT", settle_currency="USDT")
LISTING = Listing.of([BTC])
DOCUMENTED: dict[str, Any] = {
    "uniMMR": "5167.92171923",
    "accountEquity": "122607.35137903",
    "accountInitialMargin": "23.72469206",
    "accountMaintMargin": "23.72469206",
    "accountStatus": "NORMAL",
    "totalAvailableBalance": "",
    "updateTime": 1657707212154,
}
"""From the documentation of `GET /papi/v1/account`."""
INVERSE_ROW = {"symbol": "BTCUSD_PERP", "positionAmt": "10", "entryPrice": "62000", "liquidationPrice": "0"}


def captured_row(shared: Path) -> dict[str, Any]:
    rows = json.loads((shared / "golden" / "positions.json").read_text(encoding="utf-8"))
    rows = rows if isinstance(rows, list) else rows["positions"]
    raw: dict[str, Any] = next(row["raw"] for row in rows if row["id"] == "binance-155")
    return raw


def read(account: Mapping[str, Any], *linear: Mapping[str, Any], inverse: tuple[Mapping[str, Any], ...] = ()) -> Any:
    return PortfolioAnswers(
        account=msgspec.convert(account, PortfolioAnswer, strict=False),
        linear=msgspec.convert(list(linear), list[PortfolioPositionRow], strict=False),
        inverse=msgspec.convert(list(inverse), list[PortfolioPositionRow], strict=False),
    )


def snapshot(answers: PortfolioAnswers) -> AccountSnapshot:
    return snapshot_of(Owner(account="main", venue="binance_portfolio"), answers, LISTING, NOW)


def heard(message: Mapping[str, Any] | bytes) -> Any:
    frame = message if isinstance(message, bytes) else json.dumps(message).encode()
    return PortfolioAccountDialect("binance_portfolio", LIVE).hear(frame, LISTING)


def test_the_documented_ratio_is_equity_over_maintenance_and_ours_is_its_inverse_from_the_liquidation_on() -> None:
    equity, maintenance = float(DOCUMENTED["accountEquity"]), float(DOCUMENTED["accountMaintMargin"])
    assert equity / maintenance == pytest.approx(float(DOCUMENTED["uniMMR"]), rel=1e-9)
    assert margin_ratio(read(DOCUMENTED).account) == pytest.approx(1.05 * maintenance / equity, rel=1e-9)
    at_liquidation = read(DOCUMENTED | {"uniMMR": "1.05"}).account
    assert margin_ratio(at_liquidation) == pytest.approx(1.0)
    assert 1_000 < margin_ratio(read(DOCUMENTED | {"uniMMR": "-0.3"}).account) < float("inf")


def test_a_captured_position_is_read_and_its_pool_has_the_venues_ratio_only(shared: Path) -> None:
    row = captured_row(shared)
    found = snapshot(read(DOCUMENTED, row))
    [position] = found.positions
    assert (position.symbol, position.side, position.contracts) == ("BTC/USDT:USDT", Side.SHORT, 0.05)
    assert position.margin_mode is MarginMode.CROSS
    assert position.reported_liquidation_price == float(row["liquidationPrice"])
    assert (found.is_multi_asset, found.is_ratio_only, found.pool_currency) == (True, True, "USD")
    expected = float(DOCUMENTED["accountEquity"]) - float(row["unRealizedProfit"])
    assert found.cross_wallets == {"USD": pytest.approx(expected)}
    [pool] = pools_of(found, {BTC.symbol: BTC}, exchange="binance_portfolio", on=date(2026, 11, 25))
    assert pool.reported_margin_ratio == pytest.approx(1.05 / float(DOCUMENTED["uniMMR"]))
    assert pool.convention is None


def test_a_coin_margined_position_is_named_and_makes_the_pool_watched() -> None:
    found = snapshot(read(DOCUMENTED, inverse=(INVERSE_ROW,)))
    assert [position.symbol for position in found.positions] == ["BTCUSD_PERP"]
    assert set(found.reported_margin_ratios) == {"USD"}
    assert not found.cross_wallets


@pytest.mark.parametrize("figure", ["", "nan", "NORMAL"])
def test_an_account_with_positions_and_without_a_ratio_is_refused(figure: str) -> None:
    with pytest.raises(PayloadError, match="uniMMR"):
        snapshot(read(DOCUMENTED | {"uniMMR": figure}, inverse=(INVERSE_ROW,)))


def test_an_empty_account_needs_no_ratio() -> None:
    found = snapshot(read(DOCUMENTED | {"uniMMR": ""}))
    assert not found.positions
    assert not found.reported_margin_ratios


def test_the_documented_risk_level_change_is_a_warning_of_the_venue(shared: Path) -> None:
    path = shared / "wire" / "binance-usdm" / "riskLevelChange.doc.jsonl"
    for line in path.read_bytes().splitlines():
        document = json.loads(line)
        ratio = float(document["ae"]) / float(document["m"])
        assert ratio == pytest.approx(float(document["u"]), rel=1e-7)
        [event] = heard(line).events
        assert isinstance(event, Noticed)
        assert event.notice.kind is NoticeKind.MARGIN_CALL
        [forced] = heard(document | {"s": "FORCE_LIQUIDATION"}).events
        assert forced.notice.kind is NoticeKind.LIQUIDATION_WARNING


def test_a_captured_update_of_such_an_account_is_laid_over_its_snapshot(shared: Path) -> None:
    path = shared / "wire" / "binance-coinm" / "ACCOUNT_UPDATE.cap.jsonl"
    line = next(each for each in path.read_bytes().splitlines() if b'"fs":"CM"' in each)
    [update] = heard(line).events
    before = snapshot(read(DOCUMENTED))
    after = update.laid_over(before, LISTING)
    assert [position.symbol for position in after.positions] == ["BTCUSD_PERP"]
    assert after.is_ratio_only


def test_what_moves_the_equity_asks_rest_and_other_orders_are_left_alone() -> None:
    for name in ("outboundAccountPosition", "balanceUpdate", "liabilityChange"):
        assert heard({"e": name, "E": 1}).events == (Nudge("margin assets"),)
    for name in ("executionReport", "CONDITIONAL_ORDER_TRADE_UPDATE", "openOrderLoss"):
        said = heard({"e": name, "E": 1})
        assert (said.events, said.rejected) == ((), None)
    assert heard({"e": "listenKeyExpired", "E": "1"}).end == "listen_key_expired"
    assert heard({"e": "somethingNew", "E": 1}).rejected == "unknown_event"
    assert heard(b"\xff{").rejected == "undecodable"


def test_only_reads_and_the_listen_key_are_allowed() -> None:
    acts = [name for name in CALLS if "Get" not in name]
    assert acts == ["papiPostListenKey", "papiPutListenKey"]
    assert load_exchange("binance_portfolio").raw_calls == set(CALLS)
