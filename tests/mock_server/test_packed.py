"""Exchanges in the journal are kept as a few texts; what is read from them is what happened."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest

from qwen_image_mock import journal
from qwen_image_mock.beaten import Beaten
from qwen_image_mock.exchange import Exchange
from qwen_image_mock.packed import Packed, packed
from qwen_image_mock.server import serve
from qwen_image_mock.settings import Settings
from qwen_image_mock.view import entry_of
from qwen_image_spec import load

FLAT = {"model": "qwen-image", "prompt": '山 \\ " a cat', "n": 1}
NATIVE = {"model": "qwen-image-plus", "input": {"messages": [{"role": "user", "content": [{"text": "a"}]}]}}
GENERATE = "/v1/images/generations"
MESSAGES = "/api/v1/services/aigc/multimodal-generation/generation"
TASKS = "/api/v1/tasks"


@pytest.fixture
def both(monkeypatch: pytest.MonkeyPatch) -> list[tuple[Any, Any]]:
    """Of each exchange that is packed: its words before and after."""
    seen: list[tuple[Any, Any]] = []

    def watched(exchange: Exchange, content: bytes) -> Packed | None:
        made = packed(exchange, content)
        if made is not None:
            seen.append((entry_of(exchange), entry_of(made.exchange())))
        return made

    monkeypatch.setattr(journal, "packed", watched)
    monkeypatch.setattr(Beaten, "answer", lambda *_: None)  # has records of its own
    return seen


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("POST", GENERATE, FLAT),
        ("POST", GENERATE, {**FLAT, "seed": 7, "unknown": 1, "watermark": None}),
        ("POST", GENERATE, {**FLAT, "size": "17x17"}),
        ("POST", GENERATE, {**FLAT, "n": 10**30}),
        ("POST", GENERATE, {**FLAT, "model": "no-such"}),
        ("POST", GENERATE, {**FLAT, "prompt": "[[mock:throttle]] a cat"}),
        ("POST", GENERATE, {**FLAT, "prompt": "[[mock:no-such]] a cat"}),
        ("POST", GENERATE, [1]),
        ("POST", MESSAGES, NATIVE),
        ("POST", MESSAGES, {**NATIVE, "parameters": {"size": "1328*1328"}}),
        ("GET", f"{TASKS}/none", None),
        ("PUT", GENERATE, FLAT),
        ("GET", "/v1/models", None),
    ],
)
def test_nothing_is_lost(client: Any, both: list[tuple[Any, Any]], method: str, path: str, body: Any) -> None:
    content = None if body is None else json.dumps(body).encode()
    client.send(method, path, content, {"Content-Type": "application/json", "X-Two": "a"})
    [(before, after)] = both
    assert after == before
    assert after["path"] == path


def test_what_is_no_json_is_kept_too(client: Any, both: list[tuple[Any, Any]]) -> None:
    client.send("POST", GENERATE, b"{\xff", {"Content-Type": "application/json"})
    [(before, after)] = both
    assert after == before


def test_a_form_keeps_its_exchange_whole() -> None:
    provider = load().providers["dashscope"]
    plain = Exchange("id", 0.0, provider, "POST", "/", [], "", effective={"seed": 10**30})
    assert packed(plain, b"{}") is not None
    assert packed(replace(plain, form={"prompt": "a"}), b"{}") is None


def test_hints_are_kept(client_of: Any, both: list[tuple[Any, Any]]) -> None:
    with serve(Settings(hints=True)) as mock:
        client_of(mock).post(GENERATE, {**FLAT, "size": "17x17"})
    [(before, after)] = both
    assert after == before
    assert "x-mock-violations" in after["response_headers"]
