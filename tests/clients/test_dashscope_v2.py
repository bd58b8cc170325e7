"""The `dashscope` package's 2.x client: `Client().images`, its jobs, its exceptions and its retries."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from typing import Any

import dashscope
import pytest
from dashscope.v2 import errors

from clients.looking import all_downloaded
from clients.wire import KEY
from qwen_image_mock.server import Mock

ClientAt = Callable[..., Any]
T2I = "wan2.6-t2i"
OLDER = "wan2.2-t2i-flash"
NO_PAUSE = 0.05
"""Seconds between two polls."""


@pytest.fixture
def client_at(mock: Mock) -> Iterator[ClientAt]:
    """Makes clients for a path of the mock. They do not retry unless told so."""
    made: list[Any] = []

    def make(path: str = "/dashscope/api/v1", **options: Any) -> Any:
        wanted = {"api_key": KEY, "max_retries": 0, **options}
        made.append(dashscope.Client(base_url=mock.url + path, **wanted))
        return made[-1]

    yield make
    for client in made:
        client.close()


@pytest.mark.parametrize("path", ["/dashscope/api/v1", "/api/v1", "/api/v1/"])
def test_generate_answers_at_once(mock: Mock, client_at: ClientAt, path: str) -> None:
    job = client_at(path).images.generate(
        model=T2I, prompt="a fox", n=2, size="1280x1440", seed=0, watermark=False, negative_prompt="blurry"
    )
    assert job.succeeded
    assert len(job.image_urls) == 2
    all_downloaded(job.image_urls, (1280, 1440))
    [entry] = mock.requests()
    assert job.request_id == entry["id"]
    assert entry["operation"] == "generate"
    assert entry["decoded"]["parameters"] == {
        "n": 2,
        "size": "1280*1440",
        "seed": 0,
        "watermark": False,
        "negative_prompt": "blurry",
    }


@pytest.mark.parametrize("path", ["/dashscope/api/v1", "/api/v1"])
def test_generate_of_an_older_model_waits_for_its_task(mock: Mock, client_at: ClientAt, path: str) -> None:
    job = client_at(path).images.generate(
        model=OLDER, prompt="a fox", n=3, size="512x512", negative_prompt="blurry", poll_interval=NO_PAUSE
    )
    assert job.succeeded
    assert len(job.image_urls) == 3
    all_downloaded(job.image_urls, (512, 512))
    entries = mock.requests()
    assert entries[0]["operation"] == "submit"
    assert entries[0]["decoded"]["parameters"]["negative_prompt"] == "blurry"
    assert {entry["operation"] for entry in entries[1:]} == {"query"}


def test_jobs_by_hand(mock: Mock, client_at: ClientAt) -> None:
    mock.clock.freeze(1_800_000_000)
    jobs = client_at().images.jobs
    job = jobs.create(model=T2I, prompt="a fox", n=1, size="1280x1280")
    assert job.status == "PENDING"
    assert jobs.fetch(job.task_id).status == "PENDING"
    mock.clock.step(1)
    done = jobs.wait(job, poll_interval=NO_PAUSE)
    assert done.succeeded
    all_downloaded(done.image_urls, (1280, 1280))
    assert "/image-generation/" in mock.requests()[0]["path"]


def test_cancel_unknown_and_list(mock: Mock, client_at: ClientAt) -> None:
    mock.clock.freeze(1_800_000_000)
    jobs = client_at().images.jobs
    job = jobs.create(model="qwen-image-plus", prompt="a fox")
    jobs.cancel(job.task_id)
    assert jobs.fetch(job.task_id).status == "CANCELED"
    with pytest.raises(errors.BadRequestError) as caught:
        jobs.cancel(job.task_id)
    assert caught.value.code == "UnsupportedOperation"
    assert jobs.fetch("no-such-task").status == "UNKNOWN"
    assert jobs.wait("no-such-task").succeeded is False
    listed = jobs.list(status="CANCELED")
    assert listed.request_id == mock.requests()[-1]["id"]
    assert mock.requests()[-1]["response"]["total"] == 1


def test_an_asynchronous_client(mock: Mock) -> None:
    async def work() -> Any:
        client = dashscope.AsyncClient(base_url=f"{mock.url}/api/v1", api_key=KEY, max_retries=0)
        try:
            return await client.images.generate(model=T2I, prompt="a fox", n=2, size="1280x1280")
        finally:
            await client.aclose()

    all_downloaded(asyncio.run(work()).image_urls, (1280, 1280))


def test_a_model_that_this_client_takes_to_the_wrong_path(mock: Mock, client_at: ClientAt) -> None:
    """2.x takes every name it does not know to the path of tasks, where the provider refuses it."""
    with pytest.raises(errors.BadRequestError) as caught:
        client_at().images.generate(model="qwen-image-2.0-pro", prompt="a fox")
    assert (caught.value.status_code, caught.value.code) == (400, "InvalidParameter")
    assert "url error" in caught.value.message
    assert caught.value.request_id == mock.requests()[0]["id"]


@pytest.mark.parametrize(
    ("fault", "kind", "code"),
    [
        ("throttle", errors.RateLimitError, "Throttling"),
        ("data-inspection", errors.ContentFilterError, "DataInspectionFailed"),
        ("access-denied", errors.PermissionDeniedError, "AccessDenied"),
        ("server-error", errors.InternalServerError, "InternalError"),
        ("unavailable", errors.ServiceUnavailableError, "ModelUnavailable"),
    ],
)
def test_a_fault(
    mock: Mock, client_at: ClientAt, fault: str, kind: type[errors.APIStatusError], code: str
) -> None:
    mock.fault(fault)
    with pytest.raises(errors.APIStatusError) as caught:
        client_at().images.generate(model=T2I, prompt="a fox")
    assert type(caught.value) is kind
    assert caught.value.code == code
    assert caught.value.request_id == mock.requests()[0]["id"]


@pytest.mark.parametrize(
    ("options", "ask", "kind"),
    [
        ({"api_key": "sk-wrong-key"}, {}, errors.AuthenticationError),
        ({}, {"n": 9}, errors.BadRequestError),
        ({}, {"size": "64x64"}, errors.BadRequestError),
    ],
)
def test_a_refusal(
    mock: Mock,
    client_at: ClientAt,
    options: dict[str, Any],
    ask: dict[str, Any],
    kind: type[errors.APIStatusError],
) -> None:
    with pytest.raises(errors.APIStatusError) as caught:
        client_at(**{"max_retries": 2, **options}).images.generate(model=T2I, prompt="a fox", **ask)
    assert type(caught.value) is kind
    assert len(mock.requests()) == 1


def test_it_tries_again_and_gets_its_pictures(mock: Mock, client_at: ClientAt) -> None:
    mock.fault("throttle", times=2, retry_after=0.01)
    job = client_at(max_retries=2).images.generate(model=T2I, prompt="a fox", n=1, size="1280x1280")
    all_downloaded(job.image_urls, (1280, 1280))
    assert [entry["status"] for entry in mock.requests()] == [429, 429, 200]


def test_a_failed_task_raises(client_at: ClientAt) -> None:
    with pytest.raises(errors.BadRequestError, match="between 512 and 1440"):
        client_at().images.generate(model=OLDER, prompt="a fox", size="4000x4000", poll_interval=NO_PAUSE)
