"""Where a gateway wants the parameters beyond the common ones, when not where the contract says."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import orjson

from qwen_image_conformance.probe import Probe
from qwen_image_conformance.upstream.gateway import Gateway
from qwen_image_spec.model import Provider
from qwen_image_spec.pointers import MISSING, get, put

_FLAT = "flat"
_COMMON = ("model", "prompt", "n", "size", "response_format", "image", "mask", "user")
_HOMES = {
    "top-level": "",
    "parameters": "/parameters",
    "optimize_prompt_options": "/optimize_prompt_options",
    "extra_body": "/extra_body",
}


def placed(probe: Probe, gateway: Gateway, provider: Provider) -> Probe:
    """The probe with its further parameters where the gateway's description says. Native bodies and forms stay."""
    home, model = _HOMES.get(gateway.extras), provider.models.get(probe.model)
    flat = provider.endpoints[probe.endpoint].envelope == _FLAT
    if home is None or model is None or probe.asked is None or not flat:
        return probe
    try:
        body: dict[str, Any] = orjson.loads(probe.body)
    except orjson.JSONDecodeError:
        return probe
    for name in probe.asked.parameters:
        places = model.params[name].places if name in model.params else {}
        where = (places.get(_FLAT) or places.get("*") or ("",))[0]
        if name in _COMMON or not where or (value := get(body, where)) is MISSING:
            continue
        _take(body, where)
        put(body, f"{home}/{name}", value)
    return replace(probe, body=orjson.dumps(body))


def _take(body: dict[str, Any], where: str) -> None:
    """Remove a value, and the object that held it when nothing else is in there."""
    parent, _, key = where.rpartition("/")
    holder = get(body, parent) if parent else body
    holder.pop(key)
    if parent and not holder:
        _take(body, parent)
