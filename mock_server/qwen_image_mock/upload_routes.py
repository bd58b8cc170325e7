"""POST of a form to where the policy said: no key asked, the form carries its own signature."""

from __future__ import annotations

from typing import TYPE_CHECKING

from qwen_image_mock.addresses import Refused
from qwen_image_mock.bodies import BadBody
from qwen_image_mock.multipart import parts_of
from qwen_image_mock.picture_route import refused_as_xml
from qwen_image_mock.uploads import MALFORMED

if TYPE_CHECKING:
    from collections.abc import Mapping

    from qwen_image_mock.picture_route import Answer
    from qwen_image_mock.uploads import Uploads

_NOT_A_FORM = "The body of your POST request is not well-formed multipart/form-data."


class UploadRoute:
    """Answers uploads as an object store would. Objects cannot be read back: they are private."""

    def __init__(self, uploads: Uploads) -> None:
        self._uploads = uploads

    def answer(
        self, method: str, headers: Mapping[bytes, bytes], body: bytes | None, request_id: str
    ) -> Answer:
        """The status, headers and body for an upload; `body` is None when it is above the limit.

        A large photo takes up to half a second.
        """
        if method != "POST":
            return refused_as_xml(Refused(403, "AccessDenied", "Anonymous access is forbidden."), request_id)
        if body is None:
            return refused_as_xml(
                Refused(400, "EntityTooLarge", "Your proposed upload exceeds the maximum allowed size."),
                request_id,
            )
        try:
            done = self._uploads.accept(parts_of(body, headers.get(b"content-type", b"")))
        except BadBody:
            done = Refused(400, MALFORMED, _NOT_A_FORM)
        if isinstance(done, Refused):
            return refused_as_xml(done, request_id)
        return (
            done.status,
            [
                (b"content-length", b"0"),
                (b"x-oss-request-id", request_id.encode()),
                (b"access-control-allow-origin", b"*"),
            ],
            b"",
        )
