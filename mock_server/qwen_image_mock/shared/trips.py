"""Trips to Redis that many share: all that waits goes with the next one, and there is one at a time."""

from __future__ import annotations

import asyncio
from contextvars import Context
from functools import partial
from typing import TYPE_CHECKING, Generic, TypeVar

from qwen_image_mock.store import StoreAway

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    Told = Callable[[Exception | None], None]

T = TypeVar("T")
_ENDING = "the mock ends"


class Trips(Generic[T]):
    """Takes things to Redis in the order they came, at most `most` of them at once.

    A trip takes only what was there before it began, so who waits for one knows that it began afterwards.
    """

    def __init__(self, trip: Callable[[list[T]], Awaitable[None]], most: int) -> None:
        self._trip = trip
        self._most = most
        self._waiting: list[tuple[T, Told]] = []
        self._running: asyncio.Task[None] | None = None

    def send(self, thing: T, told: Told) -> None:
        """Let a thing go with the next trip. Afterwards `told` gets what went wrong, or None; it raises nothing."""
        self._waiting.append((thing, told))
        if self._running is None or self._running.done():
            # In a context of its own: that of a request keeps its body for as long as others follow.
            self._running = asyncio.get_running_loop().create_task(self._run(), context=Context())

    async def take(self, thing: T) -> None:
        """The same, waiting for it. Raises what went wrong, which is StoreAway usually.

        Who is cancelled meanwhile waits no longer; the thing goes all the same.
        """
        done: asyncio.Future[Exception | None] = asyncio.get_running_loop().create_future()
        self.send(thing, partial(_tell, done))
        problem = await done
        if problem is not None:  # one for all: each raises its own
            raise StoreAway(str(problem)) if isinstance(problem, StoreAway) else problem

    async def _run(self) -> None:
        going: list[tuple[T, Told]] = []
        try:
            while self._waiting:
                going, self._waiting = self._waiting[: self._most], self._waiting[self._most :]
                problem = None
                try:
                    await self._trip([thing for thing, _ in going])
                except Exception as error:  # noqa: BLE001 # handed on to those who wait
                    problem = error
                for _, told in going:
                    told(problem)
        except asyncio.CancelledError:
            going, self._waiting = going + self._waiting, []
            for _, told in going:
                told(StoreAway(_ENDING))
            raise


def _tell(done: asyncio.Future[Exception | None], problem: Exception | None) -> None:
    if not done.done():  # else nobody waits any more
        done.set_result(problem)
