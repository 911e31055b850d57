"""The venue's error bodies: code and message in its own words."""

from __future__ import annotations

from dataclasses import dataclass


class Refused(Exception):
    """A REST call that ends with an error body; `status` is the HTTP status, `code` the venue's."""

    def __init__(self, refusal: RefusalKind) -> None:
        """Carries the kind of refusal to where the answer is written."""
        super().__init__(refusal.message)
        self.refusal = refusal


@dataclass(frozen=True, slots=True)
class RefusalKind:
    """HTTP status, venue code and venue message."""

    status: int
    code: int
    message: str


INVALID_KEY = RefusalKind(401, -2015, "Invalid API-key, IP, or permissions for action.")
MALFORMED_KEY = RefusalKind(401, -2014, "API-key format invalid.")
INVALID_SIGNATURE = RefusalKind(400, -1022, "Signature for this request is not valid.")
MISSING_TIMESTAMP = RefusalKind(
    400, -1102, "Mandatory parameter 'timestamp' was not sent, was empty/null, or malformed."
)
OUTSIDE_WINDOW = RefusalKind(400, -1021, "Timestamp for this request is outside of the recvWindow.")
AHEAD_OF_SERVER = RefusalKind(400, -1021, "Timestamp for this request was 1000ms ahead of the server's time.")
NO_LISTEN_KEY = RefusalKind(400, -1125, "This listenKey does not exist.")
INVALID_SYMBOL = RefusalKind(400, -1121, "Invalid symbol.")
UNKNOWN_PATH = RefusalKind(404, -5000, "Path is invalid.")
