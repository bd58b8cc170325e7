"""Asynchronous tasks: submitted, queried, cancelled. `task_list.py` lists them."""

from __future__ import annotations

import time
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from qwen_image_mock.admission import refused
from qwen_image_mock.conditions import emptied, shortened
from qwen_image_mock.encode import Delivery, encode_refusal, encode_success
from qwen_image_mock.encode.errors import code_of
from qwen_image_mock.encode.extras import with_extras
from qwen_image_mock.encode.traits import documented, traits_of
from qwen_image_mock.limits import most_tasks
from qwen_image_mock.store import Task
from qwen_image_mock.stream import interleaved
from qwen_image_mock.task_fate import fate_of
from qwen_image_mock.task_list import EAST, listing, owner_of
from qwen_image_spec.answers import task_shape

if TYPE_CHECKING:
    from qwen_image_mock.encode import Refusal
    from qwen_image_mock.exchange import Exchange
    from qwen_image_mock.fault_condition import Condition
    from qwen_image_mock.outcome import Outcome
    from qwen_image_mock.state import State
    from qwen_image_spec.model import Model, ResponseShape

__all__ = ["cancel", "listing", "owner_of", "poll_condition", "query", "submit"]

Json = Any


async def submit(
    state: State, exchange: Exchange, model: Model, outcome: Outcome | None, refusal: Refusal | None
) -> dict[str, Json]:
    """Keep a task and answer with its id. One with a `refusal` will fail with it.

    Raises Crowded when limits are on and the caller has too many unfinished tasks of the model.
    """
    count = 1 if outcome is None else outcome.count
    endpoint = exchange.endpoint
    task = Task(
        state.randomness.uuid(),
        owner_of(exchange),
        exchange.provider.id,
        model.id,
        exchange.id,
        "" if endpoint is None else endpoint.path,
        exchange.time,
        outcome,
        fate_of(exchange, state.pace, count, refusal),
    )
    await state.store.put(task, most_tasks(model) if state.limits.on else None)
    output: dict[str, Json] = {"task_status": "PENDING", "task_id": task.id}
    body: dict[str, Json] = {"output": output, "request_id": exchange.id}
    shape = exchange.provider.responses.get(endpoint.result) if endpoint is not None else None
    if shape is None:
        return body
    if shape.options.get("task_metric"):
        output[traits_of(shape).metric] = {"TOTAL": count, "SUCCEEDED": 0, "FAILED": 0}
    return with_extras(body, shape, exchange.id, model.id, int(exchange.time))


async def poll_condition(state: State, exchange: Exchange, task_id: str) -> Condition | None:
    """What a query meets because its task was submitted so; counts it."""
    return await state.store.change(owner_of(exchange), task_id, exchange.time, _meet)


def _meet(task: Task | None) -> Condition | None:
    if task is None or task.fate.poll is None or task.fate.meets <= 0:
        return None
    task.fate.meets -= 1
    return task.fate.poll


async def query(state: State, exchange: Exchange, task_id: str) -> dict[str, Json]:
    """Tell a task's state and set the exchange's status.

    Nobody's and somebody else's tasks are UNKNOWN, as are those of yesterday.
    """
    now = exchange.time
    exchange.status = 200
    task, status = await state.store.change(
        owner_of(exchange), task_id, now, lambda task: (task, "UNKNOWN" if task is None else task.query(now))
    )
    if task is None or status == "UNKNOWN":
        return {"request_id": exchange.id, "output": {"task_id": task_id, "task_status": "UNKNOWN"}}
    shape = documented(task_shape(exchange.provider, exchange.provider.models[task.model]))
    output = _times(task, status)
    count = 1 if task.outcome is None else task.outcome.count
    failed = count if status == "FAILED" else task.fate.failed
    output[traits_of(shape).metric] = {
        "TOTAL": count,
        "SUCCEEDED": count - failed if status == "SUCCEEDED" else 0,
        "FAILED": failed if status in ("SUCCEEDED", "FAILED") else 0,
    }
    if status == "SUCCEEDED" and task.outcome is not None:
        return _delivered(state, exchange, task, task.outcome, shape, output)
    body: dict[str, Json] = {"request_id": exchange.id, "output": output}
    if task.fate.refusal is not None and status == "FAILED":
        failure = task.fate.refusal
        if task.fate.shape == "bare":
            exchange.status = failure.status
            return encode_refusal(failure, exchange.provider, exchange.id)
        place = body if task.fate.shape == "beside" else output
        place["code"], place["message"] = code_of(failure), failure.message
    return with_extras(body, shape, exchange.id, task.model, int(now))


async def cancel(state: State, exchange: Exchange, task_id: str) -> dict[str, Json]:
    """Cancel a task that is PENDING; raises Refused for any other."""
    now = exchange.time

    def cancelled(task: Task | None) -> None:
        if task is None or task.status(now) != "PENDING":
            raise refused("tasks.cancel-pending-only", "task_id", task_id, "a task that is PENDING")
        task.fate.canceled = now

    await state.store.change(owner_of(exchange), task_id, now, cancelled)
    return {"request_id": exchange.id}


def clock_face(moment: float) -> str:
    """A time as the provider writes it: `YYYY-MM-DD HH:mm:ss.SSS`, eight hours east of Greenwich."""
    thousandths = int(moment * 1000)
    seconds = thousandths // 1000 + EAST
    return f"{time.strftime('%Y-%m-%d %H:%M:%S', time.gmtime(seconds))}.{thousandths % 1000:03d}"


def _times(task: Task, status: str) -> dict[str, Json]:
    fate = task.fate
    output: dict[str, Json] = {
        "task_id": task.id,
        "task_status": status,
        "submit_time": clock_face(task.submitted),
    }
    if status not in ("PENDING", "CANCELED"):
        output["scheduled_time"] = clock_face(min(fate.starts, fate.ends))
    if status == "CANCELED" and fate.canceled is not None:
        output["end_time"] = clock_face(fate.canceled)
    elif status in ("SUCCEEDED", "FAILED"):
        output["end_time"] = clock_face(fate.ends)
    return output


def _delivered(
    state: State,
    exchange: Exchange,
    task: Task,
    outcome: Outcome,
    shape: ResponseShape,
    output: dict[str, Json],
) -> dict[str, Json]:
    fate = task.fate
    made = shortened(
        replace(outcome, count=outcome.count - fate.failed) if fate.failed else outcome, fate.condition
    )
    left = max(0, made.life - int(exchange.time - fate.ends))
    pictures = state.addresses.make(exchange.origin, made.drawing, made.count, left)
    delivery = Delivery(made, pictures, inline=False, request_id=exchange.id, created=int(exchange.time))
    body = interleaved(encode_success(delivery, shape), made, pictures)
    body["output"] = {**output, **body["output"]}
    if fate.reason is not None and "results" in body["output"]:
        failure = {"code": code_of(fate.reason), "message": fate.reason.message}
        body["output"]["results"] += [dict(failure) for _ in range(fate.failed)]
    return emptied(body, fate.condition)
