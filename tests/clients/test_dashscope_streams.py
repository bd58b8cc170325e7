"""`dashscope` 2.0.2 reads the one stream there is: pictures and text that take turns."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from typing import Any

import dashscope
import pytest
from dashscope.aigc.image_generation import AioImageGeneration, ImageGeneration

from clients.looking import download
from clients.wire import KEY
from qwen_image_mock.server import Mock

Json = Any
MESSAGES: list[Any] = [{"role": "user", "content": [{"text": "a tale of two cats"}]}]
ASK: Json = {"model": "wan2.6-image", "messages": MESSAGES, "stream": True}
PARAMETERS: Json = {"enable_interleave": True, "max_images": 3, "seed": 8}


def judged(mock: Mock, answers: list[Any]) -> None:
    """Fails unless the answers are a tale with pictures, to its end."""
    assert {int(answer.status_code) for answer in answers} == {200}
    choices = [answer.output["choices"][0] for answer in answers]
    assert [choice["finish_reason"] for choice in choices] == ["null"] * (len(answers) - 1) + ["stop"]
    parts = [part for choice in choices for part in choice["message"]["content"]]
    assert "".join(part.get("text", "") for part in parts).startswith("a tale of two cats")
    pictures = [download(part["image"]) for part in parts if "image" in part]
    assert 1 <= len({picture.data for picture in pictures}) == len(pictures) <= 3
    [entry] = mock.requests()
    assert {answer.request_id for answer in answers} == {entry["id"]}
    assert entry["headers"]["x-dashscope-sse"] == "enable"
    assert entry["violations"] == []


@pytest.mark.usefixtures("native")
def test_a_stream(mock: Mock) -> None:
    answer: Any = ImageGeneration.call(**ASK, **PARAMETERS)
    judged(mock, list(answer))


@pytest.mark.usefixtures("native_once")
def test_a_stream_in_asyncio(mock: Mock, run_aio: Callable[[Coroutine[Any, Any, Any]], Any]) -> None:
    async def work() -> list[Any]:
        answers: Any = await AioImageGeneration.call(**ASK, **PARAMETERS)
        return [answer async for answer in answers]

    judged(mock, run_aio(work()))


@pytest.mark.usefixtures("native_once")
def test_a_stream_that_breaks_off_ends_with_the_error(mock: Mock) -> None:
    mock.fault("stream-error", error="output-inspection")
    answers: Any = ImageGeneration.call(**ASK, **PARAMETERS)
    *told, last = list(answers)
    assert {int(answer.status_code) for answer in told} == {200}
    assert last.code == "DataInspectionFailed"


@pytest.mark.usefixtures("native_once")
def test_without_a_stream_it_is_refused() -> None:
    answer: Any = ImageGeneration.call(**{**ASK, "stream": False}, **PARAMETERS)
    assert (answer.status_code, answer.message) == (400, "stream=False is not supported")


def test_the_new_client_reads_the_text_of_a_stream(mock: Mock) -> None:
    client = dashscope.Client(base_url=f"{mock.url}/api/v1", api_key=KEY, max_retries=0)
    try:
        chunks = list(client.multimodal.chat.create(**ASK, parameters=PARAMETERS))
    finally:
        client.close()
    text = "".join(chunk.choices[0].delta.content or "" for chunk in chunks)
    assert text.startswith("a tale of two cats")
    assert chunks[-1].choices[0].finish_reason == "stop"
    assert chunks[-1].request_id == mock.requests()[0]["id"]
