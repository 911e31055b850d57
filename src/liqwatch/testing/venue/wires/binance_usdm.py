"""Binance USDⓈ-M's wire: linear contracts, routed streams."""

from __future__ import annotations

from liqwatch.testing.venue import account_answers, answers, position_answers
from liqwatch.testing.venue.markets import DEFAULT_MARKETS
from liqwatch.testing.venue.wires._binance import BinanceWire
from liqwatch.testing.venue.wires._binance_rest import EVERYWHERE, Paths

PATHS = Paths(
    listen_key="/fapi/v1/listenKey",
    marks="/fapi/v1/premiumIndex",
    positions=frozenset({"/fapi/v3/positionRisk", "/fapi/v2/positionRisk"}),
    public={
        "/fapi/v1/ping": (answers.ping, 1),
        "/fapi/v1/time": (answers.server_time, 1),
        "/fapi/v1/exchangeInfo": (answers.exchange_info, 1),
        "/fapi/v1/premiumIndex": (answers.premium_index, 10),
        "/fapi/v1/fundingInfo": (answers.funding_info, 0),
        "/fapi/v1/markPriceKlines": (answers.mark_candles, 5),
    },
    private={
        "/fapi/v1/leverageBracket": (answers.leverage_brackets, 1),
        "/fapi/v3/account": (account_answers.account_v3, 5),
        "/fapi/v2/account": (account_answers.account_v2, 5),
        "/fapi/v3/balance": (account_answers.balance, 5),
        "/fapi/v2/balance": (account_answers.balance, 5),
        "/fapi/v3/positionRisk": (position_answers.position_risk_v3, 5),
        "/fapi/v2/positionRisk": (position_answers.position_risk_v2, 5),
        "/fapi/v1/multiAssetsMargin": (account_answers.multi_assets_margin, 30),
        "/fapi/v1/positionSide/dual": (account_answers.position_side_dual, 30),
        "/fapi/v1/symbolConfig": (account_answers.symbol_config, 5),
        "/fapi/v1/openOrders": (account_answers.nothing, 40),
        "/fapi/v1/openAlgoOrders": (account_answers.nothing, 40),
        **EVERYWHERE,
    },
)


class BinanceUsdmWire(BinanceWire):
    """One instance serves one simulated venue."""

    def __init__(self) -> None:
        """No state yet."""
        super().__init__("binance_usdm", DEFAULT_MARKETS, PATHS, is_routed=True)


WIRE = BinanceUsdmWire
