"""Shipped helpers for tests and the demo. Production code never imports them (an import rule holds that)."""
