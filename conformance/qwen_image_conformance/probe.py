"""A planned request: what it sends, what it should decide, how many pictures it may buy."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

import orjson

from qwen_image_spec.dialect import dialect
from qwen_image_spec.model import Endpoint, Model, Provider
from qwen_image_spec.request import ImageRequest
from qwen_image_spec.situation import effective

JSON = "application/json"


class Tier(StrEnum):
    """How much a run asks: `smoke` 1-2 pictures a model, `core` at most 8, `full` everything."""

    SMOKE = "smoke"
    CORE = "core"
    FULL = "full"

    @property
    def rank(self) -> int:
        """0 for smoke."""
        return list(Tier).index(self)


@dataclass(frozen=True, slots=True)
class Probe:
    """One request to send. `clauses` is what it is sent for; `breaks` what its frame breaks on purpose.

    `buys` is the number of pictures a right provider delivers for it (0 for a refusal).
    `splits` are smaller probes, sent only when this one is refused although it should not be.
    `token` marks the prompt so that what reaches an upstream can be found; `fault` is the condition the upstream is asked
    to simulate, by its name in the data.
    """

    id: str
    provider: str
    model: str
    operation: str
    endpoint: str
    method: str
    path: str
    body: bytes
    clauses: tuple[str, ...]
    buys: int
    tier: Tier
    headers: Mapping[str, str] = field(default_factory=dict)
    credentials: str = "key"
    asked: ImageRequest | None = None
    breaks: tuple[str, ...] = ()
    splits: tuple[Probe, ...] = ()
    tamper: bool = False
    token: str = ""
    fault: str = ""


def accepted(
    provider: Provider,
    model: Model,
    operation: str,
    endpoint: Endpoint,
    request: ImageRequest,
    name: str,
    clauses: tuple[str, ...],
    tier: Tier,
    splits: tuple[Probe, ...] = (),
    *,
    tamper: bool = False,
) -> Probe:
    """A probe that a right provider answers with pictures."""
    return Probe(
        f"{name}:{model.id}:{operation}",
        provider.id,
        model.id,
        operation,
        endpoint.id,
        endpoint.method,
        endpoint.path,
        encode(model, endpoint, request),
        clauses,
        pictures_of(request, model),
        tier,
        frame_headers(endpoint),
        asked=request,
        splits=splits,
        tamper=tamper,
    )


def refused(
    provider: Provider,
    model: Model,
    operation: str,
    endpoint: Endpoint,
    request: ImageRequest,
    clause: str,
    tier: Tier,
    suffix: str = "",
) -> Probe:
    """A probe that a right provider refuses for one clause of its rules."""
    return Probe(
        f"{clause}{suffix}:{model.id}:{operation}",
        provider.id,
        model.id,
        operation,
        endpoint.id,
        endpoint.method,
        endpoint.path,
        encode(model, endpoint, request),
        (clause,),
        0,
        tier,
        frame_headers(endpoint),
        asked=request,
    )


def encode(model: Model, endpoint: Endpoint, request: ImageRequest) -> bytes:
    """The body of a request as the provider documents it."""
    return orjson.dumps(dialect(model, endpoint).encode(request))


def frame_headers(endpoint: Endpoint) -> dict[str, str]:
    """The headers an endpoint needs, apart from credentials."""
    headers = {"content-type": JSON}
    if endpoint.asynchronous == "required":
        headers["x-dashscope-async"] = "enable"
    return headers


def pictures_of(request: ImageRequest, model: Model) -> int:
    """How many pictures a request buys: n asked, else the documented default, else one."""
    count: Any = effective(request, model).get("n")
    return count if isinstance(count, int) and not isinstance(count, bool) and count > 0 else 1


def worst_of(probe: Probe, model: Model) -> int:
    """How many pictures a request buys from a target that takes what it should refuse."""
    if probe.method != "POST":
        return probe.buys
    return max(probe.buys, pictures_of(probe.asked or ImageRequest(model.id), model))
