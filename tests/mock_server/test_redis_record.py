"""What the shared journal keeps of an exchange: the same words as made at once, and never a key."""

from __future__ import annotations

import asyncio
import json
from typing import TYPE_CHECKING, Any

import orjson
import pytest

from mock_server.asked_apps import KEY, generate, post
from mock_server.test_redis_together import CALLS, redis_of, replicas
from qwen_image_mock.server import serve
from qwen_image_mock.settings import Settings
from qwen_image_mock.shared import journal as shared_journal
from qwen_image_mock.shared.record import Reader, Writer
from qwen_image_mock.view import entry_of
from qwen_image_spec import load

if TYPE_CHECKING:
    from collections.abc import Callable

    from mock_server.conftest import Client
    from mock_server.redis_server import RedisServer
    from qwen_image_mock.exchange import Exchange

FLAT = {"model": "qwen-image", "prompt": "山 a cat", "n": 1}
NATIVE = {"model": "qwen-image-plus", "input": {"messages": [{"role": "user", "content": [{"text": "a"}]}]}}
GENERATE = "/v1/images/generations"
MESSAGES = "/api/v1/services/aigc/multimodal-generation/generation"
SUBMIT = "/api/v1/services/aigc/text2image/image-synthesis"
ASYNC = {"X-DashScope-Async": "enable"}
JSON = {"Content-Type": "application/json"}
TASK = {"model": "qwen-image", "input": {"prompt": "a"}, "parameters": {}}


@pytest.fixture
def store(redis: RedisServer) -> str:
    return redis.url.removesuffix("0") + "5"


@pytest.fixture
def both(monkeypatch: pytest.MonkeyPatch) -> list[tuple[Any, Any, bool]]:
    """Of each exchange: its words made at once, those read from its text, and whether it is kept short."""
    seen: list[tuple[Any, Any, bool]] = []

    class Watched(Writer):
        def text(self, exchange: Exchange, content: bytes) -> bytes:
            text = super().text(exchange, content)
            row = Reader(load().providers).row(b"1 " + text)
            words = orjson.loads(orjson.dumps(entry_of(exchange)))
            assert row.row == (exchange.id, exchange.time, exchange.provider.id, exchange.operation,
                               exchange.caller.tag)  # fmt: skip
            seen.append((words, row.words(), len(orjson.loads(text)) > 2))
            return text

    monkeypatch.setattr(shared_journal, "Writer", Watched)
    return seen


@pytest.mark.parametrize(
    ("method", "path", "body", "more", "short"),
    [
        ("POST", GENERATE, FLAT, {}, True),
        ("POST", GENERATE, {**FLAT, "seed": 7, "unknown": 1, "watermark": None}, {"X-Two": "a"}, True),
        ("POST", GENERATE, {**FLAT, "size": "17x17"}, {}, True),
        ("POST", GENERATE, {**FLAT, "n": 10**18}, {}, True),
        ("POST", GENERATE, {**FLAT, "n": 10**30}, {}, None),
        ("POST", GENERATE, {**FLAT, "seed": 10**400}, {}, None),
        ("POST", GENERATE, {**FLAT, "prompt": 'a "cat"'}, {}, False),
        ("POST", GENERATE, {**FLAT, "prompt": "x" * 20_000}, {}, True),
        ("POST", GENERATE, {**FLAT, "prompt": "x" * 70_000}, {}, False),
        ("POST", GENERATE, {**FLAT, "prompt": f"a {KEY}"}, {}, False),
        ("POST", GENERATE, FLAT, {"X-Trace": f"of-{KEY}"}, True),
        ("POST", GENERATE, FLAT, {"X-Api-Key": "secret", "Cookie": "secret"}, True),
        ("POST", f"{GENERATE}?key={KEY}", FLAT, {}, False),
        ("POST", GENERATE, FLAT, {"Authorization": 'Bearer "\\quoted'}, False),
        ("POST", GENERATE, FLAT, {"Authorization": "Bearer k"}, True),
        ("POST", GENERATE, FLAT, {"Authorization": "Bearer sk-revoked"}, False),
        ("POST", GENERATE, FLAT, {"Authorization": None}, False),
        ("POST", GENERATE, {**FLAT, "model": "no-such"}, {}, True),
        ("POST", GENERATE, {**FLAT, "prompt": "[[mock:throttle]] a cat"}, {}, False),
        ("POST", GENERATE, [1], {}, False),
        ("POST", GENERATE, b"{\xff", {}, False),
        ("POST", GENERATE, FLAT, {"Content-Type": "multipart/form-data; boundary=a"}, False),
        ("POST", MESSAGES, NATIVE, {}, True),
        ("POST", MESSAGES, {**NATIVE, "parameters": {"size": "1328*1328"}}, {}, True),
        ("POST", SUBMIT, TASK, ASYNC, True),
        ("GET", "/api/v1/tasks/none", None, {}, True),
        ("PUT", GENERATE, FLAT, {}, False),
        ("GET", "/v1/models", None, {}, True),
    ],
)
def test_nothing_is_lost(
    store: str,
    both: list[tuple[Any, Any, bool]],
    client_of: Callable[[Any], Client],
    method: str,
    path: str,
    body: Any,
    more: dict[str, str | None],
    short: bool | None,
) -> None:
    content = json.dumps(body, ensure_ascii=False).encode() if isinstance(body, dict | list) else body
    with serve(Settings(seed=1, store=store)) as mock:
        mock.reset()
        client_of(mock).send(method, path, content, {**JSON, **more})
        [entry] = mock.requests()
    [(before, after, kept_short)] = both
    assert after == before == entry
    assert [*after] == [*before]
    assert short is None or kept_short is short


