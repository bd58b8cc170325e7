"""JSON whose texts are long, read piece by piece: no single step keeps the interpreter for long.

A parser written in C lets no other thread run until it is done, some 20 ms for 30 MB. Such bodies
are long because of a few texts, mostly pictures. These are taken out first, and decoded a piece at a time.
"""

from __future__ import annotations

import codecs
import re
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import orjson

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

Json = Any
LONG = 16_384
"""Texts of more bytes are taken out."""
PIECE = 1 << 18
"""So many bytes are decoded at a time."""
_MARK = uuid4().hex
"""Nobody who sends a body knows it."""
_BACKSLASH = ord("\\")
_LONGEST_ESCAPE = 6
_LOW_HALF = re.compile(rb"\\u[dD][c-fC-F]")
"""The second half of a character of two escapes."""


def value_of(body: bytes, parse: Callable[[bytes], Json]) -> Json:
    """What `parse` makes of a body, its long texts decoded apart.

    Raises what `parse` raises, and JSONDecodeError of orjson for a text that is none.
    """
    parts: list[bytes] = []
    texts: dict[str, str] = {}
    at = 0
    for start, end in _long_texts(body):
        name = f"{_MARK}{len(texts)}"
        texts[name] = _text(body, start, end)
        parts += body[at:start], name.encode()
        at = end
    if not texts:
        return parse(body)
    return _restored(parse(b"".join((*parts, body[at:]))), texts)


def decoded(body: bytes, errors: str = "replace") -> str:
    """A body as text; what is no UTF-8 is replaced, or treated as `errors` says."""
    decoder = codecs.getincrementaldecoder("utf-8")(errors)
    pieces = [decoder.decode(body[at : at + PIECE]) for at in range(0, len(body), PIECE)]
    return "".join((*pieces, decoder.decode(b"", final=True)))


def is_text(body: bytes) -> bool:
    """Whether a body is UTF-8."""
    try:
        decoded(body, "strict")
    except UnicodeDecodeError:
        return False
    return True


def _long_texts(body: bytes) -> Iterator[tuple[int, int]]:
    """Where long texts start and end, quotation marks left out. Keys are no such texts."""
    start = body.find(b'"') + 1
    while start:
        end = body.find(b'"', start)
        while end >= 0 and _escaped(body, start, end):
            end = body.find(b'"', end + 1)
        if end < 0:
            return
        if end - start > LONG and body[end + 1 : end + 64].lstrip()[:1] != b":":
            yield start, end
        start = body.find(b'"', end + 1) + 1


def _escaped(body: bytes, start: int, place: int) -> bool:
    """Whether an odd number of backslashes stands before a place."""
    before = place
    while before > start and body[before - 1] == _BACKSLASH:
        before -= 1
    return (place - before) % 2 == 1


def _text(body: bytes, start: int, end: int) -> str:
    pieces: list[str] = []
    while start < end:
        stop = _cut(body, start, min(start + PIECE, end)) if end - start > PIECE else end
        pieces.append(orjson.loads(b'"%b"' % body[start:stop]))
        start = stop
    return "".join(pieces)


def _cut(body: bytes, start: int, stop: int) -> int:
    """The last place, not behind `stop`, where a text can be cut: within no character and no escape.

    Where a text is broken anyway, so is one of its pieces.
    """
    while body[stop] & 0xC0 == 0x80 and stop > start + 1:
        stop -= 1
    place = body.rfind(b"\\", max(start, stop - _LONGEST_ESCAPE), stop)
    if place < 0:
        return stop
    while place > start and body[place - 1] == _BACKSLASH:
        place -= 1
    if place == start:  # backslashes all the way, each two of them an escape
        length = stop - start
        run = length - len(body[start:stop].lstrip(b"\\"))
        return start + run // 2 * 2
    if _LOW_HALF.match(body, place) and place - _LONGEST_ESCAPE > start:
        place -= _LONGEST_ESCAPE
    return place


def _restored(value: Json, texts: dict[str, str]) -> Json:
    """The value with the texts in their places."""
    if isinstance(value, str):
        return texts.get(value, value)
    waiting = [value]
    while waiting:
        here = waiting.pop()
        if not isinstance(here, dict | list):
            continue
        for place, item in [*(here.items() if isinstance(here, dict) else enumerate(here))]:
            if isinstance(item, str):
                if item in texts:
                    here[place] = texts[item]
            elif isinstance(item, dict | list):
                waiting.append(item)
    return value
