"""An exchange in words: the entry of the journal, without credentials and with long texts cut."""

from __future__ import annotations

from hashlib import sha256
from itertools import islice
from typing import TYPE_CHECKING, Any

import orjson

from qwen_image_mock.aside import digest_of, file_of, known_of
from qwen_image_spec.input_images import look_at

if TYPE_CHECKING:
    from collections.abc import Sequence

    from qwen_image_mock.exchange import Exchange
    from qwen_image_spec.input_images import Looked
    from qwen_image_spec.request import ImageRequest
    from qwen_image_spec.rules import Violation

Json = Any
_LONGEST = 16_384
_DEEPEST = 40
MOST_VALUES = 4000
"""Of so many values within a body, or another part of an entry, the journal tells."""
_INTEGERS = 1 << 63
_SECRET_HEADERS = {
    "authorization",
    "proxy-authorization",
    "cookie",
    "x-api-key",
    "api-key",
    "x-mock-token",
    "x-goog-api-key",
}
_SHORTEST_KEY = 6
_HEAD = 64


def entry_of(exchange: Exchange) -> dict[str, Json]:
    """The journal's entry of an exchange, as JSON.

    `fault`, `notes` and `inputs` (what is known of the input images) only where there is something to tell.
    """
    entry = {
        "id": exchange.id,
        "time": exchange.time,
        "provider": exchange.provider.id,
        "style": exchange.provider.style,
        "operation": exchange.operation,
        "method": exchange.method,
        "path": exchange.path,
        "headers": headers_of(exchange.headers, exchange.caller.tag),
        "body": _body(exchange),
        "decoded": decoded_of(exchange.decoded),
        "effective": None if exchange.effective is None else dict(exchange.effective),
        "violations": [violation_of(violation) for violation in exchange.violations],
        "status": exchange.status,
        "response": exchange.answer,
        "response_headers": response_headers_of(exchange.sent_headers),
    }
    if exchange.condition is not None:
        entry["fault"] = exchange.condition.name
    if exchange.notes:
        entry["notes"] = list(exchange.notes)
    if exchange.inputs:
        entry["inputs"] = [image.as_json() for image in exchange.inputs]
    key = key_in(exchange.headers)
    return {name: plain(value, hide=key) for name, value in entry.items()}


def headers_of(headers: Sequence[tuple[bytes, bytes]], tag: str) -> dict[str, str]:
    """Headers by lower-case name, repeated ones joined with a comma; credentials as `Bearer key:TAG`."""
    found: dict[str, str] = {}
    for raw_name, raw_value in headers:
        name = raw_name.decode("latin-1").lower()
        value = raw_value.decode("latin-1")
        if name in _SECRET_HEADERS:
            scheme = "Bearer " if value.lower().startswith("bearer ") else ""
            value = f"{scheme}key:{tag}" if name == "authorization" and tag else "(hidden)"
        found[name] = f"{found[name]}, {value}" if name in found else value
    return found


def response_headers_of(headers: Sequence[tuple[bytes, bytes]]) -> dict[str, str]:
    """An answer's headers by lower-case name, repeated ones joined with a comma."""
    found: dict[str, str] = {}
    for raw_name, raw_value in headers:
        name, value = raw_name.decode("latin-1").lower(), raw_value.decode("latin-1")
        found[name] = f"{found[name]}, {value}" if name in found else value
    return found


def _body(exchange: Exchange) -> Json:
    """The body: of a form its fields, of a form that cannot be read no more than its length and digest."""
    if exchange.form is not None:
        return exchange.form
    multipart = any(
        name.lower() == b"content-type" and value.lower().startswith(b"multipart/")
        for name, value in exchange.headers
    )
    if multipart and exchange.body:
        return exchange.body
    known = known_of(exchange.body)
    if known is None:
        return body_of(exchange.body)
    return known.shown if known.document is None else known.document


