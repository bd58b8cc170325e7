"""What a picture is to show."""

from __future__ import annotations

from dataclasses import dataclass

MAX_SIDE = 8192
MAX_THUMBNAIL_SIDE = 256


@dataclass(frozen=True, slots=True)
class Thumbnail:
    """A small picture of an input image: width x height pixels, three bytes (RGB) each."""

    width: int
    height: int
    pixels: bytes

    def __post_init__(self) -> None:
        if not (1 <= self.width <= MAX_THUMBNAIL_SIDE and 1 <= self.height <= MAX_THUMBNAIL_SIDE):
            raise ValueError(f"a thumbnail side has 1 to {MAX_THUMBNAIL_SIDE} pixels")
        if len(self.pixels) != 3 * self.width * self.height:
            raise ValueError("a thumbnail has three bytes a pixel")


@dataclass(frozen=True, slots=True)
class Picture:
    """Everything that decides the bytes of one picture."""

    width: int
    height: int
    key: bytes
    """What makes this picture different from others; it decides the colours."""
    lines: tuple[str, ...] = ()
    """Drawn as a caption at the top; the last of several is the small print."""
    watermark: str | None = None
    """Drawn in the lower right corner."""
    text: tuple[tuple[str, str], ...] = ()
    """PNG text chunks: keyword and value."""
    thumbnail: Thumbnail | None = None
    """Drawn magnified in the middle."""

    def __post_init__(self) -> None:
        if not (1 <= self.width <= MAX_SIDE and 1 <= self.height <= MAX_SIDE):
            raise ValueError(f"a picture side has 1 to {MAX_SIDE} pixels")
