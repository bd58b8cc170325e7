"""The `openai` package for JavaScript, run by Node.js."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from clients.client_process import ClientProcess
from clients.conftest import Started
from clients.examples import examples
from clients.looking import all_downloaded, all_right, download, unpack
from clients.wire import KEY
from qwen_image_mock.server import Mock

Json = Any
PRO = "qwen-image-2.0-pro"
EDIT: Json = {"model": "qwen-image-edit-plus", "prompt": "make it blue", "size": "928x1664"}
QUICK = 0.01
"""Seconds of Retry-After: short, so that the package's own pause does not last."""


@pytest.fixture(scope="session")
def openai_node(by_node: Started) -> Iterator[ClientProcess]:
    with by_node("run_openai.mjs", {}) as client:
        yield client


def at(mock: Mock, path: str, **more: Json) -> Json:
    return {"at": mock.url + path, "key": KEY, **more}


def urls(told: Json) -> list[str]:
    return [item["url"] for item in told["answer"]["data"]]


def test_it_is_that_release(openai_node: ClientProcess) -> None:
    assert openai_node.ask("version", name="openai") == "7.55.0"


@pytest.mark.parametrize(
    ("path", "model", "size"),
    [
        ("/dieyuyun/v1", PRO, (2688, 1536)),
        ("/skyengine/v1", "qwen-image-plus", (1472, 1140)),
        ("/compatible-mode/v1/", "qwen-image-3.0", (1024, 768)),
        ("/v1//", "qwen-image", (1104, 1472)),
    ],
)
def test_a_picture_of_the_size_asked(
    mock: Mock, openai_node: ClientProcess, path: str, model: str, size: tuple[int, int]
) -> None:
    body = {"model": model, "prompt": "一只橘猫", "size": f"{size[0]}x{size[1]}", "n": 1}
    told = openai_node.ask("generate", body=body, **at(mock, path))
    all_downloaded(urls(told), size)
    [entry] = mock.requests()
    assert entry["body"] == body
    assert entry["headers"]["user-agent"] == "OpenAI/JS 7.55.0"
    assert told["request_id"] == entry["id"]
    assert (told["status"], told["type"], told["redirected"]) == (200, "application/json", False)
    assert entry["violations"] == []


def test_base64_holds_the_picture_of_the_address(mock: Mock, openai_node: ClientProcess) -> None:
    body = {"model": PRO, "prompt": "a cat", "size": "2048x2048", "n": 2, "seed": 7}
    where = at(mock, "/dieyuyun/v1")
    inline = openai_node.ask("generate", body={**body, "response_format": "b64_json"}, **where)
    linked = openai_node.ask("generate", body={**body, "response_format": "url"}, **where)
    pictures = all_right([unpack(item["b64_json"]) for item in inline["answer"]["data"]], (2048, 2048))
    assert len(pictures) == 2
    assert [picture.data for picture in pictures] == [download(url).data for url in urls(linked)]


def test_further_fields_arrive_as_they_were_given(mock: Mock, openai_node: ClientProcess) -> None:
    extras = {"seed": 0, "negative_prompt": "", "prompt_extend": False}
    body = {"model": PRO, "prompt": "a cat", **extras, "parameters": {"watermark": False}}
    openai_node.ask("generate", body=body, **at(mock, "/dieyuyun/v1"))
    [entry] = mock.requests()
    assert entry["decoded"]["parameters"] == {**extras, "watermark": False}
    assert entry["violations"] == []


def test_the_javascript_of_the_first_document(mock: Mock, openai_node: ClientProcess) -> None:
    [example] = [each for each in examples() if each.id == "dieyuyun-quick-start"]
    told = openai_node.ask("generate", body=example.body, **at(mock, "/v1"))
    all_downloaded(urls(told), example.size)
    assert told["answer"]["data"][0]["revised_prompt"].startswith(example.body["prompt"])


