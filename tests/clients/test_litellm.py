"""LiteLLM as a library, in an environment of its own: what it sends, what it loses, and how often it asks."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from clients.client_process import ClientProcess
from clients.conftest import Started
from clients.looking import all_downloaded
from clients.wire import KEY
from qwen_image_mock.server import Mock, serve
from qwen_image_mock.settings import Settings

Json = Any
PRO = "qwen-image-2.0-pro"
NATIVE = "/api/v1/services/aigc/multimodal-generation/generation"
QUICK = 0.01
"""Seconds of Retry-After: the client below LiteLLM keeps to it."""


@pytest.fixture(scope="session")
def litellm(running: Mock, by_python: Started) -> Iterator[ClientProcess]:
    """It would read a list of prices from the net when imported, unless told to take its own."""
    variables = {
        "LITELLM_LOCAL_MODEL_COST_MAP": "True",
        "DASHSCOPE_API_BASE_IMAGE": running.url + NATIVE,
        "DASHSCOPE_API_KEY": KEY,
    }
    with by_python("run_litellm.py", variables) as client:
        yield client


def at(mock: Mock, path: str, model: str = PRO) -> Json:
    """The arguments of a call by the `openai/` provider."""
    return {
        "model": f"openai/{model}",
        "api_base": mock.url + path,
        "api_key": KEY,
        "prompt": "a fox",
    }


def urls(answer: Json) -> list[str]:
    return [item["url"] for item in answer["data"]]


def test_it_is_that_release(litellm: ClientProcess) -> None:
    assert litellm.ask("version", distribution_name="litellm") == "1.106.2"


@pytest.mark.parametrize(
    ("path", "model", "size"),
    [
        ("/dieyuyun/v1", PRO, (2688, 1536)),
        ("/v1/", "qwen-image", (1104, 1472)),
        ("/compatible-mode/v1", "qwen-image-3.0", (1024, 768)),
    ],
)
def test_generate(mock: Mock, litellm: ClientProcess, path: str, model: str, size: tuple[int, int]) -> None:
    asked = f"{size[0]}x{size[1]}"
    answer = litellm.ask("generate", n=1, size=asked, **at(mock, path, model))
    all_downloaded(urls(answer), size)
    [entry] = mock.requests()
    assert entry["body"] == {"prompt": "a fox", "model": model, "n": 1, "size": asked}
    assert entry["violations"] == []


def test_generate_in_asyncio(mock: Mock, litellm: ClientProcess) -> None:
    answer = litellm.ask("generate_in_asyncio", n=2, size="2048x2048", **at(mock, "/v1"))
    assert len(urls(answer)) == 2
    all_downloaded(urls(answer), (2048, 2048))


def test_further_fields_stand_at_the_top(mock: Mock, litellm: ClientProcess) -> None:
    extras = {"seed": 0, "negative_prompt": "", "prompt_extend": False}
    nested = {"watermark": False}
    litellm.ask("generate", **at(mock, "/dieyuyun/v1"), **extras, parameters=nested)
    [entry] = mock.requests()
    assert entry["body"] == {"prompt": "a fox", "model": PRO, **extras, "parameters": nested}
    assert entry["decoded"]["parameters"] == {**extras, **nested}
    assert entry["violations"] == []


def test_further_headers_leak_into_the_body(mock: Mock, litellm: ClientProcess) -> None:
    litellm.ask("generate", **at(mock, "/dieyuyun/v1"), extra_headers={"X-Trace": "1"})
    [entry] = mock.requests()
    assert entry["body"]["extra_headers"] == {"X-Trace": "1"}
    assert entry["decoded"]["unknown"] == ["/extra_headers"]
    assert entry["violations"][0]["reaction"] == "ignore"


def test_base64_is_refused_before_anything_is_sent(mock: Mock, litellm: ClientProcess) -> None:
    error = litellm.refused("generate", response_format="b64_json", **at(mock, "/v1"))
    assert error["kind"] == "UnsupportedParamsError"
    assert mock.requests() == []


@pytest.mark.parametrize(
    ("change", "kind", "status"),
    [
        ({"size": "1x1"}, "BadRequestError", 400),
        ({"model": "openai/no-such-model"}, "NotFoundError", 404),
        ({"api_key": "sk-wrong-key"}, "AuthenticationError", 401),
    ],
)
def test_a_refusal(mock: Mock, litellm: ClientProcess, change: Json, kind: str, status: int) -> None:
    error = litellm.refused("generate", **{**at(mock, "/v1"), **change})
    assert (error["kind"], error["status_code"]) == (kind, status)
    [entry] = mock.requests()
    assert entry["response"]["error"]["message"].split(".")[0] in error["text"]


@pytest.mark.parametrize(("times", "statuses"), [(2, [429, 429, 200]), (3, [429, 429, 429])])
def test_it_asks_three_times_when_throttled(
    mock: Mock, litellm: ClientProcess, times: int, statuses: list[int]
) -> None:
    mock.fault("throttle", times=times, retry_after=QUICK)
    ask = at(mock, "/v1")
    if statuses[-1] == 200:
        assert len(urls(litellm.ask("generate", **ask))) == 1
    else:
        error = litellm.refused("generate", **ask)
        assert (error["kind"], error["status_code"]) == ("RateLimitError", 429)
    assert [entry["status"] for entry in mock.requests()] == statuses


def test_no_pictures_pass_as_success(mock: Mock, litellm: ClientProcess) -> None:
    mock.fault("empty-data", times=1)
    assert urls(litellm.ask("generate", **at(mock, "/v1"))) == []


def test_edit(mock: Mock, litellm: ClientProcess, photos: list[str]) -> None:
    ask = at(mock, "/skyengine/v1", "qwen-image-edit-plus")
    answer = litellm.ask("edit", files=photos, n=2, size="928x1664", **ask)
    all_downloaded(urls(answer), (928, 1664))
    [entry] = mock.requests()
    assert entry["operation"] == "edit"
    assert entry["headers"]["content-type"].startswith("multipart/form-data")
    assert entry["headers"]["user-agent"] == "litellm/1.106.2"
    assert [told["size"] for told in entry["inputs"]] == ["640x480", "400x800"]
    assert entry["decoded"]["parameters"] == {"n": 2, "size": "928x1664"}


@pytest.mark.parametrize(
    ("model", "size", "choices"), [(PRO, (2688, 1536), 1), ("wan2.6-t2i", (1280, 1440), 2)]
)
def test_the_dashscope_provider(
    mock: Mock, litellm: ClientProcess, model: str, size: tuple[int, int], choices: int
) -> None:
    answer = litellm.ask(
        "generate", model=f"dashscope/{model}", prompt="a fox", n=2, size=f"{size[0]}x{size[1]}"
    )
    assert len(urls(answer)) == 2
    all_downloaded(urls(answer), size)
    [entry] = mock.requests()
    assert entry["path"] == NATIVE
    assert entry["decoded"]["parameters"] == {"n": 2, "size": f"{size[0]}*{size[1]}"}
    assert len(entry["response"]["output"]["choices"]) == choices


def test_the_dashscope_provider_loses_further_fields(mock: Mock, litellm: ClientProcess) -> None:
    """They arrive one level too deep: nothing refuses them, nothing heeds them, the journal tells."""
    extras = {"watermark": True, "seed": 0, "negative_prompt": "", "prompt_extend": False}
    litellm.ask("generate", model=f"dashscope/{PRO}", prompt="a fox", **extras)
    [entry] = mock.requests()
    assert entry["body"]["parameters"] == {"extra_body": extras}
    assert entry["decoded"]["parameters"] == {}
    assert entry["decoded"]["unknown"] == ["/parameters/extra_body"]
    assert [(found["clause"], found["reaction"]) for found in entry["violations"]] == [
        ("request.unknown-field", "ignore")
    ]
    assert (entry["effective"]["watermark"], entry["effective"]["prompt_extend"]) == (False, True)


@pytest.mark.parametrize(
    ("fault", "kind", "status"), [("throttle", "RateLimitError", 429), ("ok-error", "APIError", 200)]
)
def test_the_dashscope_provider_asks_once(
    mock: Mock, litellm: ClientProcess, fault: str, kind: str, status: int
) -> None:
    """An error under status 200 is an error to it, too."""
    mock.fault(fault)
    error = litellm.refused("generate", model=f"dashscope/{PRO}", prompt="a fox")
    assert (error["kind"], error["status_code"]) == (kind, status)
    assert len(mock.requests()) == 1


@pytest.mark.parametrize("usage", ["none", "image-count", "openai"])
def test_usage_that_it_can_read(litellm: ClientProcess, usage: str) -> None:
    with serve(Settings(usage=usage)) as mock:
        answer = litellm.ask("generate", **at(mock, "/skyengine/v1", "qwen-image"))
        assert len(urls(answer)) == 1
        assert len(mock.requests()) == 1


def test_usage_that_it_cannot_read(litellm: ClientProcess) -> None:
    """The answer as the fourth document prints it becomes an error of the server, pictures lost."""
    with serve(Settings(usage="seed-004")) as mock:
        error = litellm.refused("generate", **at(mock, "/skyengine/v1", "qwen-image"))
        assert (error["kind"], error["status_code"]) == ("InternalServerError", 500)
        assert [entry["status"] for entry in mock.requests()] == [200]
