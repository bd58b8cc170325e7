"""Tasks that all workers share: a text each, a list of ids for each owner, one of all for what must go."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

from qwen_image_mock.shared.connection import WORD
from qwen_image_mock.shared.scripts import KEEP, REPLACE
from qwen_image_mock.shared.task_text import task_of, text_of
from qwen_image_mock.store import DAY, check_room

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from qwen_image_mock.shared.connection import Connection
    from qwen_image_mock.store import Task
    from qwen_image_spec.model import Provider

T = TypeVar("T")
_LIFE = 2 * DAY * 1000
_MANY = 200


class SharedTasks:
    """See `qwen_image_mock.store.Store`. `limit` is how many tasks there are at most."""

    def __init__(self, connection: Connection, providers: Mapping[str, Provider], limit: int) -> None:
        self._connection = connection
        self._providers = providers
        self._limit = limit

    async def put(self, task: Task, most: int | None = None) -> None:
        """Keep a new task; raises Crowded when its owner has `most` unfinished ones of its model."""
        keys = [f"task:{task.id}", f"tasks:{task.owner}", "tasks", f"submitted:{task.owner}"]
        number: bytes | str = ""
        while True:
            if most is not None:
                number = await self._connection.get(keys[3]) or b"0"
                tasks = await self.all(task.owner, task.submitted)
                check_room(tasks, task.model, task.submitted, most)
            if await self._connection.run(
                KEEP,
                keys,
                task.id,
                text_of(task),
                repr(task.submitted),
                self._limit,
                number,
                _LIFE,
                f"{WORD}task:",
                DAY,
            ):
                return

    async def get(self, owner: str, task_id: str, now: float) -> Task | None:
        """An owner's task, unless there is none or it has aged out."""
        return self._own(await self._connection.get(f"task:{task_id}"), owner, now)

    async def change(self, owner: str, task_id: str, now: float, how: Callable[[Task | None], T]) -> T:
        """Do to an owner's task what `how` does, again when another worker changed it meanwhile."""
        key = f"task:{task_id}"
        while True:
            text = await self._connection.get(key)
            task = self._own(text, owner, now)
            given = how(task)
            if text is None or task is None:
                return given
            new = text_of(task)
            if new == text or await self._connection.run(REPLACE, [key], text, new, _LIFE):
                return given

    async def all(self, owner: str, now: float) -> list[Task]:
        """An owner's tasks of the last day, newest first."""
        ids = [row.decode() for row in await self._connection.rows(f"tasks:{owner}")]
        ids.reverse()
        found: list[Task] = []
        for start in range(0, len(ids), _MANY):
            texts = await self._connection.get_all([f"task:{one}" for one in ids[start : start + _MANY]])
            tasks = (self._own(text, owner, now) for text in texts)
            found += [task for task in tasks if task is not None]
        return found

    async def clear(self) -> None:
        """Forget every task."""
        words = ("task:", "tasks", "submitted:")
        keys = [key for key in await self._connection.keys() if key.startswith(words)]
        if keys:
            await self._connection.drop(*keys)

    def _own(self, text: bytes | None, owner: str, now: float) -> Task | None:
        if text is None:
            return None
        try:
            task = task_of(text, self._providers)
        except KeyError:  # of a worker that serves another contract: nobody's here
            return None
        return task if task.owner == owner and now - task.submitted < DAY else None
