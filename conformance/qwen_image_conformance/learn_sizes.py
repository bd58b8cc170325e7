"""From sizes that were taken and sizes that were refused to what a document says of sizes."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import combinations
from typing import Any

from qwen_image_spec.model import Spec
from qwen_image_spec.size import Grant, Size

_FEATURES: dict[str, Callable[[Size], tuple[Fraction, Fraction]]] = {
    "area": lambda size: (Fraction(size.pixels), Fraction(size.pixels)),
    "side": lambda size: (Fraction(min(size.width, size.height)), Fraction(max(size.width, size.height))),
    "ratio": lambda size: (Fraction(size.width, size.height), Fraction(size.width, size.height)),
}
_FAR = Fraction(1, 50)


@dataclass(frozen=True)
class Points:
    """Sizes a target was asked for, in the usual situation of a model."""

    taken: frozenset[Size]
    refused: frozenset[Size]

    @property
    def contrary(self) -> frozenset[Size]:
        """Sizes that were taken at one time and refused at another: nothing can be said of them."""
        return self.taken & self.refused


def grants_of(
    points: Points, known: Sequence[Grant], familiar: frozenset[Size]
) -> list[dict[str, Any]] | None:
    """What a document would say of these sizes; None when no list and no bounds explain them.

    `familiar` are sizes that some document lists: a target that takes only such has a list. Bounds that the known
    document has are kept where they explain what was seen.
    """
    if points.contrary or not points.taken:
        return None
    listed = frozenset(size for grant in known for size in grant.presets)
    if points.taken <= listed | familiar and not any(grant.free for grant in known):
        kept = (listed - points.refused) | points.taken
        return [{"presets": [str(size) for size in sorted(kept, reverse=True)]}]
    return _bounds(points, next((grant for grant in known if grant.free), None))


def familiar_sizes(spec: Spec) -> frozenset[Size]:
    """Every size that some document lists."""
    return frozenset(
        size
        for provider in spec.providers.values()
        for model in provider.models.values()
        if "size" in model.params
        for grant in model.params["size"].base.grants
        for size in grant.presets
    )


def explains(grants: Sequence[Grant], points: Points) -> bool:
    """Whether grants take what was taken and refuse what was refused."""

    def grants_it(size: Size) -> bool:
        return any(grant.flaw(size) is None for grant in grants)

    return all(map(grants_it, points.taken)) and not any(map(grants_it, points.refused))


def _bounds(points: Points, known: Grant | None) -> list[dict[str, Any]] | None:
    for features in _hypotheses(known):
        found = {name: _extent(name, points, known) for name in features}
        if all(_beyond(found, size) for size in points.refused):
            return [{name: _written(name, *extent) for name, extent in found.items()}]
    return None


def _hypotheses(known: Grant | None) -> Iterator[tuple[str, ...]]:
    """The features that may bound sizes: those of the known document first, then as few as possible.

    A ratio alone bounds nothing: a document has it beside an area or a side.
    """
    own = tuple(name for name in _FEATURES if known is not None and getattr(known, name) is not None)
    every = [names for count in (1, 2, 3) for names in combinations(_FEATURES, count)]
    yield from (names for names in dict.fromkeys([own, *every] if own else every) if names != ("ratio",))


def _extent(name: str, points: Points, known: Grant | None) -> tuple[Fraction, Fraction]:
    """The extent of a feature over what was taken, let out to the known bound where nothing refused lies between."""
    low = min(_FEATURES[name](size)[0] for size in points.taken)
    high = max(_FEATURES[name](size)[1] for size in points.taken)
    own = getattr(known, name) if known is not None else None
    if own is None:
        return low, high
    low_known, high_known = Fraction(own[0]), Fraction(own[1])
    if low_known < low and not _refused_within(name, points, low_known, low) and _near(low_known, low):
        low = low_known
    if high_known > high and not _refused_within(name, points, high, high_known) and _near(high, high_known):
        high = high_known
    return low, high


def _near(one: Fraction, other: Fraction) -> bool:
    return abs(one - other) <= _FAR * max(one, other)


def _refused_within(name: str, points: Points, low: Fraction, high: Fraction) -> bool:
    return any(low <= bound <= high for size in points.refused for bound in _FEATURES[name](size))


def _beyond(found: dict[str, tuple[Fraction, Fraction]], size: Size) -> bool:
    return any(
        _FEATURES[name](size)[0] < low or _FEATURES[name](size)[1] > high
        for name, (low, high) in found.items()
    )


def _written(name: str, low: Fraction, high: Fraction) -> list[Any]:
    if name != "ratio":
        return [int(low), int(high)]
    return [_ratio(low), _ratio(high)]


def _ratio(value: Fraction) -> str:
    return f"{value.numerator}:{value.denominator}"
