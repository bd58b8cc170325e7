"""Picture sizes computed from a model's grants: the legal ones, and those on either side of every bound."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import lru_cache
from math import isqrt

from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

from qwen_image_spec.evidence import Evidence, Level
from qwen_image_spec.model import Facets, Model, Param
from qwen_image_spec.request import ImageRequest
from qwen_image_spec.situation import holds
from qwen_image_spec.size import Grant, Size

_LARGEST = 99999
_STEPS = 8
_GRID = (1, 16, 256, 512, 768, 1024, 1328, 1664, 2048, 4096, 9999)


@dataclass(frozen=True)
class Bounds:
    """The numbers of a free grant: sides, pixels in all, and width/height as far as a Decimal tells it."""

    side: tuple[int, int]
    area: tuple[int, int]
    ratio: tuple[float, float]

    @classmethod
    def of(cls, grant: Grant) -> Bounds:
        """The bounds of a grant; what it does not bound ends at what can be spelled.

        Where only the area is bounded, sides stay between the square roots of its bounds: nobody draws 76302
        by 4 pixels, though the sentence allows it.
        """
        ratio = (
            (float(grant.ratio[0]), float(grant.ratio[1])) if grant.ratio else (1 / _LARGEST, float(_LARGEST))
        )
        side = grant.side or (1, _LARGEST)
        if grant.side is None and grant.ratio is None and grant.area is not None:
            side = (isqrt(grant.area[0]), isqrt(grant.area[1]))
        return cls(side, grant.area or (1, _LARGEST * _LARGEST), ratio)

    def heights(self, width: int) -> tuple[int, int]:
        """The lowest and highest height for a width, give or take one; crossed when there is none."""
        low = max(self.side[0], -(-self.area[0] // width), int(width / self.ratio[1]))
        return max(low, 1), min(self.side[1], self.area[1] // width, int(width / self.ratio[0]) + 1)

    def widths(self) -> tuple[int, int]:
        """Widths beyond which no height can do."""
        low = max(self.side[0], self.area[0] // self.side[1], isqrt(int(self.area[0] * self.ratio[0])))
        high = min(self.side[1], self.area[1] // self.side[0], isqrt(int(self.area[1] * self.ratio[1])) + 1)
        return max(low, 1), high


def plausible(grant: Grant, size: Size | None) -> bool:
    """Whether a size is one that somebody draws: within `Bounds`, where a grant bounds the area only."""
    if size is None or not grant.free:
        return True
    low, high = Bounds.of(grant).side
    return low <= size.width <= high and low <= size.height <= high


def legal(
    param: Param, facets: Facets, request: ImageRequest, model: Model
) -> tuple[SearchStrategy[str], str] | None:
    """The sizes a model takes in the request's situation, as spelled, and one of them; None without any.

    Grants that are disputed or unknown count only where there are no others.
    """
    held = [grant for grant in facets.grants if holds(grant.when, request, model)]
    grants = [grant for grant in held if grant.level is not Level.OBSERVE] or held
    listed = [size.spell(param.separator) for grant in grants for size in sorted(grant.presets)]
    parts: list[SearchStrategy[str]] = []
    if names := [*dict.fromkeys([*listed, *(token for grant in grants for token in grant.tokens)])]:
        parts.append(st.sampled_from(names))
    for grant in grants:
        if grant.free and (columns := _columns(*_key(grant))):
            parts.append(_free(columns, param.separator))
            names.append(Size(*columns[0][:2]).spell(param.separator))
    return (st.one_of(parts), names[0]) if parts else None


def around(param: Param, facets: Facets) -> list[str]:
    """Sizes at every bound of every grant, just inside and just outside, as they are spelled."""
    found = [size for grant in facets.grants for size in _edges(grant)]
    return [size.spell(param.separator) for size in dict.fromkeys(found) if _spellable(size)]


def many(param: Param, facets: Facets) -> list[str]:
    """Sizes at the bounds and all over the plane, legal or not."""
    grid = [Size(width, height).spell(param.separator) for width in _GRID for height in _GRID]
    return list(dict.fromkeys([*around(param, facets), *grid]))


def misspelt(param: Param, facets: Facets) -> list[str]:
    """Sizes in every wrong spelling."""
    presets = sorted(size for grant in facets.grants for size in grant.presets)
    size, here = (presets[0] if presets else Size(1024, 1024)), param.separator
    wide, high = size.width, size.height
    marks = [mark for mark in ("x", "*", "X", "×", ",", ":", "-", " x ", "") if mark != here]
    return [f"{wide}{mark}{high}" for mark in marks] + [
        f" {wide}{here}{high}",
        f"{wide}{here}{high} ",
        f"0{wide}{here}{high}",
        f"{wide}{here}0{high}",
        f"-{wide}{here}{high}",
        f"{wide}{here}",
        f"{here}{high}",
        f"{wide}{here}{high}{here}1",
        f"{wide}.0{here}{high}",
        f"{wide}{here}{high}px",
        "",
        here,
        f"0{here}0",
        f"１０２４{here}１０２４",
        "auto",
        "square",
        "1K",
        "2K",
        "4K",
        "8K",
        "1k",
    ]


def _free(columns: Sequence[tuple[int, int, int]], separator: str) -> SearchStrategy[str]:
    return st.sampled_from(columns).flatmap(
        lambda column: st.integers(column[1], column[2]).map(
            lambda height: Size(column[0], height).spell(separator)
        )
    )


def _key(
    grant: Grant,
) -> tuple[tuple[int, int] | None, tuple[int, int] | None, tuple[Decimal, Decimal] | None]:
    return grant.side, grant.area, grant.ratio


@lru_cache(maxsize=64)
def _columns(
    side: tuple[int, int] | None, area: tuple[int, int] | None, ratio: tuple[Decimal, Decimal] | None
) -> Sequence[tuple[int, int, int]]:
    """For every possible width the heights that go with it: (width, lowest, highest)."""
    grant = Grant("", Evidence.UNKNOWN, area=area, side=side, ratio=ratio)
    bounds = Bounds.of(grant)
    return [
        column for width in _spread(*bounds.widths()) if (column := _column(grant, bounds, width)) is not None
    ]


def _column(grant: Grant, bounds: Bounds, width: int) -> tuple[int, int, int] | None:
    low, high = bounds.heights(width)
    while low <= high and grant.flaw(Size(width, low)):
        low += 1
    while low <= high and grant.flaw(Size(width, high)):
        high -= 1
    return (width, low, high) if low <= high else None


def _spread(low: int, high: int) -> list[int]:
    """The first widths, the last ones, and steps of 7 between: no factor of what sizes are rounded to."""
    near = [*range(low, low + 40), *range(high - 40, high + 1)]
    return [
        width
        for width in sorted({*near, *range(low, high, 7)}, key=lambda width: abs(width - 1024))
        if low <= width <= high
    ]


def _edges(grant: Grant) -> Iterator[Size]:
    for preset in sorted(grant.presets):
        yield from _cross(preset)
        yield Size(preset.height, preset.width)
    if grant.free:
        bounds = Bounds.of(grant)
        low, high = bounds.widths()
        for width in sorted({low, high, *range(low, high, max((high - low) // _STEPS, 1))}):
            for height in bounds.heights(width):
                yield from _cross(Size(width, height))
        for end in bounds.side if grant.side else ():
            yield from _cross(Size(end, end))


def _cross(size: Size) -> Iterator[Size]:
    """A size and its neighbours by one pixel."""
    yield size
    for step in (1, -1):
        yield Size(size.width + step, size.height)
        yield Size(size.width, size.height + step)


def _spellable(size: Size) -> bool:
    return 0 < size.width <= _LARGEST and 0 < size.height <= _LARGEST
