"""The pixels behind a size: spelled out, a token such as 2K, or left to the input image or the model."""

from __future__ import annotations

from math import sqrt
from typing import TYPE_CHECKING, Any

from qwen_image_mock.pictures import MAX_SIDE
from qwen_image_spec.situation import facets_of, holds
from qwen_image_spec.size import Size, parse

if TYPE_CHECKING:
    from qwen_image_spec.model import Facets, Model
    from qwen_image_spec.request import ImageRequest

FALLBACK = Size(1024, 1024)
"""The mock's own choice where a provider's document leaves the size to the model."""
_LAST_IMAGE = "last-image"


def size_of(value: Any, request: ImageRequest, model: Model, last: Size | None = None) -> Size:
    """The size in pixels of an effective `size` value.

    Without a usable one it is the model's default, else FALLBACK in the ratio of the last input image,
    whose sides are `last` where they are known.
    """
    size = _asked(value, request, model, last)
    multiple = model.facts.get("picture.multiple")
    if multiple is None or not isinstance(multiple.value, int):
        return size
    step = multiple.value
    return Size(_rounded(size.width, step), _rounded(size.height, step))


def separator_of(model: Model) -> str:
    """What stands between width and height in a model's sizes."""
    param = model.params.get("size")
    return "x" if param is None else param.separator


def in_ratio(area: Size, image: Size | None) -> Size:
    """About as many pixels as `area`, in the ratio of an image; `area` itself where there is none."""
    if image is None or not (image.width > 0 and image.height > 0):
        return area
    factor = sqrt(area.pixels / image.pixels)
    return Size(*(max(1, min(MAX_SIDE, round(side * factor))) for side in (image.width, image.height)))


def _asked(value: Any, request: ImageRequest, model: Model, last: Size | None) -> Size:
    param = model.params.get("size")
    if param is None:
        return in_ratio(FALLBACK, last)
    facets = facets_of(param, request, model)
    for word in (value, facets.default.value if facets.default is not None else None):
        if not isinstance(word, str):
            continue
        size = parse(word, param.separator) or parse(word, "x") or parse(word, "*")
        if size is not None and max(size.width, size.height) <= MAX_SIDE:
            return size
        token = _token(word, facets, request, model)
        if token is not None:
            keeps = model.facts.get("size.token-ratio")
            return in_ratio(token, last) if keeps is not None and keeps.value == _LAST_IMAGE else token
    return in_ratio(FALLBACK, last)


def _token(word: str, facets: Facets, request: ImageRequest, model: Model) -> Size | None:
    return next(
        (
            grant.tokens[word]
            for grant in facets.grants
            if word in grant.tokens and holds(grant.when, request, model)
        ),
        None,
    )


def _rounded(side: int, step: int) -> int:
    return min(MAX_SIDE, max(step, (side + step // 2) // step * step))
