"""The rate and concurrency limits of each model, as the spec has them; switched on with `--limits`.

A key stands for a main account, so two keys never share a limit. Time is the mock's.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from math import ceil, inf
from typing import TYPE_CHECKING, Any

from qwen_image_mock.store import Crowded, check_room
from qwen_image_mock.task_list import owner_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from qwen_image_mock.exchange import Exchange
    from qwen_image_mock.store import Store
    from qwen_image_mock.windows import Windows
    from qwen_image_spec.evidence import Fact
    from qwen_image_spec.model import Model

Json = Any
_RATE = re.compile(r"\s*(\d+)\s*/\s*(s|min|h)\s*")
_SECONDS = {"s": 1.0, "min": 60.0, "h": 3600.0}
_MANAGING = frozenset({"query", "list", "cancel"})
RATE = "rate-quota"
CONCURRENCY = "concurrency"


@dataclass(frozen=True, slots=True)
class Exceeded:
    """A limit that a request is above.

    The condition's name, seconds until it may come again, and the limit's words.
    """

    name: str
    wait: int
    limit: str


class Limits:
    """Counts requests while `on`. A refused request does not count."""

    def __init__(self, windows: Windows) -> None:
        self.on = False
        self._windows = windows

    def switch(self, *, on: bool) -> None:
        """Switch the limits on or off."""
        self.on = on

    async def image_request(
        self, exchange: Exchange, model: Model, store: Store, *, task: bool
    ) -> Exceeded | None:
        """The limit of the model that a request for pictures is above, if any; else it is counted."""
        if not self.on:
            return None
        if task:
            crowded = await _crowded(exchange, model, store)
            if crowded is not None:
                return crowded
        return await self._rate(exchange, model.id, model.limits, "submit-rate")

    async def managing(self, exchange: Exchange) -> Exceeded | None:
        """The same for a query, list or cancel, each of which has the provider's rate for itself."""
        if not self.on or exchange.operation not in _MANAGING:
            return None
        return await self._rate(exchange, exchange.operation, exchange.provider.facts, "tasks.query-rate")

    async def _rate(
        self, exchange: Exchange, what: str, facts: Mapping[str, Fact[Json]], name: str
    ) -> Exceeded | None:
        fact = facts.get(name)
        rate = None if fact is None else rate_of(str(fact.value))
        if rate is None:
            return None
        count, window = rate
        now = exchange.time
        place = f"{exchange.provider.id}/{exchange.caller.tag}/{what}"
        first = await self._windows.admit(place, now, count, window)
        if first is None:
            return None
        return Exceeded(RATE, max(1, ceil(first + window - now)), f"{name} {count} in {window:g} s")


def rate_of(text: str) -> tuple[int, float] | None:
    """How many requests in how many seconds: `2/min` is (2, 60.0); None for words such as unlimited."""
    match = _RATE.fullmatch(text)
    return None if match is None else (int(match[1]), _SECONDS[match[2]])


def most_tasks(model: Model) -> int | None:
    """How many unfinished tasks of a model a key may have; None when nothing is said."""
    fact = model.limits.get("async-concurrency")
    return fact.value if fact is not None and isinstance(fact.value, int) else None


def too_many(crowded: Crowded, now: float, most: int | None) -> Exceeded:
    """The limit that stands in the way of one more task."""
    wait = 1 if crowded.ends == inf else max(1, ceil(crowded.ends - now))
    return Exceeded(CONCURRENCY, wait, f"async-concurrency {most}")


async def _crowded(exchange: Exchange, model: Model, store: Store) -> Exceeded | None:
    """The limit on tasks, looked at early; the store looks again when it keeps the task."""
    most = most_tasks(model)
    if most is None:
        return None
    now = exchange.time
    try:
        check_room(await store.all(owner_of(exchange), now), model.id, now, most)
    except Crowded as crowded:
        return too_many(crowded, now, most)
    return None
