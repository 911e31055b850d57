"""What the engine tells by itself is translated: endings, warnings of venues, troubles of the watch, a gap."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import timedelta
from itertools import product
from pathlib import Path

import pytest

import liqwatch
from liqwatch.alerts.lifting import translated
from liqwatch.alerts.speaker import Speaker
from liqwatch.alerts.voice import LANGUAGES, Voice
from liqwatch.alerts.wording import last_seen
from liqwatch.alerts.wording.announcements import was_blind
from liqwatch.engine import conditions
from liqwatch.engine.absence import Seen, changes
from liqwatch.engine.happenings import crossed_unseen, venue_warning
from liqwatch.engine.keys import mend_of
from liqwatch.engine.look_back import Crossing, Extreme
from liqwatch.engine.selfwatch import StreamAge, findings
from liqwatch.errors import CredentialsError, ExchangeBlocked
from liqwatch.languages import load
from liqwatch.margin.traces import Traces
from liqwatch.model import (
    UNREACHABLE,
    AlertKey,
    NoticeKind,
    OrderKind,
    Reading,
    RestingOrder,
    Severity,
    Side,
    Unknown,
    VenueNotice,
)
from liqwatch.rules.position_closed import ending_of
from liqwatch.testing.sights import LONG, NOW, SYMBOL, sight_of
from liqwatch.testing.untranslated import untranslated

SOURCE = Path(liqwatch.__file__).parent
TRANSLATED = [language for language in LANGUAGES if language != "en"]
FORCED = re.compile(r"(?:partly liquidated|liquidated|deleveraged|settled|closed) by the venue.*")
FOREIGN = ("HTTP 503", "FORCE_LIQUIDATION", "main ·")
"""A host's own words, a venue's own level, an account's own name: they stay as they are."""

WARNINGS = (
    "Binance warns that this position is at risk",
    "Binance warns that this position is at risk; it needs 12.5 maintenance margin",
    "Binance has moved this account to risk level FORCE_LIQUIDATION",
    "Bybit lowers the risk limit: this position may only be reduced",
    "the venue lowered the risk limit of BTC/USDT:USDT to 500000 (maintenance rate 0.005)",
    "the venue lowered the risk limit of BTC/USDT:USDT to 500000 (maintenance rate 0.005, 3 orders cancelled)",
    "the position in BTC/USDT:USDT is first in line for auto-deleveraging",
    "Hyperliquid is liquidating this account: positions worth 1200.00 USD, account value 40.00 USD",
    "an order was cancelled because of a liquidation",
    "KuCoin warns: margin call, risk ratio 95.0%",
    "KuCoin warns: liquidation warning",
    "OKX warns that this position is close to liquidation",
    "OKX warns that this position is close to liquidation: maintenance takes 92 % of its equity",
    "OKX has begun to deleverage positions in BTC-USDT",
    "OKX may soon deleverage positions in a family of contracts",
    "Bitget tells of automatic deleveraging in BTC/USDT:USDT: HTTP 503",
)
"""What the adapters say of a venue's warning, in every form; what follows Bitget's colon is its own."""
WARNING_FILES = {
    "binance_events.py", "bitget_events.py", "bybit_events.py", "gate_events.py", "hyperliquid_stream.py",
    "kraken_futures_pushes.py", "kucoin_futures_pushes.py", "okx_warnings.py",
}  # fmt: skip


def assert_told(texts: set[str]) -> None:
    """All of it is known, and each language says it otherwise than English does."""
    assert texts
    assert {text: left for text in texts if (left := untranslated(text, load("zh"), FOREIGN))} == {}
    for language in TRANSLATED:
        speaker = Speaker(Voice(language=language), load(language))
        assert {text for text in texts if translated(text, speaker) == text} == set(), language


def forced_words() -> set[str]:
    """Every word for a forced close that stands in an adapter."""
    return {
        node.value
        for path in (SOURCE / "exchanges" / "payloads").glob("*.py")
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and FORCED.fullmatch(node.value)
    }


