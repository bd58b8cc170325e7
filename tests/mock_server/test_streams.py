"""Server-sent events, as documented for the one model that streams: each event a whole answer."""

from __future__ import annotations

import http.client
import json
from typing import Any

import pytest

NATIVE = "/api/v1/services/aigc/multimodal-generation/generation"
SUBMIT = "/api/v1/services/aigc/image-generation/generation"
SSE = {"X-DashScope-Sse": "enable"}


def ask(text: str = "a tale of two cats", **parameters: Any) -> dict[str, Any]:
    return {
        "model": "wan2.6-image",
        "input": {"messages": [{"role": "user", "content": [{"text": text}]}]},
        "parameters": {"enable_interleave": True, "max_images": 3, "seed": 8, **parameters},
    }


def events(body: bytes) -> list[dict[str, Any]]:
    found = []
    blocks = body.decode().split("\n\n")
    assert blocks.pop() == ""
    for number, block in enumerate(blocks, 1):
        identity, kind, status, data = block.split("\n")
        assert identity == f"id:{number}"
        code = status.removeprefix(":HTTP_STATUS/")
        assert kind == ("event:result" if code == "200" else "event:error")
        found.append(json.loads(data.removeprefix("data:")))
    return found


@pytest.mark.parametrize(
    ("headers", "parameters"),
    [(SSE, {}), ({"x-dashscope-sse": "enable"}, {"stream": True}), ({}, {"stream": True})],
)
def test_an_interleaved_answer_is_a_stream(client: Any, headers: dict[str, str], parameters: Any) -> None:
    answer = client.post(NATIVE, ask(**parameters), headers)
    assert answer.status == 200
    assert answer.headers["content-type"].startswith("text/event-stream")
    assert "content-length" not in answer.headers
    told = events(answer.body)
    choices = [event["output"]["choices"] for event in told]
    assert [choice[0]["finish_reason"] for choice in choices] == ["null"] * (len(told) - 1) + ["stop"]
    assert all(len(choice) == 1 and len(choice[0]["message"]["content"]) == 1 for choice in choices)
    assert all(event["output"]["finished"] is True for event in told)
    assert {event["request_id"] for event in told} == {answer.headers["x-request-id"]}
    parts = [choice[0]["message"]["content"][0] for choice in choices]
    pictures = [part["image"] for part in parts if part["type"] == "image"]
    assert parts[0]["type"] == parts[-1]["type"] == "text"
    assert 1 <= len(pictures) <= 3
    assert all(client.get(url, Authorization=None).status == 200 for url in pictures)
    assert {event["usage"]["image_count"] for event in told} == {len(pictures)}
    tokens = [event["usage"]["output_tokens"] for event in told]
    assert tokens == sorted(tokens)
    assert tokens[0] < tokens[-1]
    for usage in (event["usage"] for event in told):
        assert usage["total_tokens"] == usage["input_tokens"] + usage["output_tokens"]


def test_the_number_of_pictures_is_the_models_but_never_above_max_images(client: Any) -> None:
    counts = set()
    for seed in range(12):
        body = client.post(NATIVE, ask(max_images=2, seed=seed), SSE).body
        counts.add(sum(b'"image":' in block for block in body.split(b"\n\n")))
    assert counts == {1, 2}


@pytest.mark.parametrize("headers", [{}, {"X-DashScope-SSE": "disable"}])
def test_without_a_stream_it_is_refused(mock: Any, client: Any, headers: dict[str, str]) -> None:
    answer = client.post(NATIVE, ask(stream=False), headers)
    assert (answer.status, answer.json["code"]) == (400, "InvalidParameter")
    assert answer.json["message"] == "stream=False is not supported"
    assert [violation["clause"] for violation in mock.violations] == ["stream.required"]


def test_a_task_needs_no_stream(client: Any) -> None:
    answer = client.post(SUBMIT, ask(), {"X-DashScope-Async": "enable"})
    assert answer.json["output"]["task_status"] == "PENDING"


@pytest.mark.parametrize("model", ["qwen-image-2.0", "wan2.6-t2i"])
def test_other_models_answer_with_json(client: Any, model: str) -> None:
    body = {**ask(), "model": model, "parameters": {}}
    answer = client.post(NATIVE, body, {**SSE, "Accept": "text/event-stream"})
    assert answer.headers["content-type"] == "application/json"
    assert answer.json["output"]["choices"]


def test_other_models_can_be_made_to_answer_with_one_event(client: Any) -> None:
    body = {**ask("a cat [[mock:one-event]]"), "model": "qwen-image-2.0", "parameters": {}}
    answer = client.post(NATIVE, body, SSE)
    assert answer.headers["content-type"].startswith("text/event-stream")
    [event] = events(answer.body)
    assert event["output"]["choices"][0]["finish_reason"] == "stop"


def test_an_error_in_the_midst_of_a_stream(client: Any) -> None:
    whole = events(client.post(NATIVE, ask("a tale of two cats [[mock:no]]"), SSE).body)
    *told, error = events(
        client.post(NATIVE, ask("a tale [[mock:stream-error error=output-inspection]]"), SSE).body
    )
    assert 1 <= len(told) < len(whole)
    assert all(event["output"]["choices"][0]["finish_reason"] == "null" for event in told)
    assert (error["code"], sorted(error)) == ("DataInspectionFailed", ["code", "message", "request_id"])


def test_a_stream_that_is_cut(client: Any) -> None:
    with pytest.raises(http.client.IncompleteRead) as cut:
        client.post(NATIVE, ask("a tale [[mock:truncated]]"), SSE)
    assert b"stop" not in cut.value.partial


def test_the_journal_has_every_event(mock: Any, client: Any) -> None:
    told = events(client.post(NATIVE, ask(), SSE).body)
    assert mock.requests()[0]["response"] == told
