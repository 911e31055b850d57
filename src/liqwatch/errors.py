"""The one error tree: few, named, each with a code, an exit status and, where there is one, the mend.

Expected trouble is a value; what stands here stops a command or a task. Foreign errors are chained
(`raise … from error`), or cut off (`from None`) where they could carry a secret.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

if TYPE_CHECKING:
    from collections.abc import Sequence


class ExitCode:
    """What a liqwatch command tells its caller (README, "Exit codes")."""

    OK = 0
    ERROR = 1
    USAGE = 2
    CONFIG = 3
    CREDENTIALS = 4
    EXCHANGE = 5
    NOTIFICATION = 6


class LiqwatchError(Exception):
    """Root of everything liqwatch raises on purpose."""

    code: ClassVar[str] = "LW-000"
    exit_code: ClassVar[int] = ExitCode.ERROR

    def __init__(self, message: str, *, path: str | None = None, mend: str | None = None) -> None:
        """`path` says where (a key, a file), `mend` what to do about it."""
        super().__init__(message)
        self.message = message
        self.path = path
        self.mend = mend

    def __str__(self) -> str:
        """One line for a person: where, what, code, mend."""
        where = f"{self.path}: " if self.path else ""
        mend = f" ({self.mend})" if self.mend else ""
        return f"{where}{self.message} [{self.code}]{mend}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """One thing wrong with what the user wrote: path first, then what and why, then the mend."""

    path: str
    code: str
    message: str
    mend: str | None = None
    exit_code: int = ExitCode.CONFIG
    is_warning: bool = False


class ConfigError(LiqwatchError):
    """The configuration cannot be used; carries every problem found, not only the first."""

    code = "LW-CFG-001"
    exit_code = ExitCode.CONFIG

    def __init__(self, source: str, problems: Sequence[Problem]) -> None:
        """`source` is the file (or "environment") that the problems belong to."""
        self.source = source
        self.problems = tuple(problems)
        count = len(self.problems)
        super().__init__(f"{count} problem{'s' if count != 1 else ''}", path=source)

    @property
    def worst_exit_code(self) -> int:
        """Credentials problems alone exit 4; anything else about the file exits 3."""
        codes = {problem.exit_code for problem in self.problems}
        return codes.pop() if len(codes) == 1 else ExitCode.CONFIG


class UnknownPart(LiqwatchError):
    """No exchange, rule, notifier or store file of that name."""

    code = "LW-CFG-014"
    exit_code = ExitCode.CONFIG


class CredentialsError(LiqwatchError):
    """A key is missing, refused or has more rights than watching needs."""

    code = "LW-KEY-001"
    exit_code = ExitCode.CREDENTIALS


class ExchangeError(LiqwatchError):
    """The venue could not be asked, or its answer could not be read."""

    code = "LW-EXC-001"
    exit_code = ExitCode.EXCHANGE


class ExchangeUnreachable(ExchangeError):
    """No connection, a timeout, or a server error: worth trying again."""

    code = "LW-EXC-002"


class ExchangeBlocked(ExchangeError):
    """The venue asked us to wait (429, 418); `retry_after_seconds` says how long."""

    code = "LW-EXC-003"

    def __init__(self, message: str, *, retry_after_seconds: float) -> None:
        """Seconds from now until the venue will answer again."""
        super().__init__(message)
        self.retry_after_seconds = retry_after_seconds


class PayloadError(ExchangeError):
    """An answer or a frame that does not have the documented shape."""

    code = "LW-EXC-004"


class NotificationError(LiqwatchError):
    """A channel could not be set up or did not take a message."""

    code = "LW-NTF-001"
    exit_code = ExitCode.NOTIFICATION


class StoreError(LiqwatchError):
    """The state on disk cannot be read or written."""

    code = "LW-STO-001"


class AlreadyRunning(LiqwatchError):
    """Another daemon holds the same state directory."""

    code = "LW-RUN-001"


class RestartNeeded(LiqwatchError):
    """A reload cannot take this over: it belongs to the process as a whole."""

    code = "LW-RUN-004"
    exit_code = ExitCode.CONFIG


class DaemonUnreachable(LiqwatchError):
    """No daemon answers on the control socket."""

    code = "LW-RUN-002"


class RequestRefused(LiqwatchError):
    """The daemon answers, but not to this: it knows no such account, position or command."""

    code = "LW-RUN-003"
