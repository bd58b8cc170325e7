"""The mock with a watch on its event loop, for `bench/lag.py`.

Between `/lag/begin` and `/lag/end` a callback runs once in every turn of the loop. The CPU time of the loop's
thread between two of them is what one turn took: a turn during which nobody else is served. Waiting for the
interpreter while another thread has it costs no CPU: it is noted apart, without the time that the thread waited
for a core, of which the system keeps account.
"""

from __future__ import annotations

import asyncio
import gc
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import orjson

from qwen_image_mock.app import App
from qwen_image_mock.server import listen, server_of, url_of
from qwen_image_mock.settings import Settings
from qwen_image_mock.state import State
from qwen_image_mock.tuning import tune

Clock = Callable[[], float]


class Watch:
    """The longest turn of the loop. Times in seconds."""

    def __init__(self) -> None:
        self._on = False
        self.turns = 0
        self.busy = self.held = self.collected = 0.0
        gc.callbacks.append(self._collecting)

    def begin(self) -> None:
        """Look at each turn from the next one on."""
        self._loop = asyncio.get_running_loop()
        self._queue = Path(f"/proc/self/task/{threading.get_native_id()}/schedstat")
        self.turns, self.busy, self.held, self.collected = 0, 0.0, 0.0, 0.0
        self._on = True
        self._cpu, self._wall, self._queued = time.thread_time(), time.perf_counter(), self._waited()
        self._loop.call_soon(self._turn)

    def end(self) -> dict[str, float]:
        """Look no longer; milliseconds of what was seen."""
        self._turn()
        self._on = False
        return {
            "turns": self.turns,
            "busy": self.busy * 1000,
            "held": self.held * 1000,
            "collected": self.collected * 1000,
        }

    def _turn(self) -> None:
        if not self._on:
            return
        cpu, wall = time.thread_time(), time.perf_counter()
        if wall - self._wall > 0.0005:
            queued = self._waited()
            self.held = max(self.held, wall - self._wall - (cpu - self._cpu) - (queued - self._queued))
            self._queued = queued
            cpu, wall = time.thread_time(), time.perf_counter()
        self.busy = max(self.busy, cpu - self._cpu)
        self.turns += 1
        self._cpu, self._wall = cpu, wall
        self._loop.call_soon(self._turn)

    def _waited(self) -> float:
        """Seconds that this thread could have run and had no core."""
        try:
            return int(self._queue.read_text().split()[1]) / 1e9
        except (OSError, IndexError):
            return 0.0

    def _collecting(self, phase: str, _about: dict[str, int]) -> None:
        if phase == "start":
            self._since = time.thread_time()
        else:
            self.collected = max(self.collected, time.thread_time() - self._since)


class Watched(App):
    """The application, and two paths of its own."""

    def __init__(self, state: State) -> None:
        super().__init__(state)
        self._watch = Watch()

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """Answer a request."""
        path = scope.get("path", "")
        if not path.startswith("/lag/"):
            await super().__call__(scope, receive, send)
            return
        told: Any = {}
        if path == "/lag/begin":
            self._watch.begin()
        else:
            told = self._watch.end()
        body = orjson.dumps(told)
        headers = [(b"content-length", b"%d" % len(body))]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": body})


def main() -> None:
    """Serve as the command does, on a free port; the first line is the address."""
    app = Watched(State(Settings(task_seconds=0)))
    listener = listen("127.0.0.1", 0)
    tune()
    print(url_of(listener), flush=True)
    server_of(app).run(sockets=[listener])


if __name__ == "__main__":
    main()
