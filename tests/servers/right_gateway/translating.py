"""From the canonical request to the upstream's own spelling, and what else goes along."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import Any

from qwen_image_spec.dialect import dialect
from qwen_image_spec.model import Endpoint, Model
from qwen_image_spec.pointers import get, put
from qwen_image_spec.request import ImageRequest
from qwen_image_spec.size import parse
from servers.right_gateway.upstream import Call

Json = Any
# What the gateway itself answers for: the upstream has no such parameter.
_OWN = {"/response_format", "/user", "/stream", "/mask", "/parameters"}


def call_of(
    base: str, model: Model, endpoint: Endpoint, request: ImageRequest, extras: Json, key: str
) -> Call:
    """The paid request. What is absent stays absent; `extras` are fields nobody documents, handed on as they are."""
    parameters = {
        name: _respelled(value, model) if name == "size" else value
        for name, value in request.parameters.items()
        if name != "response_format"
    }
    own = replace(request, model=model.id, parameters=parameters)
    body = dialect(model, endpoint).encode(own)
    for name, value in extras.items():
        put(body, f"/parameters/{name}", value)
    headers = {"authorization": key, "content-type": "application/json", "accept": "application/json"}
    if endpoint.asynchronous == "required":
        headers["x-dashscope-async"] = "enable"
    return Call("make", "POST", base + endpoint.path, headers, body, key)


def _respelled(size: Json, model: Model) -> Json:
    found = parse(size, "x") if isinstance(size, str) else None
    return size if found is None else found.spell(model.params["size"].separator)


def extras_of(document: Json, unknown: Iterable[str]) -> dict[str, Json]:
    """The undocumented fields of a request, by name, from the top and from `parameters`."""
    return {pointer.rpartition("/")[2]: get(document, pointer) for pointer in unknown if pointer not in _OWN}
