"""The `dashscope` package's 2.x client in asyncio, and where both find their provider."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any

import dashscope
import pytest
from dashscope.v2 import errors

from clients.looking import all_downloaded
from clients.wire import KEY
from qwen_image_mock.server import Mock

T2I = "wan2.6-t2i"
Work = Callable[[Any], Coroutine[Any, Any, Any]]


def at(mock: Mock, work: Work, **options: Any) -> Any:
    """What the work returns that is done with a client for the mock."""

    async def with_client() -> Any:
        wanted = {"api_key": KEY, "max_retries": 0, **options}
        client = dashscope.AsyncClient(base_url=f"{mock.url}/api/v1", **wanted)
        try:
            return await work(client)
        finally:
            await client.aclose()

    return asyncio.run(with_client())


@pytest.mark.parametrize(("model", "size"), [(T2I, "1280*1440"), ("qwen-image-plus", "928*1664")])
def test_jobs_by_hand(mock: Mock, model: str, size: str) -> None:
    mock.clock.freeze(1_800_000_000)

    async def work(client: Any) -> tuple[Any, Any, Any]:
        jobs = client.images.jobs
        job = await jobs.create(model=model, prompt="a fox", n=1, size=size.replace("*", "x"))
        waiting = await jobs.fetch(job.task_id)
        mock.clock.step(1)
        return job, waiting, await jobs.wait(job, poll_interval=0.01)

    job, waiting, done = at(mock, work)
    assert (job.status, waiting.status, done.status) == ("PENDING", "PENDING", "SUCCEEDED")
    width, height = size.split("*")
    all_downloaded(done.image_urls, (int(width), int(height)))


def test_cancel_and_list(mock: Mock) -> None:
    mock.clock.freeze(1_800_000_000)

    async def work(client: Any) -> tuple[Any, Any]:
        jobs = client.images.jobs
        job = await jobs.create(model="qwen-image", prompt="a fox")
        await jobs.cancel(job.task_id)
        with pytest.raises(errors.BadRequestError, match="PENDING"):
            await jobs.cancel(job.task_id)
        await jobs.list(status="CANCELED")
        return job, await jobs.fetch(job.task_id)

    job, fetched = at(mock, work)
    assert fetched.status == "CANCELED"
    rows = mock.requests()[-2]["response"]["data"]
    assert [row["task_id"] for row in rows] == [job.task_id]


@pytest.mark.parametrize(
    ("ask", "kind"),
    [({"size": "64x64"}, errors.BadRequestError), ({"api_key": "sk-wrong-key"}, errors.AuthenticationError)],
)
def test_a_refusal(mock: Mock, ask: dict[str, Any], kind: type[errors.APIStatusError]) -> None:
    async def work(client: Any) -> None:
        await client.images.generate(model=T2I, prompt="a fox", **ask)

    with pytest.raises(errors.APIStatusError) as caught:
        at(mock, work, max_retries=2)
    assert type(caught.value) is kind
    assert caught.value.request_id == mock.requests()[0]["id"]
    assert len(mock.requests()) == 1


def test_it_tries_again_and_gets_its_pictures(mock: Mock) -> None:
    mock.fault("throttle", times=2, retry_after=0.01)

    async def work(client: Any) -> Any:
        return await client.images.generate(model=T2I, prompt="a fox", n=1, size="1280x1280")

    all_downloaded(at(mock, work, max_retries=2).image_urls, (1280, 1280))
    assert [entry["status"] for entry in mock.requests()] == [429, 429, 200]


@pytest.mark.parametrize("variable", ["DASHSCOPE_BASE_URL", "DASHSCOPE_HTTP_BASE_URL"])
def test_the_environment_leads_to_the_mock(
    mock: Mock, monkeypatch: pytest.MonkeyPatch, variable: str
) -> None:
    """The first is the new client's own, and wins; the second is that of the 1.x surface."""
    monkeypatch.setenv("DASHSCOPE_HTTP_BASE_URL", "http://127.0.0.1:1/api/v1")
    monkeypatch.setenv(variable, f"{mock.url}/api/v1")
    monkeypatch.setenv("DASHSCOPE_API_KEY", KEY)
    client = dashscope.Client(max_retries=0)
    try:
        job = client.images.generate(model=T2I, prompt="a fox", n=1, size="1280x1280")
    finally:
        client.close()
    all_downloaded(job.image_urls, (1280, 1280))


def test_a_conversation_of_the_new_client(mock: Mock) -> None:
    """Its chat reaches the models that `images.generate` takes to the wrong path; it shows no pictures."""
    client = dashscope.Client(base_url=f"{mock.url}/api/v1", api_key=KEY, max_retries=0)
    messages: list[Any] = [{"role": "user", "content": [{"text": "a fox"}]}]
    try:
        answer = client.multimodal.chat.create(
            model="qwen-image-2.0-pro", messages=messages, n=2, seed=0, parameters={"size": "512*512"}
        )
    finally:
        client.close()
    assert answer.request_id == mock.requests()[0]["id"]
    assert answer.choices[0].finish_reason == "stop"
    assert dict(answer.usage)["image_count"] == 2
    assert mock.requests()[0]["effective"]["size"] == "512*512"
