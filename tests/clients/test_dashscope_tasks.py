"""The `dashscope` package's 1.x tasks: submit, fetch, wait, cancel, list."""

from __future__ import annotations

from typing import Any

import dashscope
import pytest
from dashscope.aigc.image_generation import ImageGeneration
from dashscope.aigc.image_synthesis import ImageSynthesis

from clients.looking import all_downloaded, pictures_in
from qwen_image_mock.clock import Clock
from qwen_image_mock.server import Mock

LEAD = pytest.mark.usefixtures("native_once")
MESSAGES: list[Any] = [{"role": "user", "content": [{"text": "a fox"}]}]
FORMS = [
    pytest.param(
        ImageSynthesis,
        {"model": "qwen-image-plus", "prompt": "a fox", "size": "1328*1328", "n": 1},
        id="qwen",
    ),
    pytest.param(
        ImageSynthesis,
        {"model": "wan2.2-t2i-flash", "prompt": "a fox", "size": "768*512", "n": 2},
        id="wan2.2",
    ),
    pytest.param(
        ImageGeneration,
        {"model": "wan2.7-image", "messages": MESSAGES, "size": "1024*768", "n": 2},
        id="wan2.7",
    ),
]


@pytest.fixture
def clock(mock: Mock) -> Clock:
    mock.clock.freeze(1_800_000_000)
    return mock.clock


@pytest.mark.parametrize(("kind", "ask"), FORMS)
def test_call_submits_and_waits(mock: Mock, native_at: Any, kind: Any, ask: dict[str, Any]) -> None:
    native_at("/api/v1")
    # ImageGeneration.call answers at once, so its task is submitted and waited for by hand
    answer = kind.call(**ask) if kind is ImageSynthesis else kind.wait(kind.async_call(**ask))
    assert (answer.status_code, answer.message) == (200, "")
    assert not answer.code
    assert answer.output.task_status == "SUCCEEDED"
    width, height = (int(side) for side in ask["size"].split("*"))
    assert len(pictures_in(answer.output)) == ask["n"]
    all_downloaded(pictures_in(answer.output), (width, height))
    assert dict(answer.usage)["image_count"] == ask["n"]
    entries = mock.requests()
    assert entries[0]["operation"] == "submit"
    assert entries[0]["headers"]["x-dashscope-async"] == "enable"
    assert {entry["operation"] for entry in entries[1:]} == {"query"}
    assert entries[0]["violations"] == []


@pytest.mark.usefixtures("native")
@pytest.mark.parametrize(("kind", "ask"), FORMS)
def test_a_task_goes_its_way_by_time(
    clock: Clock,
    kind: Any,
    ask: dict[str, Any],
) -> None:
    task = kind.async_call(**ask)
    assert task.status_code == 200
    assert task.output.task_status == "PENDING"
    for _ in range(3):  # asking often does not make it go
        assert kind.fetch(task).output.task_status == "PENDING"
    clock.step(0.1)
    assert kind.fetch(task).output.task_status == "RUNNING"
    assert kind.fetch(task.output.task_id).output.task_status == "RUNNING"
    clock.step(0.5)
    done = kind.fetch(task)
    assert done.output.task_status == "SUCCEEDED"
    assert done.output.task_id == task.output.task_id
    assert kind.wait(task).output.task_status == "SUCCEEDED"
    clock.step(3600)
    assert kind.fetch(task).output.task_status == "SUCCEEDED"
    assert len(pictures_in(done.output)) == ask["n"]


@pytest.mark.usefixtures("clock", "native")
@pytest.mark.parametrize(("kind", "ask"), FORMS[1:])
def test_a_waiting_task_can_be_cancelled_once(mock: Mock, kind: Any, ask: dict[str, Any]) -> None:
    task = kind.async_call(**ask)
    answer = kind.cancel(task)
    assert answer.status_code == 200
    assert mock.requests()[-1]["body"] is None
    assert kind.fetch(task).output.task_status == "CANCELED"
    assert kind.wait(task).output.task_status == "CANCELED"
    again = kind.cancel(task)
    assert (again.status_code, again.code) == (400, "UnsupportedOperation")


@LEAD
def test_a_running_task_cannot_be_cancelled(clock: Clock) -> None:
    task = ImageSynthesis.async_call(model="qwen-image", prompt="a fox")
    clock.step(0.1)
    answer = ImageSynthesis.cancel(task)
    assert (answer.status_code, answer.code) == (400, "UnsupportedOperation")
    assert "PENDING" in answer.message
    clock.step(0.5)
    assert ImageSynthesis.fetch(task).output.task_status == "SUCCEEDED"


