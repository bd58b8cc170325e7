"""The ASGI application.

Provider paths go straight to the handler; pictures and the admin API have routes of their own.
"""

from __future__ import annotations

import sys
import traceback
from typing import TYPE_CHECKING, Any

from qwen_image_mock.addresses import PREFIX
from qwen_image_mock.admin import admin_app
from qwen_image_mock.away import answer_without_store
from qwen_image_mock.bodies import BadBody, Disconnected, read
from qwen_image_mock.encode import encode_refusal, refusal_of
from qwen_image_mock.exchange import Exchange
from qwen_image_mock.handler import Handler, encode
from qwen_image_mock.heads import Head, Heads, origin_of
from qwen_image_mock.hints import hints_of
from qwen_image_mock.object_store import ObjectStore
from qwen_image_mock.sending import PREFLIGHT, Done, send_whole, usual_headers
from qwen_image_mock.state import State
from qwen_image_mock.store import StoreAway
from qwen_image_mock.transport_faults import send_in
from qwen_image_mock.uploads import PREFIX as OBJECTS
from qwen_image_spec.catalogue import entry_for

if TYPE_CHECKING:
    from starlette.types import Receive, Scope, Send

    from qwen_image_mock.clock import Clock
    from qwen_image_mock.routing import Route
    from qwen_image_mock.sending import Headers
    from qwen_image_mock.settings import Settings
    from qwen_image_spec.model import Provider

Json = Any


def create_app(settings: Settings | None = None, *, clock: Clock | None = None) -> App:
    """A mock as an ASGI application.

    Raises SpecError when a provider file of the settings cannot be used, StoreProblem when the shared store
    cannot.
    """
    return App(State(settings, clock=clock))


class App:
    """The application; `state` is all it knows, for tests in the same process.

    `heads` are heads of calls as they came, by scheme, each with its meaning and its body's length.
    """

    def __init__(self, state: State) -> None:
        self.state = state
        self._handler = Handler(state)
        if state.shared is not None and state.shared.plain is not None:
            self._handler.beaten = state.shared.plain
        self._objects = ObjectStore(state)
        self._admin = admin_app(state)
        self.heads: dict[str, Heads] = {}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            await self._other_protocol(scope, receive, send)
            return
        path: str = scope["path"]
        root: str = scope.get("root_path", "")
        if root and path.startswith(root):
            path = path[len(root) :] or "/"
        route, variable = self.state.router.find(path)
        provider = route.provider if route is not None else None
        if provider is None:
            if path.startswith((PREFIX, OBJECTS)):
                await self._objects.answer(scope, receive, path, send)
                return
            provider = None if path.startswith("/_mock") else self.state.router.provider_at(path)
            if provider is None:
                await self._admin(scope, receive, send)
                return
        if scope["method"] == "OPTIONS":
            await send_whole(send, 204, [*PREFLIGHT], b"")
            return
        settings = self.state.settings
        body: bytes | None
        try:
            body = await read(receive, settings.body_limit, settings.drain_limit)
        except BadBody:
            body = None
        except Disconnected:
            return
        head = self._head(scope, path, root, provider, route, variable)
        await self.finish(await self.called(head, body), receive, send)

    def head(self, scope: Scope) -> Head | None:
        """The head of a call of a provider's API, for a server that can do without ASGI messages.

        None for anything else: that goes the usual way.
        """
        path: str = scope["path"]
        route, variable = self.state.router.find(path)
        if route is None or scope["root_path"]:
            return None
        return self._head(scope, path, "", route.provider, route, variable)

    def at_once(self, head: Head, body: bytes) -> tuple[str, bytes] | None:
        """The id and the content of the answer of 200 to a call, when it goes the beaten way; else None."""
        try:
            return self._handler.beaten.answer(head, body)
        except Exception:  # noqa: BLE001 # a bug of the beaten way: the usual one answers
            traceback.print_exc(file=sys.stderr)
            return None

    def _head(
        self, scope: Scope, path: str, root: str, provider: Provider, route: Route | None, variable: str
    ) -> Head:
        named = dict(scope["headers"])
        caller = self.state.credentials.caller(named.get(b"authorization"))
        origin = origin_of(scope, named, self.state.settings.public_url, root)
        head = Head(scope, path, named, provider, route, variable, caller, origin)
        head.lane = self._handler.beaten.lane(head)
        return head

    async def called(self, head: Head, body: bytes | None) -> Done:
        """Handle a request below a provider's mount; `body` is None when it was too large."""
        too_large, body = body is None, body or b""
        state = self.state
        exchange = Exchange.of(head, state.randomness.uuid(), state.clock.now(), body)
        served = True
        try:
            if state.shared is not None:
                await state.shared.begin(exchange)
            await self._handler.handle(exchange, head, too_large=too_large)
            content = encode(exchange.answer)
        except StoreAway:
            served, content = False, b""
        except Exception:  # noqa: BLE001 # the last net: a bug of the mock is answered in the provider's shape too
            content = _own_fault(exchange)
        sent = self._headers(exchange, len(content))
        if state.shared is None:
            state.journal.add(exchange, len(body) + len(content), content)
        elif not (served and await state.shared.noted(exchange, content)):
            answer_without_store(exchange)
            content = encode(exchange.answer)
            sent = self._headers(exchange, len(content))
        return Done(exchange.status, sent, content, exchange.manner)

    async def finish(self, done: Done, receive: Receive, send: Send) -> None:
        """Send an answer, in its manner where it has one."""
        if done.manner is None:
            await send_whole(send, done.status, done.headers, done.content)
        else:
            clock = self.state.clock
            await send_in(done.manner, clock, receive, send, done.status, done.headers, done.content)

    def _headers(self, exchange: Exchange, length: int) -> Headers:
        """The headers of an answer; `send_in` adds type and length to those with a manner of their own."""
        more = exchange.answer_headers
        if self.state.settings.hints:
            more = [*more, *hints_of(exchange)]
        headers = [*usual_headers(exchange.id, length), *more]
        manner = exchange.manner
        if manner is None:
            exchange.sent_headers = headers
            return headers
        headers = headers[2:]
        if manner.ends != "reset":
            exchange.sent_headers = [(b"content-type", manner.content_type), *headers]
        return headers

    async def _other_protocol(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            while True:
                message = await receive()
                ending = message["type"] == "lifespan.shutdown"
                if ending and self.state.shared is not None:
                    await self.state.shared.close()
                await send({"type": f"{message['type']}.complete"})
                if ending:
                    return
        elif scope["type"] == "websocket":
            await receive()
            await send({"type": "websocket.close", "code": 1000})


def _own_fault(exchange: Exchange) -> bytes:
    traceback.print_exc(file=sys.stderr)
    entry = entry_for("fault.server-error", exchange.provider)
    turned = refusal_of(entry, "fault.server-error", {})
    exchange.status, exchange.manner = turned.status, None
    exchange.answer = encode_refusal(turned, exchange.provider, exchange.id)
    return encode(exchange.answer)
