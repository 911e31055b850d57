"""What `calc` says, as plain values: the evaluation, the leverages, the assumptions."""

from __future__ import annotations

from typing import Any

from liqwatch.advice.leverage import USUAL_LEVERAGES, LeverageRow, leverage_table
from liqwatch.cli._evaluate import evaluate
from liqwatch.cli._planned import Planned, account_of, assumptions, isolated_pool
from liqwatch.clock import SystemClock
from liqwatch.engine.status import plain
from liqwatch.errors import ConfigError


def calc_report(planned: Planned, *, margin_call_ratio: float, gap: float, with_steps: bool) -> dict[str, Any]:
    """Judge the planned position and everything around it.

    Raises:
        ConfigError: the exchange is unknown, or has no verified formula for this.
    """
    today = SystemClock().now().date()
    account = account_of(planned, today)
    report = evaluate(account, margin_call_ratio=margin_call_ratio, gap=gap, with_steps=with_steps)
    leverages = {*USUAL_LEVERAGES, *([planned.leverage] if planned.leverage else [])}
    try:
        rows = leverage_table(isolated_pool(planned, today), sorted(leverages))
    except ConfigError:
        # A venue whose formula is verified for cross margin alone has no such table.
        rows = ()
    report["leverages"] = [_row(row) for row in rows]
    report["assumptions"] = list(assumptions(planned))
    return report


def _row(row: LeverageRow) -> dict[str, Any]:
    return {
        "leverage": row.leverage,
        "margin": row.margin,
        "liquidation_price": plain(row.liquidation_price),
        "liquidation_distance": plain(row.liquidation_distance),
    }
