"""What reading a message of a venue can fail with, the same for all of them."""

from __future__ import annotations

from typing import Final

import msgspec

UNREADABLE: Final = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)
"""What a decoder raises: wrong shape, wrong bytes, nested too deep."""
