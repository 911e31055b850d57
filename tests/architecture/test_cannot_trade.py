"""liqwatch cannot trade: no call that acts on an account stands in the code, and only listed raw calls can be made."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

import liqwatch
from liqwatch.exchanges import known_exchanges, load_exchange
from liqwatch.exchanges.plumbing.ccxt_unified import READ_CALLS

SOURCE = Path(liqwatch.__file__).parent
RAW_CALL = re.compile(
    r"^(public|private|v1|[defps]?api|papi|sapi)(Public|Private|V\d|Data)*(Get|Post|Put|Delete)[A-Z]\w*$"
)
ACTING_RAW_CALL = re.compile(r"(Post|Put|Delete)[A-Z]")
ASKING_POSTS = frozenset(
    {
        "PrivatePostListenKey",
        "PrivatePutListenKey",
        "papiPostListenKey",
        "papiPutListenKey",
        "rivatePostBulletPrivate",
        "publicPostInfo",
    }
)
"""Posts that ask: keys and tokens that open a read-only stream, and questions that a venue wants as a body."""
ACTING = re.compile(
    r"^(create|edit|cancel|place|close|replace)_?(all_?|market_?|limit_?|stop_?|trailing_?|take_?profit_?)*"
    r"(orders?|positions?|all_positions)(_\w*)?(_ws)?$"
    r"|^(createOrder|editOrder|cancelOrder|cancelAllOrders|closePosition)s?\w*$"
    r"|^(withdraw|transfer|transfer_out|borrow_\w+|repay_\w+|set_leverage|set_margin_mode|set_position_mode"
    r"|add_margin|reduce_margin|set_margin|modify_margin_helper|setLeverage|setMarginMode|setPositionMode"
    r"|addMargin|reduceMargin|setMargin)$"
)
ENGLISH_WORDS = frozenset({"transfer", "withdraw"})
PLUMBING = SOURCE / "exchanges" / "plumbing"
RAW_HOME, UNIFIED_HOME = PLUMBING / "ccxt_session.py", PLUMBING / "ccxt_unified.py"
HOMES_OF_CCXT = {RAW_HOME, UNIFIED_HOME}
CCXT_MODULES = frozenset({"ccxt.async_support", "ccxt.pro"})
UNIFIED_READING = re.compile(r"^(load_markets|fetch_\w+|watch_\w+)$")
TOUCHED = frozenset(
    {"close", "clients", "has", "markets", "on_rest_response", "options", "precisionMode", "requiredCredentials"}
    | {"safe_position", "set_markets_from_exchange", "set_sandbox_mode", "timeout_on_exit", "urls"}
)
"""What the unified home touches of an instance by name: settings, the list of markets, and the end."""


def production_files() -> Iterator[Path]:
    yield from (path for path in SOURCE.rglob("*.py") if "testing" not in path.relative_to(SOURCE).parts)


def called_names(tree: ast.AST) -> Iterator[str]:
    """What could name a call: attributes, and texts; plain words in a text count only where one is looked up.

    A venue's name of a field (`msgspec.field(name=…)`) and a text that is compared or looked up names no call.
    """
    fields = {id(each) for each in field_names(tree)}
    for node in ast.walk(tree):
        if id(node) in fields:
            continue
        if isinstance(node, ast.Attribute):
            yield node.attr
        elif isinstance(node, ast.Call) and ast.unparse(node.func).endswith("attr"):
            yield from texts(node)
        elif isinstance(node, ast.Constant) and isinstance(node.value, str) and node.value not in ENGLISH_WORDS:
            yield node.value


def field_names(tree: ast.AST) -> Iterator[ast.AST]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and ast.unparse(node.func) == "msgspec.field":
            yield from (keyword.value for keyword in node.keywords if keyword.arg == "name")


def texts(tree: ast.AST) -> Iterator[str]:
    yield from (node.value for node in ast.walk(tree) if isinstance(node, ast.Constant) and isinstance(node.value, str))


def imported_names(tree: ast.AST) -> Iterator[str]:
    """Modules that a file imports, also by `import_module("…")`."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield node.module or ""
        elif isinstance(node, ast.Call) and "import" in ast.unparse(node):
            yield from (
                item.value for item in node.args if isinstance(item, ast.Constant) and isinstance(item.value, str)
            )


