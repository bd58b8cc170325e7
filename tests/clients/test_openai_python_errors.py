"""The `openai` package for Python meets refusals and faults: exceptions, their fields, and retries."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import openai
import pytest

from clients.looking import all_downloaded
from qwen_image_mock.server import Mock

OpenAIAt = Callable[..., openai.OpenAI]
PRO = "qwen-image-2.0-pro"
COMPATIBLE = "/dashscope-compatible/compatible-mode/v1"
QUICK = 0.01
"""Seconds to wait before another try: short, so that the SDK's own pause does not last."""


def refused(client: openai.OpenAI, **fields: Any) -> openai.APIStatusError:
    """The exception that a request raises."""
    ask: dict[str, Any] = {"model": PRO, "prompt": "a cat", **fields}
    with pytest.raises(openai.APIStatusError) as caught:
        client.images.generate(**ask)
    return caught.value


@pytest.mark.parametrize(
    ("fields", "kind", "status", "code", "param"),
    [
        ({"size": "1000x1000"}, openai.BadRequestError, 400, "invalid_value", "size"),
        ({"size": "2048*2048"}, openai.BadRequestError, 400, "invalid_value", "size"),
        ({"n": 7}, openai.BadRequestError, 400, "invalid_value", "n"),
        ({"n": 0}, openai.BadRequestError, 400, "invalid_value", "n"),
        ({"n": "2"}, openai.BadRequestError, 400, "invalid_type", "n"),
        ({"prompt": ""}, openai.BadRequestError, 400, "missing_required_parameter", "prompt"),
        ({"response_format": "png"}, openai.BadRequestError, 400, "invalid_value", "response_format"),
        ({"extra_body": {"seed": -1}}, openai.BadRequestError, 400, "invalid_value", "seed"),
        ({"extra_body": {"watermark": "no"}}, openai.BadRequestError, 400, "invalid_type", "watermark"),
        (
            {"extra_body": {"prompt": None}},
            openai.BadRequestError,
            400,
            "missing_required_parameter",
            "prompt",
        ),
        ({"model": "no-such-model"}, openai.NotFoundError, 404, "model_not_found", "model"),
        ({"model": ""}, openai.BadRequestError, 400, "missing_required_parameter", "model"),
    ],
)
@pytest.mark.parametrize("path", ["/dieyuyun/v1", "/v1"])
def test_a_refused_request(  # one row of the table, and where it is asked
    mock: Mock,
    openai_at: OpenAIAt,
    path: str,
    fields: dict[str, Any],
    kind: type[openai.APIStatusError],
    status: int,
    code: str,
    param: str,
) -> None:
    error = refused(openai_at(path, max_retries=2), **fields)
    assert type(error) is kind
    assert (error.status_code, error.code, error.param) == (status, code, param)
    assert error.type == "invalid_request_error"
    assert isinstance(error.body, dict)
    assert error.body["message"] in str(error)
    [entry] = mock.requests()  # a refusal is not tried again
    assert error.request_id == entry["id"]
    assert entry["status"] == status


@pytest.mark.parametrize(
    ("path", "model", "code"),
    [
        ("/skyengine/v1", "qwen-image-plus", "invalid_value"),
        (COMPATIBLE, "qwen-image-3.0", "InvalidParameter"),
    ],
)
def test_a_refused_size_elsewhere(mock: Mock, openai_at: OpenAIAt, path: str, model: str, code: str) -> None:
    error = refused(openai_at(path), model=model, size="64x64")
    assert type(error) is openai.BadRequestError
    assert (error.status_code, error.code, error.param) == (400, code, "size")
    assert error.request_id == mock.requests()[0]["id"]


def test_compatible_mode_tells_the_request_id_in_the_body_too(mock: Mock, openai_at: OpenAIAt) -> None:
    error = refused(openai_at(COMPATIBLE), model="qwen-image-3.0", n="x")
    assert error.response.json()["request_id"] == error.request_id == mock.requests()[0]["id"]


@pytest.mark.parametrize("path", ["/dieyuyun/v1", "/skyengine/v1", COMPATIBLE, "/v1"])
def test_a_wrong_key(mock: Mock, openai_at: OpenAIAt, path: str) -> None:
    error = refused(openai_at(path, api_key="sk-wrong-key", max_retries=2))
    assert type(error) is openai.AuthenticationError
    assert (error.status_code, error.code) == (401, "invalid_api_key")
    assert "sk-wrong-key" not in error.response.text
    assert len(mock.requests()) == 1
    assert "sk-wrong-key" not in str(mock.requests())


