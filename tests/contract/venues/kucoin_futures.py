"""What is recorded of KuCoin Futures, and what of it is read."""

from __future__ import annotations

from typing import Any

from liqwatch.exchanges._kucoin_futures_account import KucoinAccount
from liqwatch.exchanges.kucoin_futures import LIVE, KucoinMarks
from liqwatch.testing.contract import VenueContract

SPOT = "spot has no positions"


def marks_of(document: Any) -> list[tuple[str, float, int]]:
    """A push of the tokenless socket, or a classic `mark.index.price`."""
    if document.get("T") == "mark-price":
        data = document["d"]
        return [(data["s"], float(data["mp"]), data["ts"])]
    if document.get("subject") == "mark.index.price":
        data = document["data"]
        return [(document["topic"].partition(":")[2], float(data["markPrice"]), data["timestamp"])]
    return []


CONTRACT = VenueContract(
    exchange="kucoin_futures",
    wire="kucoinfutures",
    read_market=KucoinMarks("kucoin_futures", LIVE.websocket).read,
    read_account=KucoinAccount("kucoin_futures", LIVE.private, is_elsewhere=False, ping=None).hear,
    market_channels=frozenset({"pro_mark-price", "contract_instrument", "control"}),
    account_channels=frozenset(
        {
            "contractAccount_wallet",
            "contract_position",
            "control",
            "margin_mode",
            "pro_balance_FUTURES",
            "pro_balance_UNIFIED",
            "pro_execution_SPOT",
            "pro_leverage_FUTURES",
            "pro_lw_FUTURES",
            "pro_orderAll_SPOT",
            "pro_orderAll_UNIFIED",
            "pro_positionAll_FUTURES",
            "pro_positionAll_UNIFIED",
            "tradeOrders",
        }
    ),
    unclaimed={
        "contractMarket_snapshot": "last prices of a day are not the mark",
        "contract_announcement": "funding begins and ends: the settlement is told per position",
        "contract_details": "an extract made by the publisher of the recording; listings are read over REST",
        "pro_funding-fee": "funding is asked over REST",
        "pro_kline_SPOT": SPOT,
        "pro_obu_FUTURES": "best bid and ask are not the mark",
        "pro_obu_SPOT": SPOT,
        "pro_ticker_FUTURES": "last prices are not the mark",
        "pro_ticker_SPOT": SPOT,
        "pro_trade_FUTURES": "trades: the last price is not the mark",
        "pro_trade_SPOT": SPOT,
        "tickerV2": "best bid and ask are not the mark",
    },
    marks_of=marks_of,
)
