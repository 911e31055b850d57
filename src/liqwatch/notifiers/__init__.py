"""Ways to reach a person. One file = one kind of channel; its name is its id, `ADAPTER` its one export.

Files that begin with an underscore are shared parts.
"""

from __future__ import annotations

import importlib
import pkgutil

from liqwatch.errors import UnknownPart
from liqwatch.notifiers._telegram.address import has_one_chat, parse_address
from liqwatch.ports import ChannelOptions, Notifier, NotifierAdapter

CONSOLE_URL = "console://"


def known_notifiers() -> tuple[str, ...]:
    """Every kind there is a file for, in alphabetical order."""
    return tuple(sorted(module.name for module in pkgutil.iter_modules(__path__) if not module.name.startswith("_")))


def load_notifier(kind: str) -> NotifierAdapter:
    """Import exactly that file and return what it exports.

    Raises:
        UnknownPart: there is no such file.
    """
    known = known_notifiers()
    if kind not in known:
        raise UnknownPart(f"no notifier {kind!r}", mend=f"known: {', '.join(known)}")
    adapter: NotifierAdapter = importlib.import_module(f"{__name__}.{kind}").ADAPTER
    return adapter


def open_channel(options: ChannelOptions) -> Notifier:
    """The channel that `options.url` asks for; without a URL, the console. Does no I/O.

    Raises:
        NotificationError: the URL is refused.
    """
    return load_notifier(_kind_of(options.url)).open(options)


def validate_url(url: str) -> None:
    """Check a channel URL as thoroughly as is possible without sending (loads Apprise when it must).

    Raises:
        NotificationError: no service would take this URL, or it is refused on purpose.
    """
    kind = _kind_of(url)
    if kind == "telegram":
        parse_address(url)
    elif kind == "apprise":
        importlib.import_module(f"{__name__}.apprise").validate_url(url)


def is_console(url: str) -> bool:
    """Whether the URL means standard output."""
    return url in {"", CONSOLE_URL}


def _kind_of(url: str) -> str:
    """Our own client serves one Telegram chat; with several in one URL there are no buttons, and Apprise sends."""
    if is_console(url):
        return "console"
    return "telegram" if has_one_chat(url) else "apprise"