DISGUISES = [
    lambda key: key,
    lambda key: f"x{key}y",
    lambda key: f'"{key}"',
    lambda key: key.encode("unicode_escape").decode(),
    lambda key: f"\\{key}",
]


@pytest.mark.parametrize("key", [KEY, 'sk-"quoted"-key', "sk-back\\slash", "sk-slash/key", "sk-\x7fdelete"])
@pytest.mark.parametrize("disguise", DISGUISES)
def test_a_key_is_in_no_text(store: str, key: str, disguise: Callable[[str], str]) -> None:
    async def steps() -> None:
        async with replicas(store) as [app]:
            await generate(app, disguise(key), key, user=key)
            await generate(app, "plain", key)
            kept = b"".join(await redis_of(app).lrange(CALLS, 0, -1))
            assert key.encode() not in kept
            for text in await redis_of(app).lrange(CALLS, 0, -1):
                assert key not in "".join(strings_of(orjson.loads(text.partition(b" ")[2])))

    asyncio.run(steps())


def strings_of(value: Any) -> list[str]:
    """Every text in a value, and in what a text holds that is JSON itself."""
    if isinstance(value, dict):
        return [text for pair in value.items() for one in pair for text in strings_of(one)]
    if isinstance(value, list):
        return [text for one in value for text in strings_of(one)]
    if isinstance(value, str) and value[:1] in "{[" and value:
        return [value, *strings_of(orjson.loads(value))]
    return [value] if isinstance(value, str) else []


def test_a_key_spelled_with_escapes_is_in_no_text(store: str) -> None:
    spelled = "".join(f"\\u{ord(letter):04x}" for letter in KEY)

    async def steps() -> None:
        async with replicas(store) as [app]:
            body = f'{{"model": "qwen-image", "prompt": "a", "seed": 1, "user": "{spelled}"}}'
            answer = await post(app, body.encode())
            assert answer.status == 200
            [text] = await redis_of(app).lrange(CALLS, 0, -1)
            assert KEY not in "".join(strings_of(orjson.loads(text.partition(b" ")[2])))
            [entry], _ = await app.state.entries({})
            assert entry["body"]["user"] == "(key)"

    asyncio.run(steps())


def test_entries_of_a_former_version_are_read(store: str) -> None:
    async def steps() -> None:
        async with replicas(store) as [app]:
            await generate(app, "now")
            [entry], _ = await app.state.entries({})
            old = b"0 " + orjson.dumps(["tag", {**entry, "id": "old"}])
            await redis_of(app).lpush(CALLS, old)
            entries, total = await app.state.entries({})
            assert [one["id"] for one in entries] == ["old", entry["id"]]
            assert total == 2
            assert (await app.state.entries({"key": "tag"}))[0] == [entries[0]]

    asyncio.run(steps())


def test_an_entry_of_another_contract_is_told_as_far_as_it_goes(store: str) -> None:
    async def steps() -> None:
        async with replicas(store) as [app]:
            await generate(app, "now")
            [text] = await redis_of(app).lrange(CALLS, 0, -1)
            [entry], _ = await app.state.entries({})
            row = Reader({}).row(text)
            told = row.words()
            assert {name: entry[name] for name in told} == told
            assert {"id", "path", "headers", "body", "response", "status"} <= set(told)
            known = text.replace(b'"qwen-image",', b'"of-tomorrow",')
            assert known != text
            assert Reader(app.state.providers).row(known).words()["decoded"] is None

    asyncio.run(steps())
