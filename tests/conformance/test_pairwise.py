"""Rows of parameters: every allowed pair stands in one of them, in few rows."""

from __future__ import annotations

from itertools import combinations, product

from hypothesis import given
from hypothesis import strategies as st

from qwen_image_conformance.pairwise import rows

VALUES = st.dictionaries(
    st.sampled_from("abcdef"), st.lists(st.integers(0, 4), min_size=1, max_size=4, unique=True), max_size=5
)


@given(VALUES)
def test_every_pair_stands_in_a_row(values: dict[str, list[int]]) -> None:
    made = rows(values, lambda _row: True)
    for one, other in combinations(values, 2):
        for pair in product(values[one], values[other]):
            assert any((row[one], row[other]) == pair for row in made)
    largest = sorted((len(choices) for choices in values.values()), reverse=True)
    assert all(list(row) == list(values) for row in made)
    assert len(made) <= len(list(product(*values.values())))
    assert len(values) < 2 or len(made) >= largest[0] * largest[1]


@given(VALUES, st.integers(1, 7))
def test_a_pair_that_is_not_allowed_is_left_out_and_no_other(
    values: dict[str, list[int]], total: int
) -> None:
    def allowed(row: dict[str, int]) -> bool:
        return all(first + second <= total for first, second in combinations(row.values(), 2))

    made = rows(values, allowed)
    assert all(allowed(row) for row in made)
    for one, other in combinations(values, 2):
        for first, second in product(values[one], values[other]):
            stands = any((row.get(one), row.get(other)) == (first, second) for row in made)
            assert stands == (first + second <= total)


def test_four_parameters_of_three_values_take_far_fewer_rows_than_all_combinations() -> None:
    made = rows({name: [0, 1, 2] for name in "abcd"}, lambda _row: True)
    assert len(made) <= 12
