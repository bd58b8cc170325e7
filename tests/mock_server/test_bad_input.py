"""Whatever comes in: a client error in the provider's shape with a request id, and the next request works."""

from __future__ import annotations

import json
from typing import Any

import pytest

from qwen_image_spec import get_provider

OPENAI = "/dieyuyun/v1/images/generations"
NATIVE = "/dashscope/api/v1/services/aigc/multimodal-generation/generation"
COMPATIBLE = "/dashscope-compatible/compatible-mode/v1/images/generations"
WRAPPED = "/xiaohongshu/api/v1/services/aigc/multimodal-generation/generation"
MODEL = "qwen-image-2.0-pro"


def flat(**fields: Any) -> dict[str, Any]:
    return {"model": MODEL, "prompt": "a cat", **fields}


def framed(model: str = MODEL, text: Any = "a cat", **parameters: Any) -> dict[str, Any]:
    return {
        "model": model,
        "input": {"messages": [{"role": "user", "content": [{"text": text}]}]},
        "parameters": parameters,
    }


BROKEN: dict[str, bytes] = {
    "empty": b"",
    "no json": b"{",
    "trailing comma": b'{"model":"qwen-image",}',
    "byte order mark": b'\xef\xbb\xbf{"model":"qwen-image-2.0-pro","prompt":"a"}',
    "not utf-8": b'{"model":"qwen-image-2.0-pro","prompt":"\xff\xfe"}',
    "utf-16": json.dumps(flat()).encode("utf-16"),
    "lone surrogate": b'{"model":"qwen-image-2.0-pro","prompt":"\\ud800"}',
    "NaN": b'{"model":"qwen-image-2.0-pro","prompt":"a","n":NaN}',
    "infinity": b'{"model":"qwen-image-2.0-pro","prompt":"a","n":Infinity}',
    "too large a float": b'{"model":"qwen-image-2.0-pro","prompt":"a","n":1e999}',
    "list": b"[]",
    "text": b'"x"',
    "null": b"null",
    "number": b"7",
    "10,000 deep": b"[" * 10_000 + b"]" * 10_000,
    "10,000 deep in a field": b'{"model":"qwen-image-2.0-pro","prompt":'
    + b"[" * 10_000
    + b"]" * 10_000
    + b"}",
    "900 deep in a field": b'{"model":"qwen-image-2.0-pro","prompt":' + b"[" * 900 + b"]" * 900 + b"}",
    "key twice": b'{"model":"qwen-image-2.0-pro","prompt":"a","prompt":"b"}',
    "key twice, escaped": b'{"model":"qwen-image-2.0-pro","prompt":"a","pr\\u006fmpt":"b\\\\"}',
    "key twice, within": b'{"model":"qwen-image-2.0-pro","prompt":"a","parameters":{"seed":1,"seed":2}}',
}

VALUES: dict[str, dict[str, Any]] = {
    "n as text": {"n": "2"},
    "n as float": {"n": 2.0},
    "n as boolean": {"n": True},
    "n huge": {"n": 10**30},
    "n hugely negative": {"n": -(10**30)},
    "n of 5,000 digits": {"n": "HUGE"},
    "n zero": {"n": 0},
    "n negative": {"n": -1},
    "n above": {"n": 7},
    "n as list": {"n": [1]},
    "n as object": {"n": {"a": 1}},
    "size 0x0": {"size": "0x0"},
    "size full-width": {"size": "１０２４x1024"},
    "size capital": {"size": "1024X1024"},
    "size negative": {"size": "-1x5"},
    "size number": {"size": 1024},
    "size list": {"size": [1024, 1024]},
    "size huge": {"size": "99999x99999"},
    "size spaces": {"size": " 2048x2048 "},
    "seed negative": {"seed": -1},
    "seed above": {"seed": 2**31},
    "seed text": {"seed": "7"},
    "prompt nul": {"prompt": "a\0b"},
    "prompt number": {"prompt": 7},
    "prompt empty": {"prompt": ""},
    "prompt blank": {"prompt": "  "},
    "model unknown": {"model": "dall-e-3"},
    "model number": {"model": 7},
    "model list": {"model": ["qwen-image"]},
    "model null": {"model": None},
    "watermark text": {"watermark": "false"},
    "response_format": {"response_format": "jpeg"},
}


def assert_refused(answer: Any, provider: str) -> dict[str, Any]:
    assert 400 <= answer.status < 500, (answer.status, answer.body[:300])
    assert answer.headers["content-type"] == "application/json"
    assert len(answer.headers["x-request-id"]) == 36
    body: dict[str, Any] = answer.json
    match get_provider(provider).error_shape:
        case "openai":
            assert isinstance(body["error"]["message"], str)
            assert body["error"]["message"]
        case "native":
            assert body["code"]
            assert body["message"]
            assert body["request_id"] == answer.headers["x-request-id"]
        case "wrapper":
            assert isinstance(body["code"], int)
            assert body["code"] != 0
            assert body["error"]
    assert "data" not in body
    assert "output" not in body
    return body


