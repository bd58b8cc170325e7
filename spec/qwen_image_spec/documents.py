"""Reading the YAML documents: plain data, with `extends` resolved. Nothing here knows what the data means."""

from __future__ import annotations

import copy
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any

import yaml

from qwen_image_spec.problems import Problem, SpecError
from qwen_image_spec.stamp import stamp

Document = dict[str, Any]
_LOADER: type[Any] = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


class _UniqueKeys(_LOADER):  # type: ignore[misc] # the C loader when PyYAML was built with it
    """A safe loader that refuses a key given twice: YAML would silently keep the last."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:  # noqa: FBT002 # PyYAML's signature
        seen: dict[Any, int] = {}
        for key_node, _ in node.value:
            key = key_node.value
            if key_node.tag != "tag:yaml.org,2002:merge" and key in seen:
                line = key_node.start_mark.line + 1
                raise yaml.MarkedYAMLError(
                    problem=f"key {key!r} stands twice (first on line {seen[key]})",
                    problem_mark=key_node.start_mark,
                ) from ValueError(line)
            seen[key] = key_node.start_mark.line + 1
        return super().construct_mapping(node, deep)  # type: ignore[no-any-return] # PyYAML has no types for it


def parse(text: str, name: str) -> Any:
    """YAML text to plain data. Raises SpecError, with the line, when it is not YAML."""
    try:
        return yaml.load(text, Loader=_UniqueKeys)  # noqa: S506 # a SafeLoader
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark
        line = mark.line + 1 if mark else 1
        raise SpecError(
            [
                Problem(
                    name,
                    line,
                    f"not readable as YAML: {error.problem}",
                    "check the indentation and the quotes",
                )
            ]
        ) from error
    except yaml.YAMLError as error:
        raise SpecError(
            [Problem(name, 1, f"not readable as YAML: {error}", "is this a text file in UTF-8?")]
        ) from error


@cache
def shipped(relative: str) -> Any:
    """The data of one shipped document, for example `sources.yaml`. Do not change what it returns."""
    return parse((files("qwen_image_spec") / "data" / relative).read_text("utf-8"), relative)


@cache
def shipped_names(folder: str) -> tuple[str, ...]:
    """The shipped documents of a folder, without `.yaml`, sorted."""
    entries = (files("qwen_image_spec") / "data" / folder).iterdir()
    return tuple(sorted(entry.name[:-5] for entry in entries if entry.name.endswith(".yaml")))


def provider_document(name: str) -> Document:
    """A shipped provider document, every fact stamped with its source, with what it `extends` merged in."""
    return resolve(shipped(f"providers/{name}.yaml"), f"providers/{name}.yaml")


def read_file(path: Path) -> Any:
    """The data of a user's own document; raises SpecError when it cannot be read."""
    try:
        text = path.read_text("utf-8")
    except OSError as error:
        raise SpecError(
            [Problem(str(path), 1, f"cannot be read: {error.strerror}", "give the path of a YAML file")]
        ) from error
    except UnicodeDecodeError as error:
        raise SpecError([Problem(str(path), 1, "is not UTF-8 text", "save the file as UTF-8")]) from error
    return parse(text, str(path))


def resolve(document: Document, name: str, seen: tuple[str, ...] = ()) -> Document:
    """Stamp a document and merge it over the provider it `extends`; raises SpecError for a parent that does not exist."""
    parent = document.get("extends")
    if parent is None:
        return stamp(document)
    names = shipped_names("providers")
    if parent not in names:
        raise SpecError([Problem.unknown(name, 1, "provider", str(parent), names, path=("extends",))])
    if parent in seen:
        raise SpecError([Problem(name, 1, f"extends itself through {parent!r}", "break the circle")])
    base = resolve(shipped(f"providers/{parent}.yaml"), f"providers/{parent}.yaml", (*seen, parent))
    own = {"source": base["source"], **{key: value for key, value in document.items() if key != "extends"}}
    merged: Document = merge(base, _without(stamp(own), own, base))
    return merged


def _without(stamped: Document, own: Document, base: Document) -> Document:
    """Let null take away a model that the parent has; a new model that is null has nothing particular."""
    for family, data in (own.get("families") or {}).items():
        known = base["families"].get(family, {}).get("models", {})
        for model, particular in ((data or {}).get("models") or {}).items():
            if particular is None and model in known:
                stamped["families"][family]["models"][model] = None
    return stamped


def merge(base: Any, over: Any) -> Any:
    """Merge mappings key by key; facts and anything else are replaced whole; null removes the key."""
    if not (isinstance(base, dict) and isinstance(over, dict)) or "value" in over:
        return copy.deepcopy(over)
    merged = dict(base)
    for key, value in over.items():
        if value is None:
            merged.pop(key, None)
        else:
            merged[key] = merge(base[key], value) if key in base else copy.deepcopy(value)
    return merged
