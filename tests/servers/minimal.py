"""The least that keeps a provider's contract: what a MUST demands, and nothing besides.

No optional field, no header that only a SHOULD asks for, no signature, no refusal that nobody documents: a
mistake whose refusal is only a SHOULD gets a picture. Pictures are of one colour, and no two are alike.
Nothing of the mock is used.
"""

from __future__ import annotations

import io
import itertools
import json
from collections.abc import Awaitable, Callable
from typing import Any

from PIL import Image

from qwen_image_spec import load
from qwen_image_spec.cases import cases
from qwen_image_spec.dialect import dialect
from qwen_image_spec.evidence import Level
from qwen_image_spec.model import Endpoint, Model, Provider
from qwen_image_spec.request import ImageRequest
from qwen_image_spec.rules import check
from qwen_image_spec.situation import effective, facets_of
from qwen_image_spec.size import Size, parse
from servers.shapes import Made, answer, refusal, submitted, task, unknown_task

Json = Any
ASYNC = "x-dashscope-async"
_SOME = Size(512, 512)


class Refused(Exception):  # an outcome
    """A request that a MUST says is refused."""

    def __init__(self, status: int) -> None:
        self.status = status


class Minimal:
    """One provider's contract, kept at the least, as an ASGI application. `key` is the only key it knows."""

    def __init__(self, provider_id: str, key: str) -> None:
        spec = load()
        self.provider: Provider = spec.providers[provider_id]
        self._key = key
        self._musts = {case.clause for case in cases(spec, self.provider) if case.level is Level.MUST}
        self._pictures: dict[str, bytes] = {}
        self._tasks: dict[str, Made] = {}
        self._numbers = itertools.count(1)

    async def __call__(self, scope: dict[str, Any], receive: Callable[[], Awaitable[Any]], send: Any) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            return
        body = b""
        while True:
            message = await receive()
            body += message.get("body", b"")
            if not message.get("more_body"):
                break
        headers = {name.decode().lower(): value.decode("latin-1") for name, value in scope["headers"]}
        status, kind, content = self.answer(scope["method"], scope["path"], headers, body)
        named = [(b"content-type", kind.encode())] if kind else []
        await send(
            {
                "type": "http.response.start",
                "status": status,
                "headers": [*named, (b"content-length", str(len(content)).encode())],
            }
        )
        await send({"type": "http.response.body", "body": content})

    def answer(self, method: str, path: str, headers: dict[str, str], body: bytes) -> tuple[int, str, bytes]:
        """Status, media type and body for a request."""
        if path.startswith("/p/"):
            return (200, "", self._pictures[path]) if path in self._pictures else (404, "text/plain", b"gone")
        here = [endpoint for endpoint in self.provider.endpoints.values() if endpoint.path == path]
        if path.startswith("/api/v1/tasks/") and method == "GET":
            made = self._tasks.get(path.rpartition("/")[2])
            return _json(200, task(made) if made is not None else unknown_task(path.rpartition("/")[2]))
        if not here:
            return 404, "text/plain", b"Not Found"
        if method != "POST":
            return (
                self._refused(405)
                if "method.refused" in self._musts
                else (405, "text/plain", b"Method Not Allowed")
            )
        try:
            return _json(200, self._made(here, headers, body))
        except Refused as outcome:
            return self._refused(outcome.status)

    def _refused(self, status: int) -> tuple[int, str, bytes]:
        return (
            _json(status, refusal(self.provider.style))
            if "errors.shape" in self._musts
            else (status, "text/plain", b"no")
        )

    def _made(self, here: list[Endpoint], headers: dict[str, str], body: bytes) -> Json:
        key = headers.get("authorization", "").partition(" ")[2]
        if not key and "auth.missing-key" in self._musts:
            raise Refused(401)
        if (
            headers.get("authorization", "").startswith("Bearer ")
            and key != self._key
            and "auth.invalid-key" in self._musts
        ):
            raise Refused(401)
        endpoint = min(here, key=lambda one: (one.asynchronous == "required") is not (ASYNC in headers))
        if (endpoint.asynchronous, ASYNC in headers) in (("required", False), ("refused", True)):
            raise Refused(403)
        model, request = self._read(endpoint, body)
        if any(found.refused and found.level is Level.MUST for found in check(request, model)):
            raise Refused(400)
        made = self._draw(request, model, headers.get("host", ""))
        if endpoint.asynchronous == "required":
            self._tasks[made.id] = made
            return submitted(made)
        return answer(made, self.provider, endpoint, model)

    def _read(self, endpoint: Endpoint, body: bytes) -> tuple[Model, ImageRequest]:
        try:
            document = json.loads(body.decode("utf-8", "replace"))
        except ValueError:
            raise Refused(400) from None
        if not isinstance(document, dict):
            raise Refused(400)
        model = self.provider.models.get(str(document.get("model")))
        if model is None or endpoint.path not in {
            self.provider.endpoints[key].path for key in model.endpoints
        }:
            raise Refused(400)
        return model, dialect(model, endpoint).decode(document)

    def _draw(self, request: ImageRequest, model: Model, host: str) -> Made:
        size = _size(request, model)
        values = effective(request, model)
        count = values.get("n", 1)
        count = count if type(count) is int and 0 < count < 20 else 1
        form = "PNG" if "url.png" in self._musts else "JPEG"
        pictures: list[tuple[str, bytes]] = []
        for _ in range(count):
            number = next(self._numbers)
            buffer = io.BytesIO()
            colour = (number * 37 % 256, number * 101 % 256, number * 7 % 256)
            Image.new("RGB", (size.width, size.height), colour).save(buffer, form)
            self._pictures[f"/p/{number}"] = buffer.getvalue()
            pictures.append((f"http://{host}/p/{number}", buffer.getvalue()))
        return Made(
            f"t{next(self._numbers)}",
            tuple(pictures),
            size,
            inline=values.get("response_format") == "b64_json",
            rewritten=values.get("prompt_extend") is True,
        )


def _size(request: ImageRequest, model: Model) -> Size:
    """What was asked, the default where that is documented, else any."""
    param = model.params["size"]
    facets = facets_of(param, request, model)
    text = request.get("size")
    if (
        text is None
        and facets.default is not None
        and facets.default.level is Level.MUST
        and not request.images
    ):
        text = facets.default.value
    if not isinstance(text, str):
        return _SOME
    named = next((grant.tokens[text] for grant in facets.grants if text in grant.tokens), None)
    found = named or parse(text, param.separator)
    return found if found is not None and found.pixels <= 4096 * 4096 else _SOME


def _json(status: int, body: Json) -> tuple[int, str, bytes]:
    return status, "application/json", json.dumps(body).encode()
