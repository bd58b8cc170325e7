"""The fields of a target's answers and refusals, beside those of the known document."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from typing import Any

from qwen_image_conformance.checks.fields import is_type
from qwen_image_conformance.learn_reading import Learned, ids
from qwen_image_conformance.learn_refusals import shape_of
from qwen_image_conformance.seen import SUCCEEDED, Seen
from qwen_image_spec.answers import direct_shape, task_shape
from qwen_image_spec.model import Provider, ResponseField, ResponseShape, Spec
from qwen_image_spec.pointers import MISSING, find
from qwen_image_spec.situation import holds

_NAMES = {
    str: "string",
    bool: "boolean",
    int: "integer",
    float: "number",
    list: "array",
    dict: "object",
    type(None): "null",
}
_OWN = "response.extras"
_SHAPES = {"compatible": "openai"}
Body = tuple[Seen, Any]


def answers(provider: Provider, group: Sequence[Seen]) -> Iterator[Learned]:
    """The fields of each kind of success."""
    bodies: dict[str, list[Body]] = defaultdict(list)
    for seen in group:
        if seen.model is None or seen.broken or seen.doubtful or not 200 <= seen.status < 300:
            continue
        direct = direct_shape(provider, seen.endpoint, seen.model)
        _put(bodies, provider, direct, seen, seen.first_body)
        if seen.exchange.polls and seen.task_status == SUCCEEDED:
            _put(bodies, provider, task_shape(provider, seen.model), seen, seen.body)
    for name, some in bodies.items():
        shape = provider.responses[name]
        yield from _fields(("responses", name, "fields"), shape.fields, some, f"answer {name}")


def errors(spec: Spec, provider: Provider, group: Sequence[Seen]) -> Iterator[Learned]:
    """The shape of refusals, and their fields."""
    some = [
        (seen, seen.first_body) for seen in group if seen.status >= 400 and isinstance(seen.first_body, dict)
    ]
    shapes = {shape_of(body) for _, body in some}
    if len(shapes) != 1 or None in shapes:
        return
    (shape,) = shapes
    expected = _SHAPES.get(provider.error_shape, provider.error_shape)
    fields = provider.error_fields
    if shape != expected:
        other = next((one for one in spec.providers.values() if one.error_shape == shape), None)
        words = f"refusals have the shape {shape}, documented is {provider.error_shape}"
        yield Learned(
            ("errors", "shape"), shape, known=False, words=words, seen=ids([seen for seen, _ in some])
        )
        fields = other.error_fields if other is not None else ()
    found = list(_fields(("errors", "fields"), fields, some, "refusals"))
    if shape != expected and all(one.known for one in found):
        yield Learned(
            ("errors", "fields"),
            [_own(_as_data(field)) for field in fields],
            known=False,
            words="their fields",
        )
    yield from found


def _put(
    bodies: dict[str, list[Body]], provider: Provider, shape: ResponseShape | None, seen: Seen, body: Any
) -> None:
    name = next((key for key, one in provider.responses.items() if one is shape), None)
    if name is not None and isinstance(body, dict):
        bodies[name].append((seen, body))


def _fields(
    place: tuple[str, ...], fields: Sequence[ResponseField], some: list[Body], of: str
) -> Iterator[Learned]:
    """The fields as they were seen, and whether that is as documented."""
    changed: list[str] = []
    made: list[dict[str, Any]] = []
    for field in fields:
        data = _as_data(field)
        seen = [value for one, body in some if _applies(field, one) for _, value in find(body, field.at)]
        given = [value for value in seen if value is not MISSING]
        if field.required and seen and len(given) < len(seen):
            del data["required"]
            _own(data)
            changed.append(f"{field.at} {'is not always there' if given else 'is not there'}")
            if not given:
                continue
        if wrong := [value for value in given if not is_type(value, field.type)]:
            kinds = [name for name in field.type if any(is_type(value, (name,)) for value in given)]
            names = list(dict.fromkeys([*kinds, *(_NAMES[type(value)] for value in wrong)]))
            data["type"] = names[0] if len(names) == 1 else names
            _own(data)
            changed.append(f"{field.at} is {' or '.join(names)}")
        made.append(data)
    for at, value in _new({field.at for field in fields}, some):
        made.append({"at": at, "type": _NAMES[type(value)], "clause": _OWN})
        changed.append(f"{at} is new")
    words = f"{of}: {'; '.join(changed) or f'{len(fields)} fields as documented'}"
    yield Learned(place, made if changed else None, not changed, words, ids([seen for seen, _ in some]))


def _applies(field: ResponseField, seen: Seen) -> bool:
    """Whether a field stands in an answer for sure: defaults may be others than documented, so only what was asked counts."""
    if seen.asked is None or seen.model is None:
        return True
    left_out = (name for name, wanted in field.when.items() if wanted not in ("absent", "present"))
    return all(name in seen.asked for name in left_out) and holds(field.when, seen.asked, seen.model)


def _as_data(field: ResponseField) -> dict[str, Any]:
    """A field as a document writes it, with its own source."""
    kinds = list(field.type)
    data: dict[str, Any] = {"at": field.at, "type": kinds[0] if len(kinds) == 1 else kinds}
    if field.required:
        data["required"] = True
    data["clause"] = field.clause
    if field.when:
        data["when"] = dict(field.when)
    data["source"], data["evidence"] = field.fact.source, field.fact.evidence.value
    return data


def _own(data: dict[str, Any]) -> dict[str, Any]:
    """A field as it was seen: the document's own source holds for it."""
    data.pop("source", None)
    data.pop("evidence", None)
    return data


def _new(known: set[str], some: list[Body]) -> list[tuple[str, Any]]:
    """Fields nobody documents, each with a value, the outermost of a nest only."""
    parents = {at.rsplit("/", depth)[0] for at in known for depth in range(1, at.count("/") + 1)}
    found: dict[str, Any] = {}
    for _, body in some:
        for at, value in _walk(body, "", known, parents):
            found.setdefault(at, value)
    return sorted(found.items())


def _walk(value: Any, at: str, known: set[str], parents: set[str]) -> Iterator[tuple[str, Any]]:
    if at and at not in known and at not in parents:
        yield at, value
    elif at in parents or not at:
        inner = (
            value.items()
            if isinstance(value, dict)
            else (("*", one) for one in value)
            if isinstance(value, list)
            else ()
        )
        for key, one in inner:
            yield from _walk(one, f"{at}/{key}", known, parents)
