"""Asynchronous tasks of the native style."""

from __future__ import annotations

import re

from qwen_image_conformance.checks.fields import fields_of, missing_or_wrong
from qwen_image_conformance.checks.registry import check
from qwen_image_conformance.seen import SUCCEEDED, Seen
from qwen_image_conformance.verdict import Verdict, holds, observed
from qwen_image_spec.pointers import MISSING, find, get

_STATES = ("PENDING", "RUNNING", "SUSPENDED", "SUCCEEDED", "FAILED", "CANCELED", "UNKNOWN")
_TIME = re.compile(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d{3}", re.ASCII)


@check("tasks.submitted")
def submitted(seen: Seen) -> Verdict | None:
    """A task id and PENDING, at once."""
    if seen.broken or seen.doubtful or not 200 <= seen.status < 300:
        return None
    task_id, status = get(seen.first_body, "/output/task_id"), get(seen.first_body, "/output/task_status")
    return holds(
        isinstance(task_id, str) and status == "PENDING",
        expected="output.task_id and task_status PENDING",
        actual=f"task_id {task_id!r}, task_status {status!r}",
    )


@check("tasks.status")
def status(seen: Seen) -> Verdict | None:
    """Documented words only, and an end."""
    if seen.broken or not seen.exchange.polls:
        return None
    if seen.task_status == "FAILED" and seen.violations:
        return None
    wrong = missing_or_wrong(seen.body, fields_of(seen, "tasks.status"))
    if wrong is not None and not wrong.ok:
        return wrong
    return holds(
        seen.task_status in _STATES and seen.task_status == SUCCEEDED,
        expected="SUCCEEDED in the end",
        actual=seen.task_status,
    )


@check("tasks.actual-prompt")
def actual_prompt(seen: Seen) -> Verdict | None:
    """The rewritten prompt stands there exactly when prompt_extend was on."""
    fields = fields_of(seen, "tasks.actual-prompt")
    if seen.broken or seen.task_status != SUCCEEDED or not fields or not seen.accepted:
        return None
    wrong = missing_or_wrong(seen.body, fields)
    if wrong is not None and not wrong.ok:
        return wrong
    values = [value for _, value in find(seen.body, fields[0].at)]
    on = seen.effective.get("prompt_extend") is True
    good = all((value is not MISSING) is on for value in values)
    return holds(
        good,
        expected="given" if on else "absent",
        actual=["absent" if value is MISSING else "given" for value in values],
        level=fields[0].fact.level,
        source=fields[0].fact.source,
    )


@check("tasks.times")
def times(seen: Seen) -> Verdict | None:
    """YYYY-MM-DD HH:mm:ss.SSS."""
    if seen.broken or seen.task_status != SUCCEEDED:
        return None
    fields = fields_of(seen, "tasks.times")
    wrong = missing_or_wrong(seen.body, fields)
    if wrong is None or not wrong.ok:
        return wrong
    bad = [
        value
        for field in fields
        for _, value in find(seen.body, field.at)
        if isinstance(value, str) and not _TIME.fullmatch(value)
    ]
    return holds(
        not bad, expected="YYYY-MM-DD HH:mm:ss.SSS", actual=bad or "all so", level=fields[0].fact.level
    )


@check("tasks.metrics")
def metrics(seen: Seen) -> Verdict | None:
    """TOTAL, SUCCEEDED and FAILED add up."""
    if seen.broken or seen.task_status != SUCCEEDED:
        return None
    fields = fields_of(seen, "tasks.metrics")
    wrong = missing_or_wrong(seen.body, fields)
    counts = get(seen.body, "/output/task_metrics")
    if wrong is None or not wrong.ok or not isinstance(counts, dict):
        return wrong
    good = counts.get("TOTAL") == counts.get("SUCCEEDED", 0) + counts.get("FAILED", 0) == len(seen.items)
    return holds(
        good,
        expected=f"TOTAL {len(seen.items)} = SUCCEEDED + FAILED",
        actual=counts,
        level=fields[0].fact.level,
    )


@check("tasks.list-span")
def list_span(seen: Seen) -> Verdict | None:
    """What a span above a day leads to."""
    if seen.exchange.breaks != ("tasks.list-span",) or not seen.answered:
        return None
    total = get(seen.first_body, "/total")
    said = f"status {seen.status}" if total is MISSING else f"status {seen.status} with {total} task(s)"
    return observed(said, expected="refused, or cut to 24 hours")


@check("tasks.unknown-id")
def unknown_id(seen: Seen) -> Verdict | None:
    """200 and UNKNOWN."""
    if seen.exchange.breaks != ("tasks.unknown-id",):
        return None
    return holds(
        seen.status == 200 and get(seen.first_body, "/output/task_status") == "UNKNOWN",
        expected="200 and task_status UNKNOWN",
        actual=f"{seen.status}: {seen.exchange.received.body[:120]!r}",
    )
