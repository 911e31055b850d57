"""Finds commands by file name and loads only the one that is called.

A command is a file beside this one that exports a function `command` with typer annotations;
`notify_test.py` is `liqwatch notify-test`. The file's docstring is its help: the first line is read
without importing the file, so that the list of commands costs no pydantic and no ccxt.
"""

from __future__ import annotations

import ast
import importlib
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer
from typer.core import TyperCommand, TyperGroup

if TYPE_CHECKING:
    from typer._click.core import Command, Context

FOLDER = Path(__file__).parent


class LazyCommand(TyperCommand):
    """Stands in the list of commands for a file that is imported when the command is called."""

    def make_context(
        self,
        info_name: str | None,
        args: list[str],
        parent: Context | None = None,
        **extra: Any,  # noqa: ANN401 # as in the base class
    ) -> Context:
        """Hand over to the real command."""
        return load_command(str(self.name)).make_context(info_name, args, parent=parent, **extra)


def command_names() -> Iterator[str]:
    """Every command, in alphabetical order."""
    for file in sorted(FOLDER.glob("[a-z]*.py")):
        yield file.stem.replace("_", "-")


def summary_of(name: str) -> str:
    """The first line of a command's docstring."""
    source = (FOLDER / f"{name.replace('-', '_')}.py").read_text(encoding="utf-8")
    return (ast.get_docstring(ast.parse(source)) or "").partition("\n")[0]


def load_command(name: str) -> Command:
    """Import one command's file and make its command."""
    module = importlib.import_module(f"liqwatch.cli.{name.replace('-', '_')}")
    single = typer.Typer(add_completion=False, pretty_exceptions_enable=False, rich_markup_mode=None)
    single.command(name=name, help=module.__doc__, context_settings={"help_option_names": ["-h", "--help"]})(
        module.command
    )
    return typer.main.get_command(single)


def build_group(app: typer.Typer) -> TyperGroup:
    """The whole command line."""
    group = typer.main.get_group(app)
    for name in command_names():
        group.add_command(LazyCommand(name, help=summary_of(name), rich_markup_mode=None))
    return group
