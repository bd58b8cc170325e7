"""Answers at both ends, in the words of either style: reason, code, request id, whether it is an error."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from qwen_image_conformance.exchange import Arrived
from qwen_image_conformance.found import items

Json = Any


@dataclass(frozen=True, slots=True)
class Told:
    """What an upstream's answer says went wrong; empty where it says nothing."""

    status: int
    code: str = ""
    message: str = ""
    request_id: str = ""
    retry_after: str = ""


def told(arrived: Arrived) -> Told:
    """The error in an upstream answer, in either style, at the top, under `error` or inside a task's `output`."""
    body = arrived.response if isinstance(arrived.response, dict) else {}
    frames = [frame for name in ("error", "output") if isinstance(frame := body.get(name), dict)]
    frames.append(body)

    def first(name: str) -> str:
        return next((value for frame in frames if isinstance(value := frame.get(name), str) and value), "")

    return Told(
        arrived.status,
        first("code"),
        first("message"),
        first("request_id") or arrived.response_headers.get("x-request-id", ""),
        arrived.response_headers.get("retry-after", ""),
    )


def texts(body: Json) -> str:
    """Every text of an answer, for looking up whether something was passed on."""
    return "\n".join(_texts(body))


def _texts(value: Json) -> Iterator[str]:
    if isinstance(value, str):
        yield value
        yield from _inner(value)
    elif isinstance(value, dict):
        for inner in value.values():
            yield from _texts(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _texts(inner)


def _inner(text: str) -> Iterator[str]:
    """The texts of a JSON document that was passed on as one text, or as the end of one."""
    start = text.find("{")
    if start < 0:
        return
    try:
        yield from _texts(json.loads(text[start:]))
    except (ValueError, RecursionError):
        return


def delivered(body: Json) -> int:
    """How many pictures an answer has."""
    return sum(not item.failed for item in items(body))


def empty_items(body: Json) -> int:
    """How many entries of an answer's list of pictures have no picture."""
    return sum(item.failed for item in items(body))
