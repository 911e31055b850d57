"""Every metric, declared once, and their exposition for Prometheus.

Labels are the user's own names (accounts, channels, venues), never keys or addresses.
"""

from __future__ import annotations

from wsgiref.simple_server import WSGIServer

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, start_http_server

COUNTERS = {
    "mark_rows_total": ("Mark prices received", ("venue",)),
    "rest_marks_total": ("Mark prices asked over REST because a stream was quiet", ("venue",)),
    "public_liquidations_total": ("Liquidations of others, in the markets watched", ("venue",)),
    "frames_rejected_total": ("Frames or rows refused, by reason", ("venue", "reason")),
    "stream_restarts_total": ("Streams dialled anew, by reason", ("venue", "reason")),
    "rows_conflated_total": ("Mark prices replaced by newer ones before they were read", ("venue",)),
    "account_failures_total": ("Account answers that could not be had", ("account", "code")),
    "account_events_total": ("Events pushed by a venue, by kind", ("venue", "event")),
    "deliveries_total": ("Delivery attempts, by outcome", ("channel", "outcome")),
    "store_failures_total": ("Commits that failed", ()),
    "task_restarts_total": ("Supervised tasks begun anew", ("task",)),
    "chore_failures_total": ("Chores that failed or did not run", ("chore",)),
    "heartbeats_total": ("Signs of life sent outside, or withheld in trouble", ("outcome",)),
}
GAUGES = {
    "stream_age_seconds": ("Age of the newest data of a stream", ("stream",)),
    "loop_lag_seconds": ("How much later than planned the last turn of the self-watch came", ()),
}
HISTOGRAMS = {
    "alert_first_attempt_seconds": ("From the decision to a delivery attempt", ("channel",)),
    "delivery_seconds": ("How long a channel took for one attempt", ("channel",)),
}


class PrometheusTelemetry:
    """The `Telemetry` port over one registry; an undeclared name is a programming error and raises KeyError."""

    def __init__(self) -> None:
        """Declares everything; listens nowhere until `listen`."""
        self.registry = CollectorRegistry()
        self._counters = {
            name: Counter(f"liqwatch_{name}", text, labels, registry=self.registry)
            for name, (text, labels) in COUNTERS.items()
        }
        self._gauges = {
            name: Gauge(f"liqwatch_{name}", text, labels, registry=self.registry)
            for name, (text, labels) in GAUGES.items()
        }
        self._histograms = {
            name: Histogram(f"liqwatch_{name}", text, labels, registry=self.registry)
            for name, (text, labels) in HISTOGRAMS.items()
        }
        self._server: WSGIServer | None = None

    def count(self, name: str, amount: float = 1, **labels: str) -> None:
        """Add to a counter."""
        counter = self._counters[name]
        (counter.labels(**labels) if labels else counter).inc(amount)

    def gauge(self, name: str, value: float, **labels: str) -> None:
        """Set a gauge."""
        gauge = self._gauges[name]
        (gauge.labels(**labels) if labels else gauge).set(value)

    def observe(self, name: str, value: float, **labels: str) -> None:
        """Add one observation to a histogram."""
        histogram = self._histograms[name]
        (histogram.labels(**labels) if labels else histogram).observe(value)

    def listen(self, address: str) -> None:
        """Serve /metrics on `host:port` from a thread of its own; OSError when the port is taken."""
        host, _, port = address.rpartition(":")
        self._server, _ = start_http_server(int(port), host or "127.0.0.1", registry=self.registry)

    def close(self) -> None:
        """Stop serving."""
        if self._server is not None:
            self._server.shutdown()
            self._server.server_close()
            self._server = None
