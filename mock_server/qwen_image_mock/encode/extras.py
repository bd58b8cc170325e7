"""The further fields of a provider's wrapper, as its document lists them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from qwen_image_spec.model import ResponseShape

Json = Any


def with_extras(
    body: dict[str, Json], shape: ResponseShape, request_id: str, model: str, created: int
) -> dict[str, Json]:
    """The answer with the shape's `extras`.

    `{request_id}`, `{model}` and `{created}` stand for their values.
    """
    live: dict[str, Json] = {"{request_id}": request_id, "{model}": model, "{created}": created}
    for name, value in shape.options.get("extras", {}).items():
        body[name] = live.get(value, value) if isinstance(value, str) else value
    return body
