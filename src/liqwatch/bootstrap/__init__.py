"""The only place where adapters meet the engine.

`plan` translates the configuration, `parts` wires the daemon, `serve` is the process's life (lock,
signals, reload), `online` asks the world for `check --online`.
"""

from liqwatch.bootstrap.online import check_online
from liqwatch.bootstrap.serve import serve

__all__ = ["check_online", "serve"]
