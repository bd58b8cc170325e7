"""The soak as a page: what was asked, what came of it, and three curves."""

from __future__ import annotations

import statistics
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from figures import table

if TYPE_CHECKING:
    from soak import Sample
    from soak_stories import Seen

WIDTH, HEIGHT, LEFT, GAP = 900, 150, 70, 50
CURVES: tuple[tuple[str, str, Callable[[Sample], float]], ...] = (
    ("memory of the server, MB", "#2f6fde", lambda sample: sample.memory),
    ("answers a second", "#2a9d5c", lambda sample: sample.rate),
    ("time of 99 % of the answers, ms", "#d1603d", lambda sample: sample.late),
)


def page(
    seen: Seen, samples: Sequence[Sample], problems: Sequence[str], users: int, hanging: int, seconds: float
) -> tuple[str, str]:
    """The Markdown and the SVG."""
    memory = [sample.memory for sample in samples]
    third = len(samples) // 3
    rows = [
        ("answers", f"{seen.answers.total():,}"),
        ("answers a second, median", f"{statistics.median(sample.rate for sample in samples):,.0f}"),
        (
            "the server's share of a core, median",
            f"{statistics.median(sample.cores for sample in samples):.2f}",
        ),
        ("time of an answer, median", f"{statistics.median(sample.middle for sample in samples):.1f} ms"),
        (
            "99 % of the answers within (median of the samples)",
            f"{statistics.median(sample.late for sample in samples):.1f} ms",
        ),
        ("memory after a third, median", f"{statistics.median(memory[third : 2 * third] or memory):.1f} MB"),
        ("memory in the last sixth, median", f"{statistics.median(memory[-max(1, third // 2) :]):.1f} MB"),
        ("memory at most", f"{max(memory):.1f} MB"),
        ("tasks submitted", f"{seen.submitted:,}"),
        ("tasks that ended", ", ".join(f"{count:,} {state}" for state, count in sorted(seen.ended.items()))),
        ("faults asked for", f"{seen.faults.total():,}"),
        ("wrong answers", f"{len(seen.wrong):,}"),
    ]
    counts = table(
        ("operation", "answers"), [(name, f"{count:,}") for name, count in seen.answers.most_common()]
    )
    outcome = (
        "\n".join(f"- {problem}" for problem in problems)
        or "No task was lost, no answer was wrong, the memory stayed flat."
    )
    day = datetime.now(UTC).strftime("%Y-%m-%d")
    text = f"""# Soak

{seconds / 60:.1f} minutes on {day}, {users} users with a connection each, {hanging} connections more
that send half a request and hang, one mock with its journal on, made by `python bench/soak.py`.
Users and server share a machine with other work: the rates are no measure of speed (`make bench`
is), the shape of the curves is what counts. The memory is what the bounds of what is kept allow: 20,000
tasks, 10,000 uploads, 2,048 thumbnails, 16 MiB of journal (less in a run of under five minutes).

{outcome}

![memory, answers a second and the time of 99 % of the answers over the run](soak.svg)

{table(("", ""), rows)}

{counts}
"""
    return text, _plot(samples)


def _plot(samples: Sequence[Sample]) -> str:
    height = len(CURVES) * (HEIGHT + GAP) + 30
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" font-family="sans-serif" font-size="13">',
        f'<rect width="{WIDTH}" height="{height}" fill="white"/>',
    ]
    for number, (title, colour, value) in enumerate(CURVES):
        parts += _curve(samples, title, colour, value, 30 + number * (HEIGHT + GAP))
    return "\n".join([*parts, "</svg>", ""])


def _curve(
    samples: Sequence[Sample], title: str, colour: str, value: Callable[[Sample], float], top: int
) -> list[str]:
    values = [value(sample) for sample in samples]
    most, end = max(values) * 1.1 or 1.0, samples[-1].at
    across = (WIDTH - LEFT - 20) / end
    points = " ".join(
        f"{LEFT + sample.at * across:.1f},{top + HEIGHT - one / most * HEIGHT:.1f}"
        for sample, one in zip(samples, values, strict=True)
    )
    marks = [most * share for share in (0, 0.5, 1)]
    lines = [
        f'<line x1="{LEFT}" x2="{WIDTH - 20}" y1="{top + HEIGHT - mark / most * HEIGHT:.1f}" '
        f'y2="{top + HEIGHT - mark / most * HEIGHT:.1f}" stroke="#ddd"/>'
        f'<text x="{LEFT - 8}" y="{top + HEIGHT - mark / most * HEIGHT + 4:.1f}" text-anchor="end" fill="#666">{mark:,.0f}</text>'
        for mark in marks
    ]
    ticks = [
        f'<text x="{LEFT + end * share * across:.1f}" y="{top + HEIGHT + 18}" text-anchor="middle" fill="#666">'
        f"{end * share:.0f} s</text>"
        for share in (0, 0.25, 0.5, 0.75, 1)
    ]
    return [
        f'<text x="{LEFT}" y="{top - 8}" fill="#222">{title}</text>',
        *lines,
        *ticks,
        f'<polyline points="{points}" fill="none" stroke="{colour}" stroke-width="1.6"/>',
    ]
