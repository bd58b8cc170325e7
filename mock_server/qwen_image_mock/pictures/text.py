"""Lines of text: cleaning, breaking, and drawing as bitmaps."""

from __future__ import annotations

import unicodedata
from functools import lru_cache

from qwen_image_mock.pictures import glyphs

ELLIPSIS = "…"

_MARKS = ("Mn", "Me")  # drawn over the character before them


def clean(text: str) -> str:
    """Prepare text for drawing: compose accents, turn white space and control characters into spaces.

    Characters that only steer others (joiners, variation selectors, directions) have nothing to draw.
    """
    if text.isascii():
        return text if text.isprintable() else "".join(c if c.isprintable() else " " for c in text)
    kinds = ((c, unicodedata.category(c)) for c in unicodedata.normalize("NFC", text))
    return "".join(
        " " if kind in ("Cc", "Zs", "Zl", "Zp") else c
        for c, kind in kinds
        if kind != "Cf" and not "\ufe00" <= c <= "\ufe0f"
    )


@lru_cache(maxsize=2048)
def _cell(character: str) -> tuple[bytes, bool]:
    """Tell a character's glyph, and whether it goes over the one before."""
    over = not character.isascii() and unicodedata.category(character) in _MARKS
    return glyphs.glyph(character) or (b"" if over else glyphs.MISSING), over


def _halves(character: str) -> int:
    glyph, over = _cell(character)
    return 0 if over else len(glyph) // glyphs.HEIGHT


def measure(text: str) -> int:
    """Measure text: the pixels its line is wide before magnifying."""
    return glyphs.HALF * sum(map(_halves, clean(text)))


def wrap(text: str, halves: int, rows: int) -> list[str]:
    """Break text into at most so many rows, each at most so many halves wide.

    Rows break at a space if one is near, else anywhere; what is cut off leaves an ellipsis. A width too small
    for a wide character gives no rows.
    """
    if halves < 2 or rows < 1:
        return []
    limit = halves * rows * 4
    rest = clean(text[:limit]).strip()
    cut = len(text) > limit
    broken: list[str] = []
    while rest and len(broken) < rows:
        end = max(1, _fitting(rest, halves))
        if end < len(rest) and len(broken) < rows - 1:
            space = rest.rfind(" ", end * 2 // 3, end + 1)
            end = space if space > 0 else end
        broken.append(rest[:end].rstrip())
        rest = rest[end:].lstrip()
    if broken and (rest or cut):
        broken[-1] = broken[-1][: _fitting(broken[-1], halves - _halves(ELLIPSIS))].rstrip() + ELLIPSIS
    return broken


def _fitting(text: str, halves: int) -> int:
    """Count the characters from the start that fit."""
    for end, character in enumerate(text):
        halves -= _halves(character)
        if halves < 0:
            return end
    return len(text)


def bitmap(text: str) -> list[bytes]:
    """Draw one line, already clean: 16 rows from top to bottom, each of a bit per pixel."""
    drawn: list[bytes] = []
    for glyph, over in map(_cell, text):
        if over and drawn and len(glyph) <= len(drawn[-1]):
            below = drawn[-1]
            shifted = bytes(len(below) - len(glyph)) + glyph
            drawn[-1] = bytes(a | b for a, b in zip(below, shifted, strict=True))
        else:
            drawn.append(glyph)
    cells = b"".join(drawn)
    return [cells[row :: glyphs.HEIGHT] for row in range(glyphs.HEIGHT)]


@lru_cache(maxsize=32)
def _pixels(scale: int, ink: int, paper: int) -> tuple[bytes, ...]:
    """Make the pixels of each of the 256 bytes of a bitmap."""
    colours = (bytes((paper,)) * scale, bytes((ink,)) * scale)
    return tuple(b"".join(colours[byte >> bit & 1] for bit in range(7, -1, -1)) for byte in range(256))


def magnify(row: bytes, scale: int, ink: int, paper: int) -> bytes:
    """Turn a row of a bitmap into palette indices."""
    return b"".join(map(_pixels(scale, ink, paper).__getitem__, row))
