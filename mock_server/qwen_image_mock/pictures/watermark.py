"""The watermark: a small plate in the lower right corner."""

from __future__ import annotations

from qwen_image_mock.pictures import glyphs, palette, text
from qwen_image_mock.pictures.patch import Patch

_MARGIN = 12
_PADDING = 6
_RIM = 3


def watermark(width: int, height: int, scale: int, label: str) -> Patch:
    """Draw the plate with its text; in a small picture, what fits in a quarter of it, at least one pixel."""
    margin = min(_MARGIN * scale, width // 32, height // 32)
    widest = max(1, width // 2 - margin)
    tallest = max(1, height // 2 - margin)
    padding = min(_PADDING * scale, widest // 8)
    rows = text.wrap(label, (widest - 2 * padding) // (glyphs.HALF * scale), 1)
    drawn = [
        text.magnify(bits, scale, palette.MARK_INK, palette.MARK_PANEL)
        for bits in text.bitmap(rows[0] if rows else "")
    ]
    side = bytes((palette.MARK_PANEL,)) * padding
    lines = [((side + line + side)[:widest] or bytes((palette.MARK_PANEL,)), scale) for line in drawn]
    blank = bytes((palette.MARK_PANEL,)) * len(lines[0][0])
    runs = _crop([(blank, _RIM * scale), *lines, (blank, _RIM * scale)], tallest)
    return Patch(width - margin - len(blank), height - margin - sum(count for _, count in runs), tuple(runs))


def _crop(runs: list[tuple[bytes, int]], height: int) -> list[tuple[bytes, int]]:
    """Keep so many lines."""
    kept = []
    for line, count in runs:
        if height > 0:
            kept.append((line, min(count, height)))
            height -= count
    return kept
