"""The offline account snapshot (`docs/snapshot.md`): JSON in; what can be judged, or every problem, out."""

from liqwatch.config.snapshot.load import load_snapshot
from liqwatch.config.snapshot.loans import OfflineLoan
from liqwatch.config.snapshot.pools import OfflineAccount, OfflinePool
from liqwatch.config.snapshot.reported_ratio import OfflineRatio
from liqwatch.config.snapshot.spot_margin import OfflineBorrowed, OfflineLevelAccount
from liqwatch.config.snapshot.tables import SnapshotTable

__all__ = [
    "OfflineAccount",
    "OfflineBorrowed",
    "OfflineLevelAccount",
    "OfflineLoan",
    "OfflinePool",
    "OfflineRatio",
    "SnapshotTable",
    "load_snapshot",
]
