"""A visit to the object store the mock also is: a picture fetched, a file uploaded.

It belongs to no provider: the address alone is what a client has.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from qwen_image_mock.view import headers_of, key_in, plain, response_headers_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from qwen_image_mock.credentials import Caller

Json = Any
PICTURE = "picture"
UPLOAD = "upload-object"
OPERATIONS = frozenset({PICTURE, UPLOAD})


@dataclass(frozen=True, slots=True)
class Visit:
    """One visit. `caller` is who an Authorization header names (nobody should send one here).

    For an upload, it is the key whose policy let it in. `body` is a form's fields, `answer` the
    refusal's text or a few words on the file.
    """

    id: str
    time: float
    operation: str
    method: str
    path: str
    headers: Sequence[tuple[bytes, bytes]]
    caller: Caller
    body: Json
    status: int
    answer_headers: Sequence[tuple[bytes, bytes]]
    answer: Json

    def entry(self) -> dict[str, Json]:
        """The visit as an entry of the journal."""
        entry = {
            "id": self.id,
            "time": self.time,
            "provider": None,
            "style": None,
            "operation": self.operation,
            "method": self.method,
            "path": self.path,
            "headers": headers_of(self.headers, self.caller.tag),
            "body": self.body,
            "decoded": None,
            "effective": None,
            "violations": [],
            "status": self.status,
            "response": self.answer,
            "response_headers": response_headers_of(self.answer_headers),
        }
        hidden = key_in(self.headers)
        return {name: plain(value, hide=hidden) for name, value in entry.items()}


def told_of(status: int, headers: Sequence[tuple[bytes, bytes]], body: bytes) -> Json:
    """What the journal says of an answer of the object store: a refusal in full, of a file its length."""
    if status >= 400:
        return body.decode("utf-8", "replace")
    kind = dict(headers).get(b"content-type", b"").decode("latin-1")
    return f"({len(body)} bytes {kind})" if body else None
