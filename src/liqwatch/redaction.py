"""Keeps secrets out of everything that leaves the process: logs, messages, errors, status answers.

Exact secrets are registered when they are read; patterns catch the ones that reach us inside a
foreign library's text (signed URLs, bot tokens).
"""

from __future__ import annotations

import re

MASK = "***"
SHORTEST_SECRET = 6
PATTERNS = (
    re.compile(
        r"(?i)((?:signature|listen_?key|api_?key|secret|token|password|passphrase)[\"']?\s*[=:]\s*[\"']?)[^\s&\"',}]+"
    ),
    re.compile(r"(bot)\d{5,}:[A-Za-z0-9_-]{20,}"),
    re.compile(r"(?i)(tgram://)\d+:[^/\s]+"),
    re.compile(r"(?i)([a-z]+://)[^\s/@]+:[^\s/@]+@"),
)

_known: set[str] = set()


def remember_secret(secret: str) -> None:
    """From now on `redact` masks this text wherever it stands."""
    if len(secret) >= SHORTEST_SECRET:
        _known.add(secret)


def redact(text: str) -> str:
    """The same text with known secrets and secret-looking parts masked."""
    for secret in sorted(_known, key=len, reverse=True):
        text = text.replace(secret, MASK)
    for pattern in PATTERNS:
        text = pattern.sub(lambda match: f"{match.group(1)}{MASK}", text)
    return text
