"""What a response shape asks of an answer beyond its layout, read once from the fields it lists."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

    from qwen_image_spec.model import Model, Provider, ResponseShape

Json = Any
_CHOICES = "choices"
_ONE_CHOICE = "choices-one"
_BY_PARAMETER = (("enable_sequential", "layout.sequential"), ("enable_interleave", "layout.interleave"))


@dataclass(frozen=True, slots=True)
class Traits:
    """`finished` and the name of the counts (`task_metric` or `task_metrics`), where the shape lists them."""

    shape: ResponseShape
    finished: bool
    metric: str


_known: dict[int, Traits] = {}


def traits_of(shape: ResponseShape) -> Traits:
    """The traits of a shape (kept by identity: shapes live as long as the spec)."""
    found = _known.get(id(shape))
    if found is None or found.shape is not shape:
        places = {field.at for field in shape.fields}
        metric = "task_metric" if "/output/task_metric" in places else "task_metrics"
        found = _known[id(shape)] = Traits(shape, "/output/finished" in places, metric)
    return found


def sync_shape(provider: Provider, result: str, model: Model) -> ResponseShape:
    """The shape of a direct answer: the model's own where it has one, else the endpoint's."""
    own = model.facts.get("sync.response")
    return provider.responses[own.value if own is not None else result]


def task_shape(provider: Provider, result: str, model: Model) -> ResponseShape:
    """The shape of a finished task: the one the model names, else the querying endpoint's."""
    own = model.facts.get("task.response")
    return provider.responses[own.value if own is not None else result]


def layout_of(shape: ResponseShape, model: Model, effective: Mapping[str, Json]) -> str:
    """Where the pictures stand. A shape of choices leaves it to the model how many choices there are."""
    if not shape.layout.startswith(_CHOICES):
        return shape.layout
    for name, key in _BY_PARAMETER:
        if effective.get(name) is True and key in model.facts:
            return str(model.facts[key].value)
    if model.layout is not None and model.layout.startswith(_CHOICES):
        return model.layout
    return shape.layout if shape.layout != _CHOICES else _ONE_CHOICE
