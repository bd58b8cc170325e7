"""What traffic must not be judged for: throttling, moderation, accounts, outages, tasks nobody waited for.

A run chooses its moments; traffic does not. A refusal that the provider's catalogue has for a condition of
the service or the account says nothing of the request: it is marked as if the condition were met on purpose.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import orjson

from qwen_image_conformance.exchange import Exchange, Received
from qwen_image_spec.model import ErrorEntry, Provider

_FAULT = "fault."
ACCOUNT, STREAM, TOO_LARGE, BROKEN_OFF = (
    "proxy.account",
    "proxy.stream",
    "proxy.too-large",
    "proxy.broken-off",
)
_PLACEHOLDER = re.compile(r"\\\{[a-z_]+\\\}")
FINAL = ("SUCCEEDED", "FAILED", "CANCELED", "UNKNOWN")
_ENDED_WITHOUT = ("CANCELED", "UNKNOWN")


def excused(exchange: Exchange, provider: Provider, *, violated: bool) -> Exchange:
    """The exchange with what excuses it in `breaks`; `violated`: the request breaks a rule itself."""
    answer = exchange.received
    if answer.error:
        return _with(exchange, BROKEN_OFF)
    if "event-stream" in answer.headers.get("content-type", ""):
        return _with(exchange, STREAM)
    if answer.status >= 500:
        return exchange if violated or exchange.breaks else replace(exchange, asked=None)
    if answer.status >= 400:
        return _refused(exchange, provider, violated=violated)
    return _ended(exchange, provider, violated=violated)


def _ended(exchange: Exchange, provider: Provider, *, violated: bool) -> Exchange:
    ended = output_of(exchange.final)
    if ended.get("task_status") in _ENDED_WITHOUT:
        return _with(exchange, "fault.task-" + str(ended["task_status"]).lower())
    if ended.get("task_status") == "FAILED" and not violated:
        clause = next(_conditions(exchange, provider, None, ended), None)
        return _with(exchange, clause) if clause else exchange
    return exchange


def unfinished(exchange: Exchange) -> Exchange:
    """A task whose end nobody asked for: only its submission can be judged."""
    return replace(exchange, asked=None, polls=())


def _refused(exchange: Exchange, provider: Provider, *, violated: bool) -> Exchange:
    answer = exchange.received
    if answer.status == 401 and not exchange.breaks:
        return _with(exchange, "auth.invalid-key")
    found = next(_conditions(exchange, provider, answer.status, _body(answer)), None)
    if found is not None and (answer.status == 429 or not violated):
        return _with(exchange, found)
    if answer.status == 429:
        return _with(exchange, _FAULT + "throttle")
    if answer.status in (402, 403) and not violated and not exchange.breaks:
        return _with(exchange, ACCOUNT)
    return exchange


def _conditions(
    exchange: Exchange, provider: Provider, status: int | None, body: dict[str, Any]
) -> Iterator[str]:
    """The conditions whose row of the catalogue has this status, code and, where others share it, message."""
    code, message = _code_and_message(body)
    model = provider.models.get(exchange.model)
    rows: tuple[ErrorEntry, ...] = (*(model.errors if model is not None else ()), *provider.errors)
    shared = {one for row in rows if not _is_condition(row) for one in (row.code, *row.codes)}
    for row in rows:
        fits = status is None or status in (row.status.value, *row.also)
        fits = fits and _is_condition(row) and code in (row.code or "", *row.codes)
        if fits and ((code and code not in shared) or _worded(row, message)):
            yield _clause(row)


def _is_condition(row: ErrorEntry) -> bool:
    """Whether a row tells of the service or the account; a row that no clause raises is such a row too."""
    return not row.raised_by or any(clause.startswith(_FAULT) for clause in row.raised_by)


def _clause(row: ErrorEntry) -> str:
    return next((clause for clause in row.raised_by if clause.startswith(_FAULT)), _FAULT + row.id)


def _worded(row: ErrorEntry, message: str) -> bool:
    pattern = _PLACEHOLDER.sub(".*", re.escape(row.message))
    return bool(message) and re.fullmatch(pattern, message, re.DOTALL) is not None


def _code_and_message(body: dict[str, Any]) -> tuple[str, str]:
    error = body.get("error")
    place = error if isinstance(error, dict) else body
    code, message = place.get("code"), place.get("message")
    return code if isinstance(code, str) else "", message if isinstance(message, str) else ""


def _with(exchange: Exchange, clause: str) -> Exchange:
    return replace(exchange, breaks=(*exchange.breaks, clause))


def _body(answer: Received) -> dict[str, Any]:
    try:
        body = orjson.loads(answer.body)
    except orjson.JSONDecodeError:
        return {}
    return body if isinstance(body, dict) else {}


def output_of(answer: Received) -> dict[str, Any]:
    """The `output` of a native answer; empty when it has none."""
    output = _body(answer).get("output")
    return output if isinstance(output, dict) else {}


def state_of(answer: Received) -> str:
    """The state of the task an answer tells of; empty when it tells none."""
    state = output_of(answer).get("task_status")
    return state if isinstance(state, str) else ""
