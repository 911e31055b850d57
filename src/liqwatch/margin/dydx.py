"""dYdX v4: at which price its protocol closes an account under water, and how the loss is shared out."""

from __future__ import annotations

from liqwatch.margin.maintenance import tiers_of
from liqwatch.margin.marked import MarkedPool, known_instrument
from liqwatch.margin.pnl import notional
from liqwatch.margin.pools import Holding
from liqwatch.margin.tiers import tier_of


def fillable_price(
    marked: MarkedPool, holding: Holding, *, spread_to_maintenance_ratio: float, bankruptcy_adjustment: float
) -> float:
    """The worst price at which a liquidation order may fill; at the oracle price while the account is whole.

    The discount grows as equity sinks below maintenance, to the full spread when it is gone. Needs a marked pool
    without unknowns.
    """
    position, instrument = holding.position, known_instrument(holding)
    oracle_price = marked.marks[position.symbol]
    value = notional(position, instrument, oracle_price)
    rate = tier_of(tiers_of(instrument, marked.convention), value).maintenance_margin_rate
    covered = max(marked.equity / marked.requirement, 0.0)
    urgency = min(max(bankruptcy_adjustment * (1.0 - covered), 0.0), 1.0)
    return oracle_price * (1.0 - position.side.value * spread_to_maintenance_ratio * rate * urgency)


def bankruptcy_quote(marked: MarkedPool, holding: Holding, *, closed_share: float = 1.0) -> float:
    """What closing `closed_share` of a position brings (positive) or costs when its part of the equity is used up.

    Equity is split over the positions by maintenance margin. Quote currency; needs a marked pool without unknowns.
    """
    position, instrument = holding.position, known_instrument(holding)
    value = notional(position, instrument, marked.marks[position.symbol])
    part = marked.amounts[position.subject].maintenance_margin / marked.requirement
    return closed_share * (position.side.value * value - marked.equity * part)
