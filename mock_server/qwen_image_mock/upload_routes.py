"""POST of a form to where the policy said: no key asked, the form carries its own signature."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from qwen_image_mock.addresses import Refused
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

    def answer(
        self, method: str, headers: Mapping[bytes, bytes], body: bytes | None, request_id: str
    ) -> tuple[Answer, Json]:
        """The status, headers and body for an upload, and its form's fields for the journal.

        `body` is None when it is above the limit. A large photo takes up to half a second.
        """
        form: Json = None
        if method != "POST":
            done: Accepted | Refused = Refused(403, "AccessDenied", "Anonymous access is forbidden.")
        elif body is None:
            done = Refused(400, "EntityTooLarge", "Your proposed upload exceeds the maximum allowed size.")
        else:
            try:
                parts = parts_of(body, headers.get(b"content-type", b""))
                form = plain({part.name: part.data if part.file else part.value for part in parts})
                done = self._uploads.accept(parts)
            except BadBody:
                done = Refused(400, MALFORMED, _NOT_A_FORM)
        if isinstance(done, Refused):
            return refused_as_xml(done, request_id), form
        more = [(b"x-oss-request-id", request_id.encode()), (b"access-control-allow-origin", b"*")]
        return (done.status, [(b"content-length", b"0"), *more], b""), form


def owner_in(form: Json) -> str:
    """The tag of the key that a form's object belongs to, as its folder tells; empty when it does not."""
    key = form.get("key") if isinstance(form, dict) else None
    return next(iter(key.split("/")[1:2]), "") if isinstance(key, str) else ""
