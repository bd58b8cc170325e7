"""Which facts hold for this very request: conditions (`when`), the facets they choose, and effective values."""

from __future__ import annotations

from typing import Any

from qwen_image_spec.model import Condition, Facets, ImageRule, Model, Param
from qwen_image_spec.request import ImageRequest


def value_of(name: str, request: ImageRequest, model: Model) -> Any:
    """The value a parameter has for conditions: as asked, else its plain default, else None."""
    if name in request.parameters:
        return request.parameters[name]
    param = model.params.get(name)
    return param.base.default.value if param is not None and param.base.default is not None else None


def holds(condition: Condition, request: ImageRequest, model: Model) -> bool:
    """Whether a `when` holds. `images: present | absent` asks for input images; anything else names a parameter.

    A parameter's condition may also be `present` or `absent`.
    """
    for name, wanted in condition.items():
        if name == "images":
            if bool(request.images) is not (wanted == "present"):
                return False
        elif wanted == "present":
            if name not in request.parameters:
                return False
        elif wanted == "absent":
            if name in request.parameters:
                return False
        else:
            actual = value_of(name, request, model)
            if actual != wanted or isinstance(actual, bool) is not isinstance(wanted, bool):
                return False
    return True


def facets_of(param: Param, request: ImageRequest, model: Model) -> Facets:
    """The facets of a parameter in this situation: the first case that holds, else the base."""
    for condition, facets in param.variants:
        if holds(condition, request, model):
            return facets
    return param.base


def image_rule_of(request: ImageRequest, model: Model) -> ImageRule | None:
    """The rule for input images in this situation, or None when nothing is known."""
    for rule in model.images:
        if holds(rule.when, request, model):
            return rule
    return None


def effective(request: ImageRequest, model: Model) -> dict[str, Any]:
    """Every parameter's value after defaults, as the model sees it; parameters without a known default stay out."""
    values: dict[str, Any] = {}
    for name, param in model.params.items():
        if name in request.parameters:
            values[name] = request.parameters[name]
        else:
            default = facets_of(param, request, model).default
            if default is not None:
                values[name] = default.value
    return values
