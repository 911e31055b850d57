"""Binance Portfolio Margin's wire: USDⓈ-M's market streams, `papi` for the account, user data under `/pm`.

No exchange of its own for the demo: such an account is watched by one ratio, and no price liquidates a position.
"""

from __future__ import annotations

from collections.abc import Iterator

from liqwatch.testing.venue import account_answers, answers, position_answers
from liqwatch.testing.venue.answers import Ask, Body
from liqwatch.testing.venue.book import VenueAccount, VenueBook
from liqwatch.testing.venue.events import Event
from liqwatch.testing.venue.markets import DEFAULT_MARKETS
from liqwatch.testing.venue.wire import money
from liqwatch.testing.venue.wire_protocol import AccountChange, Scene
from liqwatch.testing.venue.wires import binance_usdm
from liqwatch.testing.venue.wires._binance import BinanceWire, account_events
from liqwatch.testing.venue.wires._binance_rest import EVERYWHERE, Paths

NOTHING_TO_HOLD = 9_999_999.0
"""What the venue shows where no maintenance margin is asked for."""


def _sums(book: VenueBook, account: VenueAccount) -> tuple[float, float, float]:
    """Equity, maintenance and initial margin over all assets; every margin asset here is worth one dollar."""
    held = {book.markets[position.native_symbol].margin_asset for position in account.positions}
    wallets = [book.wallet(account, asset) for asset in sorted(held | set(account.cross_wallets))]
    return (
        sum(each.wallet_balance + each.unrealized_profit for each in wallets),
        sum(each.maintenance_margin for each in wallets),
        sum(each.initial_margin for each in wallets),
    )


def _account(ask: Ask, account: VenueAccount) -> Body:
    equity, maintenance, initial = _sums(ask.book, account)
    return {
        "uniMMR": money(equity / maintenance if maintenance else NOTHING_TO_HOLD),
        "accountEquity": money(equity),
        "actualEquity": money(equity),
        "accountInitialMargin": money(initial),
        "accountMaintMargin": money(maintenance),
        "accountStatus": "NORMAL",
        "virtualMaxWithdrawAmount": money(max(equity - initial, 0.0)),
        "totalAvailableBalance": "",
        "totalMarginOpenLoss": "",
        "updateTime": ask.now_ms,
    }


def _linear_positions(ask: Ask, account: VenueAccount) -> Body:
    """Open rows; all are cross and none says so."""
    rows = position_answers.position_risk_v2(ask, account)
    unsaid = ("marginType", "isolatedMargin", "isolatedWallet", "isAutoAddMargin", "adlQuantile", "breakEvenPrice")
    return [{name: value for name, value in row.items() if name not in unsaid} for row in rows]


PATHS = Paths(
    listen_key="/papi/v1/listenKey",
    marks=binance_usdm.PATHS.marks,
    positions=frozenset({"/papi/v1/um/positionRisk"}),
    public=binance_usdm.PATHS.public,
    private={
        "/papi/v1/account": (_account, 20),
        "/papi/v1/um/positionRisk": (_linear_positions, 5),
        "/papi/v1/cm/positionRisk": (account_answers.nothing, 1),
        "/papi/v1/um/leverageBracket": (answers.leverage_brackets, 1),
        "/papi/v1/um/openOrders": (account_answers.nothing, 40),
        "/papi/v1/um/algo/openAlgoOrders": (account_answers.nothing, 40),
        **EVERYWHERE,
    },
)


class BinancePortfolioWire(BinanceWire):
    """One instance serves one simulated venue."""

    private_route = "pm"

    def __init__(self) -> None:
        """No state yet."""
        super().__init__("binance_portfolio", DEFAULT_MARKETS, PATHS, is_routed=True)

    def events(self, change: AccountChange, scene: Scene) -> Iterator[Event]:
        """The warning is one of the whole account."""
        if change.kind == "margin_call":
            equity, maintenance, _ = _sums(scene.book, change.account)
            yield {
                "e": "riskLevelChange",
                "E": scene.event_ms(),
                "u": money(equity / maintenance if maintenance else NOTHING_TO_HOLD),
                "s": "MARGIN_CALL",
                "eq": money(equity),
                "ae": money(equity),
                "m": money(maintenance),
            }
            return
        yield from account_events(change, scene)
