"""What a gateway makes of a request: the endpoint, the model, the image request and the rules it breaks."""

from __future__ import annotations

import json
from dataclasses import dataclass

from defects.wrap import Asked
from qwen_image_conformance.probe import encode, frame_headers
from qwen_image_conformance.prompts import PLAIN
from qwen_image_conformance.ways import ways
from qwen_image_spec.dialect import dialect
from qwen_image_spec.evidence import Reaction
from qwen_image_spec.model import Endpoint, Model, Provider
from qwen_image_spec.request import ImageRequest
from qwen_image_spec.rules import Violation, check

ASYNC = "x-dashscope-async"


@dataclass(frozen=True)
class Reading:
    """A request that names a model of the provider at one of its endpoints."""

    endpoint: Endpoint
    model: Model
    request: ImageRequest
    violations: tuple[Violation, ...]

    @property
    def clauses(self) -> frozenset[str]:
        """Every clause of the rules that the request touches."""
        return frozenset(violation.clause for violation in self.violations)

    @property
    def right(self) -> bool:
        """True when the contract says that the request is taken."""
        return not any(
            violation.reaction in (Reaction.REJECT, Reaction.UNKNOWN) for violation in self.violations
        )


def endpoint_of(provider: Provider, asked: Asked) -> Endpoint | None:
    """The endpoint for pictures at the request's path; of two at one path, the one its header asks for."""
    here = [
        endpoint
        for endpoint in provider.endpoints.values()
        if asked.path == f"/{provider.id}{endpoint.path}" and endpoint.method == "POST"
    ]
    return min(
        here,
        key=lambda endpoint: (endpoint.asynchronous == "required") is not (ASYNC in asked.headers),
        default=None,
    )


def read(provider: Provider, asked: Asked) -> Reading | None:
    """The request as the contract reads it; None when it is none for pictures."""
    endpoint = endpoint_of(provider, asked)
    if asked.method != "POST" or endpoint is None or not isinstance(asked.body, dict):
        return None
    name = asked.body.get("model")
    model = provider.models.get(name) if isinstance(name, str) else None
    if model is None:
        return None
    request = dialect(model, endpoint).decode(asked.body)
    return Reading(endpoint, model, request, tuple(check(request, model)))


def put_in_order(provider: Provider, model: Model, asked: Asked) -> None:
    """Replace a request by one that the contract allows: the mistake gets through."""
    own = ways(provider, model)
    here = endpoint_of(provider, asked)
    way = next((way for way in own if here is not None and way.endpoint.id == here.id), own[0])
    asked.method, asked.path = way.endpoint.method, f"/{provider.id}{way.endpoint.path}"
    asked.raw = encode(model, way.endpoint, way.request(model, PLAIN))
    asked.body = json.loads(asked.raw)
    host = asked.headers.get("host", "")
    asked.headers = {"host": host, "authorization": "Bearer sk-of-the-gateway", **frame_headers(way.endpoint)}


def put_out_of_order(asked: Asked) -> None:
    """Take the prompt out of a request, so that the right server behind refuses it in its own words."""
    if "input" in asked.body:
        asked.body = {**asked.body, "input": "nothing"}
    else:
        asked.body = {name: value for name, value in asked.body.items() if name != "prompt"}
