"""What of a message is kept: secrets taken out, long texts replaced by their length and digest."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from hashlib import sha256
from typing import Any

import httpx
import orjson

from qwen_image_conformance import redact
from qwen_image_conformance.proxy_forward import Headers, Kept

Json = Any
_LONG = 16_384
_SHORTEST_KEY = 6
_CREDENTIALS = ("authorization", "x-api-key", "api-key", "proxy-authorization", "x-dashscope-api-key")


def by_name(headers: Headers) -> dict[str, str]:
    """Headers by lower-case name; repeated ones joined with a comma."""
    found: dict[str, str] = {}
    for raw_name, raw_value in headers:
        name, value = raw_name.decode("latin-1").lower(), raw_value.decode("latin-1")
        found[name] = f"{found[name]}, {value}" if name in found else value
    return found


def keys_of(headers: Mapping[str, str]) -> tuple[str, ...]:
    """The credentials a request carries, longest first: they must not stand anywhere in the evidence."""
    given = [headers[name] for name in _CREDENTIALS if name in headers]
    found = {
        word for value in given for word in (value, value.rpartition(" ")[2]) if len(word) >= _SHORTEST_KEY
    }
    return tuple(sorted(found, key=len, reverse=True))


def without(text: bytes, keys: Iterable[str]) -> bytes:
    """Text without the keys and without signatures of addresses."""
    for key in keys:
        text = text.replace(key.encode("latin-1"), b"$KEY")
    return redact.secret(text, "")


def clean_headers(headers: Mapping[str, str], keys: Iterable[str], variable: str) -> dict[str, str]:
    """Headers fit to be stored."""
    words = tuple(keys)
    kept = redact.headers(headers, variable)
    return {name: without(value.encode("latin-1"), words).decode("latin-1") for name, value in kept.items()}


def plain(kept: Kept, headers: Headers) -> bytes:
    """A body as its receiver understands it: with its content encoding undone, where that can be done."""
    data = kept.data
    if not data or not any(name.lower() == b"content-encoding" for name, _ in headers):
        return data
    try:
        return httpx.Response(200, headers=headers, content=data).content
    except (httpx.DecodingError, ValueError):
        return data


def shortened(body: bytes) -> bytes:
    """A JSON body whose long texts (pictures) are replaced by length and digest; other bodies as they are."""
    if len(body) < _LONG:
        return body
    try:
        document = orjson.loads(body)
    except orjson.JSONDecodeError:
        return body
    changed, made = _short(document)
    return orjson.dumps(made) if changed else body


def outline(size: int, digest: str) -> bytes:
    """What stands in the evidence for a body that was too large to keep."""
    return orjson.dumps({"not_kept": {"bytes": size, "sha256": digest}})


def _short(value: Json) -> tuple[bool, Json]:
    if isinstance(value, str) and len(value) >= _LONG:
        digest = sha256(value.encode("utf-8", "replace")).hexdigest()
        return True, f"({len(value)} characters, sha256 {digest})"
    if isinstance(value, dict):
        pairs = {name: _short(inner) for name, inner in value.items()}
        return any(changed for changed, _ in pairs.values()), {
            name: inner for name, (_, inner) in pairs.items()
        }
    if isinstance(value, list):
        items = [_short(inner) for inner in value]
        return any(changed for changed, _ in items), [inner for _, inner in items]
    return False, value
