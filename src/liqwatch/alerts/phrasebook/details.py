"""The further lines of a message: the figures behind a headline, their causes, what is wrong with a stop."""

from __future__ import annotations

from liqwatch.alerts.speaker import phrase

DETAIL = (
    phrase("Last seen: mark {mark}, liquidation {liquidation}"),
    phrase("an unknown time"),
    phrase("It happened at {time} and was held back until now."),
    phrase("While this lasts, the figures of what depends on it are not watched."),
    phrase("{a} to liquidation {b} min ago, {c} now."),
    phrase("The mark came nearer; the liquidation price did not."),
    phrase("The liquidation price came nearer by itself: {a} → {b}."),
    phrase("Cause: {cause}."),
    phrase("Cause: not seen in collateral, size, tiers or other positions."),
    phrase("This market moves {a} a day; liquidation is {b} away."),
    phrase(
        "This market moves {a} a day; liquidation is {b} away. Normal moves would reach it within a day with odds of "
        "{c} in {d}; crypto is wilder than that."
    ),
    phrase(
        "This market moves {a} a day; liquidation is {b} away. Normal moves would reach it within a day with odds of "
        "less than one in a million; crypto is wilder than that."
    ),
    phrase("Equity {a} {b}, peak {c} {d}: {e} {f} lost."),
    phrase("{subject}: {money} unrealised"),
    phrase("Deposits and withdrawals are left out."),
    phrase("Positions of {a} {b} stand on equity of {c} {d}."),
    phrase("{subject}: {money}, set to {a}x"),
    phrase("and {a} more"),
    phrase("{a} net long {b} {c}: {d} of the equity"),
    phrase("{a} net short {b} {c}: {d} of the equity"),
    phrase("{a} net long {b} {c}: no equity left"),
    phrase("{a} net short {b} {c}: no equity left"),
    phrase("Both legs of a hedge are counted: the venue asks margin for both."),
    phrase("It pays {a} per {b} h: {c} {d} a day."),
    phrase("It pays {a} per {b} h, next at {c}:{d} UTC: {e} {f} a day."),
    phrase("It receives {a} per {b} h: {c} {d} a day."),
    phrase("It receives {a} per {b} h, next at {c}:{d} UTC: {e} {f} a day."),
    phrase("The venue does not tell how often: {a} h are assumed."),
    phrase("With an unmoved price, funding alone would liquidate it in about {a} days."),
    phrase("Overheated: longs crowd this market; when they are forced out, the price moves fast."),
    phrase("Overheated: shorts crowd this market; when they are forced out, the price moves fast."),
    phrase("Longs crowd this market, and this is one of them: they are forced out together."),
    phrase("Shorts crowd this market, and this is one of them: they are forced out together."),
    phrase("Longs crowd this market and pay this position: a squeeze may still go further."),
    phrase("Shorts crowd this market and pay this position: a squeeze may still go further."),
    phrase("Stop at {a} ({b} of it): {flaws}."),
    phrase("Stop ({a} of it): {flaws}."),
    phrase("Trailing stop at {a} ({b} of it): {flaws}."),
    phrase("Trailing stop ({a} of it): {flaws}."),
    phrase("Its stops cover {a} of it."),
    phrase("No stop waits at the venue."),
    phrase("Orders that stop no loss: {orders}."),
    phrase("{a} limit"),
    phrase("{a} take profit"),
    phrase("Maintenance rate {a} → {b}."),
    phrase("Maintenance rate {a} → {b}: your liquidation price {c} → {d}."),
    phrase("Owned {a}, owed {b} dollars ({debts}); the ratio is owned ÷ owed."),
    phrase("{a} {b} in {c} h."),
    phrase("{a} {b} in {c} h; {subjects} loses on the same fall."),
    phrase("{a} {b} dollars, {c} held"),
    phrase("{a} {b} dollars, counts your positions"),
    phrase("Equity {a} {b}, initial margin {c} {d}; the ratio is equity ÷ initial margin."),
    phrase(
        "You are among the next to be closed against your will when losers on the other side cannot pay and the "
        "insurance fund is short: the venue takes the most leveraged profit first."
    ),
    phrase("The venue's rank: {a}, where {b} is first in line and {c} last."),
    phrase("Venue {a}, computed {b}: {cause}. The nearer one is used."),
    phrase("The venue's own level: {level}."),
    phrase("{a} has been silent for {b} s; at its last word {where}."),
    phrase("{a} has been silent for {b} s after a move of {c} in five minutes; at its last word {where}."),
    phrase("{comparison}: now {figure}, holds"),
    phrase("{comparison}: now {figure}, does not hold"),
    phrase("{comparison}: now {figure}"),
    phrase("{a} s"),
)
"""Whole lines."""

CAUSES = (
    phrase("collateral fell by {a} {b}"),
    phrase("funding or fees took {a} {b}"),
    phrase("the position went from {a} to {b} contracts"),
    phrase("the venue changed its tiers, maintenance rate {a} → {b}"),
    phrase("other positions of the pool lost {a} {b}"),
    phrase("the venue seems to count a closing fee of {a} %"),
    phrase("the venue seems to take maintenance at the entry price"),
    phrase("the venue seems to freeze maintenance at the present mark"),
    phrase("the venue seems to count its tiers without deduction"),
    phrase("the formula has moved, or part of the account (another position, a balance, an order) is not seen"),
)
"""Why a liquidation price has moved, or is not the venue's."""

FLAWS = (
    phrase("its trigger is on the profit side of the mark, so it stops no loss"),
    phrase("it follows the price only once its activation price is reached"),
    phrase("its direction adds to the position instead of closing it"),
    phrase("its trigger is beyond the liquidation price, so it can never help"),
    phrase("its trigger is so near the liquidation price that fee and slippage eat the gap"),
    phrase("its limit price leaves hardly any room, so a fast market jumps over it"),
    phrase("another price than the mark wakes it, while liquidation counts the mark"),
    phrase("where it would wake is not told, so it cannot be compared with the liquidation price"),
    phrase("it is not reduce-only, so it may open a position the other way"),
)
"""What is wrong with a stop."""

PLACES = (
    phrase("you were {a} from liquidation"),
    phrase("you were at liquidation"),
    phrase("how far liquidation is cannot be known"),
    phrase("no price of this market alone would liquidate you"),
)
"""Where a position stood at a silent venue's last word."""

LEVELS = (
    phrase("a margin ratio of {a} %, below which Binance advises to stay"),
    phrase("Binance states no level for its call; this is where it advises to act."),
    phrase("a uniMMR of {a} %: Binance reminds; at {b} % it lets positions only be reduced, at {c} % it liquidates"),
    phrase("an MMR of {a} %, at which Gate sends its own liquidation alert"),
    phrase("The level is chosen at Gate: {a} %, {b} % (if nobody has chosen) or {c} %."),
    phrase("a risk rate of {a} %, at which KuCoin cancels open orders"),
    phrase("KuCoin counts the maintenance of open orders too, so it may come earlier."),
)
"""Where venues call for margin, and what is not settled about it."""
