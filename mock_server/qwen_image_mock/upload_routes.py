"""POST of a form to where the policy said: no key asked, the form carries its own signature."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from qwen_image_mock.addresses import Refused
from qwen_image_mock.apart import apart
from qwen_image_mock.bodies import BadBody
from qwen_image_mock.multipart import parts_of
from qwen_image_mock.picture_route import refused_as_xml
from qwen_image_mock.uploads import MALFORMED, Accepted
from qwen_image_mock.view import plain

if TYPE_CHECKING:
    from collections.abc import Mapping

    from qwen_image_mock.picture_route import Answer
    from qwen_image_mock.uploads import Uploads

Json = Any
_NOT_A_FORM = "The body of your POST request is not well-formed multipart/form-data."


class UploadRoute:
    """Answers uploads as an object store would. Objects cannot be read back: they are private."""

    def __init__(self, uploads: Uploads) -> None:
        self._uploads = uploads

    async def answer(
        self, method: str, headers: Mapping[bytes, bytes], body: bytes | None, request_id: str
    ) -> tuple[Answer, Json]:
        """The status, headers and body for an upload, and its form's fields for the journal.

        `body` is None when it is above the limit. What a photo is, is found out in a thread.
        """
        form: Json = None
        refused: Refused | None = None
        if method != "POST":
            refused = Refused(403, "AccessDenied", "Anonymous access is forbidden.")
        elif body is None:
            refused = Refused(400, "EntityTooLarge", "Your proposed upload exceeds the maximum allowed size.")
        else:
            done, form = await apart(self._read, headers.get(b"content-type", b""), body)
            refused = done if isinstance(done, Refused) else await self._uploads.keep(done)
        if refused is not None:
            return refused_as_xml(refused, request_id), form
        more = [(b"x-oss-request-id", request_id.encode()), (b"access-control-allow-origin", b"*")]
        return (done.status, [(b"content-length", b"0"), *more], b""), form

    def _read(self, content_type: bytes, body: bytes) -> tuple[Accepted | Refused, Json]:
        try:
            parts = parts_of(body, content_type)
        except BadBody:
            return Refused(400, MALFORMED, _NOT_A_FORM), None
        form = plain({part.name: part.data if part.file else part.value for part in parts})
        return self._uploads.accept(parts), form


def owner_in(form: Json) -> str:
    """The tag of the key that a form's object belongs to, as its folder tells; empty when it does not."""
    key = form.get("key") if isinstance(form, dict) else None
    return next(iter(key.split("/")[1:2]), "") if isinstance(key, str) else ""
