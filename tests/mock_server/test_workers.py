"""Several processes that serve as one mock, started as a user starts them."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from typing import TYPE_CHECKING

import pytest

from mock_server.conftest import Client
from mock_server.test_command import ENVIRONMENT, run, started

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from mock_server.redis_server import RedisServer

SUBMIT = "/api/v1/services/aigc/text2image/image-synthesis"
ASYNC = {"X-DashScope-Async": "enable"}
TASK = {"model": "qwen-image", "input": {"prompt": "a"}, "parameters": {}}
PATIENCE = 20.0

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")


@pytest.fixture
def store(redis: RedisServer) -> str:
    return redis.url.removesuffix("0") + "2"


@pytest.fixture
def client(store: str) -> Iterator[Client]:
    with started("--workers", "3", "--task-seconds", "0", QWEN_IMAGE_MOCK_STORE=store) as (process, line):
        client = Client(line)
        client.post("/_mock/reset", {})
        yield client
        workers = workers_of(client, 3)
    assert process.returncode == 0
    assert not any(runs(worker) for worker in workers)


def workers_of(client: Client, count: int) -> set[int]:
    """The workers that answer, once there are so many."""
    seen: set[int] = set()

    def enough() -> bool:
        seen.add(client.get("/_mock/health").json["worker"])
        return len({worker for worker in seen if runs(worker)}) == count

    eventually(enough)
    return {worker for worker in seen if runs(worker)}


def eventually(what: Callable[[], bool]) -> None:
    until = time.monotonic() + PATIENCE
    while not what():
        assert time.monotonic() < until
        time.sleep(0.01)


def runs(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    return True


def test_what_one_worker_was_told_all_know(client: Client) -> None:
    assert len(workers_of(client, 3)) == 3
    task = client.post(SUBMIT, TASK, ASYNC).json["output"]["task_id"]
    states = {client.get(f"/api/v1/tasks/{task}").json["output"]["task_status"] for _ in range(20)}
    assert states == {"SUCCEEDED"}
    assert client.get("/_mock/requests").json["total"] == 21


def test_a_killed_worker_loses_nothing_and_is_replaced(client: Client) -> None:
    tasks = [client.post(SUBMIT, TASK, ASYNC).json["output"]["task_id"] for _ in range(12)]
    victim = min(workers_of(client, 3))
    os.kill(victim, signal.SIGKILL)
    eventually(lambda: not runs(victim))
    assert len(workers_of(client, 3)) == 3
    states = {client.get(f"/api/v1/tasks/{task}").json["output"]["task_status"] for task in tasks}
    assert states == {"SUCCEEDED"}
    assert client.get("/_mock/requests?operation=submit").json["total"] == 24


def test_workers_do_not_outlive_who_started_them(store: str) -> None:
    with started("--workers", "2", "--store", store) as (process, line):
        workers = workers_of(Client(line), 2)
        process.kill()
        eventually(lambda: not any(runs(worker) for worker in workers))


def test_several_workers_need_a_store() -> None:
    done = run("--workers", "2", "--port", "0")
    assert (done.returncode, done.stdout) == (2, "")
    assert "--store redis://" in done.stderr


def test_an_unreachable_store_is_explained() -> None:
    done = run("--store", "redis://127.0.0.1:1/0", "--port", "0")
    assert (done.returncode, done.stdout) == (2, "")
    assert "hint: is a Redis server running there?" in done.stderr
    assert "Traceback" not in done.stderr


WITHOUT = """
import sys
sys.modules["redis"] = None
from qwen_image_mock.cli import main
main()
"""


def test_the_package_is_asked_for_only_with_a_store(store: str) -> None:
    done = subprocess.run(
        [sys.executable, "-c", WITHOUT, "--store", store],
        capture_output=True, text=True, env=ENVIRONMENT, timeout=30, check=False,
    )  # fmt: skip
    assert done.returncode == 2
    assert "pip install 'qwen-image-contract[redis]'" in done.stderr


def test_a_mock_alone_imports_no_redis() -> None:
    code = "import sys; from qwen_image_mock import create_app; create_app(); print('redis' in sys.modules)"
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, env=ENVIRONMENT, timeout=30, check=True
    )
    assert done.stdout.strip() == "False"
