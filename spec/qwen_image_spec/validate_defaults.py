"""Defaults that a provider document's own limits would refuse."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from qwen_image_spec.build import Builder
from qwen_image_spec.size import parse

if TYPE_CHECKING:
    from collections.abc import Iterator

Data = dict[str, Any]
Path = tuple[str | int, ...]
Layer = tuple[Path | None, Data]
_FACETS = ("type", "separator", "default", "range", "enum", "length", "grants")


def outside(raw: Data, parent: Data) -> Iterator[tuple[Path, str, str]]:
    """Every default outside the range, enum or sizes that hold for it: path, mistake, hint."""
    for chain in _chains(raw, parent):
        for name in dict.fromkeys(name for _, section in chain for name in section):
            layers = [
                ((*path, name) if path is not None else None, section[name])
                for path, section in chain
                if isinstance(section.get(name), dict)
            ]
            yield from _parameter(name, layers)


def _chains(raw: Data, parent: Data) -> Iterator[list[Layer]]:
    """The sections of parameters that hold for each model, the nearest last; the parent's have no path."""
    top = _sections(raw, parent, ())
    families = dict.fromkeys([*_at(raw, ("families",)), *_at(parent, ("families",))])
    if not families:
        yield top
    for family in families:
        at: Path = ("families", family)
        middle = top + _sections(raw, parent, at)
        models = dict.fromkeys([*_at(raw, (*at, "models")), *_at(parent, (*at, "models"))])
        for model in models:
            yield middle + _sections(raw, parent, (*at, "models", model))


def _sections(raw: Data, parent: Data, path: Path) -> list[Layer]:
    at: Path = (*path, "parameters")
    return [(None, _at(parent, at)), (at, _at(raw, at))]


def _at(document: Data, path: Path) -> Data:
    here: Any = document
    for key in path:
        here = here.get(key) if isinstance(here, dict) else None
    return here if isinstance(here, dict) else {}


def _parameter(name: str, layers: list[Layer]) -> Iterator[tuple[Path, str, str]]:
    facets: dict[str, tuple[Path | None, Any]] = {}
    for path, section in layers:
        facets.update(
            {key: ((*path, key) if path else None, _value(section[key])) for key in _FACETS if key in section}
        )
    yield from _judge(name, facets)
    for path, section in layers:
        cases = section.get("cases")
        for index, case in enumerate(cases if isinstance(cases, list) else ()):
            if isinstance(case, dict):
                at = (*path, "cases", index) if path is not None else None
                own = {key: ((*at, key) if at else None, _value(case[key])) for key in _FACETS if key in case}
                yield from _judge(name, {**facets, **own})


def _judge(name: str, facets: dict[str, tuple[Path | None, Any]]) -> Iterator[tuple[Path, str, str]]:
    path, default = facets.get("default", (None, None))
    if default is None:
        return
    for key in ("range", "enum", "length", "grants"):
        if key in facets:
            limit_path, limit = facets[key]
            where = path or limit_path
            allowed = _refusal(key, limit, default, facets)
            if where is not None and allowed:
                shown = str(default).lower() if isinstance(default, bool) else repr(default)
                yield where, f"the default {shown} of {name} is outside its own {_NAMES[key]}", allowed


_NAMES = {"range": "range", "enum": "enum", "length": "length", "grants": "sizes"}


def _refusal(key: str, limit: Any, default: Any, facets: dict[str, tuple[Path | None, Any]]) -> str | None:
    """What is allowed instead, or None when the default is fine or the limit is not readable."""
    match key, limit:
        case "range", [int() | float() as low, int() | float() as high] if (
            _number(default) and not low <= default <= high
        ):
            return f"allowed: {low} to {high}"
        case "enum", [*values] if default not in values:
            return "allowed: " + ", ".join(str(value) for value in values)
        case "length", int() if isinstance(default, str) and len(default) > limit:
            return f"allowed: at most {limit} characters"
        case "grants", [*grants] if grants and isinstance(default, str):
            return (
                None
                if _granted(grants, default, str(facets.get("separator", (None, "x"))[1]))
                else "no grant admits it"
            )
        case _:
            return None


def _granted(grants: list[Any], default: str, separator: str) -> bool:
    """Whether a size is admitted by one of the grants; it may be spelled with `x` or as on the wire."""
    size = parse(default, "x") or parse(default, separator)
    for raw in grants:
        try:
            grant = Builder({}, {}).grant({"source": "", "evidence": "documented", **raw, "dispute": None})
        except (TypeError, ValueError, KeyError, AttributeError, IndexError, ArithmeticError):
            return True  # malformed, which is told elsewhere
        if default in grant.tokens or (size is not None and grant.flaw(size) is None):
            return True
    return False


def _number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _value(fact: Any) -> Any:
    return fact["value"] if isinstance(fact, dict) and "value" in fact else fact
