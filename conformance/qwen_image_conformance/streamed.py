"""Requests whose answer is a stream of events: single answers of theirs cannot be judged."""

from __future__ import annotations

from qwen_image_spec.model import Model

_WANTS_STREAM = ("stream", "is_async")
_FACTS = {"stream.interleave-sync": "enable_interleave"}


def streamed(model: Model, operation: str) -> tuple[str, ...]:
    """The parameters with which a model answers in events, or refuses to answer otherwise."""
    direct = operation != "submit"
    return (*_WANTS_STREAM, *(name for fact, name in _FACTS.items() if direct and fact in model.facts))
