"""GET of a picture's address: no key asked, whatever headers come along."""

from __future__ import annotations

from hashlib import blake2b
from typing import TYPE_CHECKING
from xml.sax.saxutils import escape

from qwen_image_mock.addresses import Addresses, Refused
from qwen_image_mock.inline import picture

if TYPE_CHECKING:
    from collections.abc import Mapping

    from qwen_image_mock.thumbnails import Thumbnails

Answer = tuple[int, list[tuple[bytes, bytes]], bytes]
_METHODS = {"PUT", "POST", "DELETE", "PATCH", "HEAD"}
HEAD_REFUSED = Refused(403, "SignatureDoesNotMatch", "The address was signed for GET.")


class PictureRoute:
    """Answers requests for pictures as an object store would."""

    def __init__(self, addresses: Addresses, thumbnails: Thumbnails) -> None:
        self._addresses = addresses
        self._thumbnails = thumbnails

    async def answer(
        self, method: str, path: str, query: str, headers: Mapping[bytes, bytes], request_id: str
    ) -> Answer:
        """The status, headers and body for a picture's address.

        HEAD is refused, as by addresses signed for GET.
        """
        if method in _METHODS:
            return refused_as_xml(HEAD_REFUSED, request_id)
        opened = self._addresses.open(path, query)
        if isinstance(opened, Refused):
            return refused_as_xml(opened, request_id)
        drawing, index = opened
        tag = b'"' + blake2b(path.encode(), digest_size=16).hexdigest().upper().encode() + b'"'
        more = [
            (b"etag", tag),
            (b"x-oss-request-id", request_id.encode()),
            (b"access-control-allow-origin", b"*"),
            (b"cache-control", b"private, max-age=60"),
        ]
        if headers.get(b"if-none-match") == tag:
            return 304, more, b""
        body = await picture(drawing, index, self._thumbnails)
        return (
            200,
            [(b"content-type", b"image/png"), (b"content-length", str(len(body)).encode()), *more],
            body,
        )


def refused_as_xml(refused: Refused, request_id: str) -> Answer:
    """A refusal as an object store words it."""
    body = (
        f'<?xml version="1.0" encoding="UTF-8"?>\n<Error>\n  <Code>{refused.code}</Code>\n'
        f"  <Message>{escape(refused.message)}</Message>\n  <RequestId>{request_id}</RequestId>\n</Error>\n"
    ).encode()
    return (
        refused.status,
        [
            (b"content-type", b"application/xml"),
            (b"content-length", str(len(body)).encode()),
            (b"x-oss-request-id", request_id.encode()),
            (b"access-control-allow-origin", b"*"),
        ],
        body,
    )
