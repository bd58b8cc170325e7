"""What an object store would answer: pictures to fetch, uploads to take. Every visit is journalled."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from qwen_image_mock.addresses import PREFIX, Refused
from qwen_image_mock.away import OBJECTS_AWAY
from qwen_image_mock.bodies import BadBody, Disconnected, read
from qwen_image_mock.credentials import Caller
from qwen_image_mock.picture_route import PictureRoute, refused_as_xml
from qwen_image_mock.sending import PREFLIGHT, send_whole
from qwen_image_mock.store import StoreAway
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
            return
        shared = self._state.shared
        identity = self._state.randomness.uuid()
        try:
            if shared is not None:
                await shared.refresh()
            if path.startswith(PREFIX):
                answer = await self._picture(scope, path, identity)
                visit = self._visit(PICTURE, identity, scope, path, None, answer)
            else:
                answer, form = await self._upload(scope, receive, identity)
                visit = self._visit(UPLOAD, identity, scope, path, form, answer)
            if shared is None:
                self._state.journal.visit(visit)
            else:
                await shared.journal.visit(visit)
        except Disconnected:
            return
        except StoreAway:
            answer = refused_as_xml(OBJECTS_AWAY, identity)
        await send_whole(send, *answer)

    async def _picture(self, scope: Scope, path: str, identity: str) -> Answer:
        state = self._state
        query = scope["query_string"].decode("latin-1")
        if state.shared is not None:
            opened = state.addresses.open(path, query)
            if not isinstance(opened, Refused):
                await state.shared.thumbnails.bring(state.thumbnails, opened[0].inputs)
        return await self._pictures.answer(scope["method"], path, query, dict(scope["headers"]), identity)

    async def _upload(self, scope: Scope, receive: Receive, identity: str) -> tuple[Answer, Json]:
        settings = self._state.settings
        body: bytes | None
        try:
            body = await read(receive, settings.body_limit, settings.drain_limit, through=False)
        except BadBody:
            body = None
        return await self._uploads.answer(scope["method"], dict(scope["headers"]), body, identity)

    def _visit(
        self, operation: str, identity: str, scope: Scope, path: str, form: Json, answer: Answer
    ) -> Visit:
        query = scope["query_string"].decode("latin-1")
        status, headers, _ = answer
        return Visit(
            identity,
            self._state.clock.now(),
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

    def _visitor(self, scope: Scope, form: Json) -> Caller:
        """Who an Authorization header names, else the key whose policy an upload came with."""
        header = dict(scope["headers"]).get(b"authorization")
        return Caller(owner_in(form)) if header is None else self._state.credentials.caller(header)
