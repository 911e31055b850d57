"""Binance COIN-M's wire: inverse contracts in whole numbers, settled in their coin, on unrouted streams.

The bracket tables are this project's own, in the venue's manner: bounds and deductions in coins.
"""

from __future__ import annotations

from dataclasses import replace

from liqwatch.testing.venue import account_answers, answers, position_answers
from liqwatch.testing.venue.markets import VenueBracket, VenueMarket, bracket_table
from liqwatch.testing.venue.wires._binance import BinanceWire
from liqwatch.testing.venue.wires._binance_rest import EVERYWHERE, Paths

BITCOIN_BRACKETS = bracket_table((5, 0.004, 125), (10, 0.005, 100), (20, 0.01, 50), (50, 0.025, 20), (100, 0.05, 10))
ETHER_BRACKETS = bracket_table((100, 0.005, 100), (250, 0.01, 75), (750, 0.02, 50), (1_500, 0.05, 20))


def _market(
    base_asset: str,
    mark_price: float,
    contract_size: float,
    price_tick: float,
    brackets: tuple[VenueBracket, ...],
) -> VenueMarket:
    return VenueMarket(
        native_symbol=f"{base_asset}USD_PERP",
        base_asset=base_asset,
        quote_asset="USD",
        margin_asset=base_asset,
        mark_price=mark_price,
        price_tick=price_tick,
        quantity_step=1.0,
        contract_size=contract_size,
        is_inverse=True,
        brackets=brackets,
        liquidation_fee_rate=0.015,
    )


BITCOIN = _market("BTC", 117_000.0, 100.0, 0.1, BITCOIN_BRACKETS)
DATED = replace(
    BITCOIN,
    native_symbol="BTCUSD_271231",
    mark_price=119_500.0,
    contract_type="NEXT_QUARTER",
    delivery_ms=1_830_240_000_000,
)
MARKETS = (BITCOIN, _market("ETH", 4_300.0, 10.0, 0.01, ETHER_BRACKETS), DATED)
PATHS = Paths(
    listen_key="/dapi/v1/listenKey",
    marks="/dapi/v1/premiumIndex",
    positions=frozenset({"/dapi/v1/positionRisk"}),
    public={
        "/dapi/v1/ping": (answers.ping, 1),
        "/dapi/v1/time": (answers.server_time, 1),
        "/dapi/v1/exchangeInfo": (answers.coin_exchange_info, 1),
        "/dapi/v1/premiumIndex": (answers.coin_premium_index, 10),
        "/dapi/v1/fundingInfo": (answers.funding_info, 0),
        "/dapi/v1/markPriceKlines": (answers.mark_candles, 5),
    },
    private={
        "/dapi/v2/leverageBracket": (answers.coin_leverage_brackets, 1),
        "/dapi/v1/account": (account_answers.coin_account, 5),
        "/dapi/v1/balance": (account_answers.balance, 1),
        "/dapi/v1/positionRisk": (position_answers.coin_position_risk, 1),
        "/dapi/v1/positionSide/dual": (account_answers.position_side_dual, 30),
        "/dapi/v1/openOrders": (account_answers.nothing, 40),
        "/dapi/v1/openAlgoOrders": (account_answers.nothing, 40),
        **EVERYWHERE,
    },
)


class BinanceCoinmWire(BinanceWire):
    """One instance serves one simulated venue."""

    def __init__(self) -> None:
        """No state yet."""
        super().__init__("binance_coinm", MARKETS, PATHS, is_routed=False)


WIRE = BinanceCoinmWire
