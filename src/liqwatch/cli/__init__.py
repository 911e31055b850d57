"""The command line: one file, one command. `liqwatch --help` loads none of them."""

from __future__ import annotations

import sys
import traceback
from collections.abc import Iterator, Sequence
from typing import Annotated

import typer

from liqwatch import __version__
from liqwatch.cli._commands import build_group
from liqwatch.cli._problems import problem_list
from liqwatch.errors import ConfigError, ExitCode, LiqwatchError
from liqwatch.redaction import redact

INTERRUPTED = 130

# Plain help text and no foreign exception display: that one would print local variables.
app = typer.Typer(
    name="liqwatch",
    add_completion=False,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _print_version(asked: bool) -> None:
    if asked:
        typer.echo(f"liqwatch {__version__}")
        raise typer.Exit


@app.callback()
def liqwatch(
    version: Annotated[
        bool, typer.Option("--version", callback=_print_version, is_eager=True, help="Print the version and exit.")
    ] = False,
) -> None:
    """Watches leveraged crypto positions and alerts before they are liquidated. It cannot trade."""
    del version


def main(arguments: Sequence[str] | None = None) -> None:
    """Run one command and leave the process with its exit code; trouble becomes lines on stderr."""
    try:
        build_group(app).main(args=arguments, prog_name="liqwatch")
    except KeyboardInterrupt:
        sys.exit(INTERRUPTED)
    except LiqwatchError as error:
        sys.exit(_tell([error]))
    except BaseExceptionGroup as group:
        # A TaskGroup wraps what ended its task; the user should see only that.
        errors = list(_leaves(group))
        known = [error for error in errors if isinstance(error, LiqwatchError)]
        if len(known) == len(errors):
            sys.exit(_tell(known))
        sys.exit(_tell_bug(group))
    except Exception as error:  # noqa: BLE001 # the last stop: a foreign text must not leave unredacted
        sys.exit(_tell_bug(error))


def _tell(errors: Sequence[LiqwatchError]) -> int:
    for error in errors:
        typer.echo(redact(_lines(error)), err=True)
    first = errors[0]
    return first.worst_exit_code if isinstance(first, ConfigError) else first.exit_code


def _lines(error: LiqwatchError) -> str:
    return problem_list(error.source, error.problems) if isinstance(error, ConfigError) else f"liqwatch: {error}"


def _tell_bug(error: BaseException) -> int:
    typer.echo(redact("".join(traceback.format_exception(error))), err=True)
    typer.echo("liqwatch: this is a bug; please report the lines above", err=True)
    return ExitCode.ERROR


def _leaves(error: BaseException) -> Iterator[BaseException]:
    if isinstance(error, BaseExceptionGroup):
        for inner in error.exceptions:
            yield from _leaves(inner)
    else:
        yield error
