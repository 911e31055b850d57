"""What can be wrong with a stop, and how much of what it covers still counts then."""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum


class StopFlaw(Enum):
    """What is wrong with a stop, as the end of a sentence about it."""

    WRONG_SIDE = "its trigger is on the profit side of the mark, so it stops no loss"
    NOT_ACTIVE = "it follows the price only once its activation price is reached"
    ADDS = "its direction adds to the position instead of closing it"
    BEYOND_LIQUIDATION = "its trigger is beyond the liquidation price, so it can never help"
    TOO_NEAR_LIQUIDATION = "its trigger is so near the liquidation price that fee and slippage eat the gap"
    CAN_BE_JUMPED = "its limit price leaves hardly any room, so a fast market jumps over it"
    WRONG_TRIGGER = "another price than the mark wakes it, while liquidation counts the mark"
    NO_TRIGGER_PRICE = "where it would wake is not told, so it cannot be compared with the liquidation price"
    NOT_REDUCE_ONLY = "it is not reduce-only, so it may open a position the other way"


WORTH: Mapping[StopFlaw, float] = {
    StopFlaw.WRONG_SIDE: 0.0,
    StopFlaw.NOT_ACTIVE: 0.0,
    StopFlaw.ADDS: 0.0,
    StopFlaw.BEYOND_LIQUIDATION: 0.0,
    StopFlaw.TOO_NEAR_LIQUIDATION: 0.5,
    StopFlaw.CAN_BE_JUMPED: 0.75,
    StopFlaw.WRONG_TRIGGER: 0.98,
    StopFlaw.NO_TRIGGER_PRICE: 0.98,
    StopFlaw.NOT_REDUCE_ONLY: 0.995,
}
"""How much of what a stop covers still counts with that flaw; flaws multiply.

Not reduce-only alone stays below a notice of 1 %: in hedge mode some venues know no such mark.
"""
