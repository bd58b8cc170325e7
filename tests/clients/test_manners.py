"""How clients are met whatever they send along: paths, headers, nulls, unknown fields, and errors by path."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from clients.looking import download, pictures_in
from clients.wire import AUTHORIZED, KEY, send
from qwen_image_mock.server import Mock, serve
from qwen_image_mock.settings import Settings

Json = Any
OPENAI = "/v1/images/generations"
NATIVE = "/api/v1/services/aigc/multimodal-generation/generation"
SUBMIT = "/api/v1/services/aigc/text2image/image-synthesis"
ASK: Json = {"model": "qwen-image-2.0-pro", "prompt": "一只猫", "size": "2048x2048"}
FRAME: Json = {
    "model": "qwen-image-2.0-pro",
    "input": {"messages": [{"role": "user", "content": [{"text": "一只猫"}]}]},
    "parameters": {"size": "512*512"},
}
TASK: Json = {"model": "qwen-image", "input": {"prompt": "a cat"}}
COMPATIBLE: Json = {"model": "qwen-image-3.0", "prompt": "a cat", "size": "1024x1024"}
BOTH = [pytest.param(OPENAI, ASK, id="openai"), pytest.param(NATIVE, FRAME, id="native")]


@pytest.mark.parametrize(
    ("path", "ask", "provider"),
    [
        (OPENAI, ASK, "dieyuyun"),
        ("/images/generations", ASK, "dieyuyun"),
        ("/dieyuyun/v1/images/generations", ASK, "dieyuyun"),
        ("/dieyuyun/images/generations", ASK, "dieyuyun"),
        ("/skyengine/v1/images/generations", {"model": "qwen-image", "prompt": "a cat"}, "skyengine"),
        ("/compatible-mode/v1/images/generations", COMPATIBLE, "dashscope-compatible"),
        ("/dashscope-compatible/compatible-mode/v1/images/generations", COMPATIBLE, "dashscope-compatible"),
        ("/dashscope-compatible/v1/images/generations", COMPATIBLE, "dashscope-compatible"),
        (NATIVE, FRAME, "dashscope"),
        ("/dashscope" + NATIVE, FRAME, "dashscope"),
        ("/xiaohongshu" + NATIVE, {**FRAME, "model": "qwen-image"}, "xiaohongshu"),
    ],
)
@pytest.mark.parametrize("odd", ["{}", "{}/", "/{}", "{}//"])
def test_every_style_on_one_port_however_the_slashes_stand(
    mock: Mock, path: str, ask: Json, provider: str, odd: str
) -> None:
    spelled = odd.format(path)
    answer = send(mock.url, spelled, ask)
    assert answer.status == 200, answer.body
    [entry] = mock.requests()
    assert (entry["provider"], entry["path"]) == (provider, spelled)


def test_doubled_slashes_within(mock: Mock) -> None:
    assert send(mock.url, OPENAI.replace("/images", "//images"), ASK).status == 200
    assert (
        send(mock.url, "/dashscope//api/v1//services/aigc/multimodal-generation//generation", FRAME).status
        == 200
    )


@pytest.mark.parametrize("suffix", ["", "/", "//"])
def test_task_paths_end_as_they_like(mock: Mock, suffix: str) -> None:
    mock.clock.freeze(1_800_000_000)
    task = send(mock.url, SUBMIT + suffix, TASK, {"X-DashScope-Async": "enable"}).json["output"]["task_id"]
    queried = send(mock.url, f"/api/v1/tasks/{task}{suffix}?x=1", method="GET").json["output"]
    assert (queried["task_id"], queried["task_status"]) == (task, "PENDING")
    body = {"model": "", "parameters": {}, "input": ""}
    assert send(mock.url, f"/api/v1/tasks/{task}/cancel{suffix}", body).status == 200
    listed = send(mock.url, f"/api/v1/tasks{suffix}?page_no=1&page_size=10", method="GET").json
    assert [(row["task_id"], row["status"]) for row in listed["data"]] == [(task, "CANCELED")]
    assert "output" not in listed


@pytest.mark.parametrize(("path", "ask"), BOTH)
@pytest.mark.parametrize(
    "headers",
    [
        {"Content-Type": "application/json; charset=utf-8"},
        {"Content-Type": 'application/json;charset="UTF-8"'},
        {"Content-Type": "APPLICATION/JSON"},
        {"Accept": "text/event-stream", "X-DashScope-SSE": "enable", "X-Accel-Buffering": "no"},
        {"Accept": "image/webp"},
        {"Accept-Encoding": "gzip, br, zstd"},
        {
            "X-Stainless-Retry-Count": "1",
            "x-request-id": "mine",
            "Cookie": "a=b",
            "Origin": "http://page.invalid",
        },
        {"X-DashScope-DataInspection": "enable", "X-DashScope-OssResourceResolve": "enable"},
        {"Connection": "close"},
    ],
    ids=lambda headers: next(iter(headers.values())),
)
def test_headers_that_come_along(mock: Mock, path: str, ask: Json, headers: dict[str, str]) -> None:
    answer = send(mock.url, path, ask, headers)
    assert answer.status == 200, answer.body
    assert answer.headers["content-type"] == "application/json"
    assert "content-encoding" not in answer.headers
    assert answer.headers["x-request-id"] == mock.requests()[0]["id"] != "mine"


@pytest.mark.parametrize("change", [str.lower, str.upper, str.title])
def test_header_names_and_the_word_bearer_in_any_case(mock: Mock, change: Callable[[str], str]) -> None:
    named = {"Authorization": f"{change('Bearer')} {KEY}", "Content-Type": "application/json"}
    named["X-DashScope-Async"] = "enable"
    headers = {change(name): value for name, value in named.items()}
    unset = {name: "" for name in AUTHORIZED if name not in headers}
    answer = send(mock.url, SUBMIT, TASK, {**unset, **headers})
    assert answer.status == 200, answer.body
    assert answer.json["output"]["task_status"] == "PENDING"


EXTRAS: list[dict[str, Json]] = [
    {"stream": False},
    {"is_async": True},
    {"result_format": "message"},
    {"incremental_output": True},
    {"max_images": None, "size": None, "n": None, "seed": None, "watermark": None, "negative_prompt": None},
    {"extra_body": {"watermark": True, "seed": 1}},
    {"user": "someone", "nothing_known": [1, {"a": None}]},
]


@pytest.mark.parametrize("extra", EXTRAS, ids=lambda extra: next(iter(extra)))
def test_unknown_parameters_and_nulls_are_overlooked(mock: Mock, extra: dict[str, Json]) -> None:
    native = {**FRAME, "parameters": extra}
    for path, ask in ((OPENAI, {**ASK, **extra}), (OPENAI, {**ASK, "parameters": extra}), (NATIVE, native)):
        answer = send(mock.url, path, ask)
        assert answer.status == 200, answer.body
    plain = [
        send(mock.url, path, ask) for path, ask in ((OPENAI, ASK), (NATIVE, {**FRAME, "parameters": {}}))
    ]
    assert {answer.status for answer in plain} == {200}
    entries = mock.requests()
    for entry in entries[:3]:
        assert {violation["reaction"] for violation in entry["violations"]} <= {"ignore"}
    for entry, other in ((entries[1], entries[3]), (entries[2], entries[4])):
        mine, theirs = dict(entry["effective"]), dict(other["effective"])
        for name in ("seed", *extra):
            mine.pop(name, None)
            theirs.pop(name, None)
        assert mine == theirs


@pytest.mark.parametrize(("path", "ask"), BOTH)
def test_a_strict_mock_tells_of_them(path: str, ask: Json) -> None:
    with serve(Settings(strictness="strict")) as strict:
        assert send(strict.url, path, ask).status == 200
        assert send(strict.url, path, {**ask, "nothing_known": 1}).status == 400


OPENAI_ERROR = {"code", "message", "param", "type"}


@pytest.mark.parametrize("wrong", ["key", "no-key", "path", "method", "json", "size", "model", "fault"])
@pytest.mark.parametrize(
    ("mount", "path", "shape"),
    [
        ("", OPENAI, ["error"]),
        ("/dieyuyun", OPENAI, ["error"]),
        ("/skyengine", OPENAI, ["error"]),
        ("", "/compatible-mode/v1/images/generations", ["error", "request_id"]),
        ("", NATIVE, ["code", "message", "request_id"]),
        ("/dashscope", NATIVE, ["code", "message", "request_id"]),
        ("/xiaohongshu", NATIVE, ["code", "error", "request_id"]),
    ],
)
def test_the_shape_of_an_error_follows_the_path(
    mock: Mock, mount: str, path: str, shape: list[str], wrong: str
) -> None:
    native = "services" in path
    model = "qwen-image-3.0" if "compatible" in path else "qwen-image"
    ask: Json = {**FRAME, "model": model, "parameters": {}} if native else {"model": model, "prompt": "a cat"}
    headers, method = {}, "POST"
    if wrong == "key":
        headers = {"Authorization": "Bearer sk-wrong-key"}
    elif wrong == "no-key":
        headers = {"Authorization": ""}  # left out
    elif wrong == "path":
        path += "/nowhere"
    elif wrong == "method":
        method = "PUT"
    elif wrong == "json":
        ask = b"{"
    elif wrong == "size":
        ask = {**ask, "parameters": {"size": "1x"}, "size": "1x"}
    elif wrong == "model":
        ask = {**ask, "model": "no-such-model"}
    else:
        mock.fault("throttle")
    answer = send(mock.url, mount + path, ask, headers, method=method)
    assert 400 <= answer.status < 500
    assert sorted(answer.json) == shape
    if shape[0] == "error":
        assert set(answer.json["error"]) == OPENAI_ERROR
    assert (answer.status == 401) is (wrong in ("key", "no-key"))
    assert ("retry-after" in answer.headers) is (wrong == "fault")
    identity = mock.requests()[0]["id"]
    assert answer.headers["x-request-id"] == identity
    assert answer.json.get("request_id", identity) == identity


@pytest.mark.parametrize(("path", "ask"), BOTH)
def test_the_journal_keeps_what_came_and_what_was_made_of_it(mock: Mock, path: str, ask: Json) -> None:
    for _ in range(3):
        send(mock.url, f"{path}?trace=7", ask, {"X-Trace": "seven"})
    entries = mock.requests()
    assert len(entries) == 3
    assert {entry["path"] for entry in entries} == {f"{path}?trace=7"}
    assert all(entry["body"] == ask for entry in entries)
    assert all(entry["headers"]["x-trace"] == "seven" for entry in entries)
    assert KEY not in str(entries)
    assert entries[0]["effective"]["n"] == 1
    assert "n" not in entries[0]["decoded"]["parameters"]
    assert AUTHORIZED["Authorization"] not in str(entries)


def test_a_fault_for_everything_spares_pictures(mock: Mock) -> None:
    url = pictures_in(send(mock.url, NATIVE, FRAME).json["output"])[0]
    mock.fault("server-error")
    assert send(mock.url, NATIVE, FRAME).status == 500
    picture = download(url, {"Authorization": "Bearer sk-mock-throttle", "X-DashScope-Async": "enable"})
    assert picture.size == (512, 512)
