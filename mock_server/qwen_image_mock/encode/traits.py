"""What a response shape asks of an answer beyond its layout, read once from the fields it lists."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

    from qwen_image_spec.model import Model, ResponseShape

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


def documented(shape: ResponseShape | None) -> ResponseShape:
    """The shape. Raises LookupError when there is none: what no document shows cannot be answered."""
    if shape is None:
        raise LookupError("no document shows this answer")
    return shape


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
