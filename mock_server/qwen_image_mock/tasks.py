"""Asynchronous tasks: submitted, queried, cancelled, listed."""

from __future__ import annotations

import time
from calendar import timegm
from typing import TYPE_CHECKING, Any

from qwen_image_mock.admission import refused
from qwen_image_mock.encode import Delivery, encode_success
from qwen_image_mock.encode.errors import code_of
from qwen_image_mock.encode.extras import with_extras
from qwen_image_mock.encode.traits import task_shape, traits_of
from qwen_image_mock.store import Task

if TYPE_CHECKING:
    from qwen_image_mock.encode import Refusal
    from qwen_image_mock.exchange import Exchange
    from qwen_image_mock.outcome import Outcome
    from qwen_image_mock.state import State
    from qwen_image_spec.model import Model, ResponseShape

Json = Any
_EAST = 8 * 3600
_WAITING = 0.3
"""The part of a task's time it is PENDING."""
_PAGE = 10
_LARGEST_PAGE = 100


def submit(
    state: State, exchange: Exchange, model: Model, outcome: Outcome | None, refusal: Refusal | None
) -> dict[str, Json]:
    """Keep a task and answer with its id. One with a `refusal` will fail with it."""
    now = exchange.time
    seconds = state.settings.task_seconds
    task = Task(
        state.randomness.uuid(),
        owner_of(exchange),
        exchange.provider.id,
        model.id,
        exchange.id,
        now,
        now + seconds * _WAITING,
        now + seconds,
        outcome,
        refusal,
    )
    state.store.put(task)
    body = {"output": {"task_status": "PENDING", "task_id": task.id}, "request_id": exchange.id}
    endpoint = exchange.endpoint
    shape = exchange.provider.responses.get(endpoint.result) if endpoint is not None else None
    return body if shape is None else with_extras(body, shape, exchange.id, model.id, int(now))


def query(state: State, exchange: Exchange, task_id: str) -> dict[str, Json]:
    """Tell a task's state. Nobody's and somebody else's tasks are UNKNOWN, as are those of yesterday."""
    now = exchange.time
    task = state.store.get(owner_of(exchange), task_id, now)
    if task is None:
        return {"request_id": exchange.id, "output": {"task_id": task_id, "task_status": "UNKNOWN"}}
    shape = _shape(exchange, task)
    status = task.status(now)
    output: dict[str, Json] = {
        "task_id": task.id,
        "task_status": status,
        "submit_time": clock_face(task.submitted),
    }
    if status in ("RUNNING", "SUCCEEDED", "FAILED"):
        output["scheduled_time"] = clock_face(task.starts)
    if task.canceled is not None or status in ("SUCCEEDED", "FAILED"):
        output["end_time"] = clock_face(task.ends if task.canceled is None else task.canceled)
    count = 1 if task.outcome is None else task.outcome.count
    output[traits_of(shape).metric] = {
        "TOTAL": count,
        "SUCCEEDED": count if status == "SUCCEEDED" else 0,
        "FAILED": count if status == "FAILED" else 0,
    }
    if status == "SUCCEEDED" and task.outcome is not None:
        return _delivered(state, exchange, task, task.outcome, output)
    if task.refusal is not None and status == "FAILED":
        output["code"] = code_of(task.refusal)
        output["message"] = task.refusal.message
    return with_extras(
        {"request_id": exchange.id, "output": output}, shape, exchange.id, task.model, int(now)
    )


def cancel(state: State, exchange: Exchange, task_id: str) -> dict[str, Json]:
    """Cancel a task that is PENDING; raises Refused for any other."""
    now = exchange.time
    task = state.store.get(owner_of(exchange), task_id, now)
    if task is None or task.status(now) != "PENDING":
        raise refused("tasks.cancel-pending-only", "task_id", task_id, "a task that is PENDING")
    task.canceled = now
    state.store.put(task)
    return {"request_id": exchange.id}


def listing(state: State, exchange: Exchange, words: dict[str, str]) -> dict[str, Json]:
    """A page of the caller's tasks, newest first; filters by model, status, id and time of submission."""
    now = exchange.time
    since, until = _moment(words.get("start_time")), _moment(words.get("end_time"))
    rows = [
        task
        for task in state.store.all(owner_of(exchange), now)
        if words.get("model_name", task.model) == task.model
        and words.get("status", task.status(now)) == task.status(now)
        and words.get("task_id", task.id) == task.id
        and (since is None or task.submitted >= since)
        and (until is None or task.submitted < until + 1)
    ]
    number = _whole(words.get("page_no"), 1)
    size = min(_whole(words.get("page_size"), _PAGE), _LARGEST_PAGE)
    page = rows[(number - 1) * size : number * size]
    return {
        "request_id": exchange.id,
        "data": [_row(task, exchange, now) for task in page],
        "page_no": number,
        "page_size": size,
        "total": len(rows),
        "total_page": -(-len(rows) // size),
    }


def owner_of(exchange: Exchange) -> str:
    """Whose tasks a request sees: those of its key at its provider."""
    return f"{exchange.provider.id}/{exchange.caller.tag}"


def clock_face(moment: float) -> str:
    """A time as the provider writes it: `YYYY-MM-DD HH:mm:ss.SSS`, eight hours east of Greenwich."""
    thousandths = int(moment * 1000)
    seconds = thousandths // 1000 + _EAST
    return f"{time.strftime('%Y-%m-%d %H:%M:%S', time.gmtime(seconds))}.{thousandths % 1000:03d}"


def _delivered(
    state: State, exchange: Exchange, task: Task, outcome: Outcome, output: dict[str, Json]
) -> dict[str, Json]:
    left = max(0, outcome.life - int(exchange.time - task.ends))
    pictures = state.addresses.make(exchange.origin, outcome.drawing, outcome.count, left)
    delivery = Delivery(outcome, pictures, inline=False, request_id=exchange.id, created=int(exchange.time))
    body = encode_success(delivery, _shape(exchange, task))
    body["output"] = {**output, **body["output"]}
    return body


def _shape(exchange: Exchange, task: Task) -> ResponseShape:
    endpoint = exchange.endpoint
    return task_shape(
        exchange.provider,
        endpoint.result if endpoint is not None else "",
        exchange.provider.models[task.model],
    )


def _row(task: Task, exchange: Exchange, now: float) -> dict[str, Json]:
    status = task.status(now)
    ended = task.canceled if task.canceled is not None else task.ends
    row: dict[str, Json] = {
        "api_key_id": task.owner.rpartition("/")[2],
        "caller_parent_id": "0",
        "caller_uid": "0",
        "gmt_create": int(task.submitted * 1000),
        "start_time": int(task.starts * 1000),
        "region": "mock",
        "request_id": task.request_id,
        "status": status,
        "task_id": task.id,
        "user_api_unique_key": f"apikey:v1:aigc:{exchange.provider.id}:image-synthesis:{task.model}",
        "model_name": task.model,
    }
    if status not in ("PENDING", "RUNNING"):
        row["end_time"] = int(ended * 1000)
    return row


def _moment(text: str | None) -> float | None:
    """The seconds since the epoch of a time written `YYYYMMDDhhmmss`, eight hours east.

    None when it is not one.
    """
    try:
        return None if text is None else timegm(time.strptime(text, "%Y%m%d%H%M%S")) - _EAST
    except (ValueError, OverflowError):
        return None


def _whole(text: str | None, default: int) -> int:
    usable = text is not None and text.isascii() and text.isdecimal() and len(text) < 6 and int(text) > 0
    return int(text or 0) if usable else default
