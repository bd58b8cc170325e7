"""Answers with pictures. The layout says where they stand; the response shape says what goes around them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from qwen_image_mock.encode import native, openai
from qwen_image_mock.encode.extras import with_extras
from qwen_image_mock.encode.traits import layout_of
from qwen_image_mock.encode.usage import USAGES

if TYPE_CHECKING:
    from collections.abc import Callable

    from qwen_image_mock.outcome import Outcome
    from qwen_image_spec.model import ResponseShape

Json = Any


@dataclass(slots=True)
class Delivery:
    """Pictures on their way to a client: addresses, or base64 texts when `inline`.

    `created` is seconds since the epoch. `usage` names the dialect in which OpenAI-style answers say what was
    used, instead of the provider's own.
    """

    outcome: Outcome
    pictures: list[str]
    inline: bool
    request_id: str
    created: int
    usage: str = ""


_OPENAI = "data"
_LAYOUTS: dict[str, Callable[[Delivery, ResponseShape], dict[str, Json]]] = {
    _OPENAI: openai.data,
    "choices-one": native.one_choice,
    "choices-each": native.choice_each,
    "results": native.results,
}


def encode_success(delivery: Delivery, shape: ResponseShape) -> dict[str, Json]:
    """The body of an answer. The model's own usage wins over the shape's, and a chosen one over both."""
    outcome = delivery.outcome
    model = outcome.model
    layout = layout_of(shape, model, outcome.effective)
    body = _LAYOUTS[layout](delivery, shape)
    chosen = delivery.usage if layout == _OPENAI else ""
    usage = USAGES[chosen or model.usage or shape.usage](outcome)
    if usage is not None:
        body["usage"] = usage
    if "extras" in shape.options:
        with_extras(body, shape, delivery.request_id, model.id, delivery.created)
    return body