def body_of(body: bytes) -> Json:
    """A body as JSON where it is JSON, else as text; None when it is empty."""
    if not body:
        return None
    try:
        return orjson.loads(body)
    except orjson.JSONDecodeError:
        return body.decode("utf-8", "replace")


def decoded_of(request: ImageRequest | None) -> Json:
    """An image request as JSON: what was present, free of the provider's spelling."""
    if request is None:
        return None
    return {
        "model": request.model,
        "prompt": request.prompt,
        "images": list(request.images),
        "parameters": dict(request.parameters),
        "unknown": list(request.unknown),
    }


def violation_of(violation: Violation) -> Json:
    """A violation as JSON, with the clause's id and what the mock did about it."""
    return {
        "clause": violation.clause,
        "param": violation.param,
        "seen": violation.seen,
        "allowed": violation.allowed,
        "reaction": violation.reaction.value,
        "level": violation.level.value,
        "source": violation.source,
    }


def plain(value: Json, depth: int = 0, hide: str = "", left: list[int] | None = None) -> Json:
    """A value any JSON writer takes: bytes named, `hide` taken out.

    Cut are long texts, deep nesting, and what holds more than MOST_VALUES values in all; `left` counts down.
    """
    if isinstance(value, dict | list | tuple):
        if depth >= _DEEPEST:
            return "(nested too deeply)"
        left = [MOST_VALUES] if left is None else left
        most, left[0] = max(0, left[0]), left[0] - len(value)
        more = len(value) - most
        if isinstance(value, dict):
            items = value.items() if more <= 0 else islice(value.items(), most)
            made = {_text(str(name), hide): plain(item, depth + 1, hide, left) for name, item in items}
            return made if more <= 0 else {**made, "...": f"({more} more)"}
        row = [plain(item, depth + 1, hide, left) for item in (value if more <= 0 else value[:most])]
        return row if more <= 0 else [*row, f"({more} more)"]
    if isinstance(value, bytes):
        return f"({len(value)} bytes, sha256 {digest_of(value) or sha256(value).hexdigest()})"
    if value is None or isinstance(value, float) or (isinstance(value, int) and abs(value) < _INTEGERS):
        return value
    return _text(str(value), hide)


def _text(text: str, hide: str) -> str:
    if len(text) > _LONGEST:
        known = _long(text, hide)
        if known is not None:
            return known
    if hide and hide in text:
        text = text.replace(hide, "(key)")
    looked = look_at(text) if text.startswith("data:") else None
    if looked is not None:
        return _data_uri(text, len(text), looked)
    if len(text) <= _LONGEST:
        return text
    digest = sha256(text.encode("utf-8", "replace")).hexdigest()
    return f"{text[:64]}... ({len(text)} characters, sha256 {digest})"


def _long(text: str, hide: str) -> str | None:
    """The words for a text that was looked at aside; None for any other."""
    file, digest = file_of(text), digest_of(text)
    if file is None and digest is None:
        return None
    head = text[: _HEAD + len(hide)]
    if hide:
        head = head.replace(hide, "(key)")
    if file is None:
        return f"{head[:_HEAD]}... ({len(text)} characters, sha256 {digest})"
    return _data_uri(head, len(text), file[1])


def _data_uri(head: str, length: int, looked: Looked) -> str:
    size = "" if looked.size is None else f" {looked.size}"
    about = f"{looked.length} bytes {looked.mime}{size}, sha256 {looked.digest}"
    return f"{head[:_HEAD].partition(',')[0]},... ({length} characters, {about})"


def key_in(headers: Sequence[tuple[bytes, bytes]]) -> str:
    """The plain key of an Authorization header, to be hidden wherever else it stands.

    Empty when there is none, or when it is so short that hiding it would spoil other texts.
    """
    for name, value in headers:
        if name.lower() == b"authorization":
            key = value.decode("latin-1").rpartition(" ")[2]
            return key if len(key) >= _SHORTEST_KEY else ""
    return ""
