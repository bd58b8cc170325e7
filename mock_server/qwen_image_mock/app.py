"""The ASGI application.

Provider paths go straight to the handler; pictures and the admin API have routes of their own.
"""

from __future__ import annotations

import asyncio
import sys
import traceback
from typing import TYPE_CHECKING, Any

from qwen_image_mock.addresses import PREFIX
from qwen_image_mock.admin import admin_app
from qwen_image_mock.bodies import BadBody, Disconnected, read
from qwen_image_mock.encode import encode_refusal, refusal_of
from qwen_image_mock.exchange import Exchange
from qwen_image_mock.handler import Handler, encode
from qwen_image_mock.hints import hints_of
from qwen_image_mock.picture_route import PictureRoute
from qwen_image_mock.state import State
from qwen_image_mock.transport_faults import send_in
from qwen_image_mock.upload_routes import UploadRoute
from qwen_image_mock.uploads import PREFIX as OBJECTS
from qwen_image_spec.catalogue import entry_for

if TYPE_CHECKING:
    from starlette.types import Receive, Scope, Send

    from qwen_image_mock.clock import Clock
    from qwen_image_mock.settings import Settings
    from qwen_image_mock.store import Store

Json = Any
_CORS = (b"access-control-allow-origin", b"*")
_PREFLIGHT = [
    _CORS,
    (b"access-control-allow-methods", b"GET, POST, OPTIONS"),
    (b"access-control-allow-headers", b"*"),
    (b"access-control-max-age", b"86400"),
]


def create_app(
    settings: Settings | None = None, *, clock: Clock | None = None, store: Store | None = None
) -> App:
    """A mock as an ASGI application.

    Raises SpecError when a provider file of the settings cannot be used.
    """
    return App(State(settings, clock=clock, store=store))


class App:
    """The application; `state` is all it knows, for tests in the same process."""

    def __init__(self, state: State) -> None:
        self.state = state
        self._handler = Handler(state)
        self._pictures = PictureRoute(state.addresses, state.thumbnails)
        self._uploads = UploadRoute(state.uploads)
        self._admin = admin_app(state)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            await _other_protocol(scope, receive, send)
            return
        path: str = scope["path"]
        root: str = scope.get("root_path", "")
        if root and path.startswith(root):
            path = path[len(root) :] or "/"
        route, variable = self.state.router.find(path)
        provider = route.provider if route is not None else None
        if provider is None:
            if path.startswith((PREFIX, OBJECTS)):
                await self._file(scope, receive, path, send)
                return
            provider = None if path.startswith("/_mock") else self.state.router.provider_at(path)
            if provider is None:
                await self._admin(scope, receive, send)
                return
        method: str = scope["method"]
        if method == "OPTIONS":
            await _send(send, 204, [*_PREFLIGHT], b"")
            return
        settings = self.state.settings
        too_large, body = False, b""
        try:
            body = await read(receive, settings.body_limit, settings.drain_limit)
        except BadBody:
            too_large = True
        except Disconnected:
            return
        raw_headers = scope["headers"]
        headers = dict(raw_headers)
        state = self.state
        query = scope["query_string"].decode("latin-1")
        exchange = Exchange(
            state.randomness.uuid(),
            state.clock.now(),
            provider,
            method,
            f"{path}?{query}" if query else path,
            raw_headers,
            self._origin(scope, headers, root),
            body=body,
        )
        try:
            await self._handler.handle(exchange, route, variable, headers, query, too_large=too_large)
            content = encode(exchange.answer)
        except Exception:  # noqa: BLE001 # the last net: a bug of the mock is answered in the provider's shape too
            content = _own_fault(exchange)
        state.journal.add(exchange, len(body) + len(content))
        await self._answer(exchange, content, receive, send)

    async def _answer(self, exchange: Exchange, content: bytes, receive: Receive, send: Send) -> None:
        headers = [(b"x-request-id", exchange.id.encode()), _CORS, *exchange.answer_headers]
        if self.state.settings.hints:
            headers += hints_of(exchange)
        if exchange.manner is not None:
            await send_in(exchange.manner, self.state.clock, receive, send, exchange.status, headers, content)
            return
        length = str(len(content)).encode()
        headed = [(b"content-type", b"application/json"), (b"content-length", length), *headers]
        await _send(send, exchange.status, headed, content)

    async def _file(self, scope: Scope, receive: Receive, path: str, send: Send) -> None:
        """What an object store would answer: pictures to fetch, uploads to take."""
        if scope["method"] == "OPTIONS":
            await _send(send, 204, [*_PREFLIGHT], b"")
        elif path.startswith(PREFIX):
            await self._picture(scope, path, send)
        else:
            await self._upload(scope, receive, send)

    async def _picture(self, scope: Scope, path: str, send: Send) -> None:
        status, headers, body = self._pictures.answer(
            scope["method"],
            path,
            scope["query_string"].decode("latin-1"),
            dict(scope["headers"]),
            self.state.randomness.uuid(),
        )
        await _send(send, status, headers, body)

    async def _upload(self, scope: Scope, receive: Receive, send: Send) -> None:
        settings = self.state.settings
        try:
            body = await read(receive, settings.body_limit, settings.drain_limit)
        except BadBody:
            body = None
        except Disconnected:
            return
        status, headers, content = await asyncio.to_thread(
            self._uploads.answer, scope["method"], dict(scope["headers"]), body, self.state.randomness.uuid()
        )
        await _send(send, status, headers, content)

    def _origin(self, scope: Scope, headers: dict[bytes, bytes], root: str) -> str:
        """What stands before a picture's path: what the client used to come here, or the public address."""
        public = self.state.settings.public_url
        if public:
            return public.rstrip("/")
        scheme = (
            headers.get(b"x-forwarded-proto", b"").partition(b",")[0].strip().decode("latin-1")
            or scope["scheme"]
        )
        host = headers.get(b"host", b"").decode("latin-1")
        if not host:
            server = scope.get("server") or ("127.0.0.1", None)
            host = f"{server[0]}:{server[1]}" if server[1] else str(server[0])
        return f"{scheme}://{host}{root}"


def _own_fault(exchange: Exchange) -> bytes:
    traceback.print_exc(file=sys.stderr)
    entry = entry_for("fault.server-error", exchange.provider)
    turned = refusal_of(entry, "fault.server-error", {})
    exchange.status, exchange.manner = turned.status, None
    exchange.answer = encode_refusal(turned, exchange.provider, exchange.id)
    return encode(exchange.answer)


async def _send(send: Send, status: int, headers: list[tuple[bytes, bytes]], body: bytes) -> None:
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})


async def _other_protocol(scope: Scope, receive: Receive, send: Send) -> None:
    if scope["type"] == "lifespan":
        while True:
            message = await receive()
            await send({"type": f"{message['type']}.complete"})
            if message["type"] == "lifespan.shutdown":
                return
    elif scope["type"] == "websocket":
        await receive()
        await send({"type": "websocket.close", "code": 1000})
