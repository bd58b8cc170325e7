"""How a client followed its tasks: how often it asked, how fast, and whether it stopped at their end."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from statistics import median

from qwen_image_conformance.client_findings import Finding, manner
from qwen_image_conformance.client_journal import Visit
from qwen_image_spec.model import Provider

_RATE = re.compile(r"\s*(\d+)\s*/\s*(s|min|h)\s*")
_SECONDS = {"s": 1.0, "min": 60.0, "h": 3600.0}


def polling(visit: Visit, provider: Provider) -> Iterator[Finding]:
    """The manners of queries, where there were tasks."""
    tasks = visit.tasks()
    if not tasks:
        return
    queries = sorted(
        (entry for task in tasks for entry in task.queries), key=lambda entry: float(entry["time"])
    )
    rate = rate_of(provider)
    if rate is not None and queries:
        most, window = rate
        most_here = busiest([float(entry["time"]) for entry in queries], window)
        yield manner(
            "client.poll-rate",
            provider,
            kept=most_here <= most,
            expected=f"at most {most} in {window:g} s",
            actual=f"{most_here} in {window:g} s",
            about=queries,
        )
    pauses = [pause for task in tasks for pause in task.pauses]
    if pauses:
        advice = provider.facts.get("tasks.poll-advice")
        yield manner(
            "client.poll-pace",
            provider,
            kept=None,
            expected=advice.value if advice is not None else None,
            actual=f"{len(queries)} queries of {len(tasks)} task(s), every {median(pauses):.2f} s "
            f"({min(pauses):.2f} to {max(pauses):.2f} s)",
            count=len(queries),
        )
    late = [task for task in tasks if task.after_end]
    yield manner(
        "client.poll-end",
        provider,
        kept=not late,
        expected="no query after a final state",
        actual=f"{sum(task.after_end for task in late)} queries of {len(late)} task(s) after their end"
        if late
        else "none",
        about=[task.queries[-1] for task in late],
    )
    left = [task for task in tasks if not task.ended]
    yield manner(
        "client.task-collected",
        provider,
        kept=None if left else True,
        expected="every task followed to its end",
        actual=f"{len(left)} of {len(tasks)} left: {left[0].id}" if left else f"{len(tasks)} task(s)",
    )


def rate_of(provider: Provider) -> tuple[int, float] | None:
    """How many queries a provider allows in how many seconds; None where it does not say."""
    fact = provider.facts.get("tasks.query-rate")
    match = _RATE.fullmatch(str(fact.value)) if fact is not None else None
    return (int(match[1]), _SECONDS[match[2]]) if match is not None else None


def busiest(times: Sequence[float], window: float) -> int:
    """The most moments within a window of so many seconds."""
    most = start = 0
    for index, moment in enumerate(times):
        while times[start] <= moment - window:
            start += 1
        most = max(most, index - start + 1)
    return most