@pytest.mark.parametrize("path", list(production_files()), ids=lambda path: str(path.relative_to(SOURCE)))
def test_no_acting_call_is_named_anywhere(path: Path) -> None:
    names = set(called_names(ast.parse(path.read_text(encoding="utf-8"))))
    assert not {name for name in names if ACTING.match(name)}
    raw = {name for name in names if RAW_CALL.match(name) and ACTING_RAW_CALL.search(name)}
    assert {name for name in raw if not any(name.endswith(asking) for asking in ASKING_POSTS)} == set()


def test_ccxt_is_reached_from_two_files_only_and_by_listed_names_only() -> None:
    trees = {path: ast.parse(path.read_text(encoding="utf-8")) for path in production_files()}
    users = {path for path, tree in trees.items() if any(re.match(r"ccxt\b", name) for name in imported_names(tree))}
    users |= {path for path, tree in trees.items() if any(text in CCXT_MODULES for text in texts(tree))}
    assert users == HOMES_OF_CCXT
    assert "not in self._setup.allowed_calls" in RAW_HOME.read_text(encoding="utf-8")
    assert "if call not in READ_CALLS:" in UNIFIED_HOME.read_text(encoding="utf-8")


def test_every_unified_call_reads() -> None:
    assert not {call for call in READ_CALLS if not UNIFIED_READING.match(call) or ACTING.match(call)}


def test_a_unified_instance_is_touched_by_listed_names_only() -> None:
    """Only `ask` looks a method up, after its check; everything else is a setting, the markets, or the end."""
    tree = ast.parse(UNIFIED_HOME.read_text(encoding="utf-8"))
    lookups = [ast.unparse(node) for node in ast.walk(tree) if isinstance(node, ast.Call) and is_lookup(node)]
    assert sorted(lookups) == ["getattr(exchange, call)", "getattr(library, setup.exchange_id)"]
    touched = {
        node.attr
        for node in ast.walk(tree)
        if isinstance(node, ast.Attribute)
        and ast.unparse(node.value) in {"exchange", "mine", "theirs", "old", "self._exchange"}
    }
    assert touched <= TOUCHED


def test_an_instance_never_leaves_its_home() -> None:
    """Sessions give out answers and facts; outside, nobody reaches into one."""
    inside = re.compile(r"\bsession\._|\._exchange\b")
    users = {path for path in production_files() if inside.search(path.read_text(encoding="utf-8"))}
    assert users <= HOMES_OF_CCXT


def is_lookup(node: ast.Call) -> bool:
    return ast.unparse(node.func) == "getattr"


@pytest.mark.parametrize("name", known_exchanges())
def test_every_call_that_a_venue_lists_reads_or_asks(name: str) -> None:
    calls = load_exchange(name).raw_calls
    acting = {call for call in calls if ACTING_RAW_CALL.search(call)}
    assert {call for call in acting if not any(call.endswith(asking) for asking in ASKING_POSTS)} == set()


@pytest.mark.parametrize(
    "name",
    ["create_order", "createOrder", "cancel_all_orders", "close_all_positions", "withdraw", "transfer", "set_leverage"],
)
def test_the_net_catches_what_it_is_made_for(name: str) -> None:
    assert ACTING.match(name)


@pytest.mark.parametrize("name", ["fapiPrivatePostOrder", "privatePostOrder", "sapiPostCapitalWithdrawApply"])
def test_the_net_catches_raw_calls(name: str) -> None:
    assert RAW_CALL.match(name)
    assert ACTING_RAW_CALL.search(name)
