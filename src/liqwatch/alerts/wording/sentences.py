"""What kinds of alerts there are, by name, and advice without a figure.

Whole sentences of rules and engine stand in `liqwatch.alerts.phrasebook`.
"""

from __future__ import annotations

from collections.abc import Mapping

from liqwatch.alerts.speaker import phrase

NAMES: Mapping[str, str] = {
    "liquidation_distance": phrase("distance to liquidation"),
    "margin_ratio": phrase("margin ratio"),
    "margin_call": phrase("margin call"),
    "margin_cover": phrase("cover of initial margin"),
    "distance_in_volatility": phrase("distance to liquidation in daily moves"),
    "deterioration": phrase("distance to liquidation shrinks fast"),
    "leverage": phrase("effective leverage"),
    "exposure": phrase("exposure to one market"),
    "drawdown": phrase("drawdown of equity"),
    "funding": phrase("cost of funding"),
    "funding_overheated": phrase("overheated funding rate"),
    "stop_loss": phrase("stop loss"),
    "collateral": phrase("collateral ratio"),
    "collateral_fall": phrase("fall of collateral"),
    "depeg": phrase("stablecoin off its peg"),
    "adl_rank": phrase("place in the line for auto-deleveraging"),
    "position_closed": phrase("position closed"),
    "data_staleness": phrase("old data"),
    "figures_disagree": phrase("liquidation prices differ"),
    "figures_unknown": phrase("unknown figures"),
    "tier_change": phrase("leverage tiers changed"),
    "venue_trouble": phrase("trouble at the venue"),
    "channel_failing": phrase("channel failing"),
    "chat_failing": phrase("chat not heard"),
    "account_unreadable": phrase("account cannot be read"),
    "store_failing": phrase("state on disk cannot be written"),
    "config_rejected": phrase("configuration refused"),
    "history_reset": phrase("alert history begun anew"),
    "closed_by_venue": phrase("closed by the venue"),
    "venue_warning": phrase("warning from the venue"),
    "crossed_unseen": phrase("crossed while nobody was looking"),
    "market_ended": phrase("market ended"),
}

ADD_OR_REDUCE = phrase("Add margin, or make the position smaller.")
GENERAL_ADVICE: Mapping[str, str] = {
    "stop_loss": phrase("Place a stop-market order well before the liquidation price."),
    "exposure": phrase("Make the heaviest position smaller."),
    "drawdown": phrase("Look at the position that loses most first; reduce it or set a stop."),
    "funding": phrase("Close it before the next payment, or add margin."),
    "collateral": phrase("Add collateral, or repay a part of the debt."),
    "collateral_fall": phrase("Add margin in another coin, or reduce what this one secures."),
    "depeg": phrase("Decide whether to keep margin in this coin; add another before exchanging it."),
    "adl_rank": phrase("Take part of the profit, or lower the leverage."),
    "tier_change": phrase("Look up the venue's new tiers, and whether the position still has room."),
}
"""Advice without a figure, by kind of rule, for voices that may hear no money; `ADD_OR_REDUCE` for all others."""
