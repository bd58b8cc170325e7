"""Figures as text: the smallest, the middle and the largest, and ratios round by round."""

from __future__ import annotations

import statistics
from collections.abc import Sequence


def spread(values: Sequence[float], digits: int = 2) -> str:
    """`median (smallest to largest)`."""
    if not values:
        return "none"
    middle = statistics.median(values)
    return f"{middle:,.{digits}f} ({min(values):,.{digits}f} to {max(values):,.{digits}f})"


def ratios(mine: Sequence[float], theirs: Sequence[float]) -> list[float]:
    """How many times more, round by round."""
    return [one / other for one, other in zip(mine, theirs, strict=True)]


def table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A Markdown table, aligned so that it reads in a terminal too."""
    lines = [tuple(head), *map(tuple, rows)]
    widths = [max(len(line[column]) for line in lines) for column in range(len(head))]

    def told(line: Sequence[str]) -> str:
        return "| " + " | ".join(word.ljust(width) for word, width in zip(line, widths, strict=True)) + " |"

    rule = "|" + "|".join("-" * (width + 2) for width in widths) + "|"
    return "\n".join((told(head), rule, *map(told, rows)))
