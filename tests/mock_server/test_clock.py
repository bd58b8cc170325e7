"""The clock: frozen, stepped, thawed; and waiting on it."""

from __future__ import annotations

import asyncio
import time
from typing import Any

import httpx
import pytest

from qwen_image_mock import Settings, create_app
from qwen_image_mock.clock import Clock
from qwen_image_mock.transport_faults import Gone, _pause

KEY = {"Authorization": "Bearer sk-1"}
GENERATE = {"model": "qwen-image-2.0", "prompt": "a"}


async def nothing() -> Any:
    await asyncio.sleep(60)
    return {"type": "http.disconnect"}


async def leaves() -> Any:
    await asyncio.sleep(0)
    return {"type": "http.disconnect"}


def test_a_frozen_clock_stands_until_it_is_stepped() -> None:
    clock = Clock()
    clock.freeze(100)
    assert (clock.now(), clock.frozen) == (100, True)
    clock.step(5)
    assert clock.now() == 105
    clock.thaw()
    assert clock.now() == pytest.approx(105, abs=1)
    clock.reset()
    assert clock.now() == pytest.approx(time.time(), abs=1)


def test_waiting_ends_when_the_clock_is_stepped() -> None:
    clock = Clock()
    clock.freeze(100)

    async def both() -> bool:
        waiting = asyncio.ensure_future(_pause(clock, 3600, nothing))
        await asyncio.sleep(0.05)
        early = waiting.done()
        clock.step(3600)
        await asyncio.wait_for(waiting, 2)
        return early

    assert asyncio.run(both()) is False


def test_waiting_ends_when_the_client_leaves() -> None:
    clock = Clock()
    clock.freeze(100)
    with pytest.raises(Gone):
        asyncio.run(asyncio.wait_for(_pause(clock, 3600, leaves), 2))


def test_a_day_of_a_task_in_milliseconds() -> None:
    """Submit, run, finish, expire: in process, without a socket and without waiting."""
    app = create_app(Settings(seed=1))
    app.state.clock.freeze(1_800_000_000)

    async def day() -> list[Any]:
        async with httpx.AsyncClient(
            transport=httpx.ASGITransport(app=app), base_url="http://mock", headers=KEY
        ) as client:
            submitted = await client.post(
                "/api/v1/services/aigc/text2image/image-synthesis",
                json={"model": "qwen-image", "input": {"prompt": "a"}, "parameters": {}},
                headers={"X-DashScope-Async": "enable"},
            )
            task = submitted.json()["output"]["task_id"]
            seen: list[Any] = []
            url = ""
            for step in (0, 0.5, 0.5, 86_398, 1):
                app.state.clock.step(step)
                output = (await client.get(f"/api/v1/tasks/{task}")).json()["output"]
                seen.append(output["task_status"])
                if "results" in output:
                    url = url or output["results"][0]["url"]
            seen.append((await client.get(url)).status_code)
            app.state.clock.step(1)
            seen.append((await client.get(url)).status_code)
            return seen

    before = time.monotonic()
    expected = ["PENDING", "RUNNING", "SUCCEEDED", "SUCCEEDED", "UNKNOWN", 200, 403]
    assert asyncio.run(day()) == expected
    assert time.monotonic() - before < 5


@pytest.mark.parametrize("name", ["reset", "truncated"])
def test_a_dropped_connection_in_process(name: str) -> None:
    app = create_app()

    async def call() -> None:
        async with httpx.AsyncClient(
            transport=httpx.ASGITransport(app=app), base_url="http://mock", headers=KEY
        ) as client:
            await client.post("/v1/images/generations", json={**GENERATE, "prompt": f"[[mock:{name}]]"})

    with pytest.raises(ConnectionResetError):
        asyncio.run(call())
