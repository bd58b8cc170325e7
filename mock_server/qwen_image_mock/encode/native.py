"""The native answer: `output` with choices or results, and a request id."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from qwen_image_mock.encode.traits import traits_of

if TYPE_CHECKING:
    from qwen_image_mock.encode.success import Delivery
    from qwen_image_spec.model import ResponseShape

Json = Any
_TYPED = "content.type-key"


def one_choice(delivery: Delivery, shape: ResponseShape) -> dict[str, Json]:
    """Every picture in the content of one choice."""
    return _choices([_items(delivery)], delivery, shape)


def choice_each(delivery: Delivery, shape: ResponseShape) -> dict[str, Json]:
    """One choice a picture."""
    return _choices([[item] for item in _items(delivery)], delivery, shape)


def results(delivery: Delivery, shape: ResponseShape) -> dict[str, Json]:
    """A list `results`, each with the prompt as asked and, when it was rewritten, as used."""
    outcome = delivery.outcome
    about = {"orig_prompt": outcome.prompt}
    if outcome.actual_prompt is not None:
        about["actual_prompt"] = outcome.actual_prompt
    return _framed({"results": [{**about, "url": picture} for picture in delivery.pictures]}, delivery, shape)


def _items(delivery: Delivery) -> list[dict[str, Json]]:
    typed = delivery.outcome.model.facts.get(_TYPED)
    if typed is not None and typed.value is True:
        return [{"type": "image", "image": picture} for picture in delivery.pictures]
    return [{"image": picture} for picture in delivery.pictures]


def _choices(
    contents: list[list[dict[str, Json]]], delivery: Delivery, shape: ResponseShape
) -> dict[str, Json]:
    choices = [
        {"finish_reason": "stop", "message": {"role": "assistant", "content": content}}
        for content in contents
    ]
    return _framed({"choices": choices}, delivery, shape)


def _framed(output: dict[str, Json], delivery: Delivery, shape: ResponseShape) -> dict[str, Json]:
    if traits_of(shape).finished:
        output["finished"] = True
    if shape.options.get("task_metric"):
        count = len(delivery.pictures)
        output["task_metric"] = {"TOTAL": count, "FAILED": 0, "SUCCEEDED": count}
    return {"output": output, "request_id": delivery.request_id}
