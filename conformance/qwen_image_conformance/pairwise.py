"""Rows that hold every pair of values of any two parameters, in few rows: what goes wrong together rarely takes three."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterator, Mapping, Sequence
from itertools import combinations
from typing import TypeVar

T = TypeVar("T", bound=Hashable)
Row = dict[str, T]
_Pair = frozenset[tuple[str, T]]


def rows(values: Mapping[str, Sequence[T]], allowed: Callable[[Row[T]], bool]) -> list[Row[T]]:
    """Rows in which every allowed pair of values stands at least once; the same rows every time.

    `allowed` judges a row that may lack parameters; a pair that it refuses is left out. Greedy: each row starts at a pair
    that is still missing and takes for every further parameter the value that brings most missing pairs.
    """
    missing = {
        frozenset(pair): None
        for one, other in combinations(values, 2)
        for pair in _pairs(one, values[one], other, values[other])
        if allowed(dict(pair))
    }
    found: list[Row[T]] = []
    while missing:
        row = _row(dict(next(iter(missing))), values, missing, allowed)
        for pair in combinations(row.items(), 2):
            missing.pop(frozenset(pair), None)
        found.append({name: row[name] for name in values if name in row})
    return found


def _pairs(
    one: str, ones: Sequence[T], other: str, others: Sequence[T]
) -> Iterator[tuple[tuple[str, T], tuple[str, T]]]:
    for first in ones:
        for second in others:
            yield (one, first), (other, second)


def _row(
    row: Row[T],
    values: Mapping[str, Sequence[T]],
    missing: Mapping[_Pair[T], None],
    allowed: Callable[[Row[T]], bool],
) -> Row[T]:
    for name, choices in values.items():
        if name in row:
            continue
        good = [value for value in choices if allowed({**row, name: value})]
        if good:
            row[name] = max(
                good,
                key=lambda value: sum(frozenset(((name, value), item)) in missing for item in row.items()),
            )
    return row
