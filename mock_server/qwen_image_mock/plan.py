"""What requests come to that differ in nothing but their words and their seed: values, size, count, mark."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from qwen_image_mock.sizes import separator_of, size_of
from qwen_image_spec.evidence import Reaction
from qwen_image_spec.situation import effective as with_defaults
from qwen_image_spec.situation import facets_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from qwen_image_spec.model import Model, Param
    from qwen_image_spec.request import ImageRequest
    from qwen_image_spec.rules import Violation
    from qwen_image_spec.size import Size

Json = Any
MOST_PICTURES = 64
"""The mock's own bound, for requests whose number of pictures nothing else bounds."""
DEFAULT_MARK = "AI"
DEFAULT_LIFE = 86_400


@dataclass(slots=True)
class Plan:
    """`values` are the effective parameters, `size` as the model spells it; `extends`: the prompt is rewritten.

    `life` is how long the addresses of the pictures live, in seconds.
    """

    model: Model
    values: dict[str, Json]
    width: int
    height: int
    size: str
    count: int
    extends: bool
    mark: str
    life: int


def plan_of(
    request: ImageRequest, model: Model, violations: Sequence[Violation] = (), last: Size | None = None
) -> Plan:
    """The plan for an accepted request; `violations` are those the provider mends or overlooks.

    `last` is the size of its last input image, where that is known.
    """
    values = with_defaults(request, model)
    for name in request.parameters:
        facets = facets_of(model.params[name], request, model)
        if facets.effective is not None and not facets.effective.value:
            _forget(name, model, request, values)
    for violation in violations:
        if violation.param != "prompt" and violation.param in values:
            _mend(violation, model, request, values)
    size = size_of(values.get("size"), request, model, last)
    count = values.get("n")
    count = max(1, min(count, MOST_PICTURES)) if isinstance(count, int) else 1
    spelled = size.spell(separator_of(model))
    mark = (model.watermark_text or DEFAULT_MARK) if values.get("watermark") is True else ""
    extends = values.get("prompt_extend") is True
    values.update(size=spelled, n=count)
    return Plan(model, values, size.width, size.height, spelled, count, extends, mark, life_of(model))


def life_of(model: Model) -> int:
    """How long the addresses of a model's pictures live, in seconds."""
    fact = model.lifetimes.get("url") or model.facts.get("url.lifetime")
    return int(fact.value) if fact is not None else DEFAULT_LIFE


def _mend(violation: Violation, model: Model, request: ImageRequest, values: dict[str, Json]) -> None:
    """Apply what the provider does about a value beyond a limit."""
    name = violation.param
    facets = facets_of(model.params[name], request, model)
    value = values[name]
    if violation.reaction is Reaction.IGNORE or not facets.supported.value:
        _forget(name, model, request, values)
    elif violation.reaction is Reaction.TRUNCATE and facets.length is not None and isinstance(value, str):
        values[name] = value[: facets.length.value]
    elif (
        facets.range is not None
        and isinstance(value, int | float)
        and (violation.reaction is Reaction.CLAMP or name == "n")
    ):
        low, high = facets.range.value
        values[name] = max(low, min(value, high))


def _forget(name: str, model: Model, request: ImageRequest, values: dict[str, Json]) -> None:
    """Go on as if a parameter had not been given."""
    param: Param = model.params[name]
    default = facets_of(param, request, model).default
    if default is not None:
        values[name] = default.value
    else:
        values.pop(name, None)
