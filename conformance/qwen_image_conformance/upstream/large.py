"""Large input images: planned by their size, made when they are sent, kept as a file once and by digest in the evidence."""

from __future__ import annotations

import base64
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from hashlib import sha256, shake_256
from math import isqrt
from typing import Any

from qwen_image_conformance.probe import Probe
from qwen_image_conformance.upstream.forms import TYPE
from qwen_image_spec.evidence import Fact
from qwen_image_spec.input_images import DATA_URI_BYTES, Looked, flaws, look_at
from qwen_image_spec.model import ImageRule, Provider
from qwen_image_spec.size import Size

SOME, MOST = 1_500_000, 8_000_000
"""Bytes of the pictures that are sent: more than proxies take unasked, and as much as contracts allow at most."""
_HEAD = "data:image/png;base64,"
_FRAME = 4096
"""More than a PNG weighs beside its pixels, in bytes."""
_PLANNED = re.compile(r"data:image/png;side=([0-9]+),")
KEPT = re.compile(r"data:image/png;side=([0-9]+);bytes=([0-9]+);sha256=([0-9a-f]{64}),")


@dataclass(frozen=True, slots=True)
class Ready:
    """A request to be sent. `probe` is what is kept of it, `body` what goes out; `picture` is empty without a large one."""

    probe: Probe
    body: bytes
    picture: bytes = b""


def planned(rule: ImageRule, provider: Provider, most: int) -> str | None:
    """What stands in a planned request for a picture of about so many bytes, fewer where its data URI would be too long.

    None where the limit is not known, or where such a picture breaks another one.
    """
    if rule.bytes is None:
        return None
    uri = provider.facts.get(DATA_URI_BYTES)
    longest = min(rule.bytes.value, uri.value) if uri is not None else rule.bytes.value
    length = min(most, (longest - len(_HEAD)) // 4 * 3)
    side = isqrt(max(length - _FRAME, 0) // 3)
    text = f"data:image/png;side={side},"
    return None if any(flaws(text, _looked(side, length, ""), rule, provider.facts)) else text


def limits(rule: ImageRule, facts: Mapping[str, Fact[Any]]) -> list[int]:
    """Every limit in bytes that there is for an input image: of the picture, and of its data URI."""
    return [fact.value for fact in (rule.bytes, facts.get(DATA_URI_BYTES)) if fact is not None]


def beyond(rule: ImageRule, facts: Mapping[str, Fact[Any]]) -> str | None:
    """What stands in a planned request for a picture whose pixels alone are above every limit; None without any."""
    known = limits(rule, facts)
    return f"data:image/png;side={isqrt(max(known) // 3) + 1}," if known else None


def ready(probe: Probe) -> Ready:
    """The probe with its large picture in the body that is sent, and with the picture's digest in what is kept."""
    found = _PLANNED.search(probe.body.decode("latin-1")) if b";side=" in probe.body else None
    if found is None:
        return Ready(probe, probe.body)
    text, picture = found[0], made(int(found[1]))
    kept = f"{text[:-1]};bytes={len(picture)};sha256={sha256(picture).hexdigest()},"
    form = probe.headers.get("content-type", "").startswith(TYPE)
    content = picture if form else _HEAD.encode() + base64.b64encode(picture)
    asked = probe.asked
    if asked is not None:
        asked = replace(asked, images=tuple(kept if image == text else image for image in asked.images))
    body = probe.body.replace(text.encode(), kept.encode())
    return Ready(replace(probe, body=body, asked=asked), probe.body.replace(text.encode(), content), picture)


@lru_cache(maxsize=2)
def made(side: int) -> bytes:
    """A square PNG of noise, which nothing can make smaller: about three bytes for each of its pixels."""
    import io  # only edits need it

    from PIL import Image

    buffer = io.BytesIO()
    noise = shake_256(str(side).encode()).digest(side * side * 3)
    Image.frombytes("RGB", (side, side), noise).save(buffer, "PNG", compress_level=0)
    return buffer.getvalue()


def kept_of(image: Any) -> Looked | None:
    """What is known of a large picture that was sent; None for any other input image."""
    found = KEPT.fullmatch(image) if isinstance(image, str) else None
    return _looked(int(found[1]), int(found[2]), found[3]) if found is not None else None


def looked_at(images: Sequence[Any]) -> list[Looked | None]:
    """What is known of input images: of large ones, planned or sent, too."""
    return [_known(image) or look_at(image) for image in images]


def _known(image: Any) -> Looked | None:
    found = _PLANNED.fullmatch(image) if isinstance(image, str) else None
    if found is None:
        return kept_of(image)
    return _looked(int(found[1]), int(found[1]) ** 2 * 3, "")


def _looked(side: int, length: int, digest: str) -> Looked:
    return Looked(length, digest, "png", Size(side, side), len(_HEAD) + (length + 2) // 3 * 4)
