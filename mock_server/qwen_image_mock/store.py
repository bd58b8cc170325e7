"""Where tasks are kept. In memory by default; another keeper needs only these five methods.

They are coroutines, so that a keeper may wait for its answer. The one in memory never does: a request passes
through it without the event loop.
"""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol, TypeVar

from qwen_image_mock.letting_go import let_go

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from qwen_image_mock.outcome import Outcome
    from qwen_image_mock.task_fate import Fate

DAY = 86_400
_AGED = 100
"""So many aged tasks go when a new one comes."""
T = TypeVar("T")
FINAL = frozenset({"SUCCEEDED", "FAILED", "CANCELED", "UNKNOWN"})


@dataclass(slots=True)
class Task:
    """A submitted request. Times in seconds since the epoch; `asked` counts the queries that were answered.

    `path` is the endpoint it was submitted at.
    """

    id: str
    owner: str
    provider: str
    model: str
    request_id: str
    path: str
    submitted: float
    outcome: Outcome | None
    fate: Fate
    asked: int = 0

    def status(self, now: float) -> str:
        """The task's state at a time."""
        fate = self.fate
        if fate.canceled is not None and now >= fate.canceled:
            return "CANCELED"
        if now >= fate.lost:
            return "UNKNOWN"
        if fate.polls is not None:
            if 0 < fate.polls >= self.asked:
                return "RUNNING" if self.asked >= min(fate.polls, 2) else "PENDING"
        elif now < min(fate.starts, fate.ends):
            return "PENDING"
        elif now < fate.ends:
            return fate.held or "RUNNING"
        return "SUCCEEDED" if fate.refusal is None else "FAILED"

    def query(self, now: float) -> str:
        """The task's state as a query sees it.

        The query counts, and the times of a task that goes by polls follow.
        """
        if self.fate.polls is None:
            return self.status(now)
        before = self.status(now)
        self.asked += 1
        status = self.status(now)
        if before == "PENDING" and status != "PENDING":
            self.fate.starts = now
        if before not in FINAL and status in FINAL:
            self.fate.ends = now
        return status


class StoreAway(Exception):
    """What is shared with other workers cannot be reached; the message says what, and why."""


class StoreProblem(Exception):  # a cause with a hint, for people
    """The shared store cannot be used; `hint` says what to do."""

    def __init__(self, cause: str, hint: str) -> None:
        super().__init__(cause)
        self.hint = hint


class Crowded(Exception):
    """A task was not kept: its owner has too many unfinished ones of its model. `ends` is when one ends."""

    def __init__(self, ends: float) -> None:
        super().__init__(ends)
        self.ends = ends


class Store(Protocol):
    """Tasks by id. An owner (an API key's tag at a provider) sees only its own."""

    async def put(self, task: Task, most: int | None = None) -> None:
        """Keep a new task; raises Crowded when its owner has `most` unfinished ones of its model."""

    async def get(self, owner: str, task_id: str, now: float) -> Task | None:
        """An owner's task, unless there is none or it has aged out."""

    async def change(self, owner: str, task_id: str, now: float, how: Callable[[Task | None], T]) -> T:
        """Do to an owner's task (None as with `get`) what `how` does, and give what it gives.

        Nobody else changes the task meanwhile. `how` may be called again when somebody did.
        """

    async def all(self, owner: str, now: float) -> list[Task]:
        """An owner's tasks, newest first."""

    async def clear(self) -> None:
        """Forget every task."""


class MemoryStore:
    """Tasks in this process: at most `limit`, each for a day. Nothing here waits."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._tasks: OrderedDict[str, Task] = OrderedDict()
        self._owned: dict[str, dict[str, Task]] = {}

    def __len__(self) -> int:
        return len(self._tasks)

    async def put(self, task: Task, most: int | None = None) -> None:
        """Keep a new task; the oldest go when they are a day older, or too many.

        Some at a time do: nobody sees the others any more.
        """
        if most is not None:
            check_room(self._owned.get(task.owner, {}).values(), task.model, task.submitted, most)
        tasks = self._tasks
        for _ in range(_AGED):
            if not tasks or task.submitted - next(iter(tasks.values())).submitted < DAY:
                break
            self._drop()
        tasks[task.id] = task
        self._owned.setdefault(task.owner, {})[task.id] = task
        while len(tasks) > self._limit:
            self._drop()

    async def get(self, owner: str, task_id: str, now: float) -> Task | None:
        """An owner's task, unless there is none or it has aged out."""
        return self._find(owner, task_id, now)

    async def change(self, owner: str, task_id: str, now: float, how: Callable[[Task | None], T]) -> T:
        """Do to an owner's task what `how` does."""
        return how(self._find(owner, task_id, now))

    async def all(self, owner: str, now: float) -> list[Task]:
        """An owner's tasks of the last day, newest first."""
        owned = self._owned.get(owner, {})
        return [task for task in reversed(owned.values()) if now - task.submitted < DAY]

    async def clear(self) -> None:
        """Forget every task."""
        self.forget()

    def forget(self) -> None:
        """The same, without a coroutine."""
        let_go(self._tasks, *self._owned.values())
        self._tasks, self._owned = OrderedDict(), {}

    def _find(self, owner: str, task_id: str, now: float) -> Task | None:
        task = self._tasks.get(task_id)
        if task is None or task.owner != owner or now - task.submitted >= DAY:
            return None
        return task

    def _drop(self) -> None:
        """Forget the oldest task."""
        _, task = self._tasks.popitem(last=False)
        owned = self._owned[task.owner]
        del owned[task.id]
        if not owned:
            del self._owned[task.owner]


def check_room(tasks: Iterable[Task], model: str, now: float, most: int) -> None:
    """Raise Crowded when `most` of an owner's tasks are unfinished and of that model."""
    going = [
        task
        for task in tasks
        if (now < task.fate.ends or task.fate.polls is not None)  # else it has ended: no need to look closer
        and task.model == model
        and now - task.submitted < DAY
        and task.status(now) not in FINAL
    ]
    if len(going) >= most:
        raise Crowded(min(task.fate.ends if task.fate.polls is None else now for task in going))
