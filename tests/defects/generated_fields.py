"""For every clause about a field of an answer: a server that leaves it out, or gives it another type."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from defects.places import SPEC, everywhere, levels, plan_of
from defects.wrap import Answer, Asked, Defect
from qwen_image_conformance.checks.fields import is_type
from qwen_image_conformance.probe import Tier
from qwen_image_spec.answers import direct_shape, task_shape
from qwen_image_spec.model import Model, Provider, ResponseField
from qwen_image_spec.pointers import put, split

_OTHER_TYPES: tuple[Any, ...] = (7, "seven", ["seven"], {"seven": 7}, True)
_ALSO = {
    "response.data": (
        "response.success-means-pictures",
        "response-format.default",
        "response-format.url",
        "n.default",
        "n.count",
        "response-format.b64",
    ),
    "response.output": (
        "response.choices",
        "response.finish-reason",
        "response.role",
        "response.content",
        "model.served",
        "response.image-url",
        "response.success-means-pictures",
        "response.extras",
    ),
    "response.choices": (
        "response.finish-reason",
        "response.role",
        "response.content",
        "response.image-url",
        "response.success-means-pictures",
        "response.extras",
    ),
    "response.content": ("response.image-url", "response.success-means-pictures"),
    "response.image-url": ("response.success-means-pictures", "usage.image-count", "n.count", "n.default"),
    "usage.present": ("usage.image-count", "usage.size", "usage.tokens", "response.extras"),
    "errors.shape": ("errors.type", "errors.code-field", "errors.code", "errors.param-field"),
    "errors.code-field": ("errors.code",),
    "tasks.result-url": ("tasks.delivers", "usage.image-count", "tasks.metrics", "n.default", "n.count"),
    "tasks.status": ("tasks.delivers", "tasks.times"),
    "tasks.submitted": ("response.success-means-pictures", "tasks.status"),
    "response-format.url": ("response.success-means-pictures",),
}


@dataclass(frozen=True)
class Found:
    """A documented field and where it stands: in an `answer`, in a queried `task`, in a `refusal`."""

    provider: Provider
    model: Model
    field: ResponseField
    kind: str

    @property
    def dropped(self) -> bool:
        """Whether the defect leaves the field out; else it gives another type."""
        return self.field.required and self.field.clause != "response-format.b64"


def fields_at(provider: Provider, model: Model) -> Iterator[Found]:
    """Every documented field of the answers of a model."""
    for key in model.endpoints:
        endpoint = provider.endpoints[key]
        shape = direct_shape(provider, endpoint, model) if endpoint.method == "POST" else None
        yield from (
            Found(provider, model, field, "answer") for field in (shape.fields if shape is not None else ())
        )
    tasks = task_shape(provider, model)
    if tasks is not None and "query" in model.operations:
        yield from (Found(provider, model, field, "task") for field in tasks.fields)
    yield from (Found(provider, model, field, "refusal") for field in provider.error_fields)


def alter(body: Any, pointer: str, field: ResponseField, *, drop: bool) -> None:
    """Take the field out of every place it stands at, or put a value of another type there."""
    if not drop and "*" not in pointer:
        put(body, pointer, next(value for value in _OTHER_TYPES if not is_type(value, field.type)))
        return
    *parents, last = split(pointer)
    for parent in _reach(body, parents):
        if isinstance(parent, dict):
            if drop:
                parent.pop(last, None)
            else:
                parent[last] = next(value for value in _OTHER_TYPES if not is_type(value, field.type))


def _reach(here: Any, keys: list[str]) -> Iterator[Any]:
    if not keys:
        yield here
    elif keys[0] == "*":
        for item in here if isinstance(here, list) else ():
            yield from _reach(item, keys[1:])
    elif isinstance(here, dict) and keys[0] in here:
        yield from _reach(here[keys[0]], keys[1:])


def _hook(found: Found) -> Callable[[Asked, Answer], None]:
    def spoil(asked: Asked, answer: Answer) -> None:
        kind = "refusal" if answer.status >= 400 else "task" if asked.method == "GET" else "answer"
        if isinstance(answer.body, dict) and kind == found.kind:
            alter(answer.body, found.field.at, found.field, drop=found.dropped)

    return spoil


def _candidates(clause: str) -> Iterator[tuple[tuple[int, ...], Found]]:
    for provider, model in everywhere():
        judged = [level for (name, _), level in levels(provider.id, model.id).items() if name == clause]
        for found in fields_at(provider, model) if judged else ():
            if found.field.clause == clause and _to_be_seen(found):
                hard = min(found.field.fact.level.rank, max(level.rank for level in judged))
                probes = len(plan_of(provider.id, model.id, Tier.CORE.value).probes)
                # A model that looks at its parameters inside the task only would show too much.
                yield (-hard, model.validates != "submit", "submit" in model.operations, probes), found


def _to_be_seen(found: Found) -> bool:
    """Only fields whose loss leaves something to judge."""
    return found.field.clause != "tasks.result-url" or found.field.at.endswith("/url")


def _defects() -> list[Defect]:
    made = []
    for clause in SPEC.clauses.values():
        if clause.fact != "field":
            continue
        _, found = min(_candidates(clause.id), key=lambda one: one[0], default=((), None))
        if found is not None:
            made.append(
                Defect(
                    f"{'lost' if found.dropped else 'retyped'}:{clause.id}",
                    clause.id,
                    found.provider.id,
                    found.model.id,
                    answer=_hook(found),
                    level=found.field.fact.level.value,
                    also=frozenset(_ALSO.get(clause.id, ())),
                )
            )
    return made


FIELDS = _defects()
