"""Large bodies are looked through in a thread, and are answered and told as if they had not been."""

from __future__ import annotations

import asyncio
import json
import threading
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any

import pytest

from mock_server.sending import BOUNDARY, FORM, GATEWAY, gateway, part, uri
from mock_server.test_bodies import arriving
from mock_server.test_bodies import part as piece
from qwen_image_mock import aside, inputs, view
from qwen_image_mock.aside import LARGE, Known, digest_of, file_of, form_of, json_of, known_of
from qwen_image_mock.bodies import BadBody, read
from qwen_image_mock.view import MOST_VALUES, plain
from qwen_image_spec.input_images import look

if TYPE_CHECKING:
    from collections.abc import Callable

    from mock_server.conftest import Client
    from qwen_image_mock.server import Mock

GENERATE = "/v1/images/generations"
ASK = {"model": "qwen-image-2.0-pro", "prompt": "a cat", "seed": 7}
NOISE = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\2\0\0\0\2\0\x08\2\0\0\0" + bytes(range(256)) * 300


def arrived(body: bytes, then: Callable[[bytes], Any]) -> Any:
    """What `then` gives in the task that has read a body."""

    async def task() -> Any:
        half = len(body) // 2
        return then(await read(arriving(piece(body[:half], more=True), piece(body[half:])), 1 << 25, 1 << 25))

    return asyncio.run(task())


@pytest.fixture
def threads(monkeypatch: pytest.MonkeyPatch) -> dict[str, set[bool]]:
    """Of each step, whether it was done in the thread of the event loop."""
    seen: dict[str, set[bool]] = {}

    def watch(module: Any, name: str) -> None:
        usual = getattr(module, name)

        def watched(*given: Any, **named: Any) -> Any:
            seen.setdefault(name, set()).add(threading.current_thread() is threading.main_thread())
            return usual(*given, **named)

        monkeypatch.setattr(module, name, watched)

    for name in ("json_object", "parts_of", "document_of", "bytes_of", "look", "sha256_of"):
        watch(aside, name)
    for name in ("bytes_of", "look"):
        watch(inputs, name)
    return seen


def test_what_takes_long_is_done_in_a_thread(threads: dict[str, set[bool]]) -> None:
    body = json.dumps({"image": uri(NOISE), "prompt": "p" * LARGE}).encode()
    document = arrived(body, json_of)
    assert document == json.loads(body)
    assert threads == {name: {False} for name in ("json_object", "bytes_of", "look", "sha256_of")}


def test_a_form_is_read_in_a_thread(threads: dict[str, set[bool]]) -> None:
    body = b"".join((part("image", NOISE, "a.png"), part("prompt", "blue"), f"--{BOUNDARY}--\r\n".encode()))
    document = arrived(body, lambda whole: form_of(whole, FORM.encode()))
    assert document == {"image": uri(NOISE), "prompt": "blue"}
    assert threads["parts_of"] == threads["document_of"] == threads["bytes_of"] == {False}


def test_small_bodies_stay_where_they_are(threads: dict[str, set[bool]]) -> None:
    assert arrived(b'{"a":1}', lambda body: (json_of(body), known_of(body))) == ({"a": 1}, None)
    assert threads == {"json_object": {True}}


def test_a_body_that_is_read_elsewhere_is_not_looked_through(threads: dict[str, set[bool]]) -> None:
    body = b"x" * (LARGE + 1)

    for parts in ([piece(body)], [piece(body[:9], more=True), piece(body[9:])]):
        assert asyncio.run(read(arriving(*parts), 1 << 25, 1 << 25, through=False)) == body
        assert threads == {}


@pytest.mark.parametrize("start", [b'{"a":1,"a":"', b'["', b'{"a":\xff"'])
def test_a_flaw_is_raised_where_the_body_is_read(start: bytes) -> None:
    body = start + b"x" * LARGE + (b'"]' if start == b'["' else b'"}')
    with pytest.raises(BadBody) as small:
        json_of(body)
    with pytest.raises(BadBody) as caught:
        arrived(body, json_of)
    assert caught.value.clause == small.value.clause


def test_another_boundary_than_the_bodys_own_is_believed() -> None:
    body = part("image", NOISE, "a.png") + f"--{BOUNDARY}--\r\n".encode()
    with pytest.raises(BadBody):
        arrived(body, lambda whole: form_of(whole, b"multipart/form-data; boundary=another"))


