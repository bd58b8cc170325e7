"""What a picture shows, small enough to travel in its own address: nothing about pictures is kept."""

from __future__ import annotations

from base64 import urlsafe_b64decode
from binascii import b2a_base64
from hashlib import blake2b
from typing import NamedTuple, Self

import orjson

from qwen_image_mock.pictures import Picture, Thumbnail, render

_SHOWN = 120
_LARGE = 4096 * 4096
_URLSAFE = bytes.maketrans(b"+/", b"-_")


class Drawing(NamedTuple):
    """The pictures of one request, apart from their index.

    Sides in pixels, the start of the prompt, and a digest of all that was said in words.

    `mark` is the watermark's text, empty for none. It is no part of what the picture shows beneath it.
    `inputs` are the digests of the images it was made from.
    """

    width: int
    height: int
    seed: int
    model: str
    prompt: str
    digest: str
    mark: str = ""
    inputs: tuple[str, ...] = ()

    @classmethod
    def of(  # all that a picture shows
        cls,
        size: tuple[int, int],
        seed: int,
        model: str,
        prompt: str,
        meaning: str,
        mark: str,
        inputs: tuple[str, ...] = (),
    ) -> Self:
        """The drawing for an effective request; `prompt` is shown, `meaning` is all that was said."""
        said = "\0".join((meaning, *inputs)) if inputs else meaning
        digest = blake2b(said.encode("utf-8", "replace"), digest_size=9).hexdigest()
        return cls(size[0], size[1], seed, model, prompt[:_SHOWN], digest, mark, inputs)

    def token(self) -> str:
        """The drawing as text for an address."""
        plain = orjson.dumps((*self[:-1], *self.inputs) if self.inputs else self[:-1])
        return b2a_base64(plain, newline=False).translate(_URLSAFE, b"=").decode()

    @classmethod
    def read(cls, token: str) -> Self:
        """The drawing of a token; raises ValueError when it is none."""
        width, height, seed, model, prompt, digest, mark, *inputs = orjson.loads(
            urlsafe_b64decode(token + "=" * (-len(token) % 4))
        )
        return cls(width, height, seed, model, prompt, digest, mark, tuple(inputs))

    @property
    def slow(self) -> bool:
        """Whether drawing it may take several milliseconds: very large, or made from images."""
        return bool(self.inputs) or self.width * self.height > _LARGE

    def png(self, index: int, thumbnail: Thumbnail | None = None) -> bytes:
        """The picture of that index, from 0, as a PNG file; `thumbnail` is what its `inputs` look like."""
        key = blake2b(
            f"{self.model}/{self.digest}/{self.seed}/{index}/{self.width}x{self.height}".encode(),
            digest_size=16,
        ).digest()
        small_print = f"{self.model}  {self.width}x{self.height}  seed {self.seed}  #{index + 1}"
        lines = (self.prompt, small_print)
        return render(Picture(self.width, self.height, key, lines, self.mark or None, thumbnail=thumbnail))
