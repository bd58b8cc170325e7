"""Defects of what becomes of an upstream that fails: tasks followed badly, errors lost, paid requests repeated."""

from __future__ import annotations

import time
from typing import Any

from defects import two_ended_hooks as does
from defects.two_ended import AT_ONCE, TASKS, TwoEnded
from defects.wrap import Answer, Asked
from servers.right_gateway import Manners
from servers.right_gateway.failure import Failed
from servers.right_gateway.running import QUICK
from servers.right_gateway.upstream import Call, Reply, Send

Json = Any
_ENDS = QUICK.states


def _state(reply: Reply) -> str:
    body = reply.body
    output = body.get("output") if isinstance(body, dict) else None
    return str(output.get("task_status") or "") if isinstance(output, dict) else ""


def _with_body(call: Call) -> None:
    call.body = {"task": call.url.rpartition("/")[2]}


async def _asks_once_more(call: Call, send: Send) -> Reply:
    reply = await send(call)
    if call.kind == "poll" and _state(reply) in _ENDS:
        await send(call)
    return reply


async def _hammers(call: Call, send: Send) -> Reply:
    if call.kind == "poll":
        for _ in range(40):
            await send(call)
    return await send(call)


async def _no_time(call: Call, send: Send) -> Reply:
    reply = await send(call)
    if call.kind == "poll" and _state(reply) not in _ENDS:
        raise Failed(504, "TaskTimeout", "The task takes too long.")
    return reply


async def _gives_up(call: Call, send: Send) -> Reply:
    reply = await send(call)
    if call.kind == "poll" and reply.status >= 500:
        raise Failed(502, "PollFailed", "The task could not be asked for.")
    return reply


class _BuysAgain:
    """When a poll fails the task is submitted a second time."""

    def __init__(self) -> None:
        self._paid: Call | None = None

    async def __call__(self, call: Call, send: Send) -> Reply:
        if call.kind == "make":
            self._paid = call
        reply = await send(call)
        if call.kind == "poll" and reply.status >= 500 and self._paid is not None:
            await send(self._paid)
        return reply


def _always_500(answer: Answer) -> None:
    answer.status = 500


def _unknown_error(answer: Answer) -> None:
    answer.body["error"]["message"] = "Unknown error occurred during image generation"


def _no_code(answer: Answer) -> None:
    answer.body["error"]["code"] = None


def _native_shape(answer: Answer) -> None:
    error = answer.body["error"]
    answer.body = {"code": error["code"], "message": error["message"], "request_id": "r"}


def _no_retry_after(answer: Answer) -> None:
    answer.headers.pop("retry-after", None)


def _success(answer: Answer) -> None:
    answer.status, answer.body = 200, {"created": 1764820175, "data": [], "usage": {"image_count": 0}}


def _only_empty(asked: Asked, answer: Answer) -> None:
    error = answer.body.get("error") if isinstance(answer.body, dict) else None
    if isinstance(error, dict) and error.get("code") in ("NoPictures", "UpstreamAnswer", "InternalError"):
        del asked
        _success(answer)


def _only_tasks(_asked: Asked, answer: Answer) -> None:
    error = answer.body.get("error") if isinstance(answer.body, dict) else None
    if isinstance(error, dict) and str(error.get("code")).startswith("Task."):
        _success(answer)


def _padded(asked: Asked, answer: Answer) -> None:
    """Failed pictures become entries without an address."""
    wanted = asked.body.get("n", 1) if isinstance(asked.body, dict) else 1
    if answer.status == 200 and isinstance(answer.body, dict) and isinstance(answer.body.get("data"), list):
        answer.body["data"] += [{} for _ in range(int(wanted) - len(answer.body["data"]))]


def _counts_what_was_asked(asked: Asked, answer: Answer) -> None:
    if answer.status == 200 and isinstance(answer.body, dict) and "usage" in answer.body:
        wanted = asked.body.get("n", 1) if isinstance(asked.body, dict) else 1
        answer.body["usage"]["image_count"] = wanted


class _Cooling:
    """After an error of the upstream nothing is sent there for a while."""

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._until = 0.0

    async def __call__(self, call: Call, send: Send) -> Reply:
        if time.monotonic() < self._until:
            raise Failed(503, "CoolingDown", "No deployment is available.")
        reply = await send(call)
        if call.kind == "make" and (reply.status >= 500 or reply.status == 429 or not reply.status):
            self._until = time.monotonic() + self._seconds
        return reply


def _failure(reply: Reply) -> bool:
    return reply.status >= 500


def _broken_off(reply: Reply) -> bool:
    return reply.status == 0


def _elsewhere(call: Call) -> None:
    call.url = "http://127.0.0.1:9/tasks/" + call.url.rpartition("/")[2]


