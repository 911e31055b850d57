"""Finds commands by file name and loads only the one that is called.

A command is a file beside this one that exports a function `command` with typer annotations;
`notify_test.py` is `liqwatch notify-test`. A file with several commands (`liqwatch alerts list`) exports `commands`
instead, functions by name whose docstrings are their help. The file's docstring is its help: the first line is read
without importing the file, so that the list of commands costs no pydantic and no ccxt.
"""

from __future__ import annotations

import ast
import importlib
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer
from typer.core import TyperCommand, TyperGroup

if TYPE_CHECKING:
    from typer._click.core import Command, Context

FOLDER = Path(__file__).parent
HELP_OPTIONS = {"help_option_names": ["-h", "--help"]}


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
    """Import one command's file and make its command, or the group of its commands."""
    module = importlib.import_module(f"liqwatch.cli.{name.replace('-', '_')}")
    several: Mapping[str, Callable[..., None]] | None = getattr(module, "commands", None)
    if several is None:
        single = _new_app()
        single.command(name=name, help=module.__doc__, context_settings=HELP_OPTIONS)(module.command)
        return typer.main.get_command(single)
    group = _new_app(name=name, help=module.__doc__, no_args_is_help=True, context_settings=HELP_OPTIONS)
    # A callback keeps a file with a single entry a group.
    group.callback()(_nothing)
    for each, function in several.items():
        group.command(name=each, context_settings=HELP_OPTIONS)(function)
    return typer.main.get_command(group)


def leaf_commands(name: str) -> Iterator[tuple[str, Command]]:
    """What can be called under one name: the command itself, or each of a group's (`alerts list`)."""
    command = load_command(name)
    if isinstance(command, TyperGroup):
        yield from ((f"{name} {each}", found) for each, found in command.commands.items())
    else:
        yield name, command


def _new_app(**settings: Any) -> typer.Typer:  # noqa: ANN401 # handed on to typer
    return typer.Typer(add_completion=False, pretty_exceptions_enable=False, rich_markup_mode=None, **settings)


def _nothing() -> None:
    pass


def build_group(app: typer.Typer) -> TyperGroup:
    """The whole command line."""
    group = typer.main.get_group(app)
    for name in command_names():
        group.add_command(LazyCommand(name, help=summary_of(name), rich_markup_mode=None))
    return group