def endings() -> Iterator[str]:
    """Why a position ended or shrank: by every venue's word, and by all that traces can show."""
    order = RestingOrder(symbol=SYMBOL, order_side=Side.SHORT, kind=OrderKind.STOP, trigger_price=55_000.0)
    kinds = [replace(order, kind=kind, limit_price=65_000.0) for kind in OrderKind]
    orders = [None, (), *((each,) for each in kinds), (replace(order, trigger_price=65_000.0, kind=kinds[2].kind),)]
    prices: list[Reading] = [50_000.0, 54_990.0, UNREACHABLE, Unknown("its liquidation price was not known")]
    marks = [(), (60_000.0,), (54_990.0,), (65_000.0,)]
    for after in (None, replace(LONG, contracts=0.25)):
        for before, price, seen in product(orders, prices, marks):
            traces = Traces(orders_before=before, orders_after=(), marks=seen, liquidation_price=price)
            ending = ending_of(LONG, after, None, traces)
            yield ending.text if ending else ""
        for word in forced_words():
            ending = ending_of(LONG, after, word, Traces())
            yield ending.text if ending else ""


def spoken_literals(source: Path) -> Iterator[str]:
    """Headlines and details that stand in the code as they are, with a figure where something is filled in."""
    for path in sorted(source.rglob("*.py")):
        tree = ast.parse(path.read_text())
        named = {
            target.id: node.value
            for node in ast.walk(tree)
            if isinstance(node, ast.Assign)
            for target in node.targets
            if isinstance(target, ast.Name)
        }
        for call in (node for node in ast.walk(tree) if isinstance(node, ast.Call)):
            yield from _literals(_headline(call), named)


def _headline(call: ast.Call) -> ast.expr | None:
    name = call.func.attr if isinstance(call.func, ast.Attribute) else getattr(call.func, "id", "")
    if name == "Finding":
        return next((keyword.value for keyword in call.keywords if keyword.arg == "headline"), None)
    is_trouble = name in {"trouble", "no_trouble"} or (name == "tell" and len(call.args) == 4)
    return call.args[2] if is_trouble and len(call.args) > 2 else None


def _literals(node: ast.expr | None, named: Mapping[str, ast.expr]) -> Iterator[str]:
    if isinstance(node, ast.Constant):
        yield str(node.value)
    elif isinstance(node, ast.JoinedStr):
        yield "".join(str(part.value) if isinstance(part, ast.Constant) else "503" for part in node.values)
    elif isinstance(node, ast.IfExp):
        yield from _literals(node.body, named)
        yield from _literals(node.orelse, named)
    elif isinstance(node, ast.BoolOp):
        yield from (text for each in node.values for text in _literals(each, named))
    elif isinstance(node, ast.Name) and isinstance(named.get(node.id), ast.JoinedStr | ast.Constant | ast.IfExp):
        yield from _literals(named[node.id], {})


def test_every_ending_of_a_position_is_translated() -> None:
    texts = set(endings()) - {""}
    assert len(texts) > 25
    assert_told(texts)


def test_every_word_of_every_venue_for_a_forced_close_is_translated() -> None:
    assert len(forced_words()) > 8
    assert_told(forced_words())


def test_every_warning_of_a_venue_is_translated() -> None:
    notices = [VenueNotice(kind=kind, subject="", text=text, at=NOW) for kind, text in product(NoticeKind, WARNINGS)]
    assert_told({venue_warning("main", notice, None).headline for notice in notices})


def test_no_other_adapter_warns() -> None:
    files = {path.name for path in (SOURCE / "exchanges").rglob("*.py") if "VenueNotice(" in path.read_text()}
    assert files == WARNING_FILES


def test_everything_that_the_engine_says_in_its_code_is_translated() -> None:
    said = {text for folder in ("engine", "bootstrap") for text in spoken_literals(SOURCE / folder)}
    assert {"no longer watched", "can be read again", "cannot be read: 503", "delivers again"} <= said
    # What the kinds of notices are is tried above with real ones.
    assert_told(said - {"503 from the venue: 503"})


