"""The bitmap glyphs: GNU Unifont, 16 pixels high, 8 or 16 wide.

The font stays compressed on disk. A page of 256 code points is read when a character of it is first drawn,
and only so many pages are kept. `mock_server/tools/build_glyphs.py` writes the file and describes its format.
"""

from __future__ import annotations

import struct
import zlib
from functools import lru_cache
from pathlib import Path
from typing import Final

HEIGHT: Final = 16
HALF: Final = 8
"""The width of a narrow glyph; a wide one has two halves."""

MISSING: Final = bytes.fromhex("0000007e4242424242424242427e0000")
"""An empty box: what stands for a character the font does not have."""

_FILE = Path(__file__).parent / "data" / "glyphs.bin"
_MAGIC = b"QIGL"
_HEADER = struct.Struct("<4sH")
_ENTRY = struct.Struct("<HIH")
_PAGE = 256


@lru_cache(maxsize=1)
def _index() -> dict[int, tuple[int, int]]:
    """Read where in the file each page is."""
    with _FILE.open("rb") as file:
        magic, count = _HEADER.unpack(file.read(_HEADER.size))
        if magic != _MAGIC:
            raise ValueError(f"{_FILE.name} is not a glyph file")
        entries = file.read(count * _ENTRY.size)
    return {page: (offset, length) for page, offset, length in _ENTRY.iter_unpack(entries)}


@lru_cache(maxsize=128)
def _page(number: int) -> bytes | None:
    """Read one page: the width of each glyph in halves, then the halves."""
    place = _index().get(number)
    if place is None:
        return None
    offset, length = place
    with _FILE.open("rb") as file:
        file.seek(offset)
        return zlib.decompress(file.read(length))


def glyph(character: str) -> bytes | None:
    """Look a character up: None, or its halves, left one first, of 16 bytes each; a byte is 8 pixels."""
    number, place = divmod(ord(character), _PAGE)
    page = _page(number)
    if page is None or not page[place]:
        return None
    start = _PAGE + HEIGHT * sum(page[:place])
    return page[start : start + HEIGHT * page[place]]
