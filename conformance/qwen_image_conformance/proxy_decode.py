"""A request seen in traffic, read by the contract: which endpoint, operation and model, what was asked.

What a plan knows beforehand (which clause a request breaks on purpose) has to be found out here.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import orjson

from qwen_image_conformance import proxy_form
from qwen_image_spec.dialect import dialect
from qwen_image_spec.model import Endpoint, Model, Provider
from qwen_image_spec.request import ImageRequest

Json = Any
_SLASHES = re.compile("/{2,}")
_VARIABLE = re.compile(r"\\\{[a-z_]+\\\}")
_IMAGES = frozenset({"generate", "edit", "submit"})
_OFF = ("", "disable", "false")


@dataclass(frozen=True, slots=True)
class Decoded:
    """A request by the contract. `asked` is None where it is no image request, or none that can be read.

    `breaks` are the clauses its frame breaks; `variable` is what stands in the path's braces (a task's id).
    """

    endpoint: Endpoint
    operation: str
    model: str = ""
    asked: ImageRequest | None = None
    breaks: tuple[str, ...] = ()
    variable: str = ""


class Decoder:
    """Reads requests to one provider."""

    def __init__(self, provider: Provider) -> None:
        self.provider = provider
        self._endpoints = [
            (endpoint, _pattern(endpoint, provider.style)) for endpoint in provider.endpoints.values()
        ]
        names = {snapshot: model for model in provider.models.values() for snapshot in model.snapshots}
        self._models: Mapping[str, Model] = {**names, **provider.models}

    def decode(self, method: str, path: str, headers: Mapping[str, str], body: bytes) -> Decoded | None:
        """The request; None when the contract has no such method and path. Header names in lower case."""
        plain = _SLASHES.sub("/", path).rstrip("/") or "/"
        found = [
            (endpoint, match)
            for endpoint, pattern in self._endpoints
            if endpoint.method == method and (match := pattern.fullmatch(plain))
        ]
        if not found:
            return None
        endpoint, match = found[0]
        variable = match["variable"] if "variable" in match.groupdict() else ""
        breaks = tuple(_credentials(headers))
        if not _IMAGES & set(endpoint.operations):
            return Decoded(endpoint, endpoint.operations[0], breaks=breaks, variable=variable)
        return self._image_request([endpoint for endpoint, _ in found], headers, body, breaks)

    def _image_request(
        self, endpoints: list[Endpoint], headers: Mapping[str, str], body: bytes, breaks: tuple[str, ...]
    ) -> Decoded:
        wanted = headers.get("x-dashscope-async", "").strip().lower() not in _OFF
        first = _best(endpoints, None, wanted=wanted)
        document, flaw = _document(first, headers.get("content-type", ""), body)
        if document is None:
            return Decoded(first, first.operations[0], breaks=(*breaks, flaw))
        name = document.get("model")
        model = self._models.get(name) if isinstance(name, str) else None
        endpoint = _best(endpoints, model, wanted=wanted)
        operation = endpoint.operations[0]
        if model is None:
            clause = (
                "model.missing"
                if name in (None, "")
                else "model.unknown"
                if isinstance(name, str)
                else "model.type"
            )
            return Decoded(endpoint, operation, str(name or ""), breaks=(*breaks, clause))
        spelled = dialect(model, endpoint)
        if "multipart/form-data" in headers.get("content-type", ""):
            document = proxy_form.coerced(document, spelled)
        asked = spelled.decode(document)
        if asked.images and "edit" in endpoint.operations:
            operation = "edit"
        frame = [flaw.clause for flaw in asked.flaws]
        if endpoint.id not in model.endpoints:
            frame.append("model.endpoint")
        if endpoint.asynchronous == "required" and not wanted:
            frame.append("async.required")
        if endpoint.asynchronous == "refused" and wanted:
            frame.append("async.refused")
        return Decoded(endpoint, operation, model.id, asked, (*breaks, *frame))


def _pattern(endpoint: Endpoint, style: str) -> re.Pattern[str]:
    """The paths that lead to an endpoint: the documented one, and as OpenAI clients shorten it."""
    whole = _VARIABLE.sub("(?P<variable>[^/]+)", re.escape(endpoint.path))
    _, version, short = endpoint.path.partition("/v1/")
    if style != "openai" or not version:
        return re.compile(whole)
    return re.compile(f"{whole}|(/v1)?/{re.escape(short)}")


def _credentials(headers: Mapping[str, str]) -> Iterator[str]:
    given = headers.get("authorization", "").strip()
    scheme, _, key = given.partition(" ")
    if not given or (scheme.lower() == "bearer" and not key.strip()):
        yield "auth.missing-key"
    elif scheme.lower() != "bearer":
        yield "auth.scheme"


def _best(endpoints: list[Endpoint], model: Model | None, *, wanted: bool) -> Endpoint:
    """Of the endpoints at one path: that of the model, and of tasks where a task is wanted."""

    def rank(endpoint: Endpoint) -> tuple[bool, bool]:
        return (
            model is not None and endpoint.id in model.endpoints,
            ("submit" in endpoint.operations) is wanted,
        )

    return max(endpoints, key=rank)


def _document(endpoint: Endpoint, content_type: str, body: bytes) -> tuple[dict[str, Json] | None, str]:
    """The body as an object, or None and the clause it breaks."""
    if "multipart/form-data" in content_type and "multipart" in endpoint.encodings:
        form = proxy_form.document_of(body, content_type)
        return form, "" if form is not None else "body.malformed"
    if "json" not in content_type:
        return None, "body.media-type"
    try:
        text = body.decode("utf-8")
    except UnicodeDecodeError:
        return None, "body.encoding"
    try:
        document = orjson.loads(text)
    except orjson.JSONDecodeError:
        return None, "body.malformed"
    return (document, "") if isinstance(document, dict) else (None, "body.not-object")
