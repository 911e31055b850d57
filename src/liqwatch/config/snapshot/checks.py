"""What has to fit together in a snapshot beyond each value's own limits."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date
from itertools import pairwise

from liqwatch.config.codes import Code
from liqwatch.config.snapshot.counting import counting_of, missing_fields
from liqwatch.config.snapshot.fields import CUSTOM
from liqwatch.config.snapshot.loans import check_loan
from liqwatch.config.snapshot.reported_ratio import check_reported_ratio, ratio_products
from liqwatch.config.snapshot.spot_margin import check_spot_margin
from liqwatch.config.snapshot.tables import PositionTable, SnapshotTable, TierTable
from liqwatch.config.suggest import nearest
from liqwatch.config.values import shown
from liqwatch.errors import Problem
from liqwatch.margin.conventions import Basis, Convention, TierMode, known_exchanges
from liqwatch.model import ContractKind, MarginMode


def check_snapshot(snapshot: SnapshotTable, today: date) -> Iterator[Problem]:
    """Every problem of a snapshot whose single values are sound."""
    yield from _exchange(snapshot)
    yield from _positions(snapshot, today) if snapshot.positions else _without_positions(snapshot)
    for index, loan in enumerate(snapshot.loans):
        yield from check_loan(loan, f"loans[{index}]")
    if snapshot.spot_margin:
        yield from check_spot_margin(snapshot.spot_margin, "spot_margin")
    if snapshot.reported_ratio:
        yield from check_reported_ratio(snapshot.reported_ratio, snapshot.exchange, "reported_ratio")


def _positions(snapshot: SnapshotTable, today: date) -> Iterator[Problem]:
    yield from _wallets(snapshot)
    yield from _duplicates(snapshot)
    yield from _markets(snapshot)
    yield from _collateral(snapshot)
    for index, position in enumerate(snapshot.positions):
        path = f"positions[{index}]"
        yield from _tiers(position.tiers or (), path)
        counting = counting_of(snapshot, (position,), today)
        if counting:
            yield from _maintenance(position, counting.convention, path)
    if snapshot.exchange in known_exchanges() or snapshot.exchange == CUSTOM:
        yield from _convention(snapshot, today)


def _exchange(snapshot: SnapshotTable) -> Iterator[Problem]:
    # Without positions the exchange only lends its name to a ratio.
    known = known_exchanges() if snapshot.positions else sorted({*known_exchanges(), *ratio_products()})
    if snapshot.exchange not in known and snapshot.exchange != CUSTOM:
        near = nearest(snapshot.exchange, known)
        listed = f"known: {', '.join(known)}; or `{CUSTOM}` with a whole `convention`"
        mend = f"{near} {listed}" if near else listed
        yield Code.UNKNOWN_EXCHANGE.problem("exchange", f"no exchange {shown(snapshot.exchange)}", mend)


def _without_positions(snapshot: SnapshotTable) -> Iterator[Problem]:
    """What would be passed over in silence."""
    for name in ("other_maintenance_margin", "other_unrealized_pnl", "collateral"):
        if getattr(snapshot, name):
            mend = "leave it out; sums of an account go into `reported_ratio`, what secures a loan into the loan"
            yield Code.OUT_OF_RANGE.problem(name, "counts only beside `positions`", mend)


def _convention(snapshot: SnapshotTable, today: date) -> Iterator[Problem]:
    groups = [snapshot.positions] if snapshot.margin_mode is MarginMode.CROSS else [(p,) for p in snapshot.positions]
    if all(counting_of(snapshot, group, today) for group in groups):
        return
    missing = ", ".join(missing_fields(snapshot))
    message = f"no verified formula for {snapshot.exchange}, {snapshot.margin_mode.value}"
    yield Code.NO_CONVENTION.problem("convention", message, f"say all of it; still missing: {missing}")


def _wallets(snapshot: SnapshotTable) -> Iterator[Problem]:
    alone = snapshot.margin_mode is MarginMode.ISOLATED
    for index, position in enumerate(snapshot.positions):
        path = f"positions[{index}].wallet_balance"
        if not alone and position.wallet_balance is not None:
            message = "a cross position has no margin of its own"
            yield Code.LEVERAGE_OR_MARGIN.problem(path, message, "the pool's wallet is the snapshot's `wallet_balance`")
        elif alone and len(snapshot.positions) > 1 and position.wallet_balance is None:
            yield Code.MISSING_KEY.problem(path, "missing: each of several isolated positions has margin of its own")
    single = snapshot.positions[0] if len(snapshot.positions) == 1 else None
    if snapshot.wallet_balance is None and (not alone or (single and single.wallet_balance is None)):
        yield Code.MISSING_KEY.problem("wallet_balance", "missing")
    if alone and len(snapshot.positions) > 1:
        for name in ("wallet_balance", "other_maintenance_margin", "other_unrealized_pnl"):
            if getattr(snapshot, name):
                message = "cannot be told apart among several isolated positions"
                yield Code.OUT_OF_RANGE.problem(name, message, "leave it out, or write one snapshot per position")


def _duplicates(snapshot: SnapshotTable) -> Iterator[Problem]:
    seen: dict[tuple[str, object], int] = {}
    for index, position in enumerate(snapshot.positions):
        first = seen.setdefault((position.symbol, position.side), index)
        if first != index:
            message = f"the same market and side as positions[{first}]"
            yield Code.DUPLICATE_POSITION.problem(f"positions[{index}]", message, "add them up into one position")


def _markets(snapshot: SnapshotTable) -> Iterator[Problem]:
    """One market has one mark and one kind of contract."""
    marks: dict[str, float] = {}
    kinds: dict[str, ContractKind] = {}
    for index, position in enumerate(snapshot.positions):
        path, mark_price = f"positions[{index}]", position.mark_price
        if kinds.setdefault(position.symbol, position.contract_kind) is not position.contract_kind:
            message = f"another position calls {shown(position.symbol)} {kinds[position.symbol].value}"
            yield Code.MARKET_CONTRADICTION.problem(f"{path}.contract_kind", message)
        if mark_price is not None and marks.setdefault(position.symbol, mark_price) != mark_price:
            message = f"another position says {marks[position.symbol]:g} for {shown(position.symbol)}"
            yield Code.MARKET_CONTRADICTION.problem(f"{path}.mark_price", message)
    for index, asset in enumerate(snapshot.collateral):
        mark_price = asset.mark_price
        if mark_price is not None and marks.setdefault(asset.symbol, mark_price) != mark_price:
            message = f"a position says {marks[asset.symbol]:g} for {shown(asset.symbol)}"
            yield Code.MARKET_CONTRADICTION.problem(f"collateral[{index}].mark_price", message)


def _collateral(snapshot: SnapshotTable) -> Iterator[Problem]:
    if snapshot.collateral and snapshot.margin_mode is MarginMode.ISOLATED:
        yield Code.COLLATERAL_UNPRICED.problem("collateral", "an isolated position is backed by its own margin alone")
    held = {position.symbol: position.contract_kind for position in snapshot.positions}
    for index, asset in enumerate(snapshot.collateral):
        path = f"collateral[{index}]"
        if held.get(asset.symbol) is ContractKind.INVERSE:
            message = "moves with an inverse contract, whose coin is the wallet itself"
            yield Code.COLLATERAL_UNPRICED.problem(f"{path}.symbol", message, "count the coin in `wallet_balance`")
        elif asset.symbol not in held and asset.symbol not in snapshot.marks:
            yield Code.COLLATERAL_UNPRICED.problem(f"{path}.mark_price", "missing: no position is in this market")


def _maintenance(position: PositionTable, convention: Convention, path: str) -> Iterator[Problem]:
    if convention.tier_mode is TierMode.FLAT and position.maintenance_deduction:
        mend = 'leave it out, or say "tier_mode": "deduction"'
        message = "flat tiers know no deduction"
        yield Code.MAINTENANCE_SOURCE.problem(f"{path}.maintenance_deduction", message, mend)
    if convention.maintenance_basis is Basis.FIXED:
        if position.maintenance_margin is None:
            yield Code.MISSING_KEY.problem(f"{path}.maintenance_margin", "missing: the maintenance basis is `fixed`")
        return
    if position.tiers is None and position.maintenance_margin_rate is None:
        mend = "give the venue's rate for this size, or its `tiers`"
        yield Code.MISSING_KEY.problem(f"{path}.maintenance_margin_rate", "missing", mend)
    if position.tiers is not None:
        for name in ("maintenance_margin_rate", "maintenance_deduction"):
            if getattr(position, name) is not None:
                yield Code.MAINTENANCE_SOURCE.problem(f"{path}.{name}", "stands beside `tiers`", "keep one of the two")


def _tiers(tiers: Sequence[TierTable], position_path: str) -> Iterator[Problem]:
    path = f"{position_path}.tiers"
    if tiers and tiers[0].notional_floor != 0:
        message = f"the first tier begins at {tiers[0].notional_floor:,.10g}, which leaves a gap"
        yield Code.TIERS_BROKEN.problem(f"{path}[0].notional_floor", message, "the first tier begins at 0")
    for index, tier in enumerate(tiers):
        if tier.notional_cap is None and index < len(tiers) - 1:
            yield Code.TIERS_BROKEN.problem(f"{path}[{index}].notional_cap", "only the last tier has no end")
        elif tier.notional_cap is not None and tier.notional_cap <= tier.notional_floor:
            yield Code.TIERS_BROKEN.problem(f"{path}[{index}].notional_cap", "must be above notional_floor")
    for index, (lower, upper) in enumerate(pairwise(tiers)):
        if lower.notional_cap is not None and lower.notional_cap != upper.notional_floor:
            word = "leaves a gap" if upper.notional_floor > lower.notional_cap else "overlaps"
            message = f"{word}: the tier before ends at {lower.notional_cap:,.10g}"
            yield Code.TIERS_BROKEN.problem(f"{path}[{index + 1}].notional_floor", message)
