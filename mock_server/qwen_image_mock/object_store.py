"""What an object store would answer: pictures to fetch, uploads to take. Every visit is journalled."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from qwen_image_mock.addresses import PREFIX
from qwen_image_mock.bodies import BadBody, Disconnected, read
from qwen_image_mock.credentials import Caller
from qwen_image_mock.picture_route import PictureRoute
from qwen_image_mock.sending import PREFLIGHT, send_whole
from qwen_image_mock.upload_routes import UploadRoute, owner_in
from qwen_image_mock.visit import PICTURE, UPLOAD, Visit, told_of

if TYPE_CHECKING:
    from starlette.types import Receive, Scope, Send

    from qwen_image_mock.picture_route import Answer
    from qwen_image_mock.state import State

Json = Any


class ObjectStore:
    """The routes of files, beside those of the API."""

    def __init__(self, state: State) -> None:
        self._state = state
        self._pictures = PictureRoute(state.addresses, state.thumbnails)
        self._uploads = UploadRoute(state.uploads)

    async def answer(self, scope: Scope, receive: Receive, path: str, send: Send) -> None:
        """Answer one request for a file, or one that brings a file."""
        if scope["method"] == "OPTIONS":
            await send_whole(send, 204, [*PREFLIGHT], b"")
        elif path.startswith(PREFIX):
            await self._picture(scope, path, send)
        else:
            await self._upload(scope, receive, path, send)

    async def _picture(self, scope: Scope, path: str, send: Send) -> None:
        identity = self._state.randomness.uuid()
        query = scope["query_string"].decode("latin-1")
        answer = self._pictures.answer(scope["method"], path, query, dict(scope["headers"]), identity)
        self._visited(PICTURE, identity, scope, path, None, answer)
        await send_whole(send, *answer)

    async def _upload(self, scope: Scope, receive: Receive, path: str, send: Send) -> None:
        settings = self._state.settings
        try:
            body = await read(receive, settings.body_limit, settings.drain_limit)
        except BadBody:
            body = None
        except Disconnected:
            return
        identity = self._state.randomness.uuid()
        headers = dict(scope["headers"])
        answer, form = await self._uploads.answer(scope["method"], headers, body, identity)
        self._visited(UPLOAD, identity, scope, path, form, answer)
        await send_whole(send, *answer)

    def _visited(
        self, operation: str, identity: str, scope: Scope, path: str, form: Json, answer: Answer
    ) -> None:
        state = self._state
        query = scope["query_string"].decode("latin-1")
        status, headers, _ = answer
        visit = Visit(
            identity,
            state.clock.now(),
            operation,
            scope["method"],
            f"{path}?{query}" if query else path,
            scope["headers"],
            self._visitor(scope, form),
            form,
            status,
            headers,
            told_of(*answer),
        )
        state.journal.visit(visit)

    def _visitor(self, scope: Scope, form: Json) -> Caller:
        """Who an Authorization header names, else the key whose policy an upload came with."""
        header = dict(scope["headers"]).get(b"authorization")
        return Caller(owner_in(form)) if header is None else self._state.credentials.caller(header)
