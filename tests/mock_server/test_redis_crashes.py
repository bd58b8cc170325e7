"""Workers and Redis are killed while tasks are submitted: every task a client was told of is there afterwards."""

from __future__ import annotations

import http.client
import os
import signal
from concurrent.futures import ThreadPoolExecutor
from threading import Event
from typing import TYPE_CHECKING

import pytest

from mock_server.conftest import Client
from mock_server.redis_server import redis_server
from mock_server.test_command import started
from mock_server.test_workers import ASYNC, SUBMIT, TASK, eventually, runs, workers_of

if TYPE_CHECKING:
    from pathlib import Path

SENDERS = 6
ENOUGH = 60

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")


def send(client: Client, over: Event, told: list[str], refused: list[int]) -> None:
    """Submit until it is over; keep what was acknowledged."""
    while not over.is_set():
        try:
            answer = client.post(SUBMIT, TASK, ASYNC)
        except (OSError, http.client.HTTPException):
            continue
        if answer.status == 200:
            told.append(answer.json["output"]["task_id"])
        else:
            refused.append(answer.status)


def test_every_acknowledged_task_survives(tmp_path: Path) -> None:
    told: list[str] = []
    refused: list[int] = []
    over = Event()
    with (
        redis_server(tmp_path) as redis,
        started("--workers", "3", "--store", redis.url) as (_, line),
        ThreadPoolExecutor(SENDERS) as pool,
    ):
        client = Client(line)
        try:
            for _ in range(SENDERS):
                pool.submit(send, client, over, told, refused)
            for round_ in range(3):
                seen = len(told)
                eventually(lambda seen=seen: len(told) >= seen + ENOUGH)  # type: ignore[misc] # mypy infers no default
                victim = min(workers_of(client, 3))
                os.kill(victim, signal.SIGKILL)
                eventually(lambda victim=victim: not runs(victim))  # type: ignore[misc] # mypy infers no default
                if round_ == 1:
                    redis.kill()
                    eventually(lambda: 503 in refused)
                    redis.start()
            seen = len(told)
            eventually(lambda: len(told) >= seen + ENOUGH)
        finally:
            over.set()
        pool.shutdown()
        listed = []
        total = client.get("/api/v1/tasks?page_size=1").json["total"]
        for page in range(1, total // 100 + 2):
            rows = client.get(f"/api/v1/tasks?page_size=100&page_no={page}").json["data"]
            listed += [row["task_id"] for row in rows]
    assert set(told) <= set(listed)
    assert len(told) == len(set(told)) >= 4 * ENOUGH
    assert set(refused) == {503}
