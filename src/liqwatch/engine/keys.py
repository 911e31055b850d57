"""What a key may do, and whether liqwatch will use it: reading is enough, and more is a danger to its owner."""

from __future__ import annotations

from liqwatch.ports import KeyReport

REFUSED_RIGHTS_MEND = "make a read-only key for liqwatch"


def refused_right(report: KeyReport) -> str | None:
    """The right for which this key is refused outright: money could leave the account."""
    if report.can_withdraw:
        return "withdraw"
    return "transfer" if report.can_transfer else None


def doubts(report: KeyReport) -> list[str]:
    """What should be known about a key that is accepted."""
    found = []
    if report.can_trade:
        found.append("may trade; liqwatch only needs to read")
    if report.can_withdraw is None:
        found.append("unverified: the venue does not say what it may do")
    return found
