"""Is this input image taken? Judged from its bytes and the model's image rule; addresses are not followed."""

from __future__ import annotations

import binascii
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from functools import lru_cache
from hashlib import sha256
from typing import Any
from urllib.parse import urlsplit

from qwen_image_spec.evidence import Fact, Reaction
from qwen_image_spec.model import ImageRule
from qwen_image_spec.size import Size
from qwen_image_spec.sniff import MIME_TYPES, measured, sniff

Json = Any
READABLE = "images.readable"
DATA_URI_BYTES = "images.data-uri-bytes"
UPLOAD_HEADER = "upload.header"
OBJECT = "oss://"
_HEAD = re.compile(r"data:[^,;\s]*(?:;[^,;\s]*)*?;base64,", re.IGNORECASE)
_SHOWN = 60
_REMEMBERED_LENGTH = 65_536
_PIECE = 1 << 18
"""So many characters of base64 are read at a time, so that other threads get their turn; whole groups of four."""
_OTHER_NAMES = {"jpg": "jpeg", "tif": "tiff"}


@dataclass(frozen=True, slots=True)
class Looked:
    """What the bytes of an input image tell of it.

    `length` is in bytes, `digest` the SHA-256 of the bytes in hexadecimal; `format` and `size` are None where
    they cannot be told. `encoded` is the length of the data URI they came in, in characters, 0 for none.
    """

    length: int
    digest: str
    format: str | None
    size: Size | None
    encoded: int = 0

    @property
    def mime(self) -> str:
        """The media type, `application/octet-stream` when the bytes are no image known here."""
        return MIME_TYPES[self.format] if self.format is not None else "application/octet-stream"

    @property
    def readable(self) -> bool:
        """False when the bytes are no image, or one whose header is damaged."""
        return self.format is not None and (self.size is not None or not measured(self.format))


@dataclass(frozen=True, slots=True)
class ImageFlaw:
    """What keeps an image from being taken: the clause, what was seen, what is allowed.

    `fact` is the limit, `reaction` what the provider does beyond it (None: nothing is known).
    """

    clause: str
    seen: Json
    allowed: str
    fact: Fact[Any]
    reaction: Fact[Reaction] | None


def look(data: bytes, encoded: int = 0) -> Looked:
    """Look at the bytes of an image file."""
    found = sniff(data)
    digest = sha256(data).hexdigest()
    if found is None:
        return Looked(len(data), digest, None, None, encoded)
    return Looked(len(data), digest, found.format, found.size, encoded)


def is_data_uri(image: Json) -> bool:
    """Whether an input image brings its bytes along, be they usable or not."""
    return isinstance(image, str) and image[:5].lower() == "data:"


def bytes_of(image: str) -> bytes:
    """The bytes in a data URI; none (`b""`) when it is empty or damaged."""
    head = _HEAD.match(image)
    if head is None:
        return b""
    pieces = []
    for place in range(head.end(), len(image), _PIECE):
        try:
            pieces.append(
                binascii.a2b_base64(image[place : place + _PIECE].encode("ascii"), strict_mode=True)
            )
        except (ValueError, binascii.Error):
            return b""
    # Padding belongs to the end of the whole, not of a piece.
    return b"".join(pieces) if all(len(piece) == _PIECE // 4 * 3 for piece in pieces[:-1]) else b""


def look_at(image: Json) -> Looked | None:
    """What a data URI brings along; None for anything else."""
    if not is_data_uri(image):
        return None
    return _remembered(image) if len(image) <= _REMEMBERED_LENGTH else look(bytes_of(image), len(image))


@lru_cache(maxsize=64)
def _remembered(image: str) -> Looked:
    return look(bytes_of(image), len(image))


def flaws(
    image: Json, looked: Looked | None, rule: ImageRule, facts: Mapping[str, Fact[Any]]
) -> Iterator[ImageFlaw]:
    """What is wrong with one input image. `looked` is what is known of its bytes, None for nothing."""
    readable = facts.get(READABLE)
    if readable is not None:
        flaw = _unusable(image, looked, readable, objects=UPLOAD_HEADER in facts)
        if flaw is not None:
            yield flaw
            return
    if looked is None:
        return
    most = facts.get(DATA_URI_BYTES)
    if most is not None and looked.encoded > most.value:
        yield _firm("images.data-uri", looked.encoded, f"at most {most.value} bytes as a data URI", most)
    yield from _of_bytes(looked, rule)


def _of_bytes(looked: Looked, rule: ImageRule) -> Iterator[ImageFlaw]:
    """The limits of the rule, each where it is known and the image can be measured."""
    taken, most, side, ratio, size = rule.formats, rule.bytes, rule.side, rule.ratio, looked.size
    if taken is not None and looked.format is not None:
        names = {_OTHER_NAMES.get(name, name) for name in taken.value}
        if looked.format not in names:
            yield ImageFlaw(
                "images.format", looked.format, ", ".join(taken.value), taken, rule.reaction("formats")
            )
    if most is not None and looked.length > most.value:
        yield ImageFlaw(
            "images.bytes", looked.length, f"at most {most.value} bytes", most, rule.reaction("bytes")
        )
    if side is not None and size is not None:
        low, high = side.value
        if not (low <= size.width <= high and low <= size.height <= high):
            yield ImageFlaw(
                "images.side", str(size), f"each side {low} to {high} pixels", side, rule.reaction("side")
            )
    if ratio is not None and size is not None:
        least, largest = ratio.value
        if not _number(least) <= size.ratio <= _number(largest):
            yield ImageFlaw("images.ratio", str(size), f"{least} to {largest}", ratio, rule.reaction("ratio"))


def _unusable(image: Json, looked: Looked | None, readable: Fact[Any], *, objects: bool) -> ImageFlaw | None:
    if not isinstance(image, str):
        return _firm("images.type", image, "a string", readable)
    if looked is not None:
        return None if looked.readable else _firm("images.corrupt", _cut(image), "an image file", readable)
    if is_data_uri(image) or _address(image, objects=objects):
        return None
    return _firm("images.url", _cut(image), "an address with http or https, or a data URI", readable)


def _address(image: str, *, objects: bool) -> bool:
    if image.startswith(OBJECT):
        return objects and len(image) > len(OBJECT)
    try:
        parts = urlsplit(image)
    except ValueError:
        return False
    return (
        parts.scheme in ("http", "https")
        and bool(parts.hostname)
        and not any(letter.isspace() for letter in image)
    )


def _firm(clause: str, seen: Json, allowed: str, fact: Fact[Any]) -> ImageFlaw:
    """A flaw that the fact itself says is refused."""
    return ImageFlaw(
        clause, seen, allowed, fact, Fact(Reaction.REJECT, fact.source, fact.evidence, fact.dispute)
    )


def _cut(text: str) -> str:
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}..."


def _number(ratio: str) -> Decimal:
    left, right = ratio.split(":")
    return Decimal(left) / Decimal(right)
