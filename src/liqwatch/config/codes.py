"""Every kind of configuration problem and its code, in one table. A code never changes its meaning.

`LW-CFG-…` alone exits 3, `LW-KEY-…` alone exits 4. `docs/reference/errors.md` is written from here.
"""

from __future__ import annotations

from enum import Enum

from liqwatch.errors import ExitCode, Problem


class Code(Enum):
    """A kind of problem: its code, and what it means in general."""

    MISSING_KEY = ("LW-CFG-002", "a key that is needed is missing")
    UNKNOWN_KEY = ("LW-CFG-003", "a key or table that liqwatch does not know")
    WRONG_TYPE = ("LW-CFG-004", "a value of the wrong type")
    UNREADABLE_FILE = ("LW-CFG-005", "a file is absent or cannot be read")
    TOML_SYNTAX = ("LW-CFG-006", "a file is not valid TOML")
    BAD_FRACTION = ("LW-CFG-007", "not a percentage or a fraction")
    BAD_DURATION = ("LW-CFG-008", "not a duration")
    UNKNOWN_WORD = ("LW-CFG-009", "a word that is none of the allowed ones")
    OUT_OF_RANGE = ("LW-CFG-010", "a number outside its range, such as a negative size")
    BAD_SYMBOL = ("LW-CFG-011", "not a unified contract symbol")
    BAD_NAME = ("LW-CFG-012", "a name that cannot be used for an account or a channel")
    BAD_MULTIPLE = ("LW-CFG-013", "not a multiple")
    UNKNOWN_EXCHANGE = ("LW-CFG-014", "no exchange of that name")
    BAD_ADDRESS = ("LW-CFG-015", "not a URL or a listening address of the needed kind")
    NOT_A_SECRET = ("LW-CFG-016", "a table that does not belong into a secrets file")
    UNKNOWN_SERVICE = ("LW-CFG-017", "a channel URL of a service that is not on the list")
    UNKNOWN_ZONE = ("LW-CFG-018", "no time zone of that name")
    BAD_TIME = ("LW-CFG-019", "not a time of day, or not a date")
    NO_ACCOUNTS = ("LW-CFG-020", "there is nothing to watch")
    LADDER_ORDER = ("LW-CFG-021", "levels of a ladder in the wrong order")
    CLEAR_SIDE = ("LW-CFG-022", "a clear level on the wrong side of its fire level")
    LEVEL_HIDDEN = ("LW-CFG-023", "a level that an equal, worse one hides")
    UNKNOWN_CHANNEL = ("LW-CFG-024", "a route names a channel that is not configured")
    CRITICAL_UNHEARD = ("LW-CFG-025", "critical alerts of an account reach no channel")
    NO_CHANNELS = ("LW-CFG-026", "no channel is configured")
    DUPLICATE_POSITION = ("LW-CFG-027", "the same position is typed twice")
    LEVERAGE_OR_MARGIN = ("LW-CFG-028", "exactly one of leverage and margin is needed")
    NO_WALLET_BALANCE = ("LW-CFG-029", "a typed cross position without the wallet it shares")
    UNKNOWN_ACCOUNT = ("LW-CFG-030", "a route names an account that is not configured")
    KEY_AND_POSITIONS = ("LW-CFG-031", "an account with both a key and typed positions")
    HIDES_CRITICAL = ("LW-CFG-032", "quiet hours that would hide critical alerts")
    STEP_ORDER = ("LW-CFG-033", "steps of an escalation that do not follow each other")
    OWN_FALLBACK = ("LW-CFG-034", "a channel that stands in for itself")
    BAD_COMPARISON = ("LW-CFG-035", "a condition over an unknown reading, or no comparison at all")
    NO_COMPARISON = ("LW-CFG-036", "a condition that compares nothing")
    DUPLICATE_NAME = ("LW-CFG-037", "a condition whose name another one or a rule has")
    BEYOND_LIMIT = ("LW-CFG-038", "a level beyond the point at which all is lost")
    NOT_JSON = ("LW-CFG-050", "a snapshot that is not valid JSON")
    UNKNOWN_SCHEMA = ("LW-CFG-051", "a snapshot of another schema version")
    TIERS_BROKEN = ("LW-CFG-052", "leverage tiers that overlap, leave a gap or fall")
    MAINTENANCE_SOURCE = ("LW-CFG-053", "not exactly one source of a position's maintenance margin")
    NO_CONVENTION = ("LW-CFG-054", "no verified formula, and the snapshot does not give one")
    MARKET_CONTRADICTION = ("LW-CFG-055", "two statements about one market that contradict each other")
    COLLATERAL_UNPRICED = ("LW-CFG-056", "collateral without a price, or in a market where it cannot be counted")
    HAIRCUTS_BROKEN = ("LW-CFG-057", "haircut tiers of a loan that overlap or leave a gap")
    LEVELS_CROSSED = ("LW-CFG-058", "a margin call that would come after liquidation")
    DUPLICATE_ENTRY = ("LW-CFG-059", "the same collateral is listed twice")
    RATE_ASSUMED = ("LW-CFG-040", "warning: the maintenance margin rate of a typed position has to be assumed")
    NO_EFFECT = ("LW-CFG-042", "warning: a key has no effect where it stands")
    SINGLE_CHANNEL = ("LW-CFG-041", "warning: there is only one channel")
    HALF_A_KEY = ("LW-KEY-002", "one of api_key and secret is missing")
    SECRETS_EXPOSED = ("LW-KEY-003", "a file with secrets can be read by others")
    SECRETS_FOREIGN = ("LW-KEY-004", "a file with secrets belongs to another user")
    SECRETS_UNREADABLE = ("LW-KEY-005", "a file with secrets cannot be read")
    NO_KEY = ("LW-KEY-006", "an account with neither a key nor typed positions")

    def __init__(self, code: str, meaning: str) -> None:
        """`code` is what users search for; `meaning` is one line of the reference."""
        self.code = code
        self.meaning = meaning

    @property
    def exit_code(self) -> int:
        """What a command exits with when this is the only kind of problem."""
        return ExitCode.CREDENTIALS if self.code.startswith("LW-KEY") else ExitCode.CONFIG

    @property
    def is_warning(self) -> bool:
        """Warnings are told but stop nothing."""
        return self in {Code.RATE_ASSUMED, Code.SINGLE_CHANNEL, Code.NO_EFFECT}

    def problem(self, path: str, message: str, mend: str | None = None) -> Problem:
        """This kind of problem at `path`; neither text may hold a secret."""
        return Problem(
            path=path,
            code=self.code,
            message=message,
            mend=mend,
            exit_code=self.exit_code,
            is_warning=self.is_warning,
        )
