"""Input images on their way in: what each one is, without asking anybody outside unless told to.

Data URIs, the mock's own pictures and uploaded objects are looked into. Other addresses are fetched with
`Settings.fetch_images` only.
"""

from __future__ import annotations

import asyncio
import re
from dataclasses import dataclass
from hashlib import sha256
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from qwen_image_mock.addresses import Refused as Closed
from qwen_image_mock.apart import apart
from qwen_image_mock.aside import file_of
from qwen_image_mock.fetch import NotFetched, fetch
from qwen_image_mock.thumbnails import key_of
from qwen_image_spec.evidence import Level, Reaction
from qwen_image_spec.input_images import OBJECT, UPLOAD_HEADER, Looked, bytes_of, is_data_uri, look
from qwen_image_spec.rules import Violation
from qwen_image_spec.situation import image_rule_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from qwen_image_mock.addresses import Addresses
    from qwen_image_mock.exchange import Exchange
    from qwen_image_mock.settings import Settings
    from qwen_image_mock.shared.objects import SharedThumbnails
    from qwen_image_mock.thumbnails import Thumbnails
    from qwen_image_mock.uploads import Uploads
    from qwen_image_spec.model import Model
    from qwen_image_spec.request import ImageRequest
    from qwen_image_spec.size import Size

Json = Any
DOWNLOAD = "images.download"
_OWN = re.compile(r"/pictures/[0-9]{8}/[A-Za-z0-9_-]+/[0-9a-f-]{36}-[0-9]{1,4}\.png\Z")
_QUICK = 65_536
"""Images of so many bytes are shrunk at once; larger ones in a thread."""


@dataclass(frozen=True, slots=True)
class Brought:
    """One input image: `kind` is `data`, `own`, `object`, `url` or `other`.

    `looked` is None when nothing is known of the bytes.
    `name` tells the image from others (its key among the thumbnails); `flaw` is why it could not be had.
    """

    kind: str
    name: str
    looked: Looked | None = None
    flaw: Violation | None = None

    @property
    def size(self) -> Size | None:
        """The sides in pixels, where known."""
        return self.looked.size if self.looked is not None else None

    def as_json(self) -> Json:
        """The image for the journal: never its bytes."""
        looked = self.looked
        if looked is None:
            return {"kind": self.kind}
        return {
            "kind": self.kind,
            "mime": looked.mime,
            "bytes": looked.length,
            "size": str(looked.size) if looked.size is not None else None,
            "sha256": looked.digest,
        }


class Inputs:
    """Brings a request's images in."""

    def __init__(
        self,
        settings: Settings,
        addresses: Addresses,
        uploads: Uploads,
        thumbnails: Thumbnails,
        shared: SharedThumbnails | None = None,
    ) -> None:
        self._shared = shared
        self._settings = settings
        self._addresses = addresses
        self._uploads = uploads
        self._thumbnails = thumbnails

    async def bring(
        self, request: ImageRequest, model: Model, exchange: Exchange, headers: Mapping[bytes, bytes]
    ) -> list[Brought]:
        """What is known of each image, in order; nothing is done for more images than the model takes."""
        rule = image_rule_of(request, model)
        if rule is None or len(request.images) > rule.count.value[1]:
            return []
        brought = [await self._one(image, model, exchange, headers) for image in request.images]
        if self._shared is not None:
            await self._shared.publish(self._thumbnails, [image.name for image in brought if image.name])
        return brought

    async def _one(
        self, image: Json, model: Model, exchange: Exchange, headers: Mapping[bytes, bytes]
    ) -> Brought:
        if not isinstance(image, str):
            return Brought("other", "")
        if is_data_uri(image):
            data, looked = file_of(image) or (bytes_of(image), None)
            return await self._of_bytes("data", data, len(image), looked)
        if image.startswith(OBJECT):
            return await self._object(image, model, exchange, headers)
        parts = _parts(image)
        return Brought("other", "") if parts is None else await self._address(image, *parts)

    async def _address(self, image: str, path: str, query: str) -> Brought:
        if _OWN.match(path):
            return await self._own(image, path, query)
        if self._settings.fetch_images:
            return await self._fetched(image)
        return Brought("url", key_of(sha256(image.encode("utf-8", "replace")).hexdigest()))

    async def _of_bytes(
        self, kind: str, data: bytes, encoded: int = 0, looked: Looked | None = None
    ) -> Brought:
        if looked is None:
            large = len(data) > _QUICK
            looked = await apart(look, data, encoded) if large else look(data, encoded)
        key = key_of(looked.digest)
        if looked.size is not None and key not in self._thumbnails:
            if len(data) <= _QUICK:
                self._thumbnails.make(key, data)
            else:
                await apart(self._thumbnails.make, key, data)
        return Brought(kind, key, looked)

    async def _own(self, image: str, path: str, query: str) -> Brought:
        """A picture this mock made, whatever the host is called: drawn, not fetched."""
        opened = self._addresses.open(path, query)
        if isinstance(opened, Closed):
            return Brought("own", "", flaw=_lost(image))
        drawing, index = opened
        if self._shared is not None:
            await self._shared.bring(self._thumbnails, drawing.inputs)
        thumbnail = self._thumbnails.sheet(drawing.inputs)
        return await self._of_bytes("own", await apart(drawing.png, index, thumbnail))

    async def _object(
        self, image: str, model: Model, exchange: Exchange, headers: Mapping[bytes, bytes]
    ) -> Brought:
        fact = model.facts.get(UPLOAD_HEADER)
        if fact is None:
            return Brought("object", "")
        name, _, wanted = fact.value.partition(":")
        given = headers.get(name.strip().lower().encode(), b"").decode("latin-1")
        if given.strip().lower() != wanted.strip().lower():
            return Brought(
                "object", "", flaw=_flaw("images.url", image, f"with the header {fact.value}", fact.source)
            )
        looked = await self._uploads.get(image.removeprefix(OBJECT), exchange.caller.tag)
        if looked is None:
            return Brought("object", "", flaw=_lost(image))
        return Brought("object", key_of(looked.digest), looked)

    async def _fetched(self, image: str) -> Brought:
        try:
            data = await asyncio.to_thread(fetch, image, self._settings.body_limit)
        except NotFetched as error:
            return Brought("url", "", flaw=_lost(image, str(error)))
        return await self._of_bytes("url", data)


def looked_of(brought: Sequence[Brought]) -> list[Looked | None] | None:
    """What the rules need to know of the images; None when nothing was brought in."""
    return [image.looked for image in brought] or None


def flaws_of(brought: Sequence[Brought]) -> list[Violation]:
    """Why images could not be had."""
    return [image.flaw for image in brought if image.flaw is not None]


def _parts(image: str) -> tuple[str, str] | None:
    try:
        parts = urlsplit(image)
    except ValueError:
        return None
    return (parts.path, parts.query) if parts.scheme in ("http", "https") and parts.hostname else None


def _lost(image: str, why: str = "an image that can be fetched") -> Violation:
    return _flaw(DOWNLOAD, image, why, "")


def _flaw(clause: str, image: str, allowed: str, source: str) -> Violation:
    return Violation(clause, "images", image[:200], allowed, Reaction.REJECT, Level.SHOULD, source)
