"""The mistakes of a provider document that no schema sees: names that do not exist, sizes, ranges, defaults.

Everything here bears malformed documents: the wrong shape is the schema's business and is passed over.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING, Any

from qwen_image_spec import documents
from qwen_image_spec.problems import suggestion
from qwen_image_spec.size import parse
from qwen_image_spec.validate_defaults import outside

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

Data = dict[str, Any]
Path = tuple[str | int, ...]
Mistake = tuple[Path, str, str]
_RANGES = ("range", "count", "side", "area")
_ONE = {"source": "source", "dispute": "dispute", "alias_of": "model", "clause": "clause"}
_SEVERAL = {"endpoints": "endpoint", "regions": "region"}
_ANSWERS = ("sync.response", "task.response")
_PARAMETERS = ("forbids", "requires", "when")
_SIZE_HINT = "write a size as WIDTHxHEIGHT in digits, for example 1664x928, whatever the wire form is"


def mapping(value: Any, key: str) -> Data:
    """The mapping under a key, or an empty one when there is none."""
    inner = value.get(key) if isinstance(value, dict) else None
    return inner if isinstance(inner, dict) else {}


def plain(value: Any) -> Any:
    """The value of a fact, in its short or its long form."""
    return value["value"] if isinstance(value, dict) and "value" in value else value


@dataclass(frozen=True, slots=True)
class Names:
    """The names a document may use: its own, its parent's, and those of the shipped data."""

    sources: frozenset[str]
    disputes: frozenset[str]
    clauses: frozenset[str]
    endpoints: frozenset[str]
    responses: frozenset[str]
    parameters: frozenset[str]
    models: frozenset[str]
    regions: frozenset[str]

    @classmethod
    def of(cls, raw: Data, parent: Data) -> Names:
        """The names known to a document with that parent (empty when it extends none)."""
        both = (raw, parent)
        families = [family for document in both for family in mapping(document, "families").values()]
        models = {name: model for family in families for name, model in mapping(family, "models").items()}
        layers = [*both, *families, *models.values()]
        clauses = [
            clause
            for group in documents.shipped_names("clauses")
            for clause in documents.shipped(f"clauses/{group}.yaml") or ()
        ]
        return cls(
            sources=frozenset(documents.shipped("sources.yaml")) | _keys(both, "sources"),
            disputes=frozenset(documents.shipped("disputes.yaml") or ()),
            clauses=frozenset(clause["id"] for clause in clauses),
            endpoints=_keys(both, "endpoints"),
            responses=_keys(both, "responses"),
            parameters=_keys(layers, "parameters"),
            models=frozenset(models),
            regions=_keys(both, "regions"),
        )


def _keys(layers: Iterable[Any], section: str) -> frozenset[str]:
    return frozenset(key for layer in layers for key in mapping(layer, section))


def mistakes(raw: Data, parent: Data, names: Names) -> Iterator[Mistake]:
    """Every mistake of a document: path, what is wrong, how to mend it."""
    yield from _walk(
        (), {key: value for key, value in raw.items() if key != "sources" and not key.startswith("x-")}, names
    )
    yield from outside(raw, parent)


def _walk(path: Path, node: Any, names: Names) -> Iterator[Mistake]:
    if isinstance(node, list):
        for index, item in enumerate(node):
            yield from _walk((*path, index), item, names)
    elif isinstance(node, dict):
        for key, value in node.items():
            here = (*path, key)
            yield from _named(here, key, value, names)
            yield from _numbers(here, key, value)
            if key not in ("when", "default", "enum"):
                yield from _walk(here, value, names)


def _named(path: Path, key: str, value: Any, names: Names) -> Iterator[Mistake]:
    if key in _ONE:
        yield from _unknown(path, _ONE[key], value, getattr(names, f"{_ONE[key]}s"))
    elif (key == "result" and path[0] == "endpoints" and value) or key in _ANSWERS:
        yield from _unknown(path, "response", plain(value), names.responses)
    elif key in _SEVERAL and path[0] == "families" and isinstance(value, list):
        for index, name in enumerate(value):
            yield from _unknown((*path, index), _SEVERAL[key], name, getattr(names, key))
    elif key in _PARAMETERS and isinstance(value, list | dict):
        for index, name in enumerate(value):
            where = name if isinstance(value, dict) else index
            yield from _unknown((*path, where), "parameter", name, names.parameters | {"images"})


def _unknown(path: Path, kind: str, word: Any, known: frozenset[str]) -> Iterator[Mistake]:
    if isinstance(word, str) and word not in known:
        yield (
            path,
            f"unknown {kind} {word!r}",
            suggestion(word, known) if known else f"this document has no {kind}s",
        )


def _numbers(path: Path, key: str, value: Any) -> Iterator[Mistake]:
    value = plain(value)
    if key in _RANGES and _pair(value, (int, float)) and value[0] > value[1]:
        yield path, f"{key} {value} has its lowest value above its highest", f"write [{value[1]}, {value[0]}]"
    elif key == "ratio" and _pair(value, (str,)):
        low, high = (_ratio(text) for text in value)
        if low is not None and high is not None and low > high:
            yield (
                path,
                f"ratio {value} has its lowest value above its highest",
                f'write ["{value[1]}", "{value[0]}"]',
            )
    elif key == "presets" and isinstance(value, list):
        for index, text in enumerate(value):
            yield from _size((*path, index), text)
    elif key == "tokens" and isinstance(value, dict):
        for name, text in value.items():
            yield from _size((*path, name), text)


def _pair(value: Any, kinds: tuple[type, ...]) -> bool:
    return isinstance(value, list) and len(value) == 2 and all(isinstance(item, kinds) for item in value)


def _size(path: Path, text: Any) -> Iterator[Mistake]:
    if isinstance(text, str) and parse(text, "x") is None:
        yield path, f"malformed size {text!r}", _SIZE_HINT


def _ratio(text: str) -> Decimal | None:
    left, _, right = text.partition(":")
    try:
        return Decimal(left) / Decimal(right)
    except (InvalidOperation, ZeroDivisionError):
        return None
