"""Reading recorded exchanges for what a target does: taken or refused, and because of which parameter."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from qwen_image_conformance.found import items
from qwen_image_conformance.seen import Seen
from qwen_image_spec.model import Model
from qwen_image_spec.pointers import MISSING, get
from qwen_image_spec.rules import check

_NOBODYS_FAULT = (401, 403, 404, 405, 408, 413, 415, 429)


@dataclass(frozen=True)
class Learned:
    """One thing observed: its place in a provider's document, its value there, and where it was seen.

    `known` tells that the known provider's document says the same. `words` say it to people.
    """

    place: tuple[str, ...]
    value: Any
    known: bool
    words: str
    seen: tuple[str, ...] = ()


def taken(seen: Seen) -> bool:
    """Whether a request was taken: pictures came, or a task was made that nobody saw fail."""
    if not 200 <= seen.status < 300:
        return False
    waits = not seen.exchange.polls and isinstance(get(seen.first_body, "/output/task_id"), str)
    return seen.accepted or waits


def refused(seen: Seen) -> bool:
    """Whether a request was refused because of what it asks, not of its key, its path or the traffic."""
    if not seen.answered or seen.status in _NOBODYS_FAULT:
        return False
    errors = isinstance(seen.body, dict) and bool(seen.body.get("error") or seen.body.get("code"))
    return seen.refused or (errors and not seen.accepted)


def delivered(seen: Seen) -> int:
    """How many pictures came."""
    return sum(not item.failed for item in items(seen.body))


def plain(seen: Seen, name: str) -> bool:
    """Whether a parameter has its usual meaning in a request: no special case of the model holds."""
    model = seen.model
    if model is None or seen.asked is None or name not in model.params or seen.exchange.breaks:
        return False
    return seen.facets(name) is model.params[name].base and seen.asked.texts == 1 and not seen.asked.flaws


def alone(seen: Seen, name: str) -> bool:
    """Whether a refusal can only be due to one parameter: the contract objects to nothing else, or nothing else was asked."""
    if seen.asked is None or name not in seen.asked.parameters or seen.exchange.breaks:
        return False
    objections = {violation.param for violation in seen.violations}
    return objections == {name} or (not objections and set(seen.asked.parameters) == {name})


def values(group: Sequence[Seen], name: str) -> tuple[dict[Any, list[Seen]], dict[Any, list[Seen]]]:
    """The values of a parameter that were taken, and those that were refused because of it."""
    took: dict[Any, list[Seen]] = {}
    not_took: dict[Any, list[Seen]] = {}
    for seen in group:
        if seen.asked is None or name not in seen.asked.parameters or not plain(seen, name):
            continue
        value = seen.asked.parameters[name]
        if isinstance(value, dict | list):
            continue
        if taken(seen):
            took.setdefault(value, []).append(seen)
        elif refused(seen) and alone(seen, name):
            not_took.setdefault(value, []).append(seen)
    return took, not_took


def served(group: Sequence[Seen]) -> bool:
    """Whether a model was seen to deliver."""
    return any(taken(seen) for seen in group)


def ids(found: Sequence[Seen], most: int = 3) -> tuple[str, ...]:
    """The names of a few exchanges."""
    return tuple(dict.fromkeys(seen.exchange.id for seen in found))[:most]


def of_model(group: Sequence[Seen], model: Model) -> Iterator[Seen]:
    """The exchanges that ask a model for pictures."""
    for seen in group:
        if seen.exchange.model == model.id and seen.asked is not None and seen.first_body is not MISSING:
            yield seen


def allowed(seen: Seen) -> bool:
    """Whether the contract has no objection to a request."""
    return seen.model is not None and seen.asked is not None and not check(seen.asked, seen.model)
