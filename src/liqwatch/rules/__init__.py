"""One file = one kind of rule: health in, `Verdict` out. The file's name is the rule's kind."""

from __future__ import annotations

import pkgutil
from importlib import import_module

from liqwatch.errors import UnknownPart
from liqwatch.rules.base import RuleKind

NOT_RULES = {"base", "compound", "sight"}


def known_rules() -> list[str]:
    """Every rule kind there is, by file name."""
    return sorted(module.name for module in pkgutil.iter_modules(__path__) if module.name not in NOT_RULES)


def load_rule(kind: str) -> RuleKind:
    """The rule of that kind; raises `UnknownPart` with the kinds that exist."""
    if kind not in known_rules():
        raise UnknownPart(f"no rule {kind!r}", mend=f"known rules: {', '.join(known_rules())}")
    rule: RuleKind = import_module(f"{__name__}.{kind}").RULE
    return rule
