"""The `dashscope` package's 1.x calls meet refusals: an object that says what is wrong, not an exception."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import dashscope
import pytest
from dashscope.aigc.image_generation import ImageGeneration
from dashscope.aigc.image_synthesis import ImageSynthesis
from dashscope.common.error import InvalidTask

from qwen_image_mock.server import Mock

PRO = "qwen-image-2.0-pro"
LEAD = pytest.mark.usefixtures("native_once")


def conversation(**options: Any) -> Any:
    messages = [{"role": "user", "content": [{"text": "a cat"}]}]
    ask: dict[str, Any] = {"model": PRO, "messages": messages, **options}
    return dashscope.MultiModalConversation.call(**ask)


def told(mock: Mock, answer: Any, status: int, code: str) -> str:
    """The message of a refusal, after a look at the rest of it."""
    assert (answer.status_code, answer.code) == (status, code)
    assert answer.output is None
    assert answer.message
    entry = mock.requests()[-1]
    assert answer.request_id == entry["id"]
    assert entry["status"] == status
    assert sorted(entry["response"]) == ["code", "message", "request_id"]
    return str(answer.message)


@pytest.mark.usefixtures("native")
@pytest.mark.parametrize(
    ("options", "code", "word"),
    [
        ({"size": "4096*4096"}, "InvalidParameter", "area=16777216"),
        ({"size": "2048x2048"}, "InvalidParameter", "Invalid size format"),
        ({"n": 7}, "InvalidParameter", "parameters.n"),
        ({"n": "2"}, "InvalidParameter", ""),
        ({"seed": -1}, "InvalidParameter", "seed"),
        ({"watermark": "no"}, "InvalidParameter", "watermark"),
        ({"model": "qwen-image-max", "n": 2}, "InvalidParameter", "num_images_per_prompt must be 1"),
        ({"model": "no-such-model"}, "InvalidParameter", "Model not exist."),
        ({"model": "wan2.5-t2i-preview"}, "InvalidParameter", "url error"),
        (
            {"messages": [{"role": "user", "content": [{"image": "https://x.invalid/1.png"}]}]},
            "InvalidParameter",
            "lack of",
        ),
    ],
)
def test_a_refused_request(
    mock: Mock,
    options: dict[str, Any],
    code: str,
    word: str,
) -> None:
    assert word in told(mock, conversation(**options), 400, code)


@pytest.mark.usefixtures("native")
def test_a_wrong_key(mock: Mock) -> None:
    assert (
        told(mock, conversation(api_key="sk-wrong-key"), 401, "InvalidApiKey") == "Invalid API-key provided."
    )
    assert "sk-wrong-key" not in str(mock.requests())


@LEAD
@pytest.mark.parametrize(
    ("fault", "status", "code"),
    [
        ("throttle", 429, "Throttling"),
        ("rate-quota", 429, "Throttling.RateQuota"),
        ("quota", 429, "Throttling.AllocationQuota"),
        ("data-inspection", 400, "DataInspectionFailed"),
        ("arrearage", 400, "Arrearage"),
        ("access-denied", 403, "AccessDenied"),
        ("server-error", 500, "InternalError"),
        ("unavailable", 503, "ModelUnavailable"),
    ],
)
@pytest.mark.parametrize("way", ["admin", "prompt", "key"])
def test_a_fault(mock: Mock, way: str, fault: str, status: int, code: str) -> None:
    """The SDK does not retry by itself, and task calls take no headers: three ways that need none."""
    options: dict[str, Any] = {}
    if way == "admin":
        mock.fault(fault, times=1)
    elif way == "prompt":
        text = f"a cat [[mock:{fault}]]"
        options["messages"] = [{"role": "user", "content": [{"text": text}]}]
    else:
        options["api_key"] = f"sk-mock-{fault}"
    told(mock, conversation(**options), status, code)
    assert len(mock.requests()) == 1
    assert conversation().status_code == 200


@LEAD
def test_a_wait_is_advised_when_throttled(mock: Mock) -> None:
    mock.fault("throttle", retry_after=7, times=1)
    assert dict(conversation().headers)["retry-after"] == "7"


@LEAD
@pytest.mark.parametrize("header", ["X-DashScope-Async", "x-dashscope-async"])
def test_a_path_without_tasks_refuses_the_header(mock: Mock, header: str) -> None:
    answer = conversation(headers={header: "enable"})
    assert "does not support asynchronous calls" in told(mock, answer, 403, "AccessDenied")


@LEAD
def test_the_header_switched_off_counts_as_none() -> None:
    assert conversation(headers={"X-DashScope-Async": "disable"}).status_code == 200


@LEAD
def test_a_path_of_tasks_needs_the_header(mock: Mock) -> None:
    """`sync_call` goes to the path of tasks without the header, which the document does not offer."""
    answer = ImageSynthesis.sync_call(model="wan2.2-t2i-flash", prompt="a cat", n=1, size="1024*1024")
    assert "does not support synchronous calls" in told(mock, answer, 403, "AccessDenied")


@LEAD
@pytest.mark.parametrize(
    ("submit", "model"),
    [
        (ImageSynthesis.async_call, "qwen-image-2.0-pro"),
        (ImageSynthesis.async_call, "qwen-image-max"),
        (ImageSynthesis.async_call, "wan2.6-t2i"),
        (ImageGeneration.async_call, "qwen-image-plus"),
    ],
)
def test_a_model_at_a_path_that_is_not_its_own(mock: Mock, submit: Callable[..., Any], model: str) -> None:
    ask: dict[str, Any] = {"prompt": "a cat"}
    if submit == ImageGeneration.async_call:
        ask = {"messages": [{"role": "user", "content": [{"text": "a cat"}]}]}
    assert "url error" in told(mock, submit(model=model, **ask), 400, "InvalidParameter")


@LEAD
def test_a_call_whose_task_is_refused_raises() -> None:
    with pytest.raises(InvalidTask, match="url error"):
        ImageSynthesis.call(model="qwen-image-max", prompt="a cat")
    with pytest.raises(InvalidTask, match="InvalidApiKey"):
        ImageSynthesis.call(model="qwen-image", prompt="a cat", api_key="sk-wrong-key")


@LEAD
def test_an_openai_shape_never_comes_from_a_native_path(mock: Mock) -> None:
    dashscope.base_http_api_url = f"{mock.url}/dashscope/api/v1/nowhere"
    told(mock, conversation(), 404, "NotFound")
