"""A chart as JSON text, as the outbox keeps it until it has been sent."""

from __future__ import annotations

import json

from liqwatch.model import Chart, Severity


def chart_text(chart: Chart | None) -> str | None:
    """The chart as text; None stays None."""
    if chart is None:
        return None
    return json.dumps(
        {
            "title": chart.title,
            "marks": chart.marks,
            "liquidation_price": chart.liquidation_price,
            "levels": chart.levels,
        },
        separators=(",", ":"),
    )


def chart_of(text: str | None) -> Chart | None:
    """The chart that `chart_text` wrote; None stays None."""
    if text is None:
        return None
    fields = json.loads(text)
    return Chart(
        title=fields["title"],
        marks=tuple((float(at), float(price)) for at, price in fields["marks"]),
        liquidation_price=fields["liquidation_price"],
        levels=tuple((Severity(severity), float(price)) for severity, price in fields["levels"]),
    )
