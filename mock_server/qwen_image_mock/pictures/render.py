"""Pictures as PNG files, in well under a millisecond for a size drawn before.

What does not depend on colours is compressed once and kept: the mosaic with what lies over it, and each row
of text. A picture then is these pieces one after the other, with a palette of its own.
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

from qwen_image_mock.pictures import deflate, png
from qwen_image_mock.pictures.caption import caption, scale_for
from qwen_image_mock.pictures.inset import colours, inset
from qwen_image_mock.pictures.mosaic import grid, mosaic
from qwen_image_mock.pictures.palette import palette
from qwen_image_mock.pictures.patch import compose
from qwen_image_mock.pictures.watermark import watermark

if TYPE_CHECKING:
    from qwen_image_mock.pictures.picture import Picture, Thumbnail


def _draw(width: int, height: int, top: int, label: str | None, thumbnail: Thumbnail | None) -> deflate.Piece:
    """Draw all below the caption."""
    scale = scale_for(width, height)
    image = None if thumbnail is None else inset(thumbnail, width, top, height, 2 * scale)
    mark = None if label is None else watermark(width, height, scale, label)
    patches = tuple(patch for patch in (image, mark) if patch is not None)
    return deflate.pack(compose(mosaic(width, height), top, patches))


@lru_cache(maxsize=64)
def _plain(width: int, height: int, top: int, label: str | None) -> deflate.Piece:
    return _draw(width, height, top, label, None)


@lru_cache(maxsize=16)
def _with_inset(
    width: int, height: int, top: int, label: str | None, thumbnail: Thumbnail
) -> tuple[deflate.Piece, bytes]:
    return _draw(width, height, top, label, thumbnail), colours(thumbnail)


def render(picture: Picture) -> bytes:
    """Draw a picture: a complete PNG file, always the same for an equal picture."""
    width, height, thumbnail = picture.width, picture.height, picture.thumbnail
    head, top = caption(width, height, picture.lines)
    entries = palette(picture.key, *grid(width, height))
    if thumbnail is None:
        body = _plain(width, height, top, picture.watermark)
    else:
        body, more = _with_inset(width, height, top, picture.watermark, thumbnail)
        entries += more
    return png.assemble(width, height, entries, picture.text, deflate.stream([*head, body]))
