"""Input images on their way: the same bytes or the same address, in the same order."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256
from typing import Any

from qwen_image_conformance import redact
from qwen_image_conformance.upstream.both import Both
from qwen_image_conformance.upstream.large import kept_of

Json = Any


@dataclass(frozen=True, slots=True)
class Image:
    """What tells an input image from others: the SHA-256 of its bytes, or its address. `unknown` where neither is."""

    digest: str = ""
    address: str = ""

    def __str__(self) -> str:
        return f"bytes {self.digest[:12]}" if self.digest else self.address or "unknown"


def sent(both: Both) -> list[Image]:
    """The input images as they were asked."""
    asked = both.seen.asked
    return [_image(image) for image in asked.images] if asked is not None else []


def came(both: Both) -> list[Image]:
    """The input images as they arrived: an address as an address, of others what the mock's journal knows of their bytes."""
    request = both.request
    if request is None:
        return []
    known = both.calls[0].inputs
    return [
        _known(known[index])
        if index < len(known) and known[index].get("sha256") and not _is_address(image)
        else _image(image)
        for index, image in enumerate(request.images)
    ]


def _is_address(image: Json) -> bool:
    return isinstance(image, str) and image.startswith(("http://", "https://"))


def _known(told: Mapping[str, Json]) -> Image:
    return Image(digest=str(told["sha256"]))


def _image(image: Json) -> Image:
    if isinstance(image, bytes):
        return Image(digest=sha256(image).hexdigest())
    if not isinstance(image, str):
        return Image()
    if (kept := kept_of(image)) is not None:
        return Image(digest=kept.digest)
    if image.startswith("data:"):
        try:
            return Image(digest=sha256(base64.b64decode(image.partition(",")[2], validate=True)).hexdigest())
        except binascii.Error:
            return Image()
    return Image(address=redact.secret(image.encode(), "").decode())
