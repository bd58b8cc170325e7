"""`dashscope` 2.0.2 edits local files: an upload first, then an address that only the provider can read.

`MultiModalConversation` and `ImageGeneration` do so in tests/mock_server/test_uploads.py.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any

import dashscope
import pytest
from dashscope.aigc.image_generation import ImageGeneration
from dashscope.aigc.image_synthesis import AioImageSynthesis, ImageSynthesis
from dashscope.common.error import UploadFileException

from clients.looking import all_downloaded, download, pictures_in
from clients.wire import KEY
from qwen_image_mock.server import Mock

Json = Any
Run = Callable[[Coroutine[Any, Any, Any]], Any]
OLDER: Json = {"model": "wan2.5-i2i-preview", "prompt": "make it blue", "n": 1, "size": "1024*1024"}
NEWER: Json = {"model": "wan2.6-image", "prompt": "make it blue", "n": 2}


def uploaded(mock: Mock, operation: str) -> Json:
    """The entry of a call whose files were uploaded before: one policy, two files, then the call."""
    told = [entry["operation"] for entry in mock.requests(files="true")]
    assert told[:4] == ["upload", "upload-object", "upload-object", operation]
    entry = mock.requests(operation=operation)[0]
    assert entry["headers"]["x-dashscope-ossresourceresolve"] == "enable"
    assert [look["size"] for look in entry["inputs"]] == ["640x480", "400x800"]
    assert [look["kind"] for look in entry["inputs"]] == ["object", "object"]
    return entry


@pytest.mark.usefixtures("native")
def test_a_task_of_an_older_model(mock: Mock, photos: list[str]) -> None:
    mock.tasks(at_once=True)
    task = ImageSynthesis.async_call(images=[f"file://{photo}" for photo in photos], **OLDER)
    all_downloaded(pictures_in(ImageSynthesis.fetch(task).output), (1024, 1024))
    uploaded(mock, "submit")


@pytest.mark.usefixtures("native_once")
def test_a_task_of_an_older_model_in_asyncio(mock: Mock, run_aio: Run, photos: list[str]) -> None:
    mock.tasks(at_once=True)

    async def work() -> Any:
        task = await AioImageSynthesis.async_call(images=[f"file://{photo}" for photo in photos], **OLDER)
        return await AioImageSynthesis.fetch(task)

    all_downloaded(pictures_in(run_aio(work()).output), (1024, 1024))
    uploaded(mock, "submit")


@pytest.mark.parametrize("base", ["/dashscope/api/v1", "/api/v1"])
def test_the_new_client(mock: Mock, photos: list[str], base: str) -> None:
    client = dashscope.Client(base_url=mock.url + base, api_key=KEY, max_retries=0)
    try:
        job = client.images.generate(image_urls=photos, **NEWER)
    finally:
        client.close()
    pictures = [download(url) for url in job.image_urls]
    assert len({picture.data for picture in pictures}) == 2
    assert uploaded(mock, "edit")["decoded"]["parameters"] == {"n": 2}


def test_a_task_of_the_new_client_in_asyncio(mock: Mock, photos: list[str]) -> None:
    mock.tasks(at_once=True)

    async def work() -> Any:
        client = dashscope.AsyncClient(base_url=f"{mock.url}/api/v1", api_key=KEY, max_retries=0)
        try:
            job = await client.images.jobs.create(image_urls=photos, **NEWER)
            return await client.images.jobs.fetch(job.task_id)
        finally:
            await client.aclose()
            await dashscope.close_shared_aio_session()

    assert len(asyncio.run(work()).image_urls) == 2
    uploaded(mock, "submit")


@pytest.mark.usefixtures("native_once")
def test_an_upload_that_is_throttled_is_told(mock: Mock, photos: list[str]) -> None:
    mock.fault("throttle", operation="upload", times=1)
    message = {"role": "user", "content": [{"text": "make it blue"}, {"image": f"file://{photos[0]}"}]}
    messages: list[Any] = [message]
    with pytest.raises(UploadFileException, match="Throttling"):
        ImageGeneration.call(model="wan2.6-image", messages=messages)
    assert [entry["status"] for entry in mock.requests()] == [429]
