"""Config tables for a story about few rules: every other one is switched off, so that only what it is about is told."""

from __future__ import annotations

from collections.abc import Collection

from liqwatch.rules import known_rules, load_rule

MAIN_RULES = (
    "data_staleness",
    "figures_disagree",
    "figures_unknown",
    "liquidation_distance",
    "margin_call",
    "margin_ratio",
    "position_closed",
)
"""Distance and ratio, the ends of positions, and whether what is seen can be trusted."""


def only(rules: Collection[str]) -> str:
    """Lines of a config file that leave on these rules alone.

    Raises:
        UnknownPart: there is no rule of such a name.
    """
    for kind in rules:
        load_rule(kind)
    return "".join(f"[rules.{kind}]\nenabled = false\n" for kind in switched_off(rules))


def switched_off(rules: Collection[str]) -> list[str]:
    """The rules that are on by default, but not among these."""
    return [kind for kind in known_rules() if load_rule(kind).default_enabled and kind not in rules]
