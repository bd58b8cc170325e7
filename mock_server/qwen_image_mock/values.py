"""Options of conditions as numbers: markers write them as text, admin calls as JSON numbers."""

from __future__ import annotations

from math import isfinite
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

Json = Any


def number(options: Mapping[str, Json], name: str, default: float) -> float:
    """An option as a number; the default when it is absent or none."""
    value = options.get(name, default)
    try:
        found = float(value)
    except (TypeError, ValueError):
        return default
    return found if isfinite(found) else default


def whole(options: Mapping[str, Json], name: str, default: int) -> int:
    """An option as a whole number, not below 0."""
    return max(0, int(number(options, name, default)))
