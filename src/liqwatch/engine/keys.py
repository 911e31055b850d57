"""What a key may do, and whether liqwatch will use it: reading is enough, and more is a danger to its owner."""

from __future__ import annotations

from liqwatch.ports import KeyReport

REFUSED_RIGHTS_MEND = "make a read-only key for liqwatch"


def refused_right(report: KeyReport, *, allow_trade: bool) -> str | None:
    """The right for which this key is refused: money could leave the account, or positions could be opened."""
    if report.can_withdraw:
        return "withdraw"
    if report.can_transfer:
        return "transfer"
    return "trade" if report.can_trade and not allow_trade else None


def mend_of(right: str) -> str:
    """What to do about a refused right."""
    if right == "trade":
        return f"{REFUSED_RIGHTS_MEND}, or accept the danger with allow_trade_permission = true"
    return REFUSED_RIGHTS_MEND


def doubts(report: KeyReport) -> list[str]:
    """What should be known about a key that is accepted."""
    found = []
    if report.can_trade:
        found.append("may trade; liqwatch only needs to read")
    if report.can_withdraw is None:
        found.append("unverified: the venue does not say what it may do")
    if report.expires_at is not None:
        found.append(f"expires on {report.expires_at:%Y-%m-%d}")
    if report.is_ip_bound is False:
        found.append("is bound to no address: whoever copies it can use it from anywhere")
    return found
