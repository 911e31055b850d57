"""What the engine tells people by itself: how positions ended, what the venue says, what troubles the watch."""

from __future__ import annotations

from liqwatch.alerts.speaker import phrase

ENDINGS = (
    phrase("position ended"),
    phrase("ending of the position unknown"),
    phrase("liquidated by the venue"),
    phrase("partly liquidated by the venue"),
    phrase("partly liquidated by the venue (netting)"),
    phrase("liquidated by the venue (backstop)"),
    phrase("partly liquidated by the venue (backstop)"),
    phrase("liquidated by the venue (assigned to others)"),
    phrase("partly liquidated by the venue (assigned to others)"),
    phrase("liquidated by the venue (unwound)"),
    phrase("partly liquidated by the venue (unwound)"),
    phrase("deleveraged by the venue (unwound against a bankrupt position)"),
    phrase("closed by the venue"),
    phrase("closed by the venue at delisting"),
    phrase("deleveraged by the venue (ADL)"),
    phrase("settled by the venue"),
    phrase("settled by the venue at delivery"),
    phrase("probably liquidated"),
    phrase("probably partly liquidated"),
    phrase("the mark reached its liquidation price, and the venue has not said why"),
    phrase("stopped or liquidated"),
    phrase("the mark passed its stop and its liquidation price"),
    phrase("the mark passed its stop at {a} and its liquidation price"),
    phrase("stopped by its stop order"),
    phrase("stopped by its stop order at {a}"),
    phrase("stopped by its trailing order"),
    phrase("stopped by its trailing order at {a}"),
    phrase("profit taken by its take profit order"),
    phrase("profit taken by its take profit order at {a}"),
    phrase("profit taken by its limit order"),
    phrase("profit taken by its limit order at {a}"),
    phrase("closed by hand or by a bot"),
    phrase("reduced by hand or by a bot"),
    phrase("ended for a reason nobody told"),
    phrase("its orders could not be read"),
    phrase("prices around the end are missing"),
    phrase("{a} contracts became {b}"),
)
"""Parts of what is said of a position that ended."""

TOLD_BY_THE_ENGINE = (
    phrase("position closed: no longer at the venue"),
    phrase("position closed"),
    phrase("no longer watched"),
    phrase("no longer followed"),
    phrase("not looked at since the start"),
    phrase("something happened, see its history"),
    phrase("data arrives again"),
    phrase("does not take messages"),
    phrase("delivers again"),
    phrase("cannot be answered"),
    phrase("can be answered again"),
    phrase("another program polls this bot: buttons and commands may get lost; alerts still go out"),
    phrase("a webhook is set for this bot: buttons and commands are not heard; alerts still go out"),
    phrase("Telegram refuses the bot token: buttons and commands are not heard"),
    phrase("cannot be read"),
    phrase("this key may withdraw and is refused"),
    phrase("this key may transfer and is refused"),
    phrase("this key may trade and is refused"),
    phrase("make a read-only key for liqwatch"),
    phrase("make a read-only key for liqwatch, or accept the danger with allow_trade_permission = true"),
    phrase("REST blind until {time} UTC ({words})"),
    phrase("can be read again"),
    phrase("cannot be written"),
    phrase("can be written again"),
    phrase("is refused ({words}); the old one stays in force"),
    phrase("was damaged and has been begun anew; the old file is kept"),
    phrase("is no longer listed: renamed, delisted or settled"),
    phrase("does not trade any more"),
    phrase("told late"),
    phrase("while no price came, the mark reached {a} at {b}-{c}-{d} {e}:{f} UTC"),
    phrase("margin call from the venue"),
    phrase("liquidation warning from the venue"),
    phrase("deleveraging warning from the venue"),
    phrase("risk limit change from the venue"),
)
"""Whole, or up to a colon."""

VENUE_NOTICES = (
    phrase("margin call"),
    phrase("liquidation warning"),
    phrase("Binance warns that this position is at risk"),
    phrase("Binance warns that this position is at risk; it needs {a} maintenance margin"),
    phrase("Binance has moved this account to risk level {code}"),
    phrase("Bitget tells of automatic deleveraging in {a}"),
    phrase("Bybit lowers the risk limit: this position may only be reduced"),
    phrase("the venue lowered the risk limit of {a} to {b} (maintenance rate {c})"),
    phrase("the venue lowered the risk limit of {a} to {b} (maintenance rate {c}, {d} orders cancelled)"),
    phrase("the position in {a} is first in line for auto-deleveraging"),
    phrase("Hyperliquid is liquidating this account: positions worth {a} {b}, account value {c} {d}"),
    phrase("an order was cancelled because of a liquidation"),
    phrase("KuCoin warns"),
    phrase("risk ratio {a}"),
    phrase("{a} warns that this position is close to liquidation"),
    phrase("maintenance takes {a} % of its equity"),
    phrase("{a} has begun to deleverage positions in {family}"),
    phrase("{a} may soon deleverage positions in {family}"),
    phrase("a family of contracts"),
)
"""What our adapters make of the warnings of venues."""

CHANGES = (
    phrase("{account} · {subject}: gone"),
    phrase("{account} · {subject}: new"),
    phrase("{account} · {subject}: {changes}"),
    phrase("size {before} → {after}"),
    phrase("size {before} → {after} ({change})"),
    phrase("mark {before} → {after}"),
    phrase("mark {before} → {after} ({change})"),
    phrase("liquidation {before} → {after}"),
    phrase("liquidation {before} → {after} ({change})"),
    phrase("… and {a} more changes"),
)
"""What is different after nobody had watched for a while."""

SUBJECTS = (
    phrase("mark prices of {name}"),
    phrase("mark price of {name} ({venue})"),
    phrase("positions of {name}"),
    phrase("state on disk"),
    phrase("alert history"),
    phrase("configuration {name}"),
)
"""What a trouble of the watch itself is about."""

ERRORS = ("{error} [{code}] ({mend})", "{error} [{code}]")
"""How an error shows its code and its mend: words of no language."""
