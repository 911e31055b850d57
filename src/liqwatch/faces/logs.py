"""Logs for journald or a terminal: one event a line, every text through the redaction."""

from __future__ import annotations

import logging
import sys
from collections.abc import Mapping, MutableMapping
from typing import Any, TextIO

import structlog

from liqwatch.redaction import redact

NOISY = ("apprise", "urllib3", "requests", "aiohttp", "websockets", "ccxt", "asyncio", "apscheduler")
"""Third parties that print addresses, tokens or frames when asked for detail: INFO is the most they get."""


class RedactingFilter(logging.Filter):
    """The last gate for records of other people's libraries."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Redact the finished text, arguments and traceback included."""
        record.msg = redact(record.getMessage())
        record.args = None
        if record.exc_info:
            record.exc_text = redact(logging.Formatter().formatException(record.exc_info))
            record.exc_info = None
        return True


def configure_logs(level: str, environ: Mapping[str, str], stream: TextIO = sys.stderr) -> None:
    """JSON lines when nobody watches, readable lines on a terminal; `NO_COLOR` is honoured."""
    is_terminal = stream.isatty()
    renderer: Any = (
        structlog.dev.ConsoleRenderer(colors="NO_COLOR" not in environ)
        if is_terminal
        else structlog.processors.JSONRenderer(ensure_ascii=False)
    )
    structlog.configure(
        processors=[
            structlog.stdlib.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,
            redact_event,
            renderer,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.getLevelNamesMapping()[level.upper()]),
        logger_factory=structlog.WriteLoggerFactory(stream),
        cache_logger_on_first_use=False,
    )
    foreign = logging.StreamHandler(stream)
    foreign.addFilter(RedactingFilter())
    foreign.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(name)s %(message)s"))
    logging.basicConfig(level=logging.WARNING, handlers=[foreign], force=True)
    for name in NOISY:
        logging.getLogger(name).setLevel(logging.WARNING)


def redact_event(_logger: object, _method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """Redact every text of an event."""
    for key, value in event.items():
        if isinstance(value, str):
            event[key] = redact(value)
        elif isinstance(value, (list, tuple)):
            event[key] = [redact(each) if isinstance(each, str) else each for each in value]
    return event
