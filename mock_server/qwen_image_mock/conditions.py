"""Conditions happening: what a simulated fault makes of a request, and of its answer."""

from __future__ import annotations

from dataclasses import replace
from email.utils import formatdate
from math import ceil
from typing import TYPE_CHECKING, Any

from qwen_image_mock.encode import encode_refusal, refusal_of
from qwen_image_mock.fault_kinds import Place
from qwen_image_mock.transport_faults import EVENTS_TYPE, JSON_TYPE, Manner
from qwen_image_mock.values import number, whole

if TYPE_CHECKING:
    from collections.abc import Mapping

    from qwen_image_mock.encode import Refusal
    from qwen_image_mock.exchange import Exchange
    from qwen_image_mock.fault_condition import Condition
    from qwen_image_mock.outcome import Outcome

Json = Any
_TITLE = "{status} Bad Gateway"
_PAGE = (
    f"<html>\r\n<head><title>{_TITLE}</title></head>\r\n<body>\r\n"
    f"<center><h1>{_TITLE}</h1></center>\r\n</body>\r\n</html>\r\n"
)
_LONGEST = 600.0
_IN_TASKS = ("fault.output-inspection",)


def meet(exchange: Exchange, condition: Condition) -> bool:
    """Make a condition happen. True when it has answered the request; else the request goes on with it."""
    exchange.condition = condition
    kind = condition.kind
    if condition.polls or kind.place in (Place.TASK, Place.POLL, Place.PICTURES):
        return False
    if kind.place is Place.WIRE:
        exchange.manner = _manner(condition)
        return False
    if kind.place is Place.REFUSAL:
        if exchange.operation == "submit" and condition.clause in _IN_TASKS:
            return False
        refuse(exchange, condition)
        return True
    exchange.status = whole(condition.options, "status", 200)
    if condition.entry is not None:
        exchange.answer = encode_refusal(refusal(exchange, condition), exchange.provider, exchange.id)
    else:
        page = _PAGE.format(status=exchange.status) if kind.name == "html" else ""
        exchange.answer = page
        exchange.manner = Manner(content=page.encode(), content_type=b"text/html" if page else JSON_TYPE)
    return True


def refusal(exchange: Exchange, condition: Condition) -> Refusal:
    """The refusal of a condition, in the words of the catalogue."""
    words = {
        "model": exchange.model.id if exchange.model is not None else "",
        "param": "",
        "value": "",
        "allowed": "",
        "method": exchange.method,
        "path": exchange.path,
    }
    return refusal_of(condition.entry, condition.clause, words)


def refuse(exchange: Exchange, condition: Condition) -> None:
    """Answer with the condition's row of the catalogue, and tell when to come again."""
    turned = refusal(exchange, condition)
    status = whole(condition.options, "status", turned.status)
    exchange.status = status if 400 <= status < 600 else turned.status
    exchange.answer = encode_refusal(turned, exchange.provider, exchange.id)
    exchange.answer_headers += waits(condition.options, exchange.status, exchange.time)


def waits(options: Mapping[str, Json], status: int, now: float) -> list[tuple[bytes, bytes]]:
    """The headers that tell when to come again.

    Without options a 429 says a second, and other statuses say nothing. `now` is seconds since the epoch.
    """
    headers: list[tuple[bytes, bytes]] = []
    if "retry_after_ms" in options:
        headers.append((b"retry-after-ms", _header(options["retry_after_ms"])))
    after = options.get("retry_after", 1 if status == 429 else None)
    if after is None or after == "none":
        return headers
    if options.get("retry_after_as") == "date" or after == "date":
        moment = formatdate(ceil(now + number(options, "retry_after", 1)), usegmt=True)
        return [*headers, (b"retry-after", moment.encode())]
    return [*headers, (b"retry-after", _header(after))]


def _header(value: Json) -> bytes:
    return str(value).replace("\r", "").replace("\n", "").encode("latin-1", "replace")


def shortened(outcome: Outcome, condition: Condition | None) -> Outcome:
    """What a condition leaves of an outcome: fewer pictures, or shorter lives of their addresses."""
    if condition is None or condition.polls:
        return outcome
    if condition.name == "fewer":
        return replace(outcome, count=max(0, outcome.count - whole(condition.options, "by", 1)))
    if condition.name == "expiring-url":
        return replace(outcome, life=whole(condition.options, "life", 0))
    return outcome


def emptied(body: dict[str, Json], condition: Condition | None) -> dict[str, Json]:
    """A success without its pictures, when that is the condition; the usage stays."""
    if condition is not None and condition.name == "empty-data" and not condition.polls:
        for place in (body, body.get("output", {})):
            for name in ("data", "choices", "results"):
                if name in place:
                    place[name] = []
    return body


def _manner(condition: Condition) -> Manner | None:
    options = condition.options
    seconds = min(_LONGEST, max(0.0, number(options, "seconds", 2)))
    match condition.name:
        case "truncated":
            return Manner(ends="cut")
        case "reset":
            return Manner(ends="reset")
        case "slow-headers":
            return Manner(delay=seconds)
        case "slow-drip":
            return Manner(drip=seconds, pieces=max(2, whole(options, "parts", 8)))
        case "one-event":
            return Manner(content_type=EVENTS_TYPE)
    return None
