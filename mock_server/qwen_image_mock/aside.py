"""Large bodies, looked through in a thread before their request begins, so that the event loop goes on.

What reads a body later, on the loop, finds here what it would have had to work out: the document, the files in
data URIs, the digests that stand in the journal. Nothing depends on it: where nothing was looked at, all is
worked out on the spot. It belongs to the request that is being answered, and goes with it.
"""

from __future__ import annotations

from contextvars import ContextVar
from dataclasses import dataclass, field
from hashlib import sha256
from typing import TYPE_CHECKING, Any

import orjson
from python_multipart.multipart import parse_options_header

from qwen_image_mock.apart import apart
from qwen_image_mock.bodies import BadBody, json_object
from qwen_image_mock.multipart import document_of, parts_of
from qwen_image_mock.pieces import PIECE, decoded, is_text, value_of
from qwen_image_spec.input_images import Looked, bytes_of, is_data_uri, look

if TYPE_CHECKING:
    from collections.abc import Iterable

Json = Any
LARGE = 65_536
"""Bodies of more bytes are looked through in a thread."""
LONG = 16_384
"""Texts of more characters are."""
_FORM = b"--"


@dataclass(slots=True)
class Known:
    """A body, and what is known of it.

    `boundary` is that of a form, empty for anything else. `document` is None where `flaw` says why; `shown` is
    then what the journal shows. `files` are data URIs opened, `digests` the SHA-256 of other long texts, both
    by the identity of the text, which stands beside.
    """

    body: bytes
    boundary: bytes = b""
    document: dict[str, Json] | None = None
    flaw: BadBody | None = None
    shown: Json = None
    files: dict[int, tuple[str, bytes, Looked]] = field(default_factory=dict)
    digests: dict[int, tuple[str | bytes, str]] = field(default_factory=dict)


_known: ContextVar[Known | None] = ContextVar("known", default=None)


async def look_through(parts: list[bytes]) -> bytes:
    """Put the body together of the request that this task answers, and look through it; `parts` are used up."""
    known = await apart(_look_through, parts)
    _known.set(known)
    return known.body


def known_of(body: bytes) -> Known | None:
    """What is known of a body; None when it was not looked through."""
    known = _known.get()
    return known if known is not None and known.body is body else None


def json_of(body: bytes) -> dict[str, Json]:
    """The JSON object of a body; raises BadBody."""
    known = known_of(body) if len(body) > LARGE else None
    return json_object(body) if known is None or known.boundary else _document(known)


def form_of(body: bytes, content_type: bytes) -> dict[str, Json]:
    """The document a form stands for; raises BadBody."""
    known = known_of(body) if len(body) > LARGE else None
    if known is None or known.boundary != parse_options_header(content_type)[1].get(b"boundary"):
        return document_of(parts_of(body, content_type))
    return _document(known)


def file_of(text: str) -> tuple[bytes, Looked] | None:
    """The bytes in a data URI and what they are; None where it was not opened aside."""
    known = _known.get()
    found = None if known is None else known.files.get(id(text))
    return None if found is None or found[0] is not text else found[1:]


def digest_of(value: str | bytes) -> str | None:
    """The SHA-256 of a long text or of a body; None where it was not made aside."""
    known = _known.get()
    found = None if known is None else known.digests.get(id(value))
    return None if found is None or found[0] is not value else found[1]


def sha256_of(text: str) -> str:
    """The SHA-256 of a text, made piece by piece: encoding a text keeps other threads waiting."""
    made = sha256()
    for at in range(0, len(text), PIECE):
        made.update(text[at : at + PIECE].encode("utf-8", "replace"))
    return made.hexdigest()


def _document(known: Known) -> dict[str, Json]:
    if known.document is None:
        raise known.flaw or BadBody("body.malformed")
    return known.document


def _look_through(parts: list[bytes]) -> Known:
    body = b"".join(parts)
    parts.clear()
    known = Known(body)
    try:
        if body.startswith(_FORM):
            known.boundary = body[len(_FORM) : max(0, body.find(b"\r\n", 0, 256))]
            known.digests[id(body)] = body, sha256(body).hexdigest()
            known.document = document_of(
                parts_of(body, b'multipart/form-data; boundary="%b"' % known.boundary)
            )
        else:
            known.document = large_object(body)
    except BadBody as error:
        known.flaw = error
        known.shown = body if known.boundary else _shown(body)
    for text in _long_texts([known.document, known.shown]):
        if is_data_uri(text):
            data = bytes_of(text)
            known.files[id(text)] = text, data, look(data, len(text))
        else:
            known.digests[id(text)] = text, sha256_of(text)
    return known


def large_object(body: bytes) -> dict[str, Json]:
    """The same as `json_object`, in steps none of which takes long."""
    try:
        document: dict[str, Json] = value_of(body, json_object)
    except orjson.JSONDecodeError:
        raise BadBody("body.malformed" if is_text(body) else "body.encoding") from None
    return document


def _shown(body: bytes) -> Json:
    """What the journal shows of a body that is no JSON object of the strict sort."""
    try:
        return value_of(body, orjson.loads)
    except orjson.JSONDecodeError:
        return decoded(body)


def _long_texts(values: Iterable[Json]) -> Iterable[str]:
    waiting = [*values]
    while waiting:
        here = waiting.pop()
        if isinstance(here, str):
            if len(here) > LONG:
                yield here
        elif isinstance(here, dict):
            waiting += here.values()
        elif isinstance(here, list):
            waiting += here
