"""Every mistake of a provider document at once: those its JSON Schema sees, and those no schema can see."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import date
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING, Any

from qwen_image_spec import documents
from qwen_image_spec.positions import Path as Keys
from qwen_image_spec.positions import line_of, positions
from qwen_image_spec.problems import Problem, SpecError, suggestion
from qwen_image_spec.validate_names import Names, mistakes

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

_WORDS = {
    "object": "a mapping",
    "array": "a list",
    "string": "text",
    "integer": "a whole number",
    "number": "a number",
    "boolean": "true or false",
    "null": "null",
}
KINDS = ("provider", "sources", "disputes", "clauses", "prices", "traceability")


@dataclass(frozen=True, slots=True)
class _Document:
    """A document under examination: its name, and the line of every value."""

    file: str
    lines: Mapping[Keys, int]

    def problem(self, path: Keys, what: str, hint: str) -> Problem:
        """A mistake at a path, with the line it stands on."""
        return Problem(self.file, line_of(path, dict(self.lines)), what, hint, path)


def check_document(raw: Any, file: str, text: str) -> None:
    """Check a provider document. Raises SpecError with every mistake: keys, types, names, numbers, defaults.

    A document with `extends` may leave out whatever its parent says; names of the parent count as known.
    """
    document = _Document(file, positions(text))
    found = _by_schema(raw, "provider", document)
    if isinstance(raw, dict):
        plain = _plain(raw)
        parent, complaint = _parent(plain, document)
        found += [complaint] if complaint is not None else []
        found += [document.problem(*mistake) for mistake in mistakes(plain, parent, Names.of(plain, parent))]
        if parent and not found:
            merged = documents.resolve(plain, file)
            found += [
                problem
                for error in _errors(merged, "provider")
                if _inherits(error)
                for problem in _translate(error, document)
            ]
    _raise(found)


def check_shipped(kind: str, raw: Any, file: str, text: str) -> None:
    """Check any document against the schema of its kind, one of KINDS. Raises SpecError."""
    if kind == "provider":
        check_document(raw, file, text)
    else:
        _raise(_by_schema(raw, kind, _Document(file, positions(text))))


def kind_of(raw: Any) -> str:
    """Which kind of document this looks like; `provider` when in doubt."""
    first = (
        raw[0]
        if isinstance(raw, list) and raw
        else next(iter(raw.values()), None)
        if isinstance(raw, dict) and raw
        else None
    )
    keys = set(first) if isinstance(first, dict) else set()
    if isinstance(raw, list):
        return (
            "prices"
            if "amount" in keys
            else "traceability"
            if keys & {"seed", "statement", "excluded"}
            else "clauses"
        )
    if not isinstance(raw, dict) or {"provider", "extends", "families"} & set(raw):
        return "provider"
    return "disputes" if "verdict" in keys else "sources" if "publisher" in keys else "provider"


def summary(path: Path) -> dict[str, int | str]:
    """Check a file of any kind and count what it holds. Raises SpecError with every mistake."""
    from qwen_image_spec.loader import load_provider  # the loader imports this module too

    raw = documents.read_file(path)
    kind = kind_of(raw)
    if kind != "provider":
        check_shipped(kind, raw, str(path), path.read_text("utf-8"))
        return {"kind": kind, "entries": len(raw)}
    provider = load_provider(path)
    return {
        "provider": provider.id,
        **({"extends": raw["extends"]} if "extends" in raw else {}),
        "endpoints": len(provider.endpoints),
        "models": len(provider.models),
        "errors": len(provider.errors),
    }


def _raise(found: list[Problem]) -> None:
    once = {(problem.line, problem.what): problem for problem in reversed(found)}
    if once:
        raise SpecError(sorted(once.values(), key=lambda problem: (problem.line, problem.what)))


@cache
def schema(kind: str) -> dict[str, Any]:
    """The JSON Schema of one kind of document. Do not change what it returns."""
    text = (files("qwen_image_spec") / "schema" / f"{kind}.schema.json").read_text("utf-8")
    loaded: dict[str, Any] = json.loads(text)
    return loaded


def _errors(raw: Any, kind: str) -> Iterator[Any]:
    from jsonschema import Draft202012Validator  # slow to import, and only needed here

    yield from Draft202012Validator(schema(kind)).iter_errors(raw)


def _by_schema(raw: Any, kind: str, document: _Document) -> list[Problem]:
    extends = isinstance(raw, dict) and "extends" in raw
    plain = _kept(_plain(raw)) if extends else _plain(raw)
    errors = [error for error in _errors(plain, kind) if not (extends and _inherits(error))]
    return [problem for error in errors for problem in _translate(error, document)]


def _kept(value: Any) -> Any:
    """What a document with `extends` says itself: a key with null only takes something of the parent away."""
    if isinstance(value, dict):
        return {key: _kept(inner) for key, inner in value.items() if inner is not None or key == "value"}
    return [_kept(inner) for inner in value] if isinstance(value, list) else value


def _inherits(error: Any) -> bool:
    """Whether something is missing that a parent may have: mappings are merged, lists and facts are not."""
    named = all(isinstance(key, str) for key in error.absolute_path)
    return bool(
        error.validator == "required"
        and named
        and "value" not in error.validator_value
        and error.absolute_path
    )


def _translate(error: Any, document: _Document) -> Iterator[Problem]:
    path: Keys = tuple(error.absolute_path)
    seen = error.instance
    hint = error.schema.get("description", "") if isinstance(error.schema, dict) else ""
    where = _where(path)
    match error.validator:
        case "additionalProperties":
            known = error.schema.get("properties", {})
            patterns = tuple(error.schema.get("patternProperties", {}))
            for key in seen:
                if key not in known and not (patterns and key.startswith("x-")):
                    yield document.problem(
                        (*path, key), f"unknown key {key!r}{where}", suggestion(key, known)
                    )
        case "required":
            missing = [key for key in error.validator_value if key not in seen]
            yield document.problem(
                path, f"lacks {', '.join(repr(key) for key in missing)}{where}", hint or "add it"
            )
        case "type":
            wanted = error.validator_value
            words = " or ".join(_WORDS[kind] for kind in ([wanted] if isinstance(wanted, str) else wanted))
            yield document.problem(path, f"expected {words}, found {_shown(seen)}{where}", hint)
        case "enum":
            allowed = [str(value) for value in error.validator_value if value is not None]
            yield document.problem(
                path, f"unknown value {_shown(seen)}{where}", suggestion(str(seen), allowed)
            )
        case "pattern":
            yield document.problem(path, f"malformed {_shown(seen)}{where}", hint)
        case "minItems" | "maxItems":
            wanted = error.validator_value
            most = "at most" if error.validator == "maxItems" else "at least"
            yield document.problem(path, f"expected {most} {wanted} values, found {len(seen)}{where}", hint)
        case "oneOf":
            choices = [" + ".join(option.get("required", ())) for option in error.validator_value]
            yield document.problem(path, f"expected exactly one of {', '.join(choices)}{where}", hint)
        case _:
            yield document.problem(path, f"{error.message}{where}", hint)


def _where(path: Keys) -> str:
    return f" in {'.'.join(str(key) for key in path)}" if path else ""


def _shown(value: Any) -> str:
    if isinstance(value, dict):
        return "a mapping"
    if isinstance(value, list):
        return "a list"
    return (
        {True: "true", False: "false", None: "null"}[value] if isinstance(value, bool | None) else repr(value)
    )


def _plain(value: Any) -> Any:
    """JSON data: keys as text (YAML reads `on:` and `404:` as something else), dates as text."""
    if isinstance(value, dict):
        return {_key(key): _plain(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [_plain(inner) for inner in value]
    return value.isoformat() if isinstance(value, date) else value


def _key(key: Any) -> str:
    if isinstance(key, bool):
        return "on" if key else "off"
    return str(key)


def _parent(raw: dict[str, Any], document: _Document) -> tuple[dict[str, Any], Problem | None]:
    name = raw.get("extends")
    if not isinstance(name, str):
        return {}, None
    names = documents.shipped_names("providers")
    if name not in names:
        return {}, document.problem(
            ("extends",), f"unknown provider {name!r} in extends", suggestion(name, names)
        )
    return documents.provider_document(name), None
