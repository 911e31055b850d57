"""The offline account snapshot (`docs/snapshot.md`): JSON in; margin pools and marks, or every problem, out."""

from liqwatch.config.snapshot.load import load_snapshot
from liqwatch.config.snapshot.pools import OfflineAccount, OfflinePool
from liqwatch.config.snapshot.tables import SnapshotTable

__all__ = ["OfflineAccount", "OfflinePool", "SnapshotTable", "load_snapshot"]
