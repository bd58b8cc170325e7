"""The colours: a gradient made from the picture's key, and reserved ones that never change.

Every cell of the mosaic has its own palette entry, so the same pixels show another mosaic with another
palette. A cell's colour blends four corner colours by its place in the grid, and strays a little from that in
brightness. The blending is done for all cells at once: an integer holds one 16-bit lane a cell, so that one
multiplication scales them all.
"""

from __future__ import annotations

import colorsys
from functools import lru_cache
from hashlib import shake_128

CELLS = 112
"""Palette entries of the mosaic: 0 to CELLS - 1."""
ACCENT, PANEL, INK, FAINT_INK, MARK_PANEL, MARK_INK, FRAME, SPARE = range(CELLS, CELLS + 8)
"""Palette entries of all else that is drawn."""
CUBE = CELLS + 8
"""The first palette entry of a thumbnail's colours."""

_RESERVED = bytes.fromhex("14161b f4f4f0 a4abb6 14161b ffffff f4f4f0 000000")  # PANEL to SPARE
_STRAY = int.from_bytes(b"\x1f\x00" * CELLS, "big")
_BRIGHTEST = 220  # a blended colour, 255 * 220, plus the most it strays, 0x1f00, fits a lane


@lru_cache(maxsize=64)
def _corner_weights(columns: int, rows: int) -> tuple[int, ...]:
    """Weigh the four corners for each cell: one lane a cell, the four weights add up to 255."""
    lanes = [bytearray(2 * CELLS) for _ in range(4)]
    for cell in range(columns * rows):
        row, column = divmod(cell, columns)
        across = column * 255 // max(1, columns - 1)
        down = row * 255 // max(1, rows - 1)
        right, below, both = across * (255 - down) // 255, (255 - across) * down // 255, across * down // 255
        for lane, weight in zip(lanes, (255 - right - below - both, right, below, both), strict=True):
            lane[2 * cell + 1] = weight
    return tuple(int.from_bytes(lane, "big") for lane in lanes)


def _corners(choice: bytes) -> list[tuple[float, float, float]]:
    """Choose four colours that go together: from one hue to another, from dark to light."""
    hue = choice[0] / 256
    turn = (0.10 + choice[1] / 256 * 0.28) * (1 if choice[2] & 1 else -1)
    saturation = 0.45 + choice[3] / 256 * 0.3
    dark = 0.32 + choice[4] / 256 * 0.1
    light = 0.64 + choice[5] / 256 * 0.14
    middle = (dark + light) / 2
    shades = ((0.0, dark), (0.35, middle), (1.0, light), (0.65, middle))
    corners = [colorsys.hls_to_rgb((hue + turn * part) % 1, tone, saturation) for part, tone in shades]
    first = choice[6] & 3  # which corner is the dark one; the light one is across
    around = corners[first:] + corners[:first]
    return [around[0], around[1], around[3], around[2]]  # from going around to left to right, line by line


def palette(key: bytes, columns: int, rows: int) -> bytes:
    """Make the RGB triples of the entries below CUBE."""
    digest = shake_128(key).digest(7 + 2 * CELLS)
    weights = _corner_weights(columns, rows)
    corners = _corners(digest)
    stray = int.from_bytes(digest[7:], "big") & _STRAY
    colours = bytearray(3 * CELLS + 3)
    for channel in range(3):
        lanes = stray
        brightest = 0
        for weight, corner in zip(weights, corners, strict=True):
            level = int(corner[channel] * _BRIGHTEST)
            lanes += weight * level
            brightest = max(brightest, level)
        colours[channel : 3 * CELLS : 3] = lanes.to_bytes(2 * CELLS, "big")[::2]
        colours[3 * ACCENT + channel] = brightest
    return bytes(colours) + _RESERVED
