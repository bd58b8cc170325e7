"""The answers of the minimal server: only fields that a document shows as given always."""

from __future__ import annotations

import base64
import time
from dataclasses import dataclass
from typing import Any

from qwen_image_spec.answers import direct_shape
from qwen_image_spec.evidence import Level
from qwen_image_spec.model import Endpoint, Model, Provider
from qwen_image_spec.size import Size

Json = Any
_TIME = "2026-01-02 03:04:05.678"


@dataclass(frozen=True)
class Made:
    """The pictures of one request: (address, bytes) of each."""

    id: str
    pictures: tuple[tuple[str, bytes], ...]
    size: Size
    inline: bool
    rewritten: bool


def refusal(style: str) -> Json:
    """A refusal with a message for people and no more."""
    return (
        {"error": {"message": "no"}}
        if style == "openai"
        else {"code": "No", "message": "no", "request_id": "r"}
    )


def answer(made: Made, provider: Provider, endpoint: Endpoint, model: Model) -> Json:
    """A success at once."""
    if provider.style == "openai":
        return _data(made, provider, endpoint, model)
    choices = [
        {"finish_reason": "stop", "message": {"role": "assistant", "content": [{"image": url}]}}
        for url, _ in made.pictures
    ]
    usage = {
        "image_count": len(made.pictures),
        "width": made.size.width,
        "height": made.size.height,
        "size": f"{made.size.width}*{made.size.height}",
    }
    usage = {
        name: value for name, value in usage.items() if f"/usage/{name}" in _needed(provider, endpoint, model)
    }
    return {"output": {"choices": choices}, "usage": usage, "request_id": "r"}


def _needed(provider: Provider, endpoint: Endpoint, model: Model) -> set[str]:
    shape = direct_shape(provider, endpoint, model)
    return (
        {field.at for field in shape.fields if field.required and field.fact.level is Level.MUST}
        if shape is not None
        else set()
    )


def _data(made: Made, provider: Provider, endpoint: Endpoint, model: Model) -> Json:
    data = [
        {"b64_json": base64.b64encode(raw).decode()} if made.inline else {"url": url}
        for url, raw in made.pictures
    ]
    usage: Json = {"usage": {}} if "/usage" in _needed(provider, endpoint, model) else {}
    return {"created": int(time.time()), "data": data, **usage}


def submitted(made: Made) -> Json:
    """A task that was taken."""
    return {"output": {"task_id": made.id, "task_status": "PENDING"}, "request_id": "r"}


def task(made: Made) -> Json:
    """A task that is done, as it always is when first asked for."""
    rewritten = {"actual_prompt": "a picture"} if made.rewritten else {}
    times = dict.fromkeys(("submit_time", "scheduled_time", "end_time"), _TIME)
    results = [{"url": url, **rewritten} for url, _ in made.pictures]
    return {
        "output": {"task_id": made.id, "task_status": "SUCCEEDED", **times, "results": results},
        "usage": {"image_count": len(made.pictures)},
        "request_id": "r",
    }


def unknown_task(task_id: str) -> Json:
    """A task nobody knows."""
    return {"output": {"task_id": task_id, "task_status": "UNKNOWN"}, "request_id": "r"}
