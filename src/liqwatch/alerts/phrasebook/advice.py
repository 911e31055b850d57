"""What rules advise, with their figures."""

from __future__ import annotations

from liqwatch.alerts.speaker import phrase

ADVICE = (
    phrase("Add about {a} {b} of margin to have {c} to liquidation again."),
    phrase("Add about {a} {b} of margin, or close about {c} of it ({d} contracts), to have {e} to liquidation again."),
    phrase("Add about {a} {b} of margin to have {c} daily moves of room."),
    phrase("Add about {a} {b} of margin, or close about {c} of it ({d} contracts), to have {e} daily moves of room."),
    phrase("Add about {a} {b} of margin to have the liquidation price where it was."),
    phrase(
        "Add about {a} {b} of margin, or close about {c} of it ({d} contracts), "
        "to have the liquidation price where it was."
    ),
    phrase("Add margin, or make the position smaller: it is too large for a market that moves so much."),
    phrase("Add at least {a} {b}, or reduce, to get back below the venue's margin call."),
    phrase("Add margin or reduce before another {a} {b} are lost: then the venue calls."),
    phrase("Add about {a} {b} of margin to be back at {c}x."),
    phrase("Add about {a} {b} of margin, or close about {c} of the positions, to be back at {d}x."),
    phrase("Add {a} {b}, or close {c} of the positions, to be back at {d}."),
    phrase("Add {a} {b}."),
    phrase("Close {a}, or add margin: nothing stands behind it."),
    phrase("Close about {a} {b} worth of {c} to be back at {d}."),
    phrase("Stop opening positions until the loss is understood."),
    phrase("Close it before the next payment, or add about {a} {b} of margin to pay no more than {c} a day."),
    phrase("Close about {a} of it ({b} contracts) to pay no more than {c} a day."),
    phrase("Check that your stop lies well before the liquidation price: a crowded side falls fast."),
    phrase("Keep more room than usual: the crowd may push further before it gives in."),
    phrase(
        "Place a reduce-only stop-market order that the mark price wakes, to sell {a} contracts between {b} and {c}."
    ),
    phrase(
        "Place a reduce-only stop-market order that the mark price wakes, to buy {a} contracts between {b} and {c}."
    ),
    phrase("Place a reduce-only stop-market order that the mark price wakes, to sell {a} contracts."),
    phrase("Place a reduce-only stop-market order that the mark price wakes, to buy {a} contracts."),
    phrase(
        "Place a reduce-only stop-market order that the mark price wakes, to sell {a} contracts: "
        "liquidation is too near for one to help, so reduce or add margin first."
    ),
    phrase(
        "Place a reduce-only stop-market order that the mark price wakes, to buy {a} contracts: "
        "liquidation is too near for one to help, so reduce or add margin first."
    ),
    phrase("Place a reduce-only stop-market order that the mark price wakes, to sell {a} contracts below {b}."),
    phrase("Place a reduce-only stop-market order that the mark price wakes, to buy {a} contracts above {b}."),
    phrase("Add {a} dollars of collateral to be back at {b}."),
    phrase("Add {a} dollars of collateral, or repay {b} dollars of the debt, to be back at {c}."),
    phrase("Add margin in another coin than {a}, or reduce what {b} secures, before it falls further."),
    phrase("Decide whether to keep margin in {a}: add margin in another coin before exchanging it."),
    phrase(
        "Decide whether to keep margin in {a} ({b}, worth {c} dollars): "
        "add margin in another coin before exchanging it."
    ),
    phrase("Look at {subject} first: it is {money} in the red. Reduce it or set a stop before adding more."),
    phrase("Take part of the profit (now {a} {b}) or lower the leverage: both move you back in the line."),
    phrase("Take part of the profit or lower the leverage: both move you back in the line."),
    phrase("Look up the venue's new tiers, and whether the position still has the room you meant it to have."),
    phrase("Look at the position in the venue's own app now, and watch the price at another venue."),
    phrase("Check the venue's status page; figures here are the last known ones."),
)
