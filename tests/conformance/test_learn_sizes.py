"""From points to bounds: the fewest that explain what was taken and what was refused."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qwen_image_conformance.learn_sizes import Points, explains, grants_of
from qwen_image_spec.evidence import Evidence
from qwen_image_spec.size import Grant, Size, literal

LISTED = frozenset(map(literal, ("1664x928", "1328x1328", "928x1664")))
LIST = Grant("s", Evidence.DOCUMENTED, presets=LISTED)
AREA = Grant("s", Evidence.DOCUMENTED, area=(262144, 4194304))


def points(taken: str, refused: str = "") -> Points:
    return Points(frozenset(map(literal, taken.split())), frozenset(map(literal, refused.split())))


@pytest.mark.parametrize(
    ("seen", "known", "expected"),
    [
        (points("1664x928", "1328x1328"), LIST, [{"presets": ["1664x928", "928x1664"]}]),
        (
            points("1664x928 2048x2048", "1000x1000"),
            LIST,
            [{"presets": ["2048x2048", *map(str, sorted(LISTED, reverse=True))]}],
        ),
        (points("1000x1000 512x512", "511x511 2000x1000"), LIST, [{"area": [262144, 1000000]}]),
        (points("512x512 1280x1280", "1281x1281 2048x2048"), AREA, [{"area": [262144, 1638400]}]),
        (points("300x300 1500x300 300x1500 1500x1500", "299x1500 1501x300"), AREA, [{"side": [300, 1500]}]),
        (points("512x512 2048x2048", "2049x2048"), AREA, [{"area": [262144, 4194304]}]),
        # The largest that was asked lies just below the known bound, and nothing in between was refused.
        (points("512x512 2047x2048", "2100x2100"), AREA, [{"area": [262144, 4194304]}]),
        (points("600x600 1800x600 600x1800", "1801x600 200x600"), AREA, [{"area": [360000, 1080000]}]),
        (points("1000x1000", "1000x1000"), AREA, None),
        (points("", "1000x1000"), AREA, None),
        (points("1000x1000 1002x1002", "1001x1001"), AREA, None),
    ],
)
def test_the_fewest_bounds_that_explain_what_was_seen(seen: Points, known: Grant, expected: object) -> None:
    familiar = frozenset({Size(2048, 2048)})
    assert grants_of(seen, [known], familiar) == expected


def test_a_document_explains_its_own_sizes_only() -> None:
    assert explains([AREA], points("512x512", "511x512"))
    assert not explains([AREA], points("511x512"))
    assert not explains([AREA], points("", "512x512"))
    assert explains([LIST, AREA], points("1664x928 600x600", "100x100"))


SIDES = st.integers(100, 3000)


@given(
    st.sets(st.builds(Size, SIDES, SIDES), min_size=1, max_size=30),
    st.tuples(st.integers(100, 1000), st.integers(1100, 3000)),
    st.sampled_from(["area", "side", "ratio"]),
)
def test_what_is_found_explains_every_point(asked: set[Size], bounds: tuple[int, int], kind: str) -> None:
    low, high = bounds
    grant = {
        "area": Grant("s", Evidence.OBSERVED, area=(low * low, high * high)),
        "side": Grant("s", Evidence.OBSERVED, side=(low, high)),
        "ratio": Grant("s", Evidence.OBSERVED, ratio=(Decimal(1) / 3, Decimal(3)), side=(1, 9999)),
    }[kind]
    taken = frozenset(size for size in asked if grant.flaw(size) is None)
    seen = Points(taken, frozenset(asked) - taken)
    found = grants_of(seen, [], frozenset())
    if not taken:
        assert found is None
        return
    assert found is not None
    read = Grant("s", Evidence.OBSERVED, **{name: _bound(name, value) for name, value in found[0].items()})
    assert all(read.flaw(size) is None for size in taken)
    assert all(read.flaw(size) is not None for size in seen.refused)


def _bound(name: str, value: list[object]) -> object:
    if name != "ratio":
        return tuple(value)
    halves = [str(one).split(":") for one in value]
    return tuple(Decimal(one) / Decimal(other) for one, other in halves)
