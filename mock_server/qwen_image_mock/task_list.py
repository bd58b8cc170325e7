"""The list of tasks: flat, in pages, within at most a day."""

from __future__ import annotations

import asyncio
import time
from calendar import timegm
from typing import TYPE_CHECKING, Any

from qwen_image_mock.admission import Refused
from qwen_image_mock.store import DAY, FINAL
from qwen_image_spec.evidence import Level, Reaction
from qwen_image_spec.rules import Violation

if TYPE_CHECKING:
    from qwen_image_mock.exchange import Exchange
    from qwen_image_mock.state import State
    from qwen_image_mock.store import Task

Json = Any
EAST = 8 * 3600
_PAGE = (1, 10)
_LARGEST_PAGE = 100
_AT_ONCE = 2000
"""So many tasks are looked at in one turn of the event loop."""
_KEY = "apikey:v1:{path}:{model}"
_PLAIN = "aigc:text2image:image-synthesis"


def owner_of(exchange: Exchange) -> str:
    """Whose tasks a request sees.

    Those of its key at its provider. A key stands for an account of its own.
    """
    return f"{exchange.provider.id}/{exchange.caller.tag}"


async def listing(state: State, exchange: Exchange, words: dict[str, str]) -> dict[str, Json]:
    """A page of the caller's tasks, newest first.

    Filters: start_time, end_time (at most 24 hours apart; the last 24 hours without them), model_name,
    status, task_id, api_key_id, region. A longer span is cut to its last day, or refused by a strict mock.
    """
    now = exchange.time
    since, until = _span(state, exchange, words)
    rows: list[Task] = []
    if _asked(words, "api_key_id", exchange.caller.tag) and _asked(words, "region", region_of(exchange)):
        tasks = await state.store.all(owner_of(exchange), now)
        wanted = {name: words[name] for name in ("model_name", "status", "task_id") if words.get(name)}
        for start in range(0, len(tasks), _AT_ONCE):
            if start:
                await asyncio.sleep(0)  # so that others get their turn
            some = [one for one in tasks[start : start + _AT_ONCE] if since <= one.submitted < until + 1]
            rows += [one for one in some if _matches(one, wanted, now)] if wanted else some
    first, usual = _pages(exchange)
    number = _whole(words.get("page_no"), first)
    size = min(_whole(words.get("page_size"), usual), _LARGEST_PAGE)
    page = rows[(number - 1) * size : number * size]
    return {
        "request_id": exchange.id,
        "data": [row_of(task, exchange, now) for task in page],
        "page_no": number,
        "page_size": size,
        "total": len(rows),
        "total_page": -(-len(rows) // size),
    }


def row_of(task: Task, exchange: Exchange, now: float) -> dict[str, Json]:
    """A task in the list. Times in milliseconds since the epoch, each once it has come."""
    status = task.status(now)
    row: dict[str, Json] = {
        "api_key_id": exchange.caller.tag,
        "caller_parent_id": "0",
        "caller_uid": "0",
        "gmt_create": int(task.submitted * 1000),
    }
    if status not in ("PENDING", "UNKNOWN") and task.fate.canceled is None:
        row["start_time"] = int(min(task.fate.starts, task.fate.ends) * 1000)
    if status in FINAL and status != "UNKNOWN":
        row["end_time"] = int((task.fate.ends if task.fate.canceled is None else task.fate.canceled) * 1000)
    return row | {
        "region": region_of(exchange),
        "request_id": task.request_id,
        "status": status,
        "task_id": task.id,
        "user_api_unique_key": _unique_key(task, exchange),
        "model_name": task.model,
    }


def region_of(exchange: Exchange) -> str:
    """The region of the provider's usual address."""
    return next(iter(exchange.provider.regions), "mock")


def _unique_key(task: Task, exchange: Exchange) -> str:
    """The documented key is that of one path; on others its middle follows the path."""
    fact = exchange.provider.facts.get("tasks.list-api-key")
    pattern = str(fact.value).replace(_PLAIN, "{path}") if fact is not None else _KEY
    path = ":".join(task.path.rpartition("/services/")[2].split("/"))
    return pattern.replace("{path}", path).replace("{model}", task.model)


def _span(state: State, exchange: Exchange, words: dict[str, str]) -> tuple[float, float]:
    """The time asked for, both ends included, in seconds since the epoch."""
    since, until = moment_of(words.get("start_time")), moment_of(words.get("end_time"))
    if until is None:
        until = exchange.time if since is None else max(since, exchange.time)
        since = until - DAY if since is None else since
    elif since is None:
        since = until - DAY
    if until - since <= DAY:
        return since, until
    strict = state.settings.strictness == "strict"
    fact = exchange.provider.facts.get("tasks.list-filters")
    violation = Violation(
        "tasks.list-span",
        "start_time",
        words.get("start_time"),
        "at most 24 hours before end_time",
        Reaction.REJECT if strict else Reaction.UNKNOWN,
        Level.OBSERVE,
        "" if fact is None else fact.source,
    )
    if strict:
        raise Refused(violation)
    exchange.violations.append(violation)
    return until - DAY, until


def moment_of(text: str | None) -> float | None:
    """The seconds since the epoch of a time written `YYYYMMDDhhmmss`, eight hours east.

    None when it is not one.
    """
    try:
        return None if text is None else timegm(time.strptime(text, "%Y%m%d%H%M%S")) - EAST
    except (ValueError, OverflowError):
        return None


def _matches(task: Task, wanted: dict[str, str], now: float) -> bool:
    """Whether a task is as asked for."""
    return (
        wanted.get("model_name", task.model) == task.model
        and wanted.get("task_id", task.id) == task.id
        and ("status" not in wanted or wanted["status"] == task.status(now))
    )


def _asked(words: dict[str, str], name: str, value: str) -> bool:
    return words.get(name) in (None, "", value)


def _pages(exchange: Exchange) -> tuple[int, int]:
    fact = exchange.provider.facts.get("tasks.list-page")
    return _PAGE if fact is None else (int(fact.value[0]), int(fact.value[1]))


def _whole(text: str | None, default: int) -> int:
    usable = text is not None and text.isascii() and text.isdecimal() and len(text) < 6 and int(text) > 0
    return int(text or 0) if usable else default
