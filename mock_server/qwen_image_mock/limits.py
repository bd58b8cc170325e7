"""The rate and concurrency limits of each model, as the spec has them; switched on with `--limits`.

A key stands for a main account, so two keys never share a limit. Time is the mock's.
"""

from __future__ import annotations

import re
from collections import deque
from dataclasses import dataclass, field
from math import ceil, inf
from typing import TYPE_CHECKING, Any

from qwen_image_mock.store import FINAL
from qwen_image_mock.task_list import owner_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from qwen_image_mock.exchange import Exchange
    from qwen_image_mock.store import Store
    from qwen_image_spec.evidence import Fact
    from qwen_image_spec.model import Model

Json = Any
_RATE = re.compile(r"\s*(\d+)\s*/\s*(s|min|h)\s*")
_SECONDS = {"s": 1.0, "min": 60.0, "h": 3600.0}
_CALLERS = 10_000
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


@dataclass(slots=True)
class Limits:
    """Counts requests while `on`. A refused request does not count."""

    on: bool = False
    _seen: dict[tuple[str, str, str], deque[float]] = field(default_factory=dict)

    def clear(self) -> None:
        """Forget the requests counted."""
        self._seen.clear()

    def image_request(self, exchange: Exchange, model: Model, store: Store, *, task: bool) -> Exceeded | None:
        """The limit of the model that a request for pictures is above, if any; else it is counted."""
        if not self.on:
            return None
        if task:
            crowded = _crowded(exchange, model, store)
            if crowded is not None:
                return crowded
        return self._rate(exchange, model.id, model.limits, "submit-rate")

    def managing(self, exchange: Exchange) -> Exceeded | None:
        """The same for a query, list or cancel, each of which has the provider's rate for itself."""
        if not self.on or exchange.operation not in _MANAGING:
            return None
        return self._rate(exchange, exchange.operation, exchange.provider.facts, "tasks.query-rate")

    def _rate(
        self, exchange: Exchange, what: str, facts: Mapping[str, Fact[Json]], name: str
    ) -> Exceeded | None:
        fact = facts.get(name)
        rate = None if fact is None else rate_of(str(fact.value))
        if rate is None:
            return None
        count, window = rate
        now = exchange.time
        if len(self._seen) > _CALLERS:
            self._seen.clear()
        seen = self._seen.setdefault((exchange.provider.id, exchange.caller.tag, what), deque())
        while seen and not now - window < seen[0] <= now:
            seen.popleft()
        if len(seen) >= count:
            return Exceeded(RATE, max(1, ceil(seen[0] + window - now)), f"{name} {count} in {window:g} s")
        seen.append(now)
        return None


def rate_of(text: str) -> tuple[int, float] | None:
    """How many requests in how many seconds: `2/min` is (2, 60.0); None for words such as unlimited."""
    match = _RATE.fullmatch(text)
    return None if match is None else (int(match[1]), _SECONDS[match[2]])


def _crowded(exchange: Exchange, model: Model, store: Store) -> Exceeded | None:
    fact = model.limits.get("async-concurrency")
    most = fact.value if fact is not None and isinstance(fact.value, int) else None
    if most is None:
        return None
    now = exchange.time
    going = [
        task
        for task in store.all(owner_of(exchange), now)
        if task.model == model.id and task.status(now) not in FINAL
    ]
    if len(going) < most:
        return None
    ends = min(task.fate.ends if task.fate.polls is None else now for task in going)
    wait = 1 if ends == inf else max(1, ceil(ends - now))
    return Exceeded(CONCURRENCY, wait, f"async-concurrency {most}")
