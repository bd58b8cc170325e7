"""JSON pointers, as the spec writes them: `/data/*/url` (`*` stands for every item of a list)."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from typing import Any

MISSING: Any = type("Missing", (), {"__repr__": lambda _: "MISSING", "__bool__": lambda _: False})()


@cache
def split(pointer: str) -> tuple[str, ...]:
    """The keys of a pointer: `/a/b` -> `("a", "b")`."""
    return tuple(pointer.lstrip("/").split("/")) if pointer.strip("/") else ()


def get(document: Any, pointer: str) -> Any:
    """The value at a pointer without `*`, or MISSING."""
    here = document
    for key in split(pointer):
        if isinstance(here, dict):
            here = here.get(key, MISSING)
        elif isinstance(here, list) and key.isdecimal() and int(key) < len(here):
            here = here[int(key)]
        else:
            return MISSING
    return here


def put(document: dict[str, Any], pointer: str, value: Any) -> None:
    """Set the value at a pointer, making the objects on the way."""
    *parents, last = split(pointer)
    here = document
    for key in parents:
        here = here.setdefault(key, {})
    here[last] = value


def find(document: Any, pointer: str) -> Iterator[tuple[str, Any]]:
    """Every place a pointer with `*` reaches, as (concrete pointer, value); MISSING where a parent lacks the key."""
    yield from _find(document, split(pointer), "")


def _find(here: Any, keys: tuple[str, ...], path: str) -> Iterator[tuple[str, Any]]:
    if not keys:
        yield path, here
        return
    key, rest = keys[0], keys[1:]
    if key == "*":
        if isinstance(here, list):
            for index, item in enumerate(here):
                yield from _find(item, rest, f"{path}/{index}")
    elif isinstance(here, dict) and key in here:
        yield from _find(here[key], rest, f"{path}/{key}")
    else:
        yield f"{path}/" + "/".join(keys), MISSING
