"""For every clause about a field of an answer: a server that leaves the field out, or gives it another type."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from defects.places import SPEC, everywhere, levels, plan_of
from defects.wrap import Answer, Asked, Defect
from qwen_image_conformance.checks.fields import is_type
from qwen_image_conformance.probe import Tier
from qwen_image_spec.answers import direct_shape, task_shape
from qwen_image_spec.evidence import Level
from qwen_image_spec.model import Model, Provider, ResponseField
from qwen_image_spec.pointers import split

_OTHER_TYPES: tuple[Any, ...] = (7, "seven", ["seven"], {"seven": 7}, True)
_ALSO = {
    "response.data": ("response.success-means-pictures", "response-format.default", "response-format.url", "n.default",
                      "n.count", "response-format.b64"),
    "response.output": ("response.choices", "response.finish-reason", "response.role", "response.content", "model.served",
                        "response.image-url", "response.success-means-pictures", "response.extras"),
    "response.choices": ("response.finish-reason", "response.role", "response.content", "response.image-url",
                         "response.success-means-pictures", "response.extras"),
    "response.content": ("response.image-url", "response.success-means-pictures"),
    "response.image-url": ("response.success-means-pictures", "usage.image-count", "n.count", "n.default"),
    "usage.present": ("usage.image-count", "usage.size", "usage.tokens", "response.extras"),
    "errors.shape": ("errors.type", "errors.code-field", "errors.code", "errors.param-field"),
    "errors.code-field": ("errors.code",),
    "tasks.result-url": ("tasks.delivers", "usage.image-count", "tasks.metrics", "n.default", "n.count"),
    "tasks.status": ("tasks.delivers", "tasks.times"),
    "tasks.submitted": ("response.success-means-pictures", "tasks.status"),
    "tasks.metrics": (),
}


def fields_at(provider: Provider, model: Model) -> Iterator[ResponseField]:
    """Every documented field of the answers of a model: successes, tasks, refusals."""
    for key in model.endpoints:
        shape = direct_shape(provider, provider.endpoints[key], model)
        yield from shape.fields if shape is not None else ()
    tasks = task_shape(provider, model)
    if tasks is not None and "query" in model.operations:
        yield from tasks.fields
    yield from provider.error_fields


def alter(body: Any, pointer: str, field: ResponseField, *, drop: bool) -> None:
    """Take the field out of every place it stands at, or put a value of another type there."""
    *parents, last = split(pointer)
    for parent in _reach(body, parents):
        if isinstance(parent, dict) and last in parent:
            if drop:
                del parent[last]
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


def _hook(field: ResponseField) -> Callable[[Asked, Answer], None]:
    def spoil(_asked: Asked, answer: Answer) -> None:
        if isinstance(answer.body, dict):
            alter(answer.body, field.at, field, drop=field.required)

    return spoil


def _candidates(clause: str) -> Iterator[tuple[int, int, Provider, Model, ResponseField, Level]]:
    for provider, model in everywhere():
        judged = [level for (name, _), level in levels(provider.id, model.id).items() if name == clause]
        if not judged:
            continue
        for field in fields_at(provider, model):
            if field.clause == clause:
                cost = len(plan_of(provider.id, model.id, Tier.CORE.value).probes) + 20 * ("submit" in model.operations)
                yield -min(field.fact.level.rank, max(level.rank for level in judged)), cost, provider, model, field, field.fact.level


def _defects() -> list[Defect]:
    found = []
    for clause in SPEC.clauses.values():
        if clause.fact != "field":
            continue
        best = min(_candidates(clause.id), key=lambda one: one[:2], default=None)
        if best is not None:
            _, _, provider, model, field, level = best
            found.append(Defect(f"{'lost' if field.required else 'retyped'}:{clause.id}", clause.id, provider.id, model.id,
                                answer=_hook(field), level=level.value, also=frozenset(_ALSO.get(clause.id, ()))))
    return found


FIELDS = _defects()