@pytest.fixture
def next_works(client: Any) -> Any:
    yield
    assert client.post(OPENAI, flat(n=2)).status == 200


@pytest.mark.usefixtures("next_works")
@pytest.mark.parametrize("path", [OPENAI, NATIVE, COMPATIBLE, WRAPPED])
@pytest.mark.parametrize("name", BROKEN)
def test_broken_bodies_are_refused(client: Any, name: str, path: str) -> None:
    assert_refused(client.post(path, BROKEN[name]), path.split("/")[1])


@pytest.mark.usefixtures("next_works")
@pytest.mark.parametrize("name", VALUES)
def test_bad_values_are_refused(client: Any, name: str) -> None:
    body = json.dumps(flat(**VALUES[name]), ensure_ascii=False).replace('"HUGE"', "9" * 5000).encode()
    assert_refused(client.post(OPENAI, body), "dieyuyun")


@pytest.mark.parametrize(
    "parameters",
    [{"n": "2"}, {"n": True}, {"n": 10**30}, {"size": "1024x1024"}, {"size": "0*0"}, {"seed": -1}],
)
def test_bad_native_values_are_refused(client: Any, parameters: dict[str, Any]) -> None:
    assert_refused(client.post(NATIVE, framed(**parameters)), "dashscope")


@pytest.mark.parametrize(
    "document",
    [
        {"model": MODEL},
        {"model": MODEL, "input": "a cat"},
        {"model": MODEL, "input": {}},
        {"model": MODEL, "input": {"messages": []}},
        {"model": MODEL, "input": {"messages": "a cat"}},
        {"model": MODEL, "input": {"messages": ["a cat"]}},
        {"model": MODEL, "input": {"messages": [{"role": "system", "content": [{"text": "a"}]}]}},
        {"model": MODEL, "input": {"messages": [{"role": "user", "content": "a"}]}},
        {**framed(), "parameters": [1]},
        {**framed(), "parameters": "x"},
    ],
)
def test_broken_native_frames_are_refused(client: Any, document: dict[str, Any]) -> None:
    assert_refused(client.post(NATIVE, document), "dashscope")


@pytest.mark.usefixtures("next_works")
@pytest.mark.parametrize(
    ("path", "provider"), [(OPENAI, "dieyuyun"), (NATIVE, "dashscope"), (WRAPPED, "xiaohongshu")]
)
def test_a_body_of_50_megabytes_is_refused(client: Any, path: str, provider: str) -> None:
    assert_refused(client.post(path, b'{"model":"' + b"a" * 50_000_000 + b'"}'), provider)


@pytest.mark.parametrize(
    "media_type",
    [
        "text/plain",
        "application/x-www-form-urlencoded",
        "application/jsonp",
        "image/png",
        "multipart/form-data; boundary=x",
        "application/xml; charset=utf-8",
    ],
)
def test_other_media_types_are_refused(client: Any, media_type: str) -> None:
    body = assert_refused(client.post(OPENAI, flat(), {"Content-Type": media_type}), "dieyuyun")
    assert body["error"]["code"] == "unsupported_media_type"
    assert media_type.partition(";")[0] in body["error"]["message"]


@pytest.mark.parametrize(
    "media_type",
    ["application/json", "application/json; charset=utf-8", "Application/JSON;charset=UTF-8", None, ""],
)
def test_json_under_its_usual_names_is_taken(client: Any, media_type: str | None) -> None:
    assert client.post(OPENAI, flat(), {"Content-Type": media_type}).status == 200


@pytest.mark.parametrize(
    "prompt",
    [
        "🐈‍⬛ 一只猫 👩🏽‍🚀",
        "a" * 10_000,
        '\\" quoted \\\\',
        "line\nbreak\ttab",
        "\u202eright to left",
        "{value} {allowed}",
    ],
)
def test_odd_but_valid_prompts_are_taken(client: Any, prompt: str) -> None:
    assert client.post(OPENAI, flat(prompt=prompt)).status == 200


def test_the_error_names_the_field_and_shortens_the_value(client: Any) -> None:
    body = client.post(OPENAI, flat(size="9" * 500)).json
    assert body["error"]["param"] == "size"
    assert "9" * 80 in body["error"]["message"]
    assert "9" * 81 not in body["error"]["message"]


def test_no_answer_grows_with_what_was_sent(client: Any) -> None:
    for document in (
        flat(model="m" * 100_000),
        flat(size="9" * 100_000),
        flat(n=["x" * 100_000]),
        {**flat(), "x" * 100_000: 1},
    ):
        assert len(client.post(OPENAI, document).body) < 4000
    assert len(client.post("/v1/" + "x" * 10_000, {}).body) < 4000


def test_a_request_spelled_twice_is_refused_for_that(client: Any, mock: Any) -> None:
    client.post(OPENAI, BROKEN["key twice"])
    assert mock.violations[0]["clause"] == "body.duplicate-key"


def test_null_counts_as_absent(client: Any) -> None:
    assert client.post(OPENAI, flat(size=None, n=None, watermark=None)).status == 200
