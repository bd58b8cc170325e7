"""Reading a request that a fuzzer made up: what is wrong with it, and what is not certain."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from qwen_image_conformance.exchange import Exchange, Sent
from qwen_image_conformance.strategies.sizes import plausible
from qwen_image_conformance.streamed import streamed
from qwen_image_spec.evidence import Level
from qwen_image_spec.model import Endpoint, Model, Provider
from qwen_image_spec.pointers import MISSING
from qwen_image_spec.request import ImageRequest
from qwen_image_spec.situation import facets_of, holds
from qwen_image_spec.size import parse


def asynchronous(provider: Provider, headers: Mapping[str, str]) -> bool | None:
    """Whether the header asks for a task; None when its value is no documented one."""
    fact = provider.facts.get("async.header") or provider.facts.get("tasks.header")
    name, _, value = (
        str(fact.value).partition(": ") if fact is not None else ("x-dashscope-async", "", "enable")
    )
    given = headers.get(name.lower())
    return None if given not in (None, value) else given is not None


def frame_flaws(endpoint: Endpoint, sent: Sent, provider: Provider) -> tuple[str, ...]:
    """What is wrong around the body."""
    headers = sent.headers
    wants = asynchronous(provider, headers) is True
    found = {
        "auth.missing-key": "authorization" not in headers,
        "body.media-type": "json" not in headers.get("content-type", ""),
        "async.required": endpoint.asynchronous == "required" and not wants,
        "async.refused": endpoint.asynchronous == "refused" and wants,
    }
    return tuple(clause for clause, broken in found.items() if broken)


def body_flaw(body: Any, provider: Provider) -> str:
    """What keeps a body from naming a model, if anything."""
    if body is MISSING:
        return "body.malformed"
    if not isinstance(body, dict):
        return "body.not-object"
    name = body.get("model")
    if name is None:
        return "model.missing"
    if not isinstance(name, str):
        return "model.type"
    return "" if name in provider.models else "model.unknown"


def operation_of(endpoint: Endpoint, model: Model, request: ImageRequest) -> str:
    """What a request to an endpoint does: an edit when it has input images and the model edits."""
    if request.images and {"edit"} <= set(endpoint.operations) & set(model.operations):
        return "edit"
    return next((name for name in endpoint.operations if name in model.operations), endpoint.operations[0])


def plain(request: ImageRequest) -> dict[str, Any]:
    """A request as evidence keeps it."""
    return {
        "model": request.model,
        "prompt": request.prompt,
        "images": list(request.images),
        "parameters": dict(request.parameters),
        "texts": request.texts,
    }


def unsure(provider: Provider, exchange: Exchange) -> bool:
    """Whether the answer proves nothing.

    A refusal of input images that the suite did not choose may have a hundred good reasons; a stream is not read.
    """
    model = provider.models.get(exchange.model)
    if exchange.asked is None or model is None:
        return False
    if exchange.asked["images"] and exchange.received.status >= 400:
        return True
    return any(exchange.asked["parameters"].get(name) for name in streamed(model, exchange.operation))


def parsed(body: bytes) -> Any:
    """The JSON of a body, or MISSING."""
    try:
        return json.loads(body)
    except (ValueError, RecursionError):
        return MISSING


def disputed(provider: Provider, exchange: Exchange) -> bool:
    """Whether the size asked for rests on a disputed sentence, or on one that bounds the area only."""
    model = provider.models.get(exchange.model)
    param = model.params.get("size") if model is not None else None
    if (
        exchange.asked is None
        or model is None
        or param is None
        or not isinstance(exchange.asked["parameters"].get("size"), str)
    ):
        return False
    request = ImageRequest(
        model.id, images=tuple(exchange.asked["images"]), parameters=exchange.asked["parameters"]
    )
    size = parse(request.get("size"), param.separator)
    found = [
        grant
        for grant in facets_of(param, request, model).grants
        if holds(grant.when, request, model)
        and (
            request.get("size") in grant.tokens
            or (size is not None and not grant.tokens and grant.flaw(size) is None)
        )
    ]
    return bool(found) and all(grant.level is Level.OBSERVE or not plausible(grant, size) for grant in found)