@pytest.mark.parametrize("path", ["/dieyuyun/v1", "/skyengine/v1", COMPATIBLE, "/v1"])
def test_nothing_there(openai_at: OpenAIAt, path: str) -> None:
    with pytest.raises(openai.NotFoundError) as caught:
        openai_at(path).post("/images/varnishes", body={}, cast_to=object)
    assert caught.value.request_id
    assert "error" in caught.value.response.json()


def test_the_wrong_method(openai_at: OpenAIAt) -> None:
    with pytest.raises(openai.APIStatusError) as caught:
        openai_at("/v1").get("/images/generations", cast_to=object)
    assert (caught.value.status_code, caught.value.code) == (405, "method_not_allowed")


def test_the_error_of_a_native_path_is_native(openai_at: OpenAIAt) -> None:
    """The shape follows the path: a client that strays gets a code and a message all the same."""
    error = refused(openai_at("/dashscope/api/v1"))
    assert type(error) is openai.NotFoundError
    assert error.code == "NotFound"
    assert sorted(error.response.json()) == ["code", "message", "request_id"]


@pytest.mark.parametrize(
    ("name", "kind", "status", "code"),
    [
        ("throttle", openai.RateLimitError, 429, "rate_limit_exceeded"),
        ("server-error", openai.InternalServerError, 500, "internal_error"),
        ("data-inspection", openai.BadRequestError, 400, "content_policy_violation"),
    ],
)
@pytest.mark.parametrize("way", ["admin", "model", "prompt", "key"])
def test_a_fault(  # one row of the table, and how it is asked for
    mock: Mock,
    openai_at: OpenAIAt,
    way: str,
    name: str,
    kind: type[openai.APIStatusError],
    status: int,
    code: str,
) -> None:
    key, prompt = "sk-a-key", "a cat"
    if way in ("admin", "model"):
        mock.fault(name, **({"model": PRO} if way == "model" else {}))
    elif way == "prompt":
        prompt = f"a cat [[mock:{name}]]"
    else:
        key = f"sk-mock-{name}"
    error = refused(openai_at("/v1", api_key=key), prompt=prompt)
    assert type(error) is kind
    assert (error.status_code, error.code) == (status, code)
    assert error.request_id == mock.requests()[0]["id"]
    assert ("retry-after" in error.response.headers) is (status == 429)


@pytest.mark.parametrize("name", ["throttle", "server-error"])
def test_it_tries_again_and_gets_its_pictures(mock: Mock, openai_at: OpenAIAt, name: str) -> None:
    mock.fault(name, times=2, retry_after=QUICK)
    answer = openai_at("/dieyuyun/v1", max_retries=2).images.generate(
        model=PRO, prompt="a cat", size="2048x2048", n=2
    )
    all_downloaded([item.url for item in answer.data or []], (2048, 2048))
    entries = mock.requests()
    assert [entry["headers"]["x-stainless-retry-count"] for entry in entries] == ["0", "1", "2"]
    assert [entry["status"] for entry in entries][-1] == 200
    assert all(entry["status"] >= 429 for entry in entries[:2])
    assert entries[0]["body"] == entries[2]["body"]


def test_it_gives_up_in_the_end(mock: Mock, openai_at: OpenAIAt) -> None:
    mock.fault("throttle", retry_after=QUICK)
    error = refused(openai_at("/v1", max_retries=2))
    assert type(error) is openai.RateLimitError
    assert error.response.headers["retry-after"] == str(QUICK)
    assert [entry["status"] for entry in mock.requests()] == [429, 429, 429]


def test_a_marker_in_the_prompt_holds_as_often_as_it_says(mock: Mock) -> None:
    async def ask() -> openai.types.ImagesResponse:
        prompt = f"a cat [[mock:throttle times=1 retry_after={QUICK}]]"
        async with openai.AsyncOpenAI(base_url=f"{mock.url}/v1", api_key="sk-x", max_retries=1) as client:
            return await client.images.generate(model=PRO, prompt=prompt)

    assert len(asyncio.run(ask()).data or []) == 1
    assert [entry["status"] for entry in mock.requests()] == [429, 200]


def test_an_asynchronous_client_raises_the_same(mock: Mock) -> None:
    async def ask() -> None:
        async with openai.AsyncOpenAI(base_url=f"{mock.url}/v1", api_key="sk-x", max_retries=0) as client:
            await client.images.generate(model=PRO, prompt="a cat", n=99)

    with pytest.raises(openai.BadRequestError) as caught:
        asyncio.run(ask())
    assert caught.value.param == "n"
