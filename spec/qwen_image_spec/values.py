"""JSON types of parameters, strictly: true is no integer, "2" is no number, 2.0 is no integer."""

from __future__ import annotations

from typing import Any

NAMES = {
    "string": "a string",
    "integer": "an integer",
    "number": "a number",
    "boolean": "true or false",
    "size": "a string",
    "palette": "a list of colours",
    "boxes": "a list of boxes",
    "object": "an object",
    "list": "a list",
}


def fits(kind: str, value: Any) -> bool:
    """Whether a JSON value is of a parameter's type. Unknown kinds fit everything."""
    match kind:
        case "string" | "size":
            return isinstance(value, str)
        case "integer":
            return isinstance(value, int) and not isinstance(value, bool)
        case "number":
            return isinstance(value, int | float) and not isinstance(value, bool)
        case "boolean":
            return isinstance(value, bool)
        case "palette" | "boxes" | "list":
            return isinstance(value, list)
        case "object":
            return isinstance(value, dict)
        case _:
            return True
