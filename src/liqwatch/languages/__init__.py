"""The words of each language: one catalogue per language, `<language>.po` as its source and `<language>.mo` compiled.

English is the language that messages are written in, so it has no catalogue. After a change of any text:
`python scripts/compile_catalogues.py` tells what has to be translated and compiles the rest.
"""

from __future__ import annotations

from functools import cache
from gettext import GNUTranslations
from importlib.resources import files

from liqwatch.alerts.voice import DEFAULT_LANGUAGE, ENGLISH, Translate
from liqwatch.errors import UnknownPart

COMPILED = ".mo"


def known_languages() -> tuple[str, ...]:
    """English, and every language there is a catalogue for, in alphabetical order."""
    names = (file.name for file in files(__name__).iterdir())
    catalogues = sorted(name.removesuffix(COMPILED) for name in names if name.endswith(COMPILED))
    return (DEFAULT_LANGUAGE, *catalogues)


@cache
def load(language: str) -> Translate:
    """The words of a language, read once.

    Raises:
        UnknownPart: there is no catalogue of that name.
    """
    if language == DEFAULT_LANGUAGE:
        return ENGLISH
    known = known_languages()
    if language not in known:
        raise UnknownPart(f"no language {language!r}", mend=f"known: {', '.join(known)}")
    with files(__name__).joinpath(f"{language}{COMPILED}").open("rb") as catalogue:
        return GNUTranslations(catalogue)
