"""Probes of a whole endpoint: credentials, methods, media types, broken bodies, missing fields. All of them free."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import orjson

from qwen_image_conformance.probe import Probe, Tier, encode, frame_headers
from qwen_image_conformance.prompts import PLAIN
from qwen_image_conformance.ways import Way
from qwen_image_spec.model import Model, Provider

_NOBODY = "no-such-model-7d1f3c"
_HUGE = 33 * 1024 * 1024


def probes(provider: Provider, model: Model, way: Way) -> list[Probe]:
    """The frame probes of one endpoint, asked with one of its models."""
    body = orjson.loads(encode(model, way.endpoint, way.request(model, PLAIN)))
    base = Probe(
        "",
        provider.id,
        model.id,
        way.operation,
        way.endpoint.id,
        way.endpoint.method,
        way.endpoint.path,
        b"",
        (),
        0,
        Tier.CORE,
        frame_headers(way.endpoint),
    )
    return [
        replace(
            base,
            id=f"{clause}:{way.endpoint.id}:{way.operation}",
            clauses=(clause,),
            breaks=(clause,),
            **changes,
        )
        for clause, changes in _changes(body, way, provider, model)
    ]


def _changes(
    body: dict[str, Any], way: Way, provider: Provider, model: Model
) -> Iterator[tuple[str, dict[str, Any]]]:
    whole = orjson.dumps(body)
    headers = frame_headers(way.endpoint)
    yield "auth.missing-key", {"body": whole, "credentials": "none", "tier": Tier.SMOKE}
    yield "auth.invalid-key", {"body": whole, "credentials": "canary", "tier": Tier.SMOKE}
    yield "auth.scheme", {"body": whole, "credentials": "basic"}
    yield "method.refused", {"body": b"", "method": "GET", "headers": {}}
    yield "body.malformed", {"body": whole[:-2]}
    yield "body.not-object", {"body": b"[]"}
    yield "body.encoding", {"body": whole.replace(PLAIN.encode(), b"\xff\xfe lantern")}
    yield "body.media-type", {"body": whole, "headers": {**headers, "content-type": "text/plain"}}
    yield "model.missing", {"body": _without(body, "model")}
    yield "model.unknown", {"body": orjson.dumps({**body, "model": _NOBODY})}
    yield "model.type", {"body": orjson.dumps({**body, "model": 5})}
    if way.operation == "generate":
        yield "route.unknown", {"body": whole, "path": way.endpoint.path + "-nowhere"}
    stranger = _stranger(provider, way)
    if stranger is not None and "endpoint.strict" in model.facts and way.operation != "edit":
        yield "model.endpoint", {"body": orjson.dumps({**body, "model": stranger})}
    twice = whole[:-1] + b',"model":' + orjson.dumps(model.id) + b"}"
    yield "body.duplicate-key", {"body": twice, "tier": Tier.FULL}
    if way.operation == "generate":
        yield "body.too-large", {"body": whole.replace(PLAIN.encode(), b"a" * _HUGE), "tier": Tier.FULL}
    for fact, name in (
        ("frame.parameters", "parameters"),
        ("frame.optimize-prompt-options", "optimize_prompt_options"),
    ):
        if fact in model.facts:
            yield f"{name.replace('_', '-')}.type", {"body": orjson.dumps({**body, name: "none"})}
    yield from _prompts(body, way)
    if way.endpoint.envelope != "flat":
        yield from _native(body, way)
    if way.endpoint.asynchronous == "refused":
        yield "async.refused", {"body": whole, "headers": {**headers, "x-dashscope-async": "enable"}}
    elif way.endpoint.asynchronous == "required" and not _also_sync(provider, model, way):
        yield (
            "async.required",
            {
                "body": whole,
                "headers": {key: value for key, value in headers.items() if key != "x-dashscope-async"},
            },
        )


def _stranger(provider: Provider, way: Way) -> str | None:
    """A model of the provider that is not served at this path."""

    def here(key: str) -> bool:
        return provider.endpoints[key].path == way.endpoint.path

    return next(
        (
            other.id
            for other in provider.models.values()
            if other.endpoints and not any(map(here, other.endpoints))
        ),
        None,
    )


def _also_sync(provider: Provider, model: Model, way: Way) -> bool:
    endpoints = [provider.endpoints[key] for key in model.endpoints]
    return any(
        "generate" in endpoint.operations and endpoint.path == way.endpoint.path for endpoint in endpoints
    )


def _prompts(body: dict[str, Any], way: Way) -> Iterator[tuple[str, dict[str, Any]]]:
    write: Callable[[Any], bytes] = _WRITERS[way.endpoint.envelope](body)
    yield "prompt.missing", {"body": write(None)}
    yield "prompt.empty", {"body": write("")}
    yield "prompt.type", {"body": write(5)}
    if way.operation == "generate":
        yield "prompt.nul", {"body": write("a lantern\0"), "tier": Tier.FULL}


def _native(body: dict[str, Any], way: Way) -> Iterator[tuple[str, dict[str, Any]]]:
    yield "input.missing", {"body": _without(body, "input")}
    yield "input.type", {"body": orjson.dumps({**body, "input": "text"})}
    if way.endpoint.envelope == "messages":
        message = body["input"]["messages"][0]
        for clause, messages in (
            ("messages.missing", None),
            ("messages.single", [message, message]),
            ("messages.role", [{**message, "role": "assistant"}]),
            ("messages.content", [{**message, "content": "text"}]),
            ("messages.item", ["text"]),
        ):
            yield (
                clause,
                {"body": orjson.dumps({**body, "input": {} if messages is None else {"messages": messages}})},
            )


def _flat(body: dict[str, Any]) -> Callable[[Any], bytes]:
    return lambda prompt: orjson.dumps(
        {**body, "prompt": prompt} if prompt is not None else {k: v for k, v in body.items() if k != "prompt"}
    )


def _messages(body: dict[str, Any]) -> Callable[[Any], bytes]:
    def write(prompt: Any) -> bytes:
        content = [item for item in body["input"]["messages"][0]["content"] if "text" not in item]
        content += [] if prompt is None else [{"text": prompt}]
        return orjson.dumps({**body, "input": {"messages": [{"role": "user", "content": content}]}})

    return write


def _input(body: dict[str, Any]) -> Callable[[Any], bytes]:
    def write(prompt: Any) -> bytes:
        frame = {key: value for key, value in body["input"].items() if key != "prompt"}
        return orjson.dumps({**body, "input": frame if prompt is None else {**frame, "prompt": prompt}})

    return write


_WRITERS: dict[str, Callable[[dict[str, Any]], Callable[[Any], bytes]]] = {
    "flat": _flat,
    "messages": _messages,
    "prompt": _input,
}


def _without(body: dict[str, Any], name: str) -> bytes:
    return orjson.dumps({key: value for key, value in body.items() if key != name})
