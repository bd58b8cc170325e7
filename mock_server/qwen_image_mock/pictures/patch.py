"""Bitmaps laid over the mosaic."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator

    from qwen_image_mock.pictures.mosaic import Mosaic


class Patch(NamedTuple):
    """A rectangle of palette indices: its corner in the picture, and runs of equal lines."""

    left: int
    top: int
    runs: tuple[tuple[bytes, int], ...]


def _edges(patch: Patch) -> list[int]:
    edges = [patch.top]
    for _, count in patch.runs:
        edges.append(edges[-1] + count)
    return edges


def compose(ground: Mosaic, top: int, patches: tuple[Patch, ...]) -> Iterator[tuple[bytes, int]]:
    """Give the picture's lines from `top` to the end, as runs of equal lines; later patches cover earlier."""
    bottom = ground.tops[-1]
    layers = [(patch.left, edges, patch.runs) for patch in patches if (edges := _edges(patch))]
    marks = {top, bottom, *ground.tops, *(edge for _, edges, _ in layers for edge in edges)}
    stops = sorted(mark for mark in marks if top <= mark <= bottom)
    cell_row = 0
    places = [0] * len(layers)
    for start, end in pairwise(stops):
        while ground.tops[cell_row + 1] <= start:
            cell_row += 1
        line = ground.lines[cell_row]
        for number, (left, edges, runs) in enumerate(layers):
            if not edges[0] <= start < edges[-1]:
                continue
            while edges[places[number] + 1] <= start:
                places[number] += 1
            over = runs[places[number]][0]
            line = line[:left] + over + line[left + len(over) :]
        yield line, end - start
