"""Who hears of what, and who stands in for whom."""

from __future__ import annotations

import pytest

from liqwatch.alerts.routing import Route, Routing
from liqwatch.model import Severity

NOTICE, WARNING, CRITICAL, EMERGENCY = Severity
ROUTING = Routing(
    (
        Route(min_severity=WARNING, channels=("chat", "mail")),
        Route(min_severity=CRITICAL, channels=("phone", "chat")),
        Route(min_severity=NOTICE, channels=("desk",), accounts=frozenset({"fund"})),
    ),
    ("chat", "desk", "mail", "phone"),
)


@pytest.mark.parametrize(
    ("severity", "account", "expected"),
    [
        (NOTICE, "main", ()),  # below every route: nobody
        (WARNING, "main", ("chat", "mail")),
        (CRITICAL, "main", ("chat", "mail", "phone")),  # each once, in the order of the channels
        (EMERGENCY, "main", ("chat", "mail", "phone")),
        (NOTICE, "fund", ("desk",)),  # a route of this account alone
        (WARNING, "fund", ("chat", "desk", "mail")),
        (NOTICE, "", ("desk",)),  # the daemon's own troubles belong to every route
    ],
)
def test_a_message_goes_to_every_channel_of_every_route_that_takes_it(
    severity: Severity, account: str, expected: tuple[str, ...]
) -> None:
    assert ROUTING.channels_for(severity, account) == expected


@pytest.mark.parametrize(("severity", "expected"), [(WARNING, ()), (CRITICAL, ("a", "b")), (EMERGENCY, ("a", "b"))])
def test_a_critical_message_that_no_route_takes_goes_to_everyone(severity: Severity, expected: tuple[str, ...]) -> None:
    other = Route(min_severity=NOTICE, channels=("a",), accounts=frozenset({"other"}))
    assert Routing((other,), ("a", "b")).channels_for(severity, "main") == expected


@pytest.mark.parametrize(
    ("failed", "addressed", "expected"),
    [
        ("chat", ["chat"], "desk"),  # the next in order
        ("phone", ["phone"], "chat"),  # round the corner
        ("chat", ["chat", "desk", "mail"], "phone"),  # those who hear of it anyway are passed over
        ("chat", ["chat", "desk", "mail", "phone"], None),  # nobody is left
        ("chat", ["desk", "mail", "phone"], None),  # never the one that has just refused
        ("gone", ["gone"], "chat"),  # a channel that is configured no longer
    ],
)
def test_the_next_channel_that_has_not_heard_stands_in(failed: str, addressed: list[str], expected: str | None) -> None:
    assert ROUTING.next_after(failed, addressed) == expected
