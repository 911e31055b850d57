"""The peer of channels.py: Apprise as its page shows it. Adds every URL, waits for a line, notifies all at once.

Prints `ready`, and the monotonic moment at which `notify` was called.
"""

from __future__ import annotations

import sys

import apprise
from _children import monotonic

if __name__ == "__main__":
    service = apprise.Apprise()
    for url in sys.argv[1:]:
        service.add(url)
    print("ready", flush=True)
    sys.stdin.readline()
    print(f"{monotonic():.6f}", flush=True)
    service.notify(title="M000/USDT:USDT", body="20.0% to liquidation")
