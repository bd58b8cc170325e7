"""How a gateway tells each mistake, from the frame or by the rules: one predicate a clause."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from defects.reading import ASYNC, endpoint_of, read
from defects.wrap import Asked
from qwen_image_spec.model import Provider

Mistake = Callable[[Provider, Asked], bool]
_NOTHING = object()


def _key(asked: Asked) -> str:
    return asked.headers.get("authorization", "")


def _known_path(provider: Provider, asked: Asked) -> bool:
    return any(asked.path == f"/{provider.id}{endpoint.path}" for endpoint in provider.endpoints.values())


def _text(asked: Asked) -> str | None:
    try:
        return asked.raw.decode("utf-8")
    except UnicodeDecodeError:
        return None


def _parsed(asked: Asked) -> Any:
    try:
        return json.loads(asked.raw)
    except ValueError:
        return _NOTHING


def _named(test: Callable[[Any], bool]) -> Mistake:
    return lambda _provider, asked: isinstance(asked.body, dict) and test(asked.body.get("model", _NOTHING))


def _twice(_provider: Provider, asked: Asked) -> bool:
    return asked.raw.count(b'"model":') > 1


FRAMES: dict[str, Mistake] = {
    "auth.missing-key": lambda _, asked: not _key(asked),
    "auth.invalid-key": lambda _, asked: _key(asked).startswith("Bearer sk-invalid"),
    "auth.scheme": lambda _, asked: _key(asked).startswith("Basic"),
    "method.refused": lambda provider, asked: asked.method == "GET" and _known_path(provider, asked),
    "route.unknown": lambda provider, asked: asked.method == "POST" and not _known_path(provider, asked),
    "body.malformed": lambda _, asked: (
        bool(asked.raw) and _text(asked) is not None and _parsed(asked) is _NOTHING
    ),
    "body.not-object": lambda _, asked: isinstance(_parsed(asked), list),
    "body.encoding": lambda _, asked: _text(asked) is None,
    "body.media-type": lambda _, asked: (
        asked.method == "POST" and "json" not in asked.headers.get("content-type", "")
    ),
    "body.too-large": lambda _, asked: len(asked.raw) > 32 * 1024 * 1024,
    "body.duplicate-key": _twice,
    "model.missing": _named(lambda name: name is _NOTHING),
    "model.type": _named(lambda name: name is not _NOTHING and not isinstance(name, str)),
    "async.required": lambda provider, asked: (
        ASYNC not in asked.headers
        and asked.method == "POST"
        and (endpoint := endpoint_of(provider, asked)) is not None
        and endpoint.asynchronous == "required"
    ),
    "stream.required": lambda provider, asked: (
        (reading := read(provider, asked)) is not None
        and reading.request.get("enable_interleave") is True
        and ASYNC not in asked.headers
        and "x-dashscope-sse" not in asked.headers
    ),
    "async.refused": lambda provider, asked: (
        ASYNC in asked.headers
        and (endpoint := endpoint_of(provider, asked)) is not None
        and endpoint.asynchronous == "refused"
    ),
}


def _unknown_model(provider: Provider, asked: Asked) -> bool:
    name = asked.body.get("model") if isinstance(asked.body, dict) else None
    return isinstance(name, str) and name not in provider.models


def _of_the_api(test: Mistake) -> Mistake:
    """The predicate for the provider's own paths only: pictures are fetched with GET and without key."""
    return lambda provider, asked: asked.path.startswith(f"/{provider.id}/") and test(provider, asked)


def _elsewhere(provider: Provider, asked: Asked) -> bool:
    name = asked.body.get("model") if isinstance(asked.body, dict) else None
    model = provider.models.get(name) if isinstance(name, str) else None
    paths = {provider.endpoints[key].path for key in model.endpoints} if model is not None else set()
    return (
        model is not None
        and _known_path(provider, asked)
        and asked.path.removeprefix(f"/{provider.id}") not in paths
    )


def mistake(clause: str) -> Mistake:
    """The predicate that tells requests which break the clause."""
    if clause == "model.unknown":
        return _unknown_model
    if clause == "model.endpoint":
        return _elsewhere
    if clause in FRAMES:
        return _of_the_api(FRAMES[clause])

    def by_the_rules(provider: Provider, asked: Asked) -> bool:
        reading = read(provider, asked)
        return reading is not None and clause in reading.clauses

    return by_the_rules
