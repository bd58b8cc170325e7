"""Clauses that only show between two answers: defaults of switches, the watermark, seeds.

They are judged only where the target is seen to repeat a picture for the same seed; elsewhere they are observed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from itertools import combinations

from qwen_image_conformance.checks.registry import relation
from qwen_image_conformance.compare import Difference, difference
from qwen_image_conformance.seen import Seen
from qwen_image_conformance.verdict import Verdict, holds, observed

_FORM = ("response_format",)
_SWITCHES = ("watermark", "prompt_extend")


def _pairs(group: Sequence[Seen], *, ignoring: tuple[str, ...]) -> Iterator[tuple[Seen, Seen]]:
    """Pairs with the same explicit seed, prompt and images, whose effective values agree but for the ignored names."""
    usable = [
        seen
        for seen in group
        if seen.accepted
        and not seen.broken
        and seen.asked is not None
        and "seed" in seen.asked
        and seen.exchange.pictures
        and _complete(seen)
    ]
    for first, second in combinations(usable, 2):
        if _situation(first, ignoring) == _situation(second, ignoring):
            yield first, second


def _complete(seen: Seen) -> bool:
    """Whether as many pictures came as were asked for: of fewer, nobody knows which one is the first."""
    count = seen.asked.get("n") if seen.asked is not None else None
    return not isinstance(count, int) or count == len(seen.exchange.pictures)


def _situation(seen: Seen, ignoring: tuple[str, ...]) -> object:
    values = {name: value for name, value in seen.effective.items() if name not in (*ignoring, *_FORM, "n")}
    return (seen.asked.prompt, seen.asked.images, values) if seen.asked is not None else None


def _repeats(group: Sequence[Seen]) -> bool:
    return any(
        seed_of(first) and difference(first, second) in (Difference.NONE, Difference.CORNER)
        for first, second in _pairs(group, ignoring=("watermark",))
    )


def seed_of(seen: Seen) -> int:
    """The seed asked for (0 when none)."""
    return int(seen.asked.get("seed", 0)) if seen.asked is not None else 0


def _default(name: str) -> Callable[[Sequence[Seen]], Verdict | None]:
    def judged(group: Sequence[Seen]) -> Verdict | None:
        """Absent is the same as the documented default."""
        for first, second in _pairs(group, ignoring=()):
            absent, given = sorted((first, second), key=lambda seen: name in seen.asked.parameters)  # type: ignore[union-attr] # _pairs gives none without
            if absent.asked is None or given.asked is None or name in absent.asked or name not in given.asked:
                continue
            if difference(absent, given) is Difference.UNKNOWN:
                continue
            verdict = _default_verdict(name, group, absent, given)
            return replace(verdict, about=(absent.exchange.id, given.exchange.id))
        return None

    return judged


def _default_verdict(name: str, group: Sequence[Seen], absent: Seen, given: Seen) -> Verdict:
    facets = given.facets(name)
    fact = facets.default if facets is not None else None
    expected = f"as with {name}={given.effective.get(name)!r}"
    level = fact.level if fact is not None else None
    source = fact.source if fact is not None else None
    found = difference(absent, given)
    corner_matters = name == "watermark"
    if found is Difference.NONE or (found is Difference.CORNER and not corner_matters):
        return holds(True, expected=expected, actual="the same picture", level=level, source=source)
    if found is Difference.CORNER or (
        found is Difference.ELSEWHERE and not corner_matters and _repeats(group)
    ):
        return holds(
            False,
            expected=expected,
            actual=f"another picture: different in {found.value}",
            level=level,
            source=source,
        )
    return observed("not judged: the target does not repeat pictures", expected=expected)


relation("watermark.default")(_default("watermark"))
relation("prompt-extend.default")(_default("prompt_extend"))


@relation("watermark.honoured")
def watermark_honoured(group: Sequence[Seen]) -> Verdict | None:
    """On and off are different pictures."""
    expected = "different pictures for watermark true and false"
    found = _on_and_off(group)
    if Difference.NONE in found:
        return holds(False, expected=expected, actual="the same picture", about=found[Difference.NONE])
    if Difference.CORNER in found:
        return holds(
            True,
            expected=expected,
            actual="they differ in the lower right corner",
            about=found[Difference.CORNER],
        )
    return observed("not judged: the target does not repeat pictures") if found else None


@relation("watermark.corner")
def watermark_corner(group: Sequence[Seen]) -> Verdict | None:
    """On and off differ in the lower right corner only."""
    found = _on_and_off(group)
    if Difference.CORNER in found:
        return holds(
            True,
            expected="a mark in the lower right corner",
            actual="the pictures differ there and only there",
            about=found[Difference.CORNER],
        )
    if Difference.ELSEWHERE in found and _alone(group, found[Difference.ELSEWHERE]):
        return holds(
            False,
            expected="a mark in the lower right corner",
            actual="the pictures differ elsewhere",
            about=found[Difference.ELSEWHERE],
        )
    return (
        observed("not judged: the target does not repeat pictures") if Difference.ELSEWHERE in found else None
    )


def _on_and_off(group: Sequence[Seen]) -> dict[Difference, tuple[str, str]]:
    """How pictures differ that were asked with watermark true and with false, all else alike; each with its first example."""
    found: dict[Difference, tuple[str, str]] = {}
    for first, second in _pairs(group, ignoring=("watermark",)):
        both = _given(first, "watermark") and _given(second, "watermark")
        if both and first.effective["watermark"] is not second.effective["watermark"]:
            found.setdefault(difference(first, second), (first.exchange.id, second.exchange.id))
    return found


def _alone(group: Sequence[Seen], apart: tuple[str, str]) -> bool:
    """Whether nothing but the watermark can make these two pictures differ.

    So it is when the target gives the same picture whether the other parameters that only one of the two names are named
    or not; a target with another default of such a parameter would else be blamed for its watermark.
    """
    wanted = {_named(seen) for seen in group if seen.exchange.id in apart}
    return any(
        {_named(first), _named(second)} == wanted
        for first, second in _pairs(group, ignoring=())
        if difference(first, second) is Difference.NONE
    )


def _named(seen: Seen) -> frozenset[str]:
    """The parameters a request names, but for those that change no picture and for the watermark."""
    return (
        frozenset(seen.asked.parameters) - {*_FORM, "n", "watermark"}
        if seen.asked is not None
        else frozenset()
    )


def _given(seen: Seen, name: str) -> bool:
    return seen.asked is not None and name in seen.asked


@relation("seed.zero")
def seed_zero(group: Sequence[Seen]) -> Verdict | None:
    """Seed 0 repeats where seeds repeat."""
    for first, second in _pairs(group, ignoring=()):
        if seed_of(first) == 0:
            found = difference(first, second)
            about = (first.exchange.id, second.exchange.id)
            if found is Difference.UNKNOWN:
                continue
            if found is Difference.NONE:
                return holds(
                    True, expected="the same picture twice", actual="the same picture twice", about=about
                )
            if _repeats(group):
                return holds(
                    False,
                    expected="the same picture twice, as with other seeds",
                    actual=f"different {found.value}",
                    about=about,
                )
            return observed("not judged: the target does not repeat pictures")
    return None


@relation("seed.repeats")
def seed_repeats(group: Sequence[Seen]) -> Verdict | None:
    """Whether the same seed gives the same picture."""
    found = [difference(first, second) for first, second in _pairs(group, ignoring=())]
    return observed("identical" if Difference.NONE in found else "not identical") if found else None
