"""The `dashscope` package's asyncio classes: their task paths end in a slash, and their cancel has a body."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from typing import Any

import dashscope
import pytest
from dashscope.aigc.image_generation import AioImageGeneration
from dashscope.aigc.image_synthesis import AioImageSynthesis

from clients.looking import all_downloaded, pictures_in
from qwen_image_mock.server import Mock

Run = Callable[[Coroutine[Any, Any, Any]], Any]
MESSAGES: list[Any] = [{"role": "user", "content": [{"text": "a fox"}]}]
QWEN: dict[str, Any] = {"model": "qwen-image", "prompt": "a fox", "size": "928*1664"}


@pytest.mark.usefixtures("native")
def test_a_conversation(mock: Mock, run_aio: Run) -> None:
    answer = run_aio(
        dashscope.AioMultiModalConversation.call(
            model="qwen-image-2.0", messages=MESSAGES, n=2, size="1024*1024", watermark=False, seed=0
        )
    )
    assert (answer.status_code, answer.code) == (200, "")
    all_downloaded(pictures_in(answer.output), (1024, 1024))
    [entry] = mock.requests()
    assert answer.request_id == entry["id"]
    given = {"n": 2, "size": "1024*1024", "watermark": False, "seed": 0}
    assert entry["decoded"]["parameters"] == given


@pytest.mark.usefixtures("native_once")
def test_a_direct_answer_of_wan(run_aio: Run) -> None:
    answer = run_aio(AioImageGeneration.call(model="wan2.6-t2i", messages=MESSAGES, n=2, size="1280*1280"))
    assert answer.status_code == 200
    assert len(answer.output.choices) == 2
    all_downloaded(pictures_in(answer.output), (1280, 1280))


@pytest.mark.usefixtures("native_once")
def test_call_submits_and_waits(mock: Mock, run_aio: Run) -> None:
    answer = run_aio(AioImageSynthesis.call(**QWEN))
    assert answer.output.task_status == "SUCCEEDED"
    all_downloaded(pictures_in(answer.output), (928, 1664))
    paths = {entry["path"] for entry in mock.requests() if entry["operation"] == "query"}
    task = answer.output.task_id
    assert paths == {f"/dashscope/api/v1/tasks/{task}/?size=928*1664"}  # `call` repeats what it was given


@pytest.mark.usefixtures("native")
@pytest.mark.parametrize(
    ("kind", "ask", "size"),
    [
        pytest.param(AioImageSynthesis, QWEN, (928, 1664), id="qwen"),
        pytest.param(
            AioImageGeneration,
            {"model": "wan2.7-image-pro", "messages": MESSAGES, "size": "2K", "n": 1},
            (2048, 2048),
            id="wan2.7",
        ),
    ],
)
def test_submit_fetch_and_wait(  # one row of the table, and its surroundings
    mock: Mock,
    run_aio: Run,
    kind: Any,
    ask: dict[str, Any],
    size: tuple[int, int],
) -> None:
    mock.clock.freeze(1_800_000_000)

    async def work() -> tuple[Any, Any, Any]:
        task = await kind.async_call(**ask)
        pending = await kind.fetch(task)
        mock.clock.step(1)
        return task, pending, await kind.wait(task)

    task, pending, done = run_aio(work())
    assert (task.status_code, task.output.task_status) == (200, "PENDING")
    assert pending.output.task_status == "PENDING"
    assert done.output.task_status == "SUCCEEDED"
    all_downloaded(pictures_in(done.output), size)
    paths = [entry["path"] for entry in mock.requests()]
    assert len(paths) == 3
    assert all(path.endswith(f"/{task.output.task_id}/") for path in paths[1:])


@pytest.mark.usefixtures("native")
@pytest.mark.parametrize(
    ("kind", "ask"),
    [(AioImageSynthesis, QWEN), (AioImageGeneration, {"model": "wan2.7-image", "messages": MESSAGES})],
)
def test_cancel_and_list(mock: Mock, run_aio: Run, kind: Any, ask: dict[str, Any]) -> None:
    mock.clock.freeze(1_800_000_000)

    async def work() -> tuple[Any, Any, Any, Any]:
        task = await kind.async_call(**ask)
        cancelled = await kind.cancel(task)
        fetched = await kind.fetch(task)
        return task, cancelled, fetched, await kind.list(status="CANCELED")

    task, cancelled, fetched, listed = run_aio(work())
    assert cancelled.status_code == 200
    assert fetched.output.task_status == "CANCELED"
    assert listed.status_code == 200
    assert [row["task_id"] for row in dict(listed.output)["data"]] == [task.output.task_id]
    entry = next(entry for entry in mock.requests() if entry["operation"] == "cancel")
    assert entry["path"].endswith(f"/{task.output.task_id}/cancel/")
    assert entry["body"] is not None


@pytest.mark.usefixtures("native_once")
def test_refusals(mock: Mock, run_aio: Run) -> None:
    async def work() -> list[Any]:
        call = dashscope.AioMultiModalConversation.call
        return [
            await call(model="qwen-image-2.0", messages=MESSAGES, size="1*1"),
            await call(model="qwen-image-2.0", messages=MESSAGES, api_key="sk-wrong-key"),
            await call(model="qwen-image-2.0", messages=MESSAGES, headers={"X-DashScope-Async": "enable"}),
            await AioImageSynthesis.async_call(model="qwen-image-max", prompt="a fox"),
            await AioImageSynthesis.sync_call(model="wan2.2-t2i-plus", prompt="a fox"),
        ]

    answers = run_aio(work())
    assert [(answer.status_code, answer.code) for answer in answers] == [
        (400, "InvalidParameter"),
        (401, "InvalidApiKey"),
        (403, "AccessDenied"),
        (400, "InvalidParameter"),
        (403, "AccessDenied"),
    ]
    assert [answer.request_id for answer in answers] == [entry["id"] for entry in mock.requests()]
    assert all(answer.message for answer in answers)
