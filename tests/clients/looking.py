"""Pictures as a client gets them: fetched over HTTP, or out of base64, and measured with Pillow."""

from __future__ import annotations

import base64
import http.client
import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from PIL import Image

Json = Any


@dataclass(frozen=True)
class Seen:
    """A picture: its format, its size in pixels, and its bytes."""

    form: str
    width: int
    height: int
    data: bytes

    @property
    def size(self) -> tuple[int, int]:
        return self.width, self.height


def look(data: bytes) -> Seen:
    """Decode a whole picture; raises what Pillow raises when it is none or is cut off."""
    with Image.open(io.BytesIO(data)) as image:
        image.load()
        return Seen(str(image.format), image.width, image.height, data)


def download(url: str, headers: Mapping[str, str] | None = None) -> Seen:
    """GET a picture with no key of its own; fails unless it comes as a PNG file of the length announced."""
    place = urlsplit(url)
    connection = http.client.HTTPConnection(place.hostname or "", place.port, timeout=30)
    try:
        connection.request("GET", f"{place.path}?{place.query}", headers=dict(headers or {}))
        answer = connection.getresponse()
        data = answer.read()
    finally:
        connection.close()
    assert answer.status == 200, data
    assert answer.headers["content-type"] == "image/png"
    assert int(answer.headers["content-length"]) == len(data)
    return look(data)


def unpack(text: str | None) -> Seen:
    """The picture of a `b64_json` field; the base64 must be clean."""
    assert text
    return look(base64.b64decode(text, validate=True))


def all_downloaded(urls: Sequence[str | None], size: tuple[int, int]) -> list[Seen]:
    """Download pictures; fails unless there is one, all are PNGs of exactly `size`, and no two are alike."""
    return all_right([download(url or "") for url in urls], size)


def all_right(pictures: list[Seen], size: tuple[int, int]) -> list[Seen]:
    """Fails unless there is a picture, all are PNGs of exactly `size`, and no two are alike."""
    assert pictures
    assert {picture.form for picture in pictures} == {"PNG"}
    assert {picture.size for picture in pictures} == {size}
    assert len({picture.data for picture in pictures}) == len(pictures)
    return pictures


def pictures_in(output: Json) -> list[str]:
    """Every picture's address in a native `output`, whichever layout it has."""
    if output.get("results"):
        return [str(item["url"]) for item in output["results"]]
    items = [item for choice in output["choices"] for item in choice["message"]["content"]]
    return [str(item["image"]) for item in items if "image" in item]
