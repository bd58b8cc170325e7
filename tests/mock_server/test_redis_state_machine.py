"""Tasks against the model of the documents again, on two replicas that share a Redis database, in turn."""

from __future__ import annotations

import asyncio
from itertools import cycle
from typing import TYPE_CHECKING, Any

import hypothesis.strategies as st
import pytest
from hypothesis import HealthCheck, settings
from hypothesis.stateful import initialize, run_state_machine_as_test

from mock_server.test_state_machine import SECONDS, START, ByPolls, Tasks
from qwen_image_mock import Settings, create_app

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mock_server.redis_server import RedisServer

STORE: dict[str, str] = {}


class Done:
    """What stands for the coroutine of a request: it waits for Redis, so a loop runs it."""

    def __init__(self, loop: asyncio.AbstractEventLoop, request: Any) -> None:
        self._loop = loop
        self._request = request

    def send(self, _nothing: None) -> None:
        self._loop.run_until_complete(self._request)
        raise StopIteration


class Clock:
    """The clock of all replicas, moved by one of them."""

    def __init__(self, replicas: Replicas) -> None:
        self._replicas = replicas

    def freeze(self, epoch: float) -> None:
        self._replicas.change(lambda state: state.clock.freeze(epoch))

    def step(self, seconds: float) -> None:
        self._replicas.change(lambda state: state.clock.step(seconds))

    def now(self) -> float:
        return float(self._replicas.change(lambda state: state.clock.now()))


class Replicas:
    """Two applications as one; each request goes to the other one."""

    def __init__(self, **more: Any) -> None:
        self.loop = asyncio.new_event_loop()
        chosen = Settings(seed=1, store=STORE["url"], **more)
        self.apps = [create_app(chosen) for _ in range(2)]
        self._turn = cycle(self.apps)
        self.loop.run_until_complete(self.apps[0].state.start_over())
        self.state = self
        self.clock = Clock(self)
        self.store: tuple[()] = ()

    def __call__(self, scope: Any, receive: Any, send: Any) -> Done:
        return Done(self.loop, next(self._turn)(scope, receive, send))

    def change(self, how: Any) -> Any:
        state = next(self._turn).state
        return self.loop.run_until_complete(state.change(lambda: how(state)))

    def close(self) -> None:
        for app in self.apps:
            assert app.state.shared is not None
            self.loop.run_until_complete(app.state.shared.close())
        self.loop.close()


class SharedTasks(Tasks):
    @initialize()
    def start(self) -> None:
        self.app: Any = Replicas(task_seconds=SECONDS)
        self.app.clock.freeze(START)
        self.now = float(START)
        self.known = {}

    def teardown(self) -> None:
        self.app.close()


class SharedByPolls(ByPolls):
    @initialize(polls=st.integers(1, 5))
    def start(self, polls: int) -> None:
        self.app: Any = Replicas(task_polls=polls)
        self.app.clock.freeze(START)
        self.seen = {}
        self.way = (["PENDING"] if polls > 1 else []) + ["RUNNING"] * max(1, polls - 1) + ["SUCCEEDED"]
        self.canceled = set()

    def teardown(self) -> None:
        self.app.close()


@pytest.fixture
def store(redis: RedisServer) -> Iterator[None]:
    STORE["url"] = redis.url.removesuffix("0") + "3"
    yield
    STORE.clear()


@pytest.mark.usefixtures("store")
@pytest.mark.parametrize("machine", [SharedTasks, SharedByPolls])
def test_replicas_keep_to_the_documents(machine: Any) -> None:
    run_state_machine_as_test(
        machine,
        settings=settings(
            max_examples=15, stateful_step_count=20, deadline=None, suppress_health_check=list(HealthCheck)
        ),
    )
