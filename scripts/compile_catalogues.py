"""Compile the catalogues of src/liqwatch/languages; with --check, only tell what is stale or not translated.

The messages are read from the source: what stands first in a call of `say`, `say_count` or `phrase`. A message that
is new is added to every catalogue, without a translation; one that is gone is dropped.
"""

from __future__ import annotations

import argparse
import ast
import io
import string
import sys
from collections.abc import Iterator
from gettext import GNUTranslations
from pathlib import Path
from typing import TypeAlias

from babel.messages.catalog import Catalog
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po, write_po

SOURCE = Path(__file__).resolve().parents[1] / "src" / "liqwatch"
FOLDER = SOURCE / "languages"
SPEAKING = ("alerts",)
"""Folders whose texts are for people who were woken up."""

HEADERS = frozenset({"Language", "Plural-Forms", "MIME-Version", "Content-Type", "Content-Transfer-Encoding"})

MessageId: TypeAlias = str | tuple[str, str]


def messages_in(source: Path = SOURCE) -> dict[MessageId, str]:
    """Every message, in the order of the files, with the file it stands in; one with two forms is a pair."""
    found: dict[MessageId, str] = {}
    for folder in SPEAKING:
        for path in sorted((source / folder).rglob("*.py")):
            for message in _spoken(ast.parse(path.read_text())):
                found.setdefault(message, path.relative_to(source).as_posix())
    return found


def catalogues(folder: Path = FOLDER) -> list[Path]:
    """The source of every catalogue."""
    return sorted(folder.glob("*.po"))


def read(path: Path) -> Catalog:
    """A catalogue's source."""
    with path.open("rb") as file:
        return read_po(file, locale=path.stem)


def problems(path: Path, messages: dict[MessageId, str]) -> Iterator[str]:
    """What a person has to do before this catalogue speaks for every message."""
    catalogue = read(path)
    for message_id in messages:
        message = catalogue.get(message_id if isinstance(message_id, str) else message_id[0])
        if message is None:
            yield f"{path.name}: misses {message_id!r}"
            continue
        texts = [message.string] if isinstance(message.string, str) else list(message.string or ())
        if message.fuzzy or not all(texts) or len(texts) != _forms(catalogue, message_id):
            yield f"{path.name}: does not translate {message_id!r}"
        yield from (f"{path.name}: other fields in {text!r}" for text in texts if text and not _fits(text, message_id))
    known = {message.id if isinstance(message.id, str) else tuple(message.id) for message in catalogue if message.id}
    yield from (f"{path.name}: nobody says {gone!r} any more" for gone in known - messages.keys())


def compiled(path: Path) -> bytes:
    """What the compiled catalogue has to be."""
    out = io.BytesIO()
    write_mo(out, read(path))
    return out.getvalue()


def is_stale(path: Path) -> bool:
    """Whether the compiled catalogue says something else than its source; other bytes alone do not count."""
    target = path.with_suffix(".mo")
    return not target.exists() or _words(target.read_bytes()) != _words(compiled(path))


def update(path: Path, messages: dict[MessageId, str]) -> None:
    """Add what is new to a catalogue's source, drop what is gone, and compile it."""
    before = read(path)
    after = Catalog(locale=path.stem, header_comment=before.header_comment, fuzzy=False)
    for message_id, place in messages.items():
        known = before.get(message_id if isinstance(message_id, str) else message_id[0])
        after.add(message_id, known.string if known else None, auto_comments=[place])
    path.write_text(_text(after))
    path.with_suffix(".mo").write_bytes(compiled(path))


def main() -> int:
    """Tell every problem; write unless only asked."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true", help="write nothing")
    is_check = parser.parse_args().check
    messages = messages_in()
    told: list[str] = []
    for path in catalogues():
        if not is_check:
            update(path, messages)
        told += problems(path, messages)
        if is_stale(path):
            told.append(f"{path.name}: compiled from something else")
    print("\n".join(told) or f"{len(messages)} messages in {len(catalogues())} catalogues")
    return 1 if told else 0


def _text(catalogue: Catalog) -> str:
    """The source as it is written: without dates, versions and addresses, which only make noise in a diff."""
    out = io.BytesIO()
    write_po(out, catalogue, width=0)
    head, gap, rest = out.getvalue().decode().partition("\n\n")
    lines = [line for line in head.split("\n") if not line.startswith('"') or line[1:].split(":")[0] in HEADERS]
    return "\n".join(lines) + gap + rest


def _spoken(tree: ast.AST) -> Iterator[MessageId]:
    for node in ast.walk(tree):
        if not isinstance(node, ast.Call) or not node.args:
            continue
        name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
        if name in {"say", "phrase"}:
            yield from _texts(node.args[0])
        elif name == "say_count":
            one, many = (next(iter(_texts(argument))) for argument in node.args[:2])
            yield one, many


def _texts(node: ast.expr) -> Iterator[str]:
    """The text itself, or both branches of a choice between two; a lookup in a table says nothing here."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        yield node.value
    elif isinstance(node, ast.IfExp):
        yield from _texts(node.body)
        yield from _texts(node.orelse)


def _forms(catalogue: Catalog, message_id: MessageId) -> int:
    return 1 if isinstance(message_id, str) else catalogue.num_plurals


def _fits(text: str, message_id: MessageId) -> bool:
    original = message_id if isinstance(message_id, str) else message_id[1]
    return _fields(text) == _fields(original)


def _fields(text: str) -> list[str]:
    return sorted(name for _, name, _, _ in string.Formatter().parse(text) if name is not None)


def _words(compiled_catalogue: bytes) -> dict[object, object]:
    catalogue = GNUTranslations(io.BytesIO(compiled_catalogue))
    words: dict[object, object] = dict(catalogue._catalog)  # type: ignore[attr-defined]  # noqa: SLF001 - no other way
    words.pop("", None)
    return {**words, "plural": [catalogue.plural(count) for count in range(1_000)]}  # type: ignore[attr-defined]


if __name__ == "__main__":
    sys.exit(main())
