"""The ASGI application: routes, errors in one shape, and the way of one request."""

from __future__ import annotations

import base64
import json
import time
import uuid
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from functools import partial
from typing import Any

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from qwen_image_spec.model import Endpoint
from servers.right_gateway import answering, contract, reading, translating
from servers.right_gateway.failure import Failed
from servers.right_gateway.tasks import finished
from servers.right_gateway.upstream import Around, Call, Manners, sender

Json = Any


class Gateway:
    """One gateway in front of one upstream. `aliases` maps names that clients use to those of the upstream."""

    def __init__(
        self, upstream: str, manners: Manners, aliases: Mapping[str, str], around: Around | None
    ) -> None:
        self.base = upstream.rstrip("/")
        self.manners = manners
        self.aliases = aliases
        self.client, self.send = sender(manners, around)

    async def pictures(self, endpoint: Endpoint, request: Request) -> Response:
        """Answer a request for pictures."""
        key = request.headers.get("authorization", "")
        if not key:
            raise contract.refusal("auth.missing-key")
        document = await reading.document_of(request, endpoint)
        form = request.headers.get("content-type", "").startswith("multipart/")
        name = document.get("model")
        document["model"] = self.aliases.get(name, name) if isinstance(name, str) else name
        asked = reading.asked(document, endpoint, form=form)
        made = await self._made(asked, translating.extras_of(document, asked.unknown), key)
        items = await self._items(made, inline=asked.get("response_format") == "b64_json")
        answer = {"created": int(time.time()), "data": items, "usage": {"image_count": len(items)}}
        return _json(200, answer, {"x-request-id": made.request_id})

    async def _made(self, asked: Any, extras: Json, key: str) -> answering.Made:
        model, endpoint = contract.route(asked.model, images=bool(asked.images))
        call = translating.call_of(self.base, model, endpoint, asked, extras, key)
        reply = await self.send(call)
        body = answering.check(reply)
        if endpoint.asynchronous == "required":
            path = contract.upstream().endpoints["task"].path
            reply = await finished(body, self.base, path, key, self.send, self.manners)
            body = answering.check(reply)
        return answering.delivered(reply, body)

    async def _items(self, made: answering.Made, *, inline: bool) -> list[dict[str, str]]:
        items: list[dict[str, str]] = []
        for url, revised in zip(made.urls, made.revised, strict=False):
            item = {"b64_json": await self._inline(url)} if inline else {"url": url}
            items.append(item | ({"revised_prompt": revised} if revised is not None else {}))
        return items

    async def _inline(self, url: str) -> str:
        """A picture as base64, fetched without credentials: the store of pictures is not the provider."""
        reply = await self.send(Call("picture", "GET", url))
        if reply.status != 200 or not reply.raw:
            raise Failed(502, "PictureFetch", "A picture was made and could not be fetched.")
        return base64.b64encode(reply.raw).decode()


def create_gateway(
    upstream: str,
    manners: Manners | None = None,
    aliases: Mapping[str, str] | None = None,
    around: Around | None = None,
) -> Starlette:
    """The application. `upstream` is what stands before `/api/v1`; `around` sees every call to it (see upstream.py)."""
    gateway = Gateway(upstream, manners or Manners(), aliases or {}, around)

    @asynccontextmanager
    async def life(_app: Starlette) -> AsyncIterator[None]:
        yield
        await gateway.client.aclose()

    endpoints = contract.promised().endpoints
    routes = [
        Route(one.path, partial(gateway.pictures, one), methods=[one.method])
        for one in endpoints.values()
        if one.method == "POST"
    ]
    return Starlette(
        routes=[*routes, Route(endpoints["models"].path, _models, methods=["GET"])],
        exception_handlers={Failed: _failed, HTTPException: _framework},
        lifespan=life,
    )


async def _models(request: Request) -> Response:
    if not request.headers.get("authorization"):
        raise contract.refusal("auth.missing-key")
    owner = contract.promised().id
    data = [
        {"id": name, "object": "model", "created": 0, "owned_by": owner}
        for name in contract.promised().models
    ]
    return _json(200, {"object": "list", "data": data})


async def _failed(_request: Request, failed: Exception) -> Response:
    assert isinstance(failed, Failed)
    return _json(failed.status, failed.body, {"x-request-id": uuid.uuid4().hex, **failed.headers})


async def _framework(request: Request, failed: Exception) -> Response:
    assert isinstance(failed, HTTPException)
    clause = {404: "route.unknown", 405: "method.refused"}.get(failed.status_code, "body.malformed")
    return await _failed(request, contract.refusal(clause, method=request.method))


def _json(status: int, body: Json, headers: Mapping[str, str] | None = None) -> Response:
    content = json.dumps(body, ensure_ascii=False).encode()
    return Response(content, status, {"content-type": "application/json", **(headers or {})})
