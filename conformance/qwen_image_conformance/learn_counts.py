"""What a target does with `n`: how many pictures it takes an order for, and what it makes of more."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from qwen_image_conformance.learn_reading import Learned, delivered, ids, plain, taken, values
from qwen_image_conformance.seen import Seen
from qwen_image_spec.evidence import Reaction
from qwen_image_spec.model import Model

_N = "n"


def counts(model: Model, group: Sequence[Seen]) -> Iterator[Learned]:
    """The range of `n`, what happens beyond it, and how many pictures come unasked."""
    param = model.params.get(_N)
    if param is None or param.base.range is None:
        return
    took, refused = values(group, _N)
    got = {value: seen for value, seen in took.items() if _whole(value)}
    kept = {value for value, seen in got.items() if all(delivered(one) in (value, 0) for one in seen)}
    changed = set(got) - kept
    turned = {value for value in refused if _whole(value)}
    low, high = param.base.range.value
    if kept:
        found = (_low(kept, turned | changed, low), _high(kept, turned | changed, high))
        beyond = turned | changed
        edges = high in kept and high + 1 in beyond and (low in kept or low - 1 in beyond)
        if found != (low, high) or edges:
            about = ids(
                [
                    one
                    for value in (*sorted(kept), *sorted(turned))
                    for one in (got.get(value) or refused[value])
                ]
            )
            yield Learned(
                ("parameters", _N, "range"),
                list(found),
                found == (low, high),
                f"n from {found[0]} to {found[1]}",
                about,
            )
    inside = sorted(value for value in changed if low <= value <= high)
    if inside and not kept:
        numbers = ", ".join(f"{value} is answered with {delivered(got[value][0])}" for value in inside)
        about = ids([got[value][0] for value in inside])
        yield Learned(("parameters", _N, "range"), None, known=False, words=f"n: {numbers}", seen=about)
    yield from _beyond(model, got, refused, changed, turned)


def _beyond(
    model: Model,
    got: dict[int, list[Seen]],
    refused: dict[int, list[Seen]],
    changed: set[int],
    turned: set[int],
) -> Iterator[Learned]:
    """What becomes of a number beyond the range. A document has one word for both ends: that of the upper one."""
    param = model.params[_N]
    low, high = param.base.range.value if param.base.range is not None else (1, 1)
    known = param.base.beyond
    above = {
        Reaction.CLAMP: {n for n in changed if n > high},
        Reaction.REJECT: {n for n in turned if n > high},
    }
    below = {Reaction.CLAMP: {n for n in changed if n < low}, Reaction.REJECT: {n for n in turned if n < low}}
    words = {Reaction.CLAMP: "answered with another number of pictures", Reaction.REJECT: "refused"}
    said: Reaction | None = None
    for reaction, numbers in above.items():
        if numbers:
            said = reaction
            about = ids([(got.get(n) or refused[n])[0] for n in sorted(numbers)])
            same = known is not None and known.value is reaction
            text = f"n above {high} is {words[reaction]}"
            yield Learned(("parameters", _N, "beyond"), reaction.value, same, text, about)
            break
    for reaction, numbers in below.items():
        if numbers and said is not None and reaction is not said:
            about = ids([(got.get(n) or refused[n])[0] for n in sorted(numbers)])
            other = known is None or known.value is not reaction
            text = f"n below {low} is {words[reaction]}, other than n above {high}"
            if not other:
                continue
            yield Learned(("parameters", _N, "beyond-below"), None, known=False, words=text, seen=about)


def default_count(model: Model, group: Sequence[Seen]) -> Iterator[Learned]:
    """How many pictures come when nobody says how many."""
    param = model.params.get(_N)
    default = param.base.default if param is not None else None
    bare = [
        seen
        for seen in group
        if plain(seen, _N)
        and seen.asked is not None
        and _N not in seen.asked
        and taken(seen)
        and delivered(seen)
    ]
    found = {delivered(seen) for seen in bare}
    if default is not None and len(found) == 1:
        count = found.pop()
        yield Learned(
            ("parameters", _N, "default"), count, count == default.value, f"{count} without n", ids(bare)
        )


def _whole(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _low(kept: set[int], turned: set[int], known: int) -> int:
    least = min(kept)
    wrong = [value for value in turned if known <= value < least]
    return least if least < known or wrong else known


def _high(kept: set[int], turned: set[int], known: int) -> int:
    most = max(kept)
    wrong = [value for value in turned if most < value <= known]
    return most if most > known or wrong else known
