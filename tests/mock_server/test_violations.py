"""How a client's author learns what was wrong: journal, fixture, headers, strictness."""

from __future__ import annotations

import json
from typing import Any

import pytest

from qwen_image_mock import Settings, serve

PATH = "/v1/images/generations"
ASK = {"model": "qwen-image-2.0", "prompt": "a cat"}


def test_an_entry_names_clause_param_value_limit_and_source(mock: Any, client: Any) -> None:
    assert client.post(PATH, {**ASK, "n": 7}).status == 400
    [violation] = mock.violations
    assert violation["clause"] == "n.above-maximum"
    assert (violation["param"], violation["seen"], violation["allowed"]) == ("n", 7, "1 to 6")
    assert (violation["reaction"], violation["source"]) == ("reject", "dieyuyun-guide")


def test_every_request_of_the_client_is_one_entry(mock: Any, client: Any) -> None:
    mock.fault("server-error", times=2)
    for _ in range(3):
        client.post(f"{PATH}/?try=1", {**ASK, "watermark": False}, {"X-Mine": "yes"})
    entries = mock.requests()
    assert [entry["status"] for entry in entries] == [500, 500, 200]
    assert {entry["path"] for entry in entries} == {f"{PATH}/?try=1"}
    assert entries[2]["headers"]["x-mine"] == "yes"
    assert entries[2]["body"] == {**ASK, "watermark": False}
    assert (entries[2]["effective"]["watermark"], entries[2]["effective"]["n"]) == (False, 1)
    assert entries[0]["fault"] == "server-error"
    assert "fault" not in entries[2]


def test_hints_come_only_when_asked_for(client: Any, client_of: Any) -> None:
    asked = {**ASK, "quality": "high", "颜色": "红"}
    assert "x-mock-violations" not in client.post(PATH, asked).headers
    with serve(Settings(hints=True)) as mock:
        answer = client_of(mock).post(PATH, asked)
        assert answer.status == 200
        hints = json.loads(answer.headers["x-mock-violations"])
        assert [(hint["clause"], hint["param"]) for hint in hints] == [
            ("request.unknown-field", "/quality"),
            ("request.unknown-field", "/颜色"),
        ]
        assert "x-mock-violations" not in client_of(mock).post(PATH, ASK).headers
        faulty = client_of(mock).post(PATH, {**ASK, "prompt": "[[mock:fewer]]"})
        assert faulty.headers["x-mock-fault"] == "fewer"


def test_a_thousand_violations_fit_into_a_header(client_of: Any) -> None:
    with serve(Settings(hints=True)) as mock:
        answer = client_of(mock).post(PATH, {**ASK, **{f"{'x' * 300}{number}": 1 for number in range(1000)}})
        assert 1 <= len(json.loads(answer.headers["x-mock-violations"])) <= 20
        assert len(answer.headers["x-mock-violations"]) <= 4096


@pytest.mark.parametrize(
    ("word", "status", "count"), [("strict", 400, 1), ("warn", 200, 1), ("off", 200, 0), ("x", 200, 1)]
)
def test_strictness_of_one_request(mock: Any, client: Any, word: str, status: int, count: int) -> None:
    answer = client.post(PATH, {**ASK, "quality": "high"}, {"X-Mock-Strictness": word})
    assert (answer.status, len(mock.violations)) == (status, count)
