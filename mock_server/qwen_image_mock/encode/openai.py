"""The OpenAI Images answer: `created` and a list `data`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from qwen_image_mock.encode.success import Delivery
    from qwen_image_spec.model import ResponseShape

Json = Any


def data(delivery: Delivery, shape: ResponseShape) -> dict[str, Json]:
    """One item a picture, with `url` or `b64_json`, and the revised prompt where the provider tells it."""
    place = "b64_json" if delivery.inline else "url"
    items: list[dict[str, Json]] = [{place: picture} for picture in delivery.pictures]
    revised = delivery.outcome.actual_prompt
    if revised is not None and shape.options.get("revised_prompt"):
        for item in items:
            item["revised_prompt"] = revised
    return {"created": delivery.created, "data": items}
