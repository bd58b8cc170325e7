"""Picture sizes: how they are spelled on the wire and which grants of a model admit them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal

from qwen_image_spec.evidence import Evidence, Level, level_of

_SPELLING = re.compile(r"([1-9][0-9]{0,4})([x*])([1-9][0-9]{0,4})", re.ASCII)
_NUMBERS = re.compile(r"(-?[0-9]+)[x*X\u00d7,]([-]?[0-9]+)", re.ASCII)


@dataclass(frozen=True, slots=True, order=True)
class Size:
    """A picture's width and height in pixels."""

    width: int
    height: int

    @property
    def pixels(self) -> int:
        """Width times height."""
        return self.width * self.height

    @property
    def ratio(self) -> Decimal:
        """Width divided by height."""
        return Decimal(self.width) / Decimal(self.height)

    def spell(self, separator: str) -> str:
        """The wire form, for example `2048*2048` with separator `*`."""
        return f"{self.width}{separator}{self.height}"

    def __str__(self) -> str:
        return f"{self.width}x{self.height}"


def parse(text: str, separator: str) -> Size | None:
    """Read a size as a provider spells it; None when it is not exactly that spelling.

    Only ASCII digits without leading zeros count: `１０２４x1024`, `0x0`, `1024X1024` and ` 1024x1024` are no sizes.
    """
    match = _SPELLING.fullmatch(text)
    if match is None or match[2] != separator:
        return None
    return Size(int(match[1]), int(match[3]))


def numbers(text: str) -> tuple[int, int] | None:
    """The two numbers of something that looks like a size in any spelling, for error messages."""
    match = _NUMBERS.fullmatch(text)
    return (int(match[1]), int(match[2])) if match else None


def literal(text: str) -> Size:
    """Read a size from the spec data (`1664x928`); raises ValueError when it is malformed."""
    size = parse(text, "x")
    if size is None:
        msg = f"not a size: {text!r} (write WIDTHxHEIGHT)"
        raise ValueError(msg)
    return size


@dataclass(frozen=True, slots=True)
class Grant:
    """One way for a size to be legal: a list of presets, a list of tokens, or bounds.

    `area` is in pixels, `side` in pixels per side, `ratio` is width/height; all bounds are inclusive.
    `when` limits the grant to requests whose other parameters have the given values.
    """

    source: str
    evidence: Evidence
    presets: frozenset[Size] = frozenset()
    tokens: Mapping[str, Size] = field(default_factory=dict)
    area: tuple[int, int] | None = None
    side: tuple[int, int] | None = None
    ratio: tuple[Decimal, Decimal] | None = None
    when: Mapping[str, object] = field(default_factory=dict)
    dispute: str | None = None

    @property
    def level(self) -> Level:
        """How hard a clause may be judged that rests on this grant."""
        return level_of(self.evidence)

    @property
    def free(self) -> bool:
        """True when the grant is a range rather than a list."""
        return self.area is not None or self.side is not None

    def flaw(self, size: Size) -> str | None:
        """What keeps this grant from admitting the size: a clause suffix, or None when it admits it."""
        if self.free:
            return self._flaw_of_free(size)
        return None if size in self.presets else "not-listed"

    def _flaw_of_free(self, size: Size) -> str | None:
        if self.side is not None:
            low, high = self.side
            if not (low <= size.width <= high and low <= size.height <= high):
                return "side"
        if self.area is not None:
            if size.pixels < self.area[0]:
                return "area-below"
            if size.pixels > self.area[1]:
                return "area-above"
        if self.ratio is not None and not self.ratio[0] <= size.ratio <= self.ratio[1]:
            return "ratio"
        return None
