"""Build the glyph file of ``qwen_image_mock.pictures`` from GNU Unifont.

Run it by hand when Unifont gets a new version; the result is committed. On Debian or Ubuntu::

    apt-get install unifont fonts-unifont
    python mock_server/tools/build_glyphs.py \
        --hex /usr/share/unifont/unifont.hex \
        --outline /usr/share/fonts/opentype/unifont/unifont_upper.otf \
        --out mock_server/qwen_image_mock/pictures/data/glyphs.bin

``--hex`` may be given several times; it takes Unifont's own text format, ``CODE:BITMAP``. ``--outline`` is
for the planes a distribution ships only as a font file: Unifont's outlines are its pixels, so drawing them at
16 px gives the same bitmaps back. It needs Pillow. Code points that this Python's Unicode tables call
unassigned, private or surrogates are left out, and so are all outside RANGES.

The file (integers little-endian):

    "QIGL"  u16 number of pages
    per page: u16 page (code point >> 8), u32 offset from the file's start, u16 length
    the pages, each a zlib stream of
        256 bytes: the width of each glyph in halves of 8 px (0: no glyph)
        16 bytes for every half, glyph by glyph, left half first; one byte a row, top row first
"""

from __future__ import annotations

import argparse
import struct
import sys
import unicodedata
import zlib
from collections import defaultdict
from pathlib import Path

MAGIC = b"QIGL"
RANGES = (
    range(0x20, 0x10000),
    range(0x1D400, 0x1D800),  # mathematical letters, loved by people who style their prompts
    range(0x1F000, 0x1FBFF),  # emoji and their neighbours
)
LEFT_OUT = {"Cc", "Cn", "Co", "Cs"}


def wanted(code: int) -> bool:
    """Say whether a code point goes into the file."""
    return any(code in span for span in RANGES) and unicodedata.category(chr(code)) not in LEFT_OUT


def read_hex(path: Path) -> dict[int, bytes]:
    """Read Unifont's text format; a glyph comes as its halves, left before right, 16 bytes each."""
    glyphs = {}
    for line in path.read_text("ascii").splitlines():
        code, _, bitmap = line.partition(":")
        rows = bytes.fromhex(bitmap)
        halves = len(rows) // 16
        glyphs[int(code, 16)] = b"".join(rows[half::halves] for half in range(halves))
    return glyphs


def read_outline(path: Path) -> dict[int, bytes]:
    """Draw every wanted glyph of a Unifont font file at 16 px."""
    from PIL import Image, ImageDraw, ImageFont

    font = ImageFont.truetype(str(path), 16, layout_engine=ImageFont.Layout.BASIC)

    def draw(text: str) -> bytes:
        width = 8 if font.getlength(text) <= 8 else 16
        image = Image.new("1", (width, 16))
        pen = ImageDraw.Draw(image)
        pen.fontmode = "1"
        pen.text((0, 14), text, font=font, fill=1, anchor="ls")
        rows, halves = image.tobytes(), width // 8
        return b"".join(rows[half::halves] for half in range(halves))

    nothing = {draw("\U0010fffd"), bytes(16), bytes(32)}
    drawn = {code: draw(chr(code)) for span in RANGES for code in span if wanted(code)}
    return {code: glyph for code, glyph in drawn.items() if glyph not in nothing}


def pack(glyphs: dict[int, bytes]) -> bytes:
    """Lay the glyphs out as the file described above."""
    widths: defaultdict[int, bytearray] = defaultdict(lambda: bytearray(256))
    halves: defaultdict[int, bytearray] = defaultdict(bytearray)
    for code in sorted(filter(wanted, glyphs)):
        widths[code >> 8][code & 0xFF] = len(glyphs[code]) // 16
        halves[code >> 8] += glyphs[code]
    pages = {page: zlib.compress(bytes(widths[page] + halves[page]), 9) for page in widths}
    offset = 6 + 8 * len(pages)
    index = bytearray(struct.pack("<4sH", MAGIC, len(pages)))
    for page, data in pages.items():
        index += struct.pack("<HIH", page, offset, len(data))
        offset += len(data)
    return bytes(index) + b"".join(pages.values())


def main() -> int:
    """Read the sources, write the file, say what is in it."""
    parser = argparse.ArgumentParser(description="Build the glyph file of the mock's pictures.")
    parser.add_argument("--hex", type=Path, action="append", default=[], help="a Unifont .hex file")
    parser.add_argument("--outline", type=Path, action="append", default=[], help="a Unifont .otf file")
    parser.add_argument("--out", type=Path, required=True, help="where the glyph file goes")
    arguments = parser.parse_args()
    glyphs: dict[int, bytes] = {}
    for path in arguments.outline:
        glyphs |= read_outline(path)
    for path in arguments.hex:
        glyphs |= read_hex(path)
    data = pack(glyphs)
    arguments.out.write_bytes(data)
    kept = sum(map(wanted, glyphs))
    sys.stdout.write(f"{kept} glyphs, {len(data)} bytes, Unicode {unicodedata.unidata_version}\n")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
