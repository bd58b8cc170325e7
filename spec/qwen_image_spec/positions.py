"""YAML with line numbers: where in the file a value stands, for messages that point."""

from __future__ import annotations

from typing import Any

import yaml

Path = tuple[str | int, ...]


def positions(text: str) -> dict[Path, int]:
    """Map the path of every value of a YAML document to its line, counted from 1."""
    node = yaml.compose(text, Loader=yaml.CSafeLoader if hasattr(yaml, "CSafeLoader") else yaml.SafeLoader)
    found: dict[Path, int] = {}
    if node is not None:
        _walk(node, (), found)
    return found


def _walk(node: yaml.Node, path: Path, found: dict[Path, int]) -> None:
    found.setdefault(path, node.start_mark.line + 1)
    if isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            inner = (*path, str(key.value))
            found[inner] = key.start_mark.line + 1
            _walk(value, inner, found)
    elif isinstance(node, yaml.SequenceNode):
        for index, value in enumerate(node.value):
            _walk(value, (*path, index), found)


def line_of(path: tuple[Any, ...], found: dict[Path, int]) -> int:
    """The line of the deepest known ancestor of a path."""
    key: Path = tuple(path)
    while key and key not in found:
        key = key[:-1]
    return found.get(key, 1)
