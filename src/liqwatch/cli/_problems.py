"""How problems look to a person: all of them, path first, then what and why, then a hint; a code to search for."""

from __future__ import annotations

from collections.abc import Sequence

from liqwatch.errors import Problem

CODE_COLUMN = 62


def problem_list(source: str, problems: Sequence[Problem]) -> str:
    """The problems of one file, under a headline that counts them."""
    lines = [f"{source}: {_counted(problems)}", ""]
    for problem in problems:
        lines.append(f"  {problem.path:<{CODE_COLUMN}}[{problem.code}]")
        lines.append(f"      {problem.message}")
        if problem.mend:
            lines.append(f"      hint: {problem.mend}")
    # What was typed in may hold control characters; a terminal must not act on them.
    return "\n".join(_printable(line) for line in lines)


def _counted(problems: Sequence[Problem]) -> str:
    word = "warning" if all(problem.is_warning for problem in problems) else "problem"
    return f"{len(problems)} {word}{'s' if len(problems) != 1 else ''}"


def _printable(line: str) -> str:
    return "".join(character if character.isprintable() else "?" for character in line)
