"""What becomes of a task.

How it moves on, and whether a condition met at its submission leads it elsewhere.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import inf
from typing import TYPE_CHECKING, Any

from qwen_image_mock.conditions import refusal
from qwen_image_mock.fault_condition import polling
from qwen_image_mock.values import number, whole

if TYPE_CHECKING:
    from qwen_image_mock.encode import Refusal
    from qwen_image_mock.exchange import Exchange
    from qwen_image_mock.fault_condition import Condition

Json = Any
WAITING = 0.3
"""The part of a task's time it is PENDING."""
SHAPES = ("inside", "beside", "bare")
_MOST = 30 * 86_400.0


@dataclass(slots=True)
class Pace:
    """How tasks move on.

    In `seconds`, or when `polls` is a number, by that many queries that see them unfinished.
    """

    seconds: float
    polls: int | None = None

    def change(self, data: dict[str, Json]) -> None:
        """Change it from the admin API's JSON; raises ValueError with what is wrong."""
        strange = sorted(set(data) - {"seconds", "polls", "at_once"})
        if strange:
            raise ValueError(f"not known: {', '.join(strange)}; known: seconds, polls, at_once")
        seconds, polls = data.get("seconds"), data.get("polls")
        if seconds is not None and (isinstance(seconds, bool) or not isinstance(seconds, int | float)
                                    or not 0 <= seconds <= _MOST):  # fmt: skip
            raise ValueError("seconds is a number from 0 to 30 days")
        if polls is not None and (isinstance(polls, bool) or not isinstance(polls, int) or polls < 0):
            raise ValueError("polls is a whole number from 0, or null for progress by time")
        if data.get("at_once") is True:
            self.seconds, self.polls = 0.0, None
            return
        if seconds is not None:
            self.seconds, self.polls = float(seconds), None
        if "polls" in data:
            self.polls = polls

    def as_json(self) -> Json:
        """The pace for the admin API."""
        return {
            "seconds": self.seconds,
            "polls": self.polls,
            "at_once": self.seconds == 0 and self.polls is None,
        }


@dataclass(slots=True)
class Fate:
    """Where a task goes. Times in seconds since the epoch.

    `polls` is how many queries see it unfinished (None: it goes by time). `failed` pictures fail with
    `reason`; with `refusal` the whole task does, told in `shape`. `canceled` and `lost` are when it becomes
    CANCELED or UNKNOWN; `held` is the state it stays in meanwhile. The next `meets` queries meet `poll`.
    """

    starts: float
    ends: float
    polls: int | None = None
    refusal: Refusal | None = None
    shape: str = ""
    failed: int = 0
    reason: Refusal | None = None
    canceled: float | None = None
    lost: float = inf
    held: str = ""
    poll: Condition | None = None
    meets: int = 0
    condition: Condition | None = None


def fate_of(exchange: Exchange, pace: Pace, count: int, refusing: Refusal | None) -> Fate:
    """The fate of a task of `count` pictures, submitted by an exchange.

    `refusing` is why it fails in any case.
    """
    now = exchange.time
    fate = Fate(now + pace.seconds * WAITING, now + pace.seconds, pace.polls, refusing)
    if pace.polls is not None:
        fate.starts = fate.ends = now
    fate.shape = _shape(exchange)
    condition = exchange.condition
    if condition is None:
        return fate
    fate.condition = condition
    poll = polling(condition, exchange.provider, exchange.model)
    if poll is not None:
        fate.poll, fate.meets = poll
    elif refusing is None:
        _turn(fate, exchange, condition, count)
    return fate


def _turn(fate: Fate, exchange: Exchange, condition: Condition, count: int) -> None:
    options, now = condition.options, exchange.time
    match condition.name:
        case "task-failed":
            fate.refusal = refusal(exchange, condition)
            asked = options.get("shape")
            fate.shape = asked if asked in SHAPES else fate.shape
        case "task-partial" | "output-inspection":
            failed = whole(options, "failed", count)
            if failed >= count:
                fate.refusal = refusal(exchange, condition)
            else:
                fate.failed, fate.reason = failed, refusal(exchange, condition)
        case "task-slow":
            seconds = number(options, "seconds", 60)
            fate.starts, fate.ends, fate.polls = now + seconds * WAITING, now + seconds, None
        case "task-stuck":
            fate.held, fate.polls = str(options.get("state", "RUNNING")).upper(), None
            limit = exchange.provider.facts.get("tasks.timeout")
            fate.ends = inf if limit is None else now + limit.value
            fate.refusal = refusal(exchange, condition)
        case "task-canceled":
            fate.canceled, fate.polls = fate.starts, None
        case "task-unknown":
            fate.lost, fate.polls = fate.starts, None


def _shape(exchange: Exchange) -> str:
    """Where a failed task tells why: inside `output`, or beside it, as the provider's document says."""
    facts = exchange.model.facts if exchange.model is not None else exchange.provider.facts
    fact = facts.get("tasks.failed-code")
    return "inside" if fact is None or str(fact.value).startswith("/output/") else "beside"
