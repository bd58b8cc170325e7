"""JSON bodies, read more strictly than JSON parsers are."""

from __future__ import annotations

import asyncio
import json
from random import Random
from typing import Any

import pytest

from qwen_image_mock import bodies
from qwen_image_mock.bodies import BadBody, Disconnected, json_object, read


@pytest.mark.parametrize(
    "text",
    [
        '{"a":"b"}',
        '{"a":"\\"quoted\\"","b":"c"}',
        '{"a":"\\\\","b":"\\\\\\""}',
        '{"a":[{"b":"c"},["d"]],"e":{}}',
        "{}",
        '{"\\u00e9":"\\ud83d\\ude00"}',
        '{"a":12345678901234567890123}',
        '{"a":"12345678901234567890"}',
        '{"a":-12345678901234567890123}',
    ],
)
def test_bodies_read_as_json_reads_them(text: str) -> None:
    assert json_object(text.encode()) == json.loads(text)


@pytest.mark.parametrize(
    ("body", "clause"),
    [
        (b'{"a":1,"a":1}', "body.duplicate-key"),
        (b'{"a":"\\"","a":1}', "body.duplicate-key"),
        (b'{"a":"\\\\","a":1}', "body.duplicate-key"),
        (b'{"x":[{"a":1,"a":2}]}', "body.duplicate-key"),
        (b'{"a":1,"\\u0061":2}', "body.duplicate-key"),
        (b"{", "body.malformed"),
        (b"", "body.malformed"),
        (b'{"a":NaN}', "body.malformed"),
        (b"[" * 100_000, "body.malformed"),
        (b'{"a":"\xff"}', "body.encoding"),
        (b"[]", "body.not-object"),
        (b"null", "body.not-object"),
        (b'"a"', "body.not-object"),
    ],
)
def test_what_is_wrong_has_a_clause(body: bytes, clause: str) -> None:
    with pytest.raises(BadBody) as caught:
        json_object(body)
    assert caught.value.clause == clause


def test_long_integers_stay_whole() -> None:
    assert json_object(b'{"a":' + b"9" * 300 + b"}")["a"] == 10**300 - 1
    with pytest.raises(BadBody, match=r"body\.malformed"):
        json_object(b'{"a":' + b"9" * 5000 + b"}")


def test_many_values_are_counted_as_few_are(monkeypatch: pytest.MonkeyPatch) -> None:
    random = Random(20261120)  # noqa: S311 # repeatable on purpose

    def value(depth: int) -> Any:
        if depth == 0 or random.random() < 0.3:
            return random.choice(["x", 1, 1.5, None, True, "", [], {}])
        if random.random() < 0.5:
            return [value(depth - 1) for _ in range(random.randrange(6))]
        return {f"k{number}": value(depth - 1) for number in range(random.randrange(6))}

    documents = [{"a": value(5), "b": value(4)} for _ in range(300)]
    few = [bodies._count(document) for document in documents]
    monkeypatch.setattr(bodies, "_MANY", 0)
    assert [bodies._count(document) for document in documents] == few
    assert max(texts for texts, _ in few) > 50


def test_a_key_given_twice_is_seen_among_many_values() -> None:
    rows = [b'{"a":[1,"x"]}'] * 2000
    good = b'{"rows":[%b]}' % b",".join(rows)
    assert json_object(good) == json.loads(good)
    with pytest.raises(BadBody, match=r"body\.duplicate-key"):
        json_object(b'{"rows":[%b]}' % b",".join([*rows, b'{"a":1,"a":2}']))


def arriving(*parts: Any) -> Any:
    messages = iter(parts)

    async def receive() -> Any:
        await asyncio.sleep(0)
        return next(messages)

    return receive


def part(data: bytes, *, more: bool = False) -> dict[str, Any]:
    return {"type": "http.request", "body": data, "more_body": more}


def test_parts_are_put_together() -> None:
    assert (
        asyncio.run(read(arriving(part(b"a", more=True), part(b"b", more=True), part(b"c")), 3, 10)) == b"abc"
    )


@pytest.mark.parametrize(
    "parts",
    [[part(b"abcd")], [part(b"ab", more=True), part(b"cd")], [part(b"a" * 20, more=True), part(b"b")]],
)
def test_too_much_is_refused(parts: list[Any]) -> None:
    with pytest.raises(BadBody, match=r"body\.too-large"):
        asyncio.run(read(arriving(*parts), 3, 10))


def test_a_client_that_goes_away() -> None:
    for messages in ([{"type": "http.disconnect"}], [part(b"a", more=True), {"type": "http.disconnect"}]):
        with pytest.raises(Disconnected):
            asyncio.run(read(arriving(*messages), 3, 10))