@pytest.mark.parametrize(
    ("change", "kind", "status", "code", "param"),
    [
        ({"size": "1000x1000"}, "BadRequestError", 400, "invalid_value", "size"),
        ({"n": 7}, "BadRequestError", 400, "invalid_value", "n"),
        ({"prompt": ""}, "BadRequestError", 400, "missing_required_parameter", "prompt"),
        ({"model": "no-such-model"}, "NotFoundError", 404, "model_not_found", "model"),
    ],
)
def test_a_refused_request(
    mock: Mock,
    openai_node: ClientProcess,
    change: Json,
    kind: str,
    status: int,
    code: str,
    param: str,
) -> None:
    body = {"model": PRO, "prompt": "a cat", **change}
    error = openai_node.refused("generate", body=body, **at(mock, "/v1", retries=2))
    assert (error["kind"], error["status"], error["code"], error["param"]) == (kind, status, code, param)
    assert error["type"] == "invalid_request_error"
    [entry] = mock.requests()  # a refusal is not tried again
    assert error["requestID"] == entry["id"]
    assert entry["response"]["error"]["message"] in error["message"]


def test_a_wrong_key(mock: Mock, openai_node: ClientProcess) -> None:
    where = {**at(mock, "/v1", retries=2), "key": "sk-wrong-key"}
    error = openai_node.refused("generate", body={"model": PRO, "prompt": "a cat"}, **where)
    assert (error["kind"], error["status"], error["code"]) == ("AuthenticationError", 401, "invalid_api_key")
    assert "sk-wrong-key" not in str(mock.requests())
    assert len(mock.requests()) == 1


@pytest.mark.parametrize(
    ("fault", "options"),
    [("throttle", {"retry_after": QUICK}), ("throttle-ms", {"retry_after_ms": 10}), ("503", {})],
)
def test_it_tries_again_and_gets_its_pictures(
    mock: Mock, openai_node: ClientProcess, fault: str, options: Json
) -> None:
    times = 2 if options else 1
    mock.fault(fault, times=times, **options)
    told = openai_node.ask("generate", body={"model": PRO, "prompt": "a cat"}, **at(mock, "/v1", retries=2))
    all_downloaded(urls(told), (2048, 2048))
    entries = mock.requests()
    assert [entry["headers"]["x-stainless-retry-count"] for entry in entries] == ["0", "1", "2"][: times + 1]
    assert [entry["status"] == 200 for entry in entries] == [False] * times + [True]
    assert entries[0]["body"] == entries[-1]["body"]


def test_it_gives_up_in_the_end(mock: Mock, openai_node: ClientProcess) -> None:
    mock.fault("throttle", retry_after=QUICK)
    body = {"model": PRO, "prompt": "a cat"}
    error = openai_node.refused("generate", body=body, **at(mock, "/v1", retries=2))
    assert (error["kind"], error["code"]) == ("RateLimitError", "rate_limit_exceeded")
    assert [entry["status"] for entry in mock.requests()] == [429, 429, 429]


@pytest.mark.parametrize("stream", [False, True], ids=["bytes", "stream"])
@pytest.mark.parametrize("count", [1, 2])
def test_an_edit_of_files(
    mock: Mock, openai_node: ClientProcess, photos: list[str], count: int, stream: bool
) -> None:
    """A file that is read as it is sent comes in chunks, and names no type."""
    extras = {"watermark": False, "seed": 0, "optimize_prompt_options": {"enable": False}}
    told = openai_node.ask(
        "edit",
        files=photos[:count],
        stream=stream,
        body={**EDIT, "n": 2, **extras},
        **at(mock, "/skyengine/v1"),
    )
    all_downloaded(urls(told), (928, 1664))
    [entry] = mock.requests()
    assert entry["operation"] == "edit"
    assert entry["headers"]["content-type"].startswith("multipart/form-data")
    assert (entry["headers"].get("transfer-encoding") == "chunked") is stream
    assert [look["size"] for look in entry["inputs"]] == ["640x480", "400x800"][:count]
    given = {"n": 2, "size": "928x1664", "watermark": False, "seed": 0, "prompt_extend": False}
    assert entry["decoded"]["parameters"] == given
    assert entry["violations"] == []


@pytest.mark.parametrize("several", [False, True])
def test_an_edit_of_an_address(mock: Mock, openai_node: ClientProcess, several: bool) -> None:
    """In JavaScript a text passes where a file is meant: the address arrives as text of the form."""
    image = "https://pictures.invalid/1.png"
    told = openai_node.ask(
        "edit_of_address", image=[image] * 2 if several else image, body=EDIT, **at(mock, "/skyengine/v1")
    )
    all_downloaded(urls(told), (928, 1664))
    [entry] = mock.requests()
    assert entry["decoded"]["images"] == [image] * (2 if several else 1)
