"""Requests whose answer is a stream of events: single answers of theirs cannot be judged."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from qwen_image_conformance.probe import Probe, Tier, refused
from qwen_image_conformance.prompts import PLAIN
from qwen_image_conformance.ways import Way
from qwen_image_spec.model import Model, Provider
from qwen_image_spec.rules import check

_WANTS_STREAM = ("stream", "is_async")
_FACTS = {"stream.interleave-sync": "enable_interleave"}
_CLAUSE = "stream.required"


def streamed(model: Model, operation: str) -> tuple[str, ...]:
    """The parameters with which a model answers in events, or refuses to answer otherwise."""
    direct = operation != "submit"
    return (*_WANTS_STREAM, *(name for fact, name in _FACTS.items() if direct and fact in model.facts))


def unstreamed(provider: Provider, model: Model, way: Way) -> Iterator[Probe]:
    """A request of the kind that is answered in events, which does not ask for them: it is refused."""
    for name in streamed(model, way.operation):
        if name in _WANTS_STREAM or model.facts[_fact_of(name)].value is not True:
            continue
        request = way.request(model, PLAIN, **{name: True})
        if not check(request, model):
            probe = refused(provider, model, way.operation, way.endpoint, request, _CLAUSE, Tier.CORE)
            yield replace(probe, asked=None, breaks=(_CLAUSE,))


def _fact_of(name: str) -> str:
    return next(fact for fact, parameter in _FACTS.items() if parameter == name)
