"""How an adapter is told to talk to the simulator in place of its venue."""

from __future__ import annotations

from liqwatch.clock import SystemClock
from liqwatch.ports import Telemetry, VenueOptions
from liqwatch.testing.telemetry import SilentTelemetry
from liqwatch.testing.venue.simulator import VenueSimulator

USUAL_SILENCE_SECONDS = 10.0


def options_at(
    venue: VenueSimulator,
    telemetry: Telemetry | None = None,
    *,
    silence_limit_seconds: float = USUAL_SILENCE_SECONDS,
) -> VenueOptions:
    """Options with the addresses of a simulator that is open; without `telemetry` nothing is counted."""
    return VenueOptions(
        venue=venue.wire.exchange,
        clock=SystemClock(),
        telemetry=SilentTelemetry() if telemetry is None else telemetry,
        rest_url=venue.rest_url,
        websocket_url=venue.websocket_url,
        silence_limit_seconds=silence_limit_seconds,
    )
