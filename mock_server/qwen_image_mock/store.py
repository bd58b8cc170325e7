"""Where tasks are kept. In memory by default; another keeper needs only these four methods."""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from qwen_image_mock.outcome import Outcome
    from qwen_image_mock.task_fate import Fate

DAY = 86_400
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


class Store(Protocol):
    """Tasks by id. An owner (an API key's tag at a provider) sees only its own."""

    def put(self, task: Task) -> None:
        """Keep a new task, or a changed one."""

    def get(self, owner: str, task_id: str, now: float) -> Task | None:
        """An owner's task, unless there is none or it has aged out."""

    def all(self, owner: str, now: float) -> list[Task]:
        """An owner's tasks, newest first."""

    def clear(self) -> None:
        """Forget every task."""


class MemoryStore:
    """Tasks in this process: at most `limit`, each for a day."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._tasks: OrderedDict[str, Task] = OrderedDict()

    def __len__(self) -> int:
        return len(self._tasks)

    def put(self, task: Task) -> None:
        """Keep a new task, or a changed one; those a day older go, and the oldest when there are too many."""
        tasks = self._tasks
        if task.id not in tasks:
            while tasks and task.submitted - next(iter(tasks.values())).submitted >= DAY:
                tasks.popitem(last=False)
        tasks[task.id] = task
        while len(tasks) > self._limit:
            tasks.popitem(last=False)

    def get(self, owner: str, task_id: str, now: float) -> Task | None:
        """An owner's task, unless there is none or it has aged out."""
        task = self._tasks.get(task_id)
        if task is None or task.owner != owner or now - task.submitted >= DAY:
            return None
        return task

    def all(self, owner: str, now: float) -> list[Task]:
        """An owner's tasks of the last day, newest first."""
        return [
            task
            for task in reversed(self._tasks.values())
            if task.owner == owner and now - task.submitted < DAY
        ]

    def clear(self) -> None:
        """Forget every task."""
        self._tasks.clear()