@pytest.mark.parametrize("right", ["withdraw", "transfer", "trade"])
def test_a_refused_key_is_told_with_what_to_do(right: str) -> None:
    error = CredentialsError(f"this key may {right} and is refused", mend=mend_of(right))
    text = f"cannot be read: {error}"
    german = translated(text, Speaker(Voice(language="de"), load("de")))
    assert german.startswith("nicht lesbar: dieser Schlüssel darf ")
    assert "[LW-KEY-001] (für liqwatch einen Schlüssel mit reinem Leserecht anlegen" in german


def test_a_ban_is_told_with_its_end() -> None:
    error = ExchangeBlocked("REST blind until 03:14:15 UTC (HTTP 418)", retry_after_seconds=60.0)
    german = translated(f"cannot be read: {error}", Speaker(Voice(language="de"), load("de")))
    assert german.startswith("nicht lesbar: REST gesperrt bis 03:14:15 UTC (HTTP 418) [LW-")


def test_a_crossing_that_nobody_saw_is_translated() -> None:
    extremes = (Extreme(54_216.9, NOW), Extreme(0.0000123, NOW))
    crossings = [Crossing(Severity.CRITICAL, extreme, "6.2% to liquidation") for extreme in extremes]
    assert_told({crossed_unseen("main", LONG.subject, crossing).headline for crossing in crossings})


def test_silence_and_its_end_are_translated() -> None:
    ages = [
        StreamAge("", "mark prices of gate", 40.0, timedelta(seconds=15)),
        StreamAge("", "mark price of BTC/USDT:USDT (gate)", 1.0, timedelta(seconds=15), is_whole_stream=False),
        StreamAge("main", "positions of main", 40.0, timedelta(seconds=15)),
    ]
    known = [AlertKey("", conditions.DATA_STALENESS, "mark prices of okx")]
    told = list(findings(ages, known))
    assert_told({text for finding in told for text in (finding.headline, *finding.detail)})


def test_the_last_figures_of_a_position_are_translated() -> None:
    health = sight_of().position
    assert health is not None
    prices: list[Reading] = [54_216.9, UNREACHABLE, Unknown("no mark price yet for BTC/USDT:USDT")]
    looks = [replace(health, liquidation_price=price, mark_price=mark) for price in prices for mark in (58_000.0, None)]
    assert_told({last_seen(look) for look in looks})


def test_what_happened_before_anybody_could_be_told_is_translated() -> None:
    assert_told({f"It happened at {at} and was held back until now." for at in ("2026-11-20 03:14", "an unknown time")})


def test_changes_of_a_time_without_a_watch_are_translated() -> None:
    old = {"contracts": 1.0, "mark_price": 60_000.0, "liquidation_price": 54_000.0}
    new = {"contracts": 2.0, "mark_price": None, "liquidation_price": 55_000.0}
    names = [f"main · {symbol}/USDT:USDT {side}" for symbol in ("BTC", "ETH", "SOL") for side in ("long", "short")]
    before: Seen = {names[0]: old, names[1]: old, names[2]: old, names[4]: {**old, "liquidation_price": None}}
    after: Seen = {names[0]: new, names[1]: {**old, "contracts": 3.0}, names[3]: old, names[4]: old}
    lines = [*changes(before, after), "… and 7 more changes"]
    assert len(lines) == 6
    assert_told(set(lines))


def test_a_gap_is_told_in_the_language_of_the_channel() -> None:
    old = {"contracts": 1.0, "mark_price": 60_000.0, "liquidation_price": 54_000.0}
    lines = list(changes({"main · BTC/USDT:USDT long": old}, {"main · BTC/USDT:USDT long": {**old, "contracts": 2.0}}))
    words = was_blind(NOW - timedelta(minutes=14), NOW, lines, voice=Voice(language="de"), translate=load("de"))
    assert "main · BTC/USDT:USDT Long: Größe 1 → 2 (+100,0\N{NO-BREAK SPACE}%)" in words.body.splitlines()
