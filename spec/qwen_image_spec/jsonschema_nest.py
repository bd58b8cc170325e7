"""Small pieces of JSON Schemas: a schema at a pointer, several schemas as one, a chain of cases."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from qwen_image_spec.pointers import split

if TYPE_CHECKING:
    from collections.abc import Sequence

Schema = dict[str, Any]
GIVEN: Schema = {"type": ["array", "boolean", "integer", "number", "object", "string"]}


def having(key: str) -> Schema:
    """An object with something other than null under a key."""
    return {"required": [key], "properties": {key: GIVEN}}


def nest(pointer: str, schema: Schema, *, required: bool = False) -> Schema:
    """A schema for the whole body that puts `schema` at a pointer; `*` stands for the items of a list.

    When `required`, the body must have something there: for a list, in one of its items at least. Otherwise
    an object on the way that is null counts as absent.
    """
    whole = schema
    keys = split(pointer)
    for depth, key in reversed(list(enumerate(keys))):
        if key == "*":
            whole = {"type": "array", ("contains" if required else "items"): whole}
        else:
            optional = not required and depth > 0 and keys[depth - 1] != "*"
            whole = {
                "type": ["object", "null"] if optional else "object",
                "properties": {key: whole},
                **({"required": [key]} if required else {}),
            }
    return whole


def anywhere(places: Sequence[str]) -> Schema:
    """That there is a value other than null at one of the places at least."""
    return one_of([nest(place, GIVEN, required=True) for place in places])


def one_of(schemas: list[Schema]) -> Schema:
    """One schema at least holds."""
    return schemas[0] if len(schemas) == 1 else {"anyOf": schemas}


def combine(left: Schema, right: Schema) -> Schema:
    """One schema for two that both hold: merged where they do not contradict each other, else as `allOf`."""
    if not left or not right:
        return dict(left or right)
    merged = _merge(left, right)
    return merged if merged is not None else {**left, "allOf": [*left.get("allOf", ()), *_flat(right)]}


def _flat(schema: Schema) -> list[Schema]:
    return list(schema["allOf"]) if set(schema) == {"allOf"} else [schema]


def _merge(left: Schema, right: Schema) -> Schema | None:
    merged = dict(left)
    for key, value in right.items():
        if key not in merged or merged[key] == value:
            merged[key] = value
        elif key == "required":
            merged[key] = list(dict.fromkeys([*merged[key], *value]))
        elif key == "allOf":
            merged[key] = [*merged[key], *value]
        elif key == "properties":
            merged[key] = {
                **merged[key],
                **{
                    name: combine(merged[key][name], inner) if name in merged[key] else inner
                    for name, inner in value.items()
                },
            }
        elif key == "type" and (both := [kind for kind in _kinds(merged[key]) if kind in _kinds(value)]):
            merged[key] = both[0] if len(both) == 1 else both
        elif key == "items":
            merged[key] = combine(merged[key], value)
        else:
            return None
    return merged if not {"if", "contains"} & (left.keys() & right.keys()) or _same(left, right) else None


def _kinds(types: str | list[str]) -> list[str]:
    return [types] if isinstance(types, str) else types


def _same(left: Schema, right: Schema) -> bool:
    keys = {"if", "then", "else", "contains", "minContains", "maxContains"}
    return {key: left.get(key) for key in keys} == {key: right.get(key) for key in keys}


def chain(cases: Sequence[tuple[Schema | None, Schema]], base: Schema) -> Schema:
    """The schema of the first case whose condition holds, else `base`; a condition of None never holds."""
    live: list[tuple[Schema, Schema]] = [
        (condition, schema) for condition, schema in cases if condition is not None
    ]
    whole = base
    for condition, schema in reversed(live):
        if condition == {"allOf": []}:
            whole = schema
        elif schema != whole:
            whole = {"allOf": [{"if": condition, "then": schema, **({"else": whole} if whole else {})}]}
    return whole
