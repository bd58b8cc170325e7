"""The journal tells what came in and what became of it, and never a key."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest

from qwen_image_mock.server import serve
from qwen_image_mock.settings import Settings

PATH = "/v1/images/generations"
ASK = {"model": "qwen-image-2.0-pro", "prompt": "a cat", "seed": 7}
FIELDS = [
    "id",
    "time",
    "provider",
    "style",
    "operation",
    "method",
    "path",
    "headers",
    "body",
    "decoded",
    "effective",
    "violations",
    "status",
    "response",
    "response_headers",
]


def journal(client: Any, query: str = "") -> list[dict[str, Any]]:
    answer = client.get(f"/_mock/requests{query}")
    assert answer.status == 200
    found: list[dict[str, Any]] = answer.json["requests"]
    return found


def test_an_entry_has_the_whole_story(client: Any) -> None:
    answer = client.post(f"{PATH}?a=1", {**ASK, "n": 2})
    [entry] = journal(client)
    assert list(entry) == FIELDS
    assert entry["id"] == answer.headers["x-request-id"]
    assert (entry["provider"], entry["style"], entry["operation"], entry["method"]) == (
        "dieyuyun",
        "openai",
        "generate",
        "POST",
    )
    assert entry["path"] == f"{PATH}?a=1"
    assert entry["body"] == {**ASK, "n": 2}
    assert entry["decoded"] == {
        "model": "qwen-image-2.0-pro",
        "prompt": "a cat",
        "images": [],
        "parameters": {"n": 2, "seed": 7},
        "unknown": [],
    }
    assert entry["effective"]["n"] == 2
    assert entry["effective"]["watermark"] is True
    assert entry["effective"]["size"] == "2048x2048"
    assert (entry["status"], entry["response"], entry["violations"]) == (200, answer.json, [])
    assert {name: answer.headers[name] for name in entry["response_headers"]} == entry["response_headers"]
    assert entry["response_headers"]["x-request-id"] == entry["id"]


def test_a_refusal_is_journalled_with_its_clause(client: Any) -> None:
    client.post(PATH, {**ASK, "n": 7})
    [entry] = journal(client)
    assert entry["status"] == 400
    assert entry["effective"] is None
    [violation] = entry["violations"]
    assert (violation["clause"], violation["param"], violation["seen"], violation["reaction"]) == (
        "n.above-maximum",
        "n",
        7,
        "reject",
    )


def test_unknown_fields_are_journalled_and_let_pass(client: Any) -> None:
    assert client.post(PATH, {**ASK, "quality": "high"}).status == 200
    [violation] = journal(client)[0]["violations"]
    assert (violation["clause"], violation["param"], violation["reaction"]) == (
        "request.unknown-field",
        "/quality",
        "ignore",
    )


@pytest.mark.parametrize(
    ("strictness", "status", "count"), [("strict", 400, 1), ("warn", 200, 1), ("off", 200, 0)]
)
def test_strictness_towards_unknown_fields(client_of: Any, strictness: Any, status: int, count: int) -> None:
    with serve(Settings(strictness=strictness)) as mock:
        assert client_of(mock).post(PATH, {**ASK, "quality": "high"}).status == status
        assert len(mock.violations) == count


def test_no_key_stands_in_the_journal(client_with: Any, client: Any) -> None:
    key = "sk-very-secret-0123456789"
    sender = client_with(key)
    sender.post(
        f"{PATH}?api_key={key}",
        {**ASK, "prompt": f"my key is {key}", key: 1},
        {"X-Api-Key": key, "Cookie": f"k={key}"},
    )
    sender.post(PATH, b"not json " + key.encode())
    text = client.get("/_mock/requests").body.decode()
    assert key not in text
    entries = journal(client)
    assert entries[0]["headers"]["authorization"].startswith("Bearer key:")
    assert len(journal(client, f"?key={key}")) == 2
    assert journal(client, "?key=sk-another") == []


def test_a_refused_key_does_not_come_back(client_with: Any) -> None:
    answer = client_with("sk-wrong-0123456789").post(PATH, ASK)
    assert answer.status == 401
    assert b"0123456789" not in answer.body


def test_filters(client: Any, client_with: Any) -> None:
    client.post(PATH, ASK)
    second = (
        client_with("sk-second")
        .post("/skyengine/v1/images/generations", {"model": "qwen-image", "prompt": 'ein "Hund"'})
        .headers
    )
    client.get("/dashscope/api/v1/tasks/none")
    assert [entry["operation"] for entry in journal(client)] == ["generate", "generate", "query"]
    assert len(journal(client, "?provider=skyengine")) == 1
    assert len(journal(client, "?operation=query")) == 1
    assert len(journal(client, "?key=sk-second")) == 1
    assert len(journal(client, "?contains=ein%20%22Hund%22")) == 1
    assert len(journal(client, f"?since={second['x-request-id']}")) == 1
    assert len(journal(client, f"?since={journal(client)[1]['time']}")) == 2
    assert len(journal(client, "?limit=2")) == 2
    assert len(journal(client, "?provider=dieyuyun&operation=query")) == 0


def test_delete_clears(client: Any) -> None:
    client.post(PATH, ASK)
    assert client.send("DELETE", "/_mock/requests").status == 200
    assert journal(client) == []


def test_pictures_are_cut_in_the_journal(client: Any) -> None:
    answer = client.post(PATH, {**ASK, "n": 6, "response_format": "b64_json"})
    assert answer.status == 200
    text = client.get("/_mock/requests").body
    assert len(text) < 20_000
    assert journal(client)[0]["response"]["created"] == answer.json["created"]


def test_large_inputs_are_named_by_their_digest(client: Any) -> None:
    image = "data:image/png;base64," + base64.b64encode(b"x" * 300_000).decode()
    client.post("/skyengine/v1/images/edits", {"model": "qwen-image-edit", "prompt": "blue", "image": image})
    text = client.get("/_mock/requests").body
    assert len(text) < 20_000
    assert b"sha256" in text


@pytest.mark.parametrize(
    "body",
    [b'{"a":' + b"[" * 900 + b"]" * 900 + b"}", b'{"model":' + b"9" * 4000 + b"}", b"\xff\xfe", b"[1]"],
)
def test_any_body_can_be_journalled(client: Any, body: bytes) -> None:
    client.post(PATH, body)
    assert len(journal(client)) == 1


def test_the_journal_is_bounded(client_of: Any) -> None:
    with serve(Settings(journal_entries=5)) as mock:
        client = client_of(mock)
        for number in range(8):
            client.post(PATH, {**ASK, "seed": number})
        assert [entry["body"]["seed"] for entry in mock.requests()] == [3, 4, 5, 6, 7]
    with serve(Settings(journal_bytes=30_000)) as mock:
        client = client_of(mock)
        for _ in range(4):
            client.post(PATH, {**ASK, "prompt": "a" * 14_000})
        assert len(mock.requests()) < 4


def test_what_the_fixture_tells_is_what_the_api_tells(mock: Any, client: Any) -> None:
    client.post(PATH, ASK)
    assert mock.requests() == json.loads(client.get("/_mock/requests").body)["requests"]
