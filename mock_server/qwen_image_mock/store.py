"""Where tasks are kept. In memory by default; another keeper needs only these four methods."""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from qwen_image_mock.encode import Refusal
    from qwen_image_mock.outcome import Outcome

DAY = 86_400


@dataclass(slots=True)
class Task:
    """A submitted request. Times in seconds since the epoch; `refusal` is why it will fail, if it will."""

    id: str
    owner: str
    provider: str
    model: str
    request_id: str
    submitted: float
    starts: float
    ends: float
    outcome: Outcome | None
    refusal: Refusal | None = None
    canceled: float | None = None

    def status(self, now: float) -> str:
        """The task's state at a time."""
        if self.canceled is not None:
            return "CANCELED"
        if now < self.starts:
            return "PENDING"
        if now < self.ends:
            return "RUNNING"
        return "SUCCEEDED" if self.refusal is None else "FAILED"


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

    def put(self, task: Task) -> None:
        """Keep a new task, or a changed one; the oldest goes when there are too many."""
        self._tasks[task.id] = task
        while len(self._tasks) > self._limit:
            self._tasks.popitem(last=False)

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
