"""What every table of the configuration has in common."""

from __future__ import annotations

from typing import TypeVar

from pydantic import BaseModel, ConfigDict

Laid = TypeVar("Laid", bound=BaseModel)


class Table(BaseModel):
    """A TOML table: frozen, strict, without unknown keys, and silent about what was typed in."""

    # `hide_input_in_errors` is needed on every nested model: the error of a missing key would
    # otherwise print its neighbours, secrets included.
    model_config = ConfigDict(strict=True, extra="forbid", frozen=True, hide_input_in_errors=True)


def lay_over(base: Laid, layer: BaseModel) -> Laid:
    """Return `base` with every key that `layer` sets; tables are laid over each other key by key."""
    changes = {}
    for name in layer.model_fields_set:
        below, above = getattr(base, name), getattr(layer, name)
        both_tables = isinstance(below, BaseModel) and isinstance(above, BaseModel)
        changes[name] = lay_over(below, above) if both_tables else above
    return base.model_copy(update=changes)
