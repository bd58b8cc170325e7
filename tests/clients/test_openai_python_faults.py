"""The `openai` package for Python when answers come badly: broken bodies, lost connections, long waits."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import openai
import pytest

from clients.looking import all_downloaded, download, unpack
from qwen_image_mock.server import Mock

OpenAIAt = Callable[..., openai.OpenAI]
ASK: Any = {"model": "qwen-image-2.0-pro", "prompt": "a cat"}
EDIT: Any = {"model": "qwen-image-edit-plus", "prompt": "make it blue", "size": "928x1664"}


@pytest.mark.parametrize(
    ("fault", "options", "status", "kind"),
    [
        ("html", {"status": 502}, 502, openai.InternalServerError),
        ("html", {"status": 404}, 404, openai.NotFoundError),
        ("503", {}, 503, openai.InternalServerError),
        ("504", {}, 504, openai.InternalServerError),
    ],
)
def test_an_error_of_a_proxy(
    mock: Mock, openai_at: OpenAIAt, fault: str, options: Any, status: int, kind: type[openai.APIStatusError]
) -> None:
    mock.fault(fault, times=1, **options)
    with pytest.raises(openai.APIStatusError) as caught:
        openai_at("/v1").images.generate(**ASK)
    assert type(caught.value) is kind
    assert caught.value.status_code == status
    assert len(openai_at("/v1").images.generate(**ASK).data or []) == 1


@pytest.mark.parametrize("fault", ["reset", "truncated"])
def test_a_lost_answer_is_asked_for_again(mock: Mock, openai_at: OpenAIAt, fault: str) -> None:
    """The picture was made and paid for twice, and nobody is told: the journal is."""
    mock.fault(fault, times=1)
    with pytest.raises(openai.APIConnectionError):
        openai_at("/v1").images.generate(**ASK)
    mock.reset()
    mock.fault(fault, times=1)
    answer = openai_at("/v1", max_retries=1).images.generate(**ASK)
    all_downloaded([item.url for item in answer.data or []], (2048, 2048))
    assert [entry["status"] for entry in mock.requests()] == [200, 200]


def test_an_answer_that_comes_too_late(mock: Mock, openai_at: OpenAIAt) -> None:
    mock.fault("slow-headers", seconds=30, times=1)
    with pytest.raises(openai.APITimeoutError):
        openai_at("/v1", timeout=0.2).images.generate(**ASK)
    assert len(openai_at("/v1").images.generate(**ASK).data or []) == 1


def test_a_wait_that_is_too_long_is_not_waited_for(mock: Mock, openai_at: OpenAIAt) -> None:
    mock.fault("throttle-long")
    with pytest.raises(openai.RateLimitError) as caught:
        openai_at("/v1", max_retries=2).images.generate(**ASK)
    assert int(caught.value.response.headers["retry-after"]) > 120
    assert len(mock.requests()) == 1


def test_a_wait_in_milliseconds(mock: Mock, openai_at: OpenAIAt) -> None:
    mock.fault("throttle-ms", retry_after_ms=10, times=1)
    assert len(openai_at("/v1", max_retries=1).images.generate(**ASK).data or []) == 1
    assert [entry["status"] for entry in mock.requests()] == [429, 200]


@pytest.mark.parametrize(("fault", "count"), [("empty-data", 0), ("fewer", 2), ("ok-error", 0)])
def test_what_passes_as_success_without_all_pictures(
    mock: Mock, openai_at: OpenAIAt, fault: str, count: int
) -> None:
    """No exception tells a caller of these: it has to count."""
    mock.fault(fault, times=1)
    answer = openai_at("/dieyuyun/v1").images.generate(n=3, **ASK)
    assert len(answer.data or []) == count


@pytest.mark.parametrize("form", ["url", "b64_json"])
def test_an_edit_whose_first_try_is_throttled_sends_its_files_again(
    mock: Mock, openai_at: OpenAIAt, photos: list[str], form: Any
) -> None:
    mock.fault("throttle", times=2, retry_after=0.01)
    answer = openai_at("/skyengine/v1", max_retries=2).images.edit(
        image=[Path(photo).read_bytes() for photo in photos],
        n=2,
        response_format=form,
        extra_body={"watermark": False, "seed": 0},
        **EDIT,
    )
    data = answer.data or []
    seen = [unpack(item.b64_json) if form == "b64_json" else download(item.url or "") for item in data]
    assert [picture.size for picture in seen] == [(928, 1664)] * 2
    entries = mock.requests()
    assert [entry["status"] for entry in entries] == [429, 429, 200]
    digests = [[look["sha256"] for look in entry["inputs"]] for entry in entries if entry.get("inputs")]
    assert len(digests[-1]) == 2
    assert all(each == digests[-1] for each in digests)
    bodies = [entry["body"] for entry in entries]
    assert bodies[0] == bodies[1] == bodies[2]


def test_an_edit_of_an_open_file(mock: Mock, openai_at: OpenAIAt, photos: list[str]) -> None:
    with Path(photos[0]).open("rb") as file:
        answer = openai_at("/skyengine/v1").images.edit(image=file, **EDIT)
    all_downloaded([item.url for item in answer.data or []], (928, 1664))
    [entry] = mock.requests()
    assert entry["headers"]["content-type"].startswith("multipart/form-data")
    assert [look["size"] for look in entry["inputs"]] == ["640x480"]
