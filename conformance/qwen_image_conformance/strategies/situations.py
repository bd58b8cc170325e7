"""The situations of a model: what a request may set that decides which other values are legal.

Most limits depend on nothing. Some depend on a switch or on input images; those are few and have few values,
so that every combination can be tried by the rules once, before anything is drawn. What is drawn then needs
no filter.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cache, cached_property
from itertools import product
from typing import Any

from qwen_image_conformance.prompts import PLAIN
from qwen_image_conformance.strategies.values import Values, right
from qwen_image_conformance.ways import Way, sample_image
from qwen_image_spec.model import Condition, Model, Param
from qwen_image_spec.request import ImageRequest
from qwen_image_spec.rules import check
from qwen_image_spec.situation import facets_of

_FINITE = ("boolean", "string")
_WORDS = ("present", "absent")


@cache
def picture() -> str:
    """The input image of every request, made once."""
    return sample_image()


@dataclass(frozen=True)
class Situation:
    """A legal request with nothing but what decides: input images and switches that other limits ask for."""

    model: Model
    way: Way
    request: ImageRequest

    @cached_property
    def others(self) -> Mapping[str, Values]:
        """The further parameters and their legal values here. One that cannot be given here is left out."""
        return {
            name: values
            for name, values in self._known()
            if not check(self.having(name, values.sample), self.model)
        }

    def having(self, name: str, value: Any) -> ImageRequest:
        """The request with one more parameter."""
        return replace(self.request, parameters={**self.request.parameters, name: value})

    def _known(self) -> Iterator[tuple[str, Values]]:
        deciding = conditions(self.model)
        for name, param in parameters(self.model, self.way):
            facets = facets_of(param, self.request, self.model)
            if name not in deciding and facets.supported.value:
                values = right(param, facets, self.request, self.model)
                if values is not None:
                    yield name, values


def situations(model: Model, way: Way, without: tuple[str, ...] = ()) -> list[Situation]:
    """Every legal situation of a way, the simplest first. `without` are parameters that are never given."""
    names = [name for name in conditions(model) if name not in without]
    found = []
    for count, *chosen in product(_image_counts(model, way), *(_choices(model, way, name) for name in names)):
        given = {name: value for name, value in zip(names, chosen, strict=True) if value is not None}
        request = ImageRequest(model.id, PLAIN, (picture(),) * count, given)
        if not check(request, model):
            found.append(Situation(model, way, request))
    return sorted(found, key=lambda one: (len(one.request.parameters), len(one.request.images)))


def parameters(model: Model, way: Way) -> Iterator[tuple[str, Param]]:
    """The parameters a way takes, apart from the frame (model, prompt, images)."""
    for name, param in model.params.items():
        if name not in ("model", "prompt") and param.type != "images" and placed(param, way):
            yield name, param


def placed(param: Param, way: Way) -> bool:
    """Whether a parameter has a place in the way's envelope."""
    return bool(param.places.get(way.endpoint.envelope) or param.places.get("*"))


def carries_images(model: Model, way: Way) -> bool:
    """Whether a way can carry input images at all."""
    return way.endpoint.envelope != "flat" or any(
        param.type == "images" and placed(param, way) for param in model.params.values()
    )


def conditions(model: Model) -> list[str]:
    """The parameters with few values that a limit or a rule asks for."""
    named = {name for condition in _whens(model) for name in condition}
    return [
        name
        for name, param in model.params.items()
        if name in named
        and param.type in _FINITE
        and (param.type == "boolean" or param.base.enum is not None)
    ]


def independent(model: Model) -> frozenset[str]:
    """The parameters whose limits ask for nothing else, and which no rule across fields names."""
    ruled = {name for rule in model.rules for name in (*rule.when, *rule.forbids, *rule.requires)}
    return frozenset(
        name
        for name, param in model.params.items()
        if name not in ruled
        and not param.variants
        and param.type != "boxes"
        and not any(grant.when for grant in param.base.grants)
    )


def _whens(model: Model) -> Iterator[Condition]:
    for param in model.params.values():
        yield from (condition for condition, _ in param.variants)
        for facets in (param.base, *(facets for _, facets in param.variants)):
            yield from (grant.when for grant in facets.grants)
    yield from (rule.when for rule in model.rules)
    yield from (rule.when for rule in model.images)


def _choices(model: Model, way: Way, name: str) -> list[Any]:
    """Absent, and each value; absent only where the way has no place for it."""
    param = model.params[name]
    if not placed(param, way):
        return [None]
    values = (
        [False, True]
        if param.type == "boolean"
        else list(param.base.enum.value)
        if param.base.enum is not None
        else []
    )
    return [None, *values]


def _image_counts(model: Model, way: Way) -> list[int]:
    """How many input images to try: none for a generation, some for an edit, either for a task."""
    if way.operation == "generate" or not carries_images(model, way):
        return [0]
    least = min((rule.count.value[0] for rule in model.images), default=0)
    most = max((rule.count.value[1] for rule in model.images), default=1)
    lowest = max(least, 1) if way.operation == "edit" else least
    return sorted({count for count in (lowest, lowest + 1, most) if lowest <= count <= most})
