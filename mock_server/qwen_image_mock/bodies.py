"""Request bodies: read within a limit, and JSON read more strictly than JSON parsers are."""

from __future__ import annotations

import json
import re
from itertools import chain
from typing import TYPE_CHECKING, Any

import orjson

from qwen_image_mock.apart import apart

if TYPE_CHECKING:
    from collections.abc import Mapping

    from starlette.types import Receive

Json = Any
_SHORT = 4096
_MANY = 500
_LONG_NUMBER = re.compile(rb"[0-9]{19}")


class BadBody(Exception):  # named for what it is about
    """A body that cannot be used; `clause` says which clause it breaks."""

    def __init__(self, clause: str) -> None:
        super().__init__(clause)
        self.clause = clause


class Disconnected(Exception):  # an event, not a mistake
    """The client went away before its request was complete."""


async def read(receive: Receive, limit: int, drain: int, *, through: bool = True) -> bytes:
    """The whole body. Beyond `limit` bytes it raises BadBody, after having taken in up to `drain` bytes.

    A client that writes before it reads then sees the answer instead of a reset connection. What is in a
    large body is found out in a thread, unless `through` is false.
    """
    message = await receive()
    if message["type"] == "http.disconnect":
        raise Disconnected
    body: bytes = message.get("body", b"")
    if not message.get("more_body", False):
        if len(body) > limit:
            raise BadBody("body.too-large")
        return await _whole([body], len(body), through=through)
    parts = [body]
    size = len(body)
    while message.get("more_body", False):
        message = await receive()
        if message["type"] == "http.disconnect":
            raise Disconnected
        part = message.get("body", b"")
        size += len(part)
        if size <= limit:
            parts.append(part)
        else:
            parts.clear()
            if size > drain:
                break
    if size > limit:
        raise BadBody("body.too-large")
    return await _whole(parts, size, through=through)


async def _whole(parts: list[bytes], size: int, *, through: bool) -> bytes:
    """The parts in one; those of a large body are put together in a thread, too."""
    from qwen_image_mock.aside import LARGE, look_through  # needs what stands below

    if size <= LARGE:
        return b"".join(parts)
    return await look_through(parts) if through else await apart(b"".join, parts)


def encoding_of(content_type: bytes | None) -> str:
    """How a body is written: `json`, `multipart`, or the media type as given when it is neither.

    A body without a type counts as JSON: some clients leave it out.
    """
    if content_type == b"application/json" or content_type is None or not content_type.strip():
        return "json"
    media_type = content_type.partition(b";")[0].strip().lower()
    if media_type == b"application/json":
        return "json"
    if media_type == b"multipart/form-data":
        return "multipart"
    return content_type.decode("latin-1")


def json_object(body: bytes) -> dict[str, Json]:
    """The JSON object of a body.

    Raises BadBody for all else, for NaN, for a key given twice, for what is not UTF-8.
    """
    try:
        value = orjson.loads(body)
    except orjson.JSONDecodeError:
        raise BadBody(_why_unreadable(body)) from None
    if not isinstance(value, dict):
        raise BadBody("body.not-object")
    if len(body) <= _SHORT and _again(value) == body:
        return value  # written again it is the same: nothing was given twice, nothing was lost
    texts, floats = _count(value)
    # A number too long for the fast parser has become a float.
    if _quotes(body) != 2 * texts or (floats and _LONG_NUMBER.search(body) is not None):
        return _slowly(body)
    return value


def _again(value: dict[str, Json]) -> bytes | None:
    """An object written again; None when it is nested too deeply for the writer, which is less patient."""
    try:
        return orjson.dumps(value)
    except orjson.JSONEncodeError:
        return None


def _why_unreadable(body: bytes) -> str:
    try:
        body.decode("utf-8")
    except UnicodeDecodeError:
        return "body.encoding"
    return "body.malformed"


def _quotes(body: bytes) -> int:
    """How many quotation marks delimit texts; -1 where it cannot be told cheaply."""
    count = body.count(b'"')
    if b"\\" in body:
        return -1 if b"\\\\" in body else count - body.count(b'\\"')
    return count


def _count(value: dict[str, Json]) -> tuple[int, int]:
    """How many texts a JSON object holds, keys included, and how many floats."""
    texts = len(value)
    kinds = [*map(type, value.values())]
    texts += kinds.count(str)
    floats = kinds.count(float)
    if dict not in kinds and list not in kinds:
        return texts, floats
    waiting: list[Any] = [item for item in value.values() if isinstance(item, dict | list)]
    while waiting:
        if len(waiting) > _MANY:
            more = _count_many(waiting)
            return texts + more[0], floats + more[1]
        here = waiting.pop()
        if isinstance(here, dict):
            texts += len(here)
            here = here.values()
        kinds = [*map(type, here)]
        texts += kinds.count(str)
        floats += kinds.count(float)
        if dict in kinds or list in kinds:
            waiting += [item for item in here if isinstance(item, dict | list)]
    return texts, floats


def _count_many(values: list[Json]) -> tuple[int, int]:
    """The same for what many objects and lists hold: all of a depth at once, which takes a third of the time."""
    texts, floats = 0, 0
    while True:
        objects = [one for one in values if one.__class__ is dict]
        lists = [one for one in values if one.__class__ is list]
        if not objects and not lists:
            return texts, floats
        values = [*chain.from_iterable(lists), *chain.from_iterable(map(dict.values, objects))]
        kinds = [*map(type, values)]
        texts += sum(map(len, objects)) + kinds.count(str)
        floats += kinds.count(float)


def _slowly(body: bytes) -> dict[str, Json]:
    """Read again with Python's own parser, which tells of keys given twice and keeps long integers whole."""
    try:
        value = json.loads(body, object_pairs_hook=_unique)
    except (ValueError, RecursionError):
        raise BadBody("body.malformed") from None
    return value  # type: ignore[no-any-return] # an object: the fast parser saw one


def _unique(pairs: list[tuple[str, Json]]) -> Mapping[str, Json]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise BadBody("body.duplicate-key")
    return found