def test_what_is_known_is_known_of_that_text_alone() -> None:
    text = "data:image/png;base64," + "A" * LARGE

    def then(body: bytes) -> Any:
        document = json_of(body)
        mine = document["image"]
        return file_of(mine), digest_of(document["prompt"]), file_of(text), known_of(bytes(bytearray(body)))

    body = json.dumps({"image": text, "prompt": "p" * LARGE}).encode()
    file, digest, other, another_body = arrived(body, then)
    assert file == (b"\0" * (LARGE // 4 * 3), look(b"\0" * (LARGE // 4 * 3), len(text)))
    assert digest is not None
    assert other is None, "an equal text that is another"
    assert another_body is None


def test_a_text_where_another_was_is_not_taken_for_it(monkeypatch: pytest.MonkeyPatch) -> None:
    gone, text = "gone", "text"
    known = Known(b"", files={id(text): (gone, b"", look(b""))}, digests={id(text): (gone, "digest")})
    monkeypatch.setattr(aside, "_known", ContextVar("known", default=known))
    assert file_of(text) is None
    assert digest_of(text) is None


@pytest.mark.parametrize(
    "value",
    [
        "p" * LARGE,
        "山" * LARGE,
        "sk-secret " * 10_000,
        "p" * 60 + "sk-secret" + "p" * LARGE,
        uri(NOISE),
        "data:image/png;base64,!" + "A" * LARGE,
    ],
)
def test_the_journal_tells_the_same_words(value: str, monkeypatch: pytest.MonkeyPatch) -> None:
    body = json.dumps({"value": value}).encode()
    aside_words = arrived(body, lambda whole: plain(json_of(whole), hide="sk-hidden"))
    assert aside_words == plain({"value": value}, hide="sk-hidden")
    hidden = arrived(body, lambda whole: plain(json_of(whole), hide="sk-secret"))
    assert "sk-secret" not in hidden["value"]

    def twice(*_given: Any) -> Any:
        raise AssertionError("worked out a second time")

    monkeypatch.setattr(view, "look_at", twice)
    monkeypatch.setattr(view, "sha256", twice)
    assert arrived(body, lambda whole: plain(json_of(whole), hide="sk-hidden")) == aside_words


def test_an_edit_with_a_large_image(client: Client, mock: Mock) -> None:
    answer = client.post(GATEWAY, gateway(uri(NOISE)))
    assert answer.status == 200
    entry = mock.requests()[-1]
    looked = look(NOISE)
    assert entry["inputs"] == [
        {"kind": "data", "mime": "image/png", "bytes": len(NOISE), "size": "512x512", "sha256": looked.digest}
    ]
    words = f"data:image/png;base64,... ({len(uri(NOISE))} characters, {len(NOISE)} bytes image/png 512x512, sha256 {looked.digest})"
    assert entry["body"]["image"] == words
    assert entry["decoded"]["images"] == [words]


@pytest.mark.parametrize(
    ("body", "status", "shown"),
    [
        (b'{"model":"a","model":"' + b"x" * LARGE + b'"}', 400, {"model": "x" * 64}),
        (b"\xff" + b"x" * LARGE, 400, "\ufffd" + "x" * 63),
        (json.dumps({**ASK, "extra": "x" * LARGE}).encode(), 200, {**ASK, "extra": "x" * 64}),
    ],
)
def test_the_journal_shows_a_large_body(
    client: Client, mock: Mock, body: bytes, status: int, shown: Any
) -> None:
    assert client.post(GENERATE, body).status == status
    told = mock.requests()[-1]["body"]
    cut = {name: _cut(value) for name, value in told.items()} if isinstance(told, dict) else _cut(told)
    assert cut == shown


def _cut(value: Any) -> Any:
    return value.partition("... (")[0] if isinstance(value, str) else value


def test_the_journal_tells_of_so_many_values() -> None:
    assert plain(list(range(MOST_VALUES))) == list(range(MOST_VALUES))
    assert plain(list(range(MOST_VALUES + 5)))[MOST_VALUES:] == ["(5 more)"]
    told = plain({"first": [0] * (MOST_VALUES - 2), "second": [1, 2, 3]})
    assert told == {"first": [0] * (MOST_VALUES - 2), "second": ["(3 more)"]}
    many = plain({str(number): number for number in range(MOST_VALUES + 1)})
    assert many.pop("...") == "(1 more)"
    assert len(many) == MOST_VALUES
    deep = plain([[[number] for number in range(3000)] for _ in range(3)])
    assert len(json.dumps(deep)) < 40_000
