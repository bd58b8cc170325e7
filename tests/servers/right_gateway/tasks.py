"""Waiting for a task: the same host, the same key, slower with time, and never for ever."""

from __future__ import annotations

import asyncio
import time
from typing import Any

from servers.right_gateway.failure import Failed
from servers.right_gateway.upstream import Call, Manners, Reply, Send

Json = Any


async def finished(submitted: Json, base: str, path: str, key: str, send: Send, manners: Manners) -> Reply:
    """The reply that holds the task's end. Raises Failed, with the task's id, when its time is over."""
    task_id = (submitted.get("output") or {}).get("task_id")
    if not isinstance(task_id, str):
        raise Failed(502, "UpstreamAnswer", "The upstream took the task and gave no id.")
    call = Call("poll", "GET", base + path.replace("{task_id}", task_id), {"authorization": key}, key=key)
    end = time.monotonic() + manners.deadline
    pause = manners.pause
    while time.monotonic() < end:
        reply = await send(call)
        body = reply.body if reply.status == 200 else None
        output = body.get("output") if isinstance(body, dict) else None
        if isinstance(output, dict) and output.get("task_status") in manners.states:
            return reply
        if reply.status in (401, 403):
            return reply
        await asyncio.sleep(min(pause, max(0.0, end - time.monotonic())))
        pause = min(pause * manners.slower, manners.longest_pause)
    raise Failed(
        504,
        "TaskTimeout",
        f"Task {task_id} did not end in {manners.deadline:g} seconds. It may still be charged: ask for it, do not repeat.",
    )
