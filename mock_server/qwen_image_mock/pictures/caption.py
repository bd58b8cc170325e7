"""The caption: a bar of text across the top of the picture."""

from __future__ import annotations

from functools import lru_cache

from qwen_image_mock.pictures import deflate, glyphs, palette, text

_MARGIN = 10
_LEADING = 3
_EDGE = 2
_MAX_ROWS = 4


def scale_for(width: int, height: int) -> int:
    """Choose how much to magnify text so that it can be read in a picture of this size."""
    return max(1, min(width // 512, height // 240))


def _layout(lines: tuple[str, ...], halves: int, room: int) -> list[tuple[str, int]]:
    """Choose the rows to draw, and the ink of each.

    With too little room the small print stays and the others are cut short, the first one last.
    """
    if not lines or room < 1:
        return []
    last = len(lines) - 1
    rows: list[tuple[str, int]] = []
    for number, line in enumerate(lines):
        left = room - len(rows) - (1 if number < last and room > 1 else 0)
        ink = palette.FAINT_INK if number == last and last else palette.INK
        rows += [(row, ink) for row in text.wrap(line, halves, min(_MAX_ROWS, left))]
    return rows


@lru_cache(maxsize=128)
def _row(width: int, scale: int, left: int, row: str, ink: int) -> deflate.Piece:
    """Draw one row of text, and the space to the next."""
    before = bytes((palette.PANEL,)) * left
    after = bytes((palette.PANEL,)) * width
    runs = [
        ((before + text.magnify(bits, scale, ink, palette.PANEL) + after)[:width], scale)
        for bits in text.bitmap(row)
    ]
    return deflate.pack([*runs, (after, _LEADING * scale)])


@lru_cache(maxsize=64)
def _bar(width: int, index: int, height: int) -> deflate.Piece:
    return deflate.pack([(bytes((index,)) * width, height)])


def caption(width: int, height: int, lines: tuple[str, ...]) -> tuple[list[deflate.Piece], int]:
    """Draw the caption for a picture of this size; give the lines compressed, and how many they are.

    It takes at most half of the picture; where not even one row of text fits, there is none.
    """
    scale = scale_for(width, height)
    margin = min(_MARGIN * scale, width // 16)
    padding = min(_MARGIN * scale, height // 32)
    row_height = (glyphs.HEIGHT + _LEADING) * scale
    room = (height // 2 - 2 * padding - (_EDGE - _LEADING) * scale) // row_height
    rows = _layout(lines, (width - 2 * margin) // (glyphs.HALF * scale), room)
    if not rows:
        return [], 0
    below = max(1, padding - _LEADING * scale)
    pieces = [_bar(width, palette.PANEL, padding)] if padding else []
    pieces += [_row(width, scale, margin, row, ink) for row, ink in rows]
    pieces += [_bar(width, palette.PANEL, below), _bar(width, palette.ACCENT, _EDGE * scale)]
    return pieces, padding + len(rows) * row_height + below + _EDGE * scale