@LEAD
@pytest.mark.parametrize("kind", [ImageSynthesis, ImageGeneration])
def test_a_task_nobody_knows(kind: Any) -> None:
    answer = kind.fetch("00000000-0000-0000-0000-000000000000")
    assert (answer.status_code, answer.output.task_status) == (200, "UNKNOWN")
    assert kind.wait("00000000-0000-0000-0000-000000000000").output.task_status == "UNKNOWN"


@LEAD
def test_a_task_belongs_to_its_key(clock: Clock) -> None:
    task = ImageSynthesis.async_call(model="qwen-image", prompt="a fox")
    clock.step(1)
    assert ImageSynthesis.fetch(task, api_key="sk-somebody-else").output.task_status == "UNKNOWN"
    assert ImageSynthesis.fetch(task).output.task_status == "SUCCEEDED"


@LEAD
def test_a_mistake_shows_in_the_failed_task(clock: Clock) -> None:
    """The older Wan models take what comes and tell in the task what was wrong."""
    task = ImageSynthesis.async_call(model="wan2.2-t2i-plus", prompt="a fox", size="2048*2048")
    assert (task.status_code, task.output.task_status) == (200, "PENDING")
    clock.step(1)
    failed = ImageSynthesis.fetch(task)
    assert (failed.status_code, failed.output.task_status) == (200, "FAILED")
    output = dict(failed.output)
    assert output["code"] == "InvalidParameter"
    assert "between 512 and 1440" in output["message"]
    assert not output.get("results")


@LEAD
def test_polling_that_is_throttled_ends_the_wait(mock: Mock, clock: Clock) -> None:
    task = ImageSynthesis.async_call(model="qwen-image", prompt="a fox")
    mock.fault("throttle", operation="query", times=1)
    clock.step(1)
    answer = ImageSynthesis.wait(task)
    assert (answer.status_code, answer.code) == (429, "Throttling")
    assert ImageSynthesis.wait(task).output.task_status == "SUCCEEDED"


@LEAD
def test_polling_that_is_unavailable_goes_on(mock: Mock, clock: Clock) -> None:
    task = ImageSynthesis.async_call(model="qwen-image", prompt="a fox")
    mock.fault("unavailable", operation="query", times=1)
    clock.step(1)
    assert ImageSynthesis.wait(task).output.task_status == "SUCCEEDED"
    assert [entry["status"] for entry in mock.requests()] == [200, 503, 200]


@pytest.mark.usefixtures("native")
@pytest.mark.parametrize("kind", [ImageSynthesis, ImageGeneration])
def test_the_list_of_tasks(clock: Clock, kind: Any) -> None:
    first = ImageSynthesis.async_call(model="qwen-image", prompt="a fox").output.task_id
    clock.step(60)
    second = ImageSynthesis.async_call(model="wan2.2-t2i-flash", prompt="a fox").output.task_id

    def listed(**words: Any) -> list[str]:
        answer = kind.list(**words)
        assert answer.status_code == 200
        return [row["task_id"] for row in rows_of(answer)]

    assert listed() == [second, first]
    assert listed(status="SUCCEEDED") == [first]
    assert listed(model_name="wan2.2-t2i-flash") == [second]
    assert listed(page_no=2, page_size=1) == [first]
    assert listed(page_no=3, page_size=1) == []
    assert kind.list(api_key="sk-wrong-key").status_code == 401


def rows_of(answer: Any) -> list[dict[str, Any]]:
    """The rows of a list; the SDK keeps the answer as it came, in `output`."""
    rows: list[dict[str, Any]] = dict(answer.output)["data"]
    return rows


@LEAD
def test_an_edit_as_a_task(mock: Mock, clock: Clock) -> None:
    images = ["https://pictures.invalid/1.png", "https://pictures.invalid/2.png"]
    task = ImageSynthesis.async_call(
        model="wan2.5-i2i-preview", prompt="make it blue", images=images, n=2, size="1024*1024"
    )
    assert task.status_code == 200, task
    clock.step(1)
    all_downloaded(pictures_in(ImageSynthesis.fetch(task).output), (1024, 1024))
    entry = mock.requests()[0]
    assert "/image2image/" in entry["path"]
    assert entry["decoded"]["images"] == images


@LEAD
def test_what_the_sdk_leaks_into_a_submit_is_known(mock: Mock) -> None:
    task: Any = ImageGeneration.async_call(model="wan2.6-t2i", messages=MESSAGES, n=1)
    assert task.status_code == 200
    [entry] = mock.requests()
    assert entry["body"]["parameters"]["is_async"] is True
    assert entry["violations"] == []
    assert dashscope.base_http_api_url in mock.url + entry["path"]
