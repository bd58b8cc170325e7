"""The AI SDK, run by Node.js: it fetches the pictures itself, and minds where they are."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

import pytest

from clients.client_process import ClientProcess
from clients.conftest import Started
from clients.looking import Seen, all_right, unpack
from clients.wire import KEY
from qwen_image_mock.server import Mock, serve
from qwen_image_mock.settings import Settings

Json = Any
PRO = "qwen-image-2.0-pro"
QUICK = 0.01
"""Seconds of Retry-After: the SDK keeps to it, and would wait two seconds without."""


@pytest.fixture(scope="session")
def ai_sdk(by_node: Started) -> Iterator[ClientProcess]:
    with by_node("run_ai_sdk.mjs", {}) as client:
        yield client


def asking(mock: Mock, path: str = "/dieyuyun/v1", **more: Json) -> Json:
    return {"at": mock.url + path, "key": KEY, "model": PRO, "prompt": "a fox", **more}


def pictures(told: Json) -> list[Seen]:
    return [unpack(image["base64"]) for image in told["images"]]


@pytest.mark.parametrize(
    ("name", "version"),
    [("ai", "7.0.173"), ("@ai-sdk/openai-compatible", "3.0.92"), ("@ai-sdk/openai", "4.0.118")],
)
def test_it_is_that_release(ai_sdk: ClientProcess, name: str, version: str) -> None:
    assert ai_sdk.ask("version", name=name) == version


@pytest.mark.parametrize(
    ("path", "model", "size", "count"),
    [
        ("/dieyuyun/v1", PRO, (2688, 1536), 3),
        ("/skyengine/v1/", "qwen-image-plus", (1472, 1140), 1),
        ("/compatible-mode/v1", "qwen-image-3.0", (1024, 768), 2),
    ],
)
def test_pictures_are_fetched_by_the_sdk(
    mock: Mock, ai_sdk: ClientProcess, path: str, model: str, size: tuple[int, int], count: int
) -> None:
    told = ai_sdk.ask(
        "generate", n=count, size=f"{size[0]}x{size[1]}", **{**asking(mock, path), "model": model}
    )
    assert len(all_right(pictures(told), size)) == count
    assert {image["mediaType"] for image in told["images"]} == {"image/png"}
    assert told["warnings"] == []
    [entry] = mock.requests()
    assert entry["body"] == {"model": model, "prompt": "a fox", "n": count, "size": f"{size[0]}x{size[1]}"}
    assert entry["headers"]["user-agent"].startswith("ai/7.0.173 ")


def test_the_key_and_every_header_come_along_for_the_picture(mock: Mock, ai_sdk: ClientProcess) -> None:
    """A header of the caller's that asks for trouble must not reach the picture's address."""
    told = ai_sdk.ask("generate", headers={"X-Trace": "1", "X-DashScope-Async": "enable"}, **asking(mock))
    all_right(pictures(told), (2048, 2048))
    [fetched] = mock.requests(operation="picture")
    assert fetched["status"] == 200
    assert fetched["headers"]["authorization"].startswith("Bearer key:")
    assert (fetched["headers"]["x-trace"], fetched["headers"]["x-dashscope-async"]) == ("1", "enable")


@pytest.mark.parametrize("name", ["127.0.0.1", "localhost"])
def test_pictures_stand_where_the_client_came_to(mock: Mock, ai_sdk: ClientProcess, name: str) -> None:
    place = f"http://{name}:{urlsplit(mock.url).port}"
    told = ai_sdk.ask("generate", **{**asking(mock), "at": f"{place}/v1"})
    all_right(pictures(told), (2048, 2048))
    assert mock.requests(operation="picture")[0]["headers"]["host"] == place.removeprefix("http://")


def test_pictures_elsewhere_on_this_machine_are_refused_by_the_sdk(ai_sdk: ClientProcess) -> None:
    """What happens when addresses do not follow the client: the SDK fetches nothing."""
    with serve(Settings(public_url="http://localhost:1")) as mock:
        error = ai_sdk.refused("generate", **asking(mock))
        assert error["name"] == "AI_DownloadError"
        assert [entry["status"] for entry in mock.requests()] == [200]
        assert mock.requests(operation="picture") == []


def test_options_of_the_provider_stand_at_the_top(mock: Mock, ai_sdk: ClientProcess) -> None:
    extras = {"seed": 0, "negative_prompt": "", "prompt_extend": False}
    options = {**extras, "parameters": {"watermark": False}}
    ai_sdk.ask("generate", providerOptions={"mock": options}, **asking(mock))
    [entry] = mock.requests()
    assert entry["body"] == {"model": PRO, "prompt": "a fox", "n": 1, **options}
    assert entry["decoded"]["parameters"] == {"n": 1, **extras, "watermark": False}
    assert entry["violations"] == []


def test_the_option_seed_is_dropped_with_a_warning(mock: Mock, ai_sdk: ClientProcess) -> None:
    told = ai_sdk.ask("generate", seed=7, **asking(mock))
    assert told["warnings"] == [{"type": "unsupported", "feature": "seed"}]
    assert "seed" not in mock.requests()[0]["body"]


def test_base64_needs_no_second_request(mock: Mock, ai_sdk: ClientProcess) -> None:
    told = ai_sdk.ask("generate", providerOptions={"mock": {"response_format": "b64_json"}}, **asking(mock))
    all_right(pictures(told), (2048, 2048))
    assert mock.requests(operation="picture") == []


def test_the_provider_for_openai_asks_for_base64_once_a_picture(mock: Mock, ai_sdk: ClientProcess) -> None:
    told = ai_sdk.ask("generate", by="openai", n=2, size="2048x2048", **asking(mock))
    assert len(all_right(pictures(told), (2048, 2048))) == 2
    entries = mock.requests()
    assert [entry["body"]["n"] for entry in entries] == [1, 1]
    assert {entry["body"]["response_format"] for entry in entries} == {"b64_json"}


def test_a_refusal_tells_the_message(mock: Mock, ai_sdk: ClientProcess) -> None:
    error = ai_sdk.refused("generate", size="1x1", retries=2, **asking(mock))
    assert (error["name"], error["statusCode"]) == ("AI_APICallError", 400)
    [entry] = mock.requests()
    assert error["message"] == entry["response"]["error"]["message"]


@pytest.mark.parametrize(("times", "statuses"), [(2, [429, 429, 200]), (3, [429, 429, 429])])
def test_it_asks_three_times_when_throttled(
    mock: Mock, ai_sdk: ClientProcess, times: int, statuses: list[int]
) -> None:
    mock.fault("throttle", times=times, retry_after=QUICK)
    if statuses[-1] == 200:
        all_right(pictures(ai_sdk.ask("generate", retries=2, **asking(mock))), (2048, 2048))
    else:
        error = ai_sdk.refused("generate", retries=2, **asking(mock))
        assert (error["name"], error["reason"]) == ("AI_RetryError", "maxRetriesExceeded")
        assert error["last"]["statusCode"] == 429
    assert [entry["status"] for entry in mock.requests()] == statuses


def test_no_pictures_are_a_failure(mock: Mock, ai_sdk: ClientProcess) -> None:
    mock.fault("empty-data", times=1)
    assert ai_sdk.refused("generate", **asking(mock))["name"] == "AI_NoImageGeneratedError"


def test_an_edit_is_a_form_of_blobs(mock: Mock, ai_sdk: ClientProcess, photos: list[str]) -> None:
    ask = {**asking(mock, "/skyengine/v1"), "model": "qwen-image-edit-plus"}
    told = ai_sdk.ask(
        "generate",
        files=photos,
        n=2,
        size="928x1664",
        providerOptions={"mock": {"watermark": False, "seed": 0}},
        **ask,
    )
    assert len(all_right(pictures(told), (928, 1664))) == 2
    [entry] = mock.requests()
    assert entry["operation"] == "edit"
    assert [look["size"] for look in entry["inputs"]] == ["640x480", "400x800"]
    assert entry["decoded"]["parameters"] == {"n": 2, "size": "928x1664", "watermark": False, "seed": 0}
    assert entry["violations"] == []