FAULTS = (
    TwoEnded(
        "tasks-left-alone",
        "gateway.task-collected",
        TASKS,
        ("B106", "B110", "B113", "B120", "B122", "B139"),
        _no_time,
        also=frozenset({"gateway.*", "model.served"}),
    ),
    TwoEnded("polls-with-a-body", "gateway.poll-request", TASKS, ("B119",), does.before(_with_body, "poll")),
    TwoEnded(
        "polls-on-and-on",
        "gateway.poll-end",
        TASKS,
        ("B117", "B118", "B120"),
        _asks_once_more,
        also=frozenset({"gateway.pictures-kept"}),
    ),
    TwoEnded(
        "polls-without-a-pause",
        "gateway.poll-rate",
        TASKS,
        ("B118", "B171"),
        _hammers,
        also=frozenset({"gateway.poll-end", "gateway.pictures-kept"}),
    ),
    TwoEnded(
        "poll-failure-is-the-end",
        "gateway.poll-resilience",
        TASKS,
        ("B117", "B126", "B129"),
        _gives_up,
        faults=("failing-poll", "poll-html"),
    ),
    TwoEnded(
        "every-error-is-500",
        "gateway.fault-status",
        AT_ONCE,
        ("B093", "B152", "B156", "B163", "B169"),
        before=does.front(answer=does.errors(_always_500)),
        also=frozenset({"gateway.failed-task"}),
        faults=("throttle", "arrearage", "data-inspection"),
    ),
    TwoEnded(
        "reason-lost",
        "gateway.fault-message",
        AT_ONCE,
        ("B147", "B148", "B161"),
        before=does.front(answer=does.errors(_unknown_error)),
        faults=("server-error", "ok-error", "arrearage"),
    ),
    TwoEnded(
        "reason-of-the-task-lost",
        "gateway.fault-message",
        TASKS,
        ("B136", "B140", "B149"),
        before=does.front(answer=does.errors(_unknown_error)),
        faults=("task-failed", "task-inspection"),
    ),
    TwoEnded(
        "code-lost",
        "gateway.fault-code",
        AT_ONCE,
        ("B163", "B165"),
        before=does.front(answer=does.errors(_no_code)),
        faults=("arrearage", "data-inspection"),
    ),
    TwoEnded(
        "upstream-errors-in-its-own-shape",
        "gateway.fault-shape",
        AT_ONCE,
        ("B151",),
        before=does.front(answer=does.errors(_native_shape)),
        faults=("arrearage", "server-error"),
    ),
    TwoEnded(
        "retry-after-lost",
        "gateway.retry-after",
        AT_ONCE,
        ("B168",),
        before=does.front(answer=does.errors(_no_retry_after)),
        faults=("throttle",),
    ),
    TwoEnded(
        "failed-task-as-success",
        "gateway.failed-task",
        TASKS,
        ("B132", "B134", "B139", "B164"),
        before=does.front(answer=_only_tasks),
        faults=("task-failed", "task-canceled", "task-unknown"),
    ),
    TwoEnded(
        "error-in-200-as-success",
        "gateway.error-in-200",
        AT_ONCE,
        ("B034", "B138", "B270"),
        before=does.front(answer=_only_empty),
        also=frozenset({"gateway.fault-*"}),
        faults=("empty-body", "ok-error", "empty-data"),
    ),
    TwoEnded(
        "failed-pictures-as-empty-entries",
        "gateway.partial",
        TASKS,
        ("B141", "B142"),
        before=does.front(answer=_padded),
        faults=("task-partial",),
    ),
    TwoEnded(
        "charged-for-what-failed",
        "gateway.usage",
        TASKS,
        ("B143", "B205", "B208"),
        before=does.front(answer=_counts_what_was_asked),
        faults=("task-partial", "fewer"),
    ),
    TwoEnded(
        "impatient",
        "gateway.slow-answer",
        AT_ONCE,
        ("B236", "B237", "B239", "B240"),
        manners=Manners(timeout=1.0, pause=0.03, deadline=5.0),
        faults=("slow",),
    ),
    TwoEnded(
        "failures-bought-again",
        "gateway.not-repeated",
        AT_ONCE,
        ("B139", "B202", "B267", "B271"),
        does.again(_failure, times=2),
        faults=("server-error", "html"),
    ),
    TwoEnded(
        "broken-connections-bought-again",
        "gateway.not-repeated",
        AT_ONCE,
        ("B266",),
        does.again(_broken_off),
        faults=("reset", "truncated"),
    ),
    TwoEnded(
        "failed-poll-buys-again",
        "gateway.not-repeated",
        TASKS,
        ("B126", "B139"),
        _BuysAgain(),
        faults=("failing-poll",),
    ),
    TwoEnded(
        "long-cooldown",
        "gateway.recovers",
        AT_ONCE,
        ("B166", "B169"),
        _Cooling(0.4),
        faults=("server-error",),
    ),
    TwoEnded(
        "polls-somewhere-else",
        "gateway.task-collected",
        TASKS,
        ("B123",),
        does.before(_elsewhere, "poll"),
        manners=Manners(timeout=0.5, pause=0.01, deadline=0.05),
        also=frozenset({"gateway.*", "model.served"}),
    ),
)
