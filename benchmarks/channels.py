"""A healthy channel beside 24 hanging ones (G7): how long until its message arrives.

The real `liqwatch run` has 25 `json://` channels; 24 hooks take the request and never answer, the healthy one is
configured last. A first position crosses and all 25 sends begin together; a second one crosses while 24 of them
hang. The clock runs from the crossing tick to the arrival at the healthy hook, which stands in another process:
price, judgement and durable writes included. Peer: one stock `apprise.Apprise()` with the same 25 URLs, from the
call of `notify` to the same arrival.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from functools import partial

from _children import LIQWATCH, Child, Readiness, disk_directory, script, venue_endpoints
from _harness import Options, Row, compare, interleaved, run
from _market import typed_account, write_config

from liqwatch.rules import known_rules

HANGING = 24
MILLISECONDS = 1000.0
SETTLE_SECONDS = 3.0
"""After readiness the daemon loads Apprise and sets its channels up; so early an alert is not measured here."""
PAUSE_SECONDS = 1.2
"""Between the two crossings: a channel speaks once a second at most; the hanging sends go on for three."""
BESIDE, ALONE, PEER = "beside hanging channels", "no hanging channel", "stock Apprise, one pool"
WORKS = (f"{HANGING} channels begin to hang", f"{HANGING} channels hang already")


def urls_of(sinks: Child, hanging: int) -> list[str]:
    """So many hanging hooks, each with an address of its own, and the healthy one last."""
    healthy_url, hanging_url = sinks.line().text.split()
    return [*(f"{hanging_url}{number}" for number in range(hanging)), healthy_url]


def channel_tables(urls: Sequence[str]) -> str:
    """The part of a config file that names the channels and sends everything to all of them."""
    names = [f"hook{number}" for number in range(len(urls))]
    channels = [f'[channels.{name}]\nurl = "{url}"\n' for name, url in zip(names, urls, strict=True)]
    return "\n".join((*channels, f'[[routes]]\nmin_severity = "notice"\nchannels = {names}\n', one_rule()))


def one_rule() -> str:
    """Everything but the distance to liquidation switched off: one crossing shall be one message."""
    others = [kind for kind in known_rules() if kind not in {"liquidation_distance", "data_staleness"}]
    return "\n".join(f"[rules.{kind}]\nenabled = false" for kind in others)


def tick_to_arrival_ms(hanging: int) -> tuple[float, float]:
    """One life of the daemon: its first message, and the one after it."""
    with disk_directory() as directory, script("_sinks.py") as sinks, script("_venue.py") as venue:
        account = typed_account(2, venue_endpoints(venue))
        config = write_config(directory, account, channel_tables(urls_of(sinks, hanging)))
        with (
            Readiness(directory) as readiness,
            Child(LIQWATCH, "run", "--config", config, environ=readiness.environ),
        ):
            readiness.wait()
            time.sleep(SETTLE_SECONDS)
            first = _cross(venue, sinks)
            time.sleep(PAUSE_SECONDS)
            return first, _cross(venue, sinks)


def _cross(venue: Child, sinks: Child) -> float:
    venue.tell("cross 1 1")
    sent_at, _ = venue.line().text.split()
    return MILLISECONDS * (sinks.line().at - float(sent_at))


def notify_to_arrival_ms() -> tuple[float, float]:
    """One call of stock Apprise; another one would wait for the same threads, only longer."""
    with script("_sinks.py") as sinks, script("_stock_apprise.py", *urls_of(sinks, HANGING)) as peer:
        peer.line()
        peer.tell("now")
        called_at = float(peer.line().text)
        arrived = MILLISECONDS * (sinks.line().at - called_at)
        return arrived, arrived


def measure(options: Options) -> Iterator[Row]:
    """The healthy channel in trouble, beside the peer's trouble and beside its own good days."""
    cases: dict[str, Callable[[], tuple[float, float]]] = {
        BESIDE: partial(tick_to_arrival_ms, HANGING),
        ALONE: partial(tick_to_arrival_ms, 0),
        PEER: notify_to_arrival_ms,
    }
    found = interleaved(cases, options.rounds)
    for position, work in enumerate(WORKS):
        values = {name: [each[position] for each in rounds] for name, rounds in found.items()}
        for peer in (PEER, ALONE):
            yield compare(work, "ms", values[BESIDE], peer, values[peer])


if __name__ == "__main__":
    run("channels", "A healthy channel beside 24 hanging ones, tick → arrival", measure, rounds=3)
