"""The background: a grid of cells, each of one palette index."""

from __future__ import annotations

from functools import lru_cache
from itertools import pairwise
from math import isqrt
from typing import NamedTuple

from qwen_image_mock.pictures.palette import CELLS


class Mosaic(NamedTuple):
    """A grid laid over a picture."""

    lines: tuple[bytes, ...]
    """One pixel line for each row of cells."""
    tops: tuple[int, ...]
    """Where each row of cells starts, and then the picture's height."""


def grid(width: int, height: int) -> tuple[int, int]:
    """Tell how many columns and rows of cells there are: about square, about as many as palette entries."""
    columns = max(1, min(CELLS, isqrt(CELLS * width // height), width))
    return columns, max(1, min(CELLS // columns, round(columns * height / width), height))


@lru_cache(maxsize=16)
def mosaic(width: int, height: int) -> Mosaic:
    """Draw the cells, each in the palette entry that is its number."""
    columns, rows = grid(width, height)
    edges = [column * width // columns for column in range(columns + 1)]
    sizes = [after - before for before, after in pairwise(edges)]
    lines = tuple(
        b"".join(bytes((row * columns + column,)) * size for column, size in enumerate(sizes))
        for row in range(rows)
    )
    return Mosaic(lines, tuple(row * height // rows for row in range(rows + 1)))
