"""Plain calls to a mock with a store: kept in one trip, answered then, and as everybody is promised."""

from __future__ import annotations

import os
import signal
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from threading import Event
from typing import TYPE_CHECKING, Any

import pytest

from mock_server.redis_server import RedisServer, redis_server
from mock_server.wire import GENERATE, PLAIN, connections, request, until, wired
from qwen_image_mock.server import serve
from qwen_image_mock.settings import Settings
from qwen_image_mock.shared.protocol import SharedProtocol, Waiting

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

START = 1_800_000_000
SEEDED = {**PLAIN, "seed": 7}
CALL = request(GENERATE, SEEDED)
NATIVE = "/api/v1/services/aigc/multimodal-generation/generation"
MANY = 12
CALLS = "{qwen-image-mock}:journal:calls"
FLEETING = {"id", "time", "created", "url", "x-request-id", "request_id", "image"}


@pytest.fixture
def own(tmp_path: Path) -> Iterator[RedisServer]:
    with redis_server(tmp_path) as server:
        yield server


@pytest.fixture
def ways(monkeypatch: pytest.MonkeyPatch) -> Counter[str]:
    """How the waits of plain calls ended, and how many of those calls there were."""
    seen: Counter[str] = Counter()

    def counted(owner: type, name: str) -> None:
        usual = getattr(owner, name)

        def count(*given: Any) -> Any:
            seen[name] += 1
            return usual(*given)

        monkeypatch.setattr(owner, name, count)

    for name in ("__init__", "kept", "overtaken", "lost"):
        counted(Waiting, name)
    return seen


@pytest.fixture
def protocols(monkeypatch: pytest.MonkeyPatch) -> list[SharedProtocol]:
    """The connections, as the server sees them."""
    return connections(monkeypatch, SharedProtocol)


@pytest.fixture
def mock(own: RedisServer) -> Iterator[Any]:
    with serve(Settings(seed=1, store=own.url)) as running:
        get_known(running)
        yield running


def get_known(mock: Any, call: bytes = CALL) -> None:
    """Let the head of a call become known, and the controls."""
    with wired(mock) as wire:
        for _ in range(3):
            wire.send(call)
            assert wire.answer()[0] == 200


@contextmanager
def stopped(server: RedisServer) -> Iterator[None]:
    """Redis takes in what it is sent, and does nothing until the end."""
    os.kill(server.process.pid, signal.SIGSTOP)
    try:
        yield
    finally:
        os.kill(server.process.pid, signal.SIGCONT)


def lasting(value: Any) -> Any:
    """A value without what differs from call to call."""
    if isinstance(value, dict):
        return {name: lasting(item) for name, item in value.items() if name not in FLEETING}
    return [lasting(item) for item in value] if isinstance(value, list) else value


@pytest.mark.parametrize(
    ("path", "body", "plain"),
    [
        (GENERATE, SEEDED, True),
        (GENERATE, {**SEEDED, "size": "1328x1328", "n": 1, "negative_prompt": "dogs"}, True),
        (NATIVE, {"model": "qwen-image", "input": {"messages": [{"role": "user", "content": [{"text": "a"}]}]},
                  "parameters": {"seed": 3, "size": "1328*1328"}}, True),
        (GENERATE, PLAIN, False),
        (GENERATE, {**SEEDED, "prompt": "a sk-a-whole-key"}, False),
        (GENERATE, {**SEEDED, "prompt": 'a "cat"'}, False),
        (GENERATE, {**SEEDED, "unknown": 1}, False),
        (GENERATE, {**SEEDED, "response_format": "b64_json"}, False),
    ],
)  # fmt: skip
def test_the_journal_tells_the_same_of_both_ways(
    mock: Any, own: RedisServer, ways: Counter[str], path: str, body: Any, plain: bool
) -> None:
    mock.reset()
    call = request(path, body).replace(b"Bearer sk-a", b"Bearer sk-a-whole-key")
    answers = []
    with wired(mock) as wire:
        for _ in range(4):
            wire.send(call)
            answers.append(wire.answer())
    assert (ways["kept"] >= 1) is plain
    assert {status for status, _, _ in answers} == {200}
    entries = mock.requests()
    assert [entry["id"] for entry in entries] == [headers["x-request-id"] for _, headers, _ in answers]
    first, last = (dict(entries[at]) for at in (0, 3))
    if body is PLAIN:  # a seed of its own each, whose address may be longer
        for entry in (first, last):
            del entry["effective"], entry["response_headers"]
    assert lasting(first) == lasting(last)
    assert [*first] == [*last]
    if path == GENERATE and plain:
        assert entries[3]["response"] == answers[3][2]
    for file in own.folder.rglob("appendonly.aof.*"):
        assert b"sk-a-whole-key" not in file.read_bytes()


def test_a_change_is_seen_by_whoever_begins_after_it(own: RedisServer, mock: Any, ways: Counter[str]) -> None:
    told = START
    over = Event()

    def caller(_: int) -> int:
        seen = 0
        with wired(mock) as wire:
            while not over.is_set():
                least = told
                wire.send(CALL)
                status, _headers, answer = wire.answer()
                assert (status, answer["created"] >= least) == (200, True)
                seen += 1
        return seen

    with serve(Settings(seed=1, store=own.url)) as other, ThreadPoolExecutor(MANY) as pool:
        other.clock.freeze(START)
        callers = [pool.submit(caller, at) for at in range(MANY)]
        try:
            for moment in range(START + 1, START + 101):
                other.clock.freeze(moment)
                told = moment
        finally:
            over.set()
        assert sum(one.result() for one in callers) > MANY
    assert ways["overtaken"]
    assert ways["kept"]


def test_a_fault_meets_the_first_call_after_it(own: RedisServer, mock: Any, ways: Counter[str]) -> None:
    with serve(Settings(seed=1, store=own.url)) as other, wired(mock) as wire:
        wire.send(CALL)
        assert wire.answer()[0] == 200
        other.fault("throttle", times=1)
        wire.send(CALL)
        assert wire.answer()[0] == 429
        wire.send(CALL)
        assert wire.answer()[0] == 200
        other.reset()
        wire.send(CALL)
        assert wire.answer()[0] == 200
        assert len(mock.requests()) == 1
    assert ways["overtaken"] >= 1


def test_calls_that_cannot_be_kept_are_refused(mock: Any, own: RedisServer, ways: Counter[str]) -> None:
    import redis

    with redis.Redis(port=own.port) as client, ExitStack() as stack:
        client.set(CALLS, "no list")
        wires = [stack.enter_context(wired(mock)) for _ in range(MANY)]
        with stopped(own):
            for wire in wires:
                wire.send(CALL)
            until(lambda: ways["__init__"] == MANY)
        for wire in wires:
            status, headers, answer = wire.answer()
            assert (status, headers["x-mock-fault"], headers["retry-after"]) == (503, "store-away", "1")
            assert set(answer["error"]) == {"message", "type", "param", "code"}
        client.delete(CALLS)
        for wire in wires:
            wire.send(CALL)
            assert wire.answer()[0] == 200
    assert (ways["lost"], ways["kept"]) == (MANY, MANY)
    assert len(mock.requests()) == MANY


@pytest.mark.parametrize("bounds", [{"journal_entries": 30}, {"journal_bytes": 40_000}])
def test_order_and_bounds_hold(own: RedisServer, ways: Counter[str], bounds: dict[str, int]) -> None:
    import redis

    with serve(Settings(seed=1, store=own.url, **bounds)) as mock, ExitStack() as stack:
        get_known(mock)
        wires = [stack.enter_context(wired(mock)) for _ in range(MANY)]
        order: list[str] = []
        for round_ in range(8):
            for at, wire in enumerate(wires):
                wire.send(request(GENERATE, {**SEEDED, "prompt": f"cat {round_:02} {at:02}"}))
            order += [wire.answer()[1]["x-request-id"] for wire in wires]
        kept = [entry["id"] for entry in mock.requests()]
        with redis.Redis(port=own.port) as client:
            texts: Any = client.lrange(CALLS, 0, -1)
            assert int(client.get(f"{CALLS}:bytes") or 0) == sum(map(len, texts))  # type: ignore[arg-type] # not awaitable
    numbers = [int(text.split()[0]) for text in texts]
    assert numbers == [*range(MANY * 8 + 4 - len(numbers), MANY * 8 + 4)]
    assert len(kept) == len(numbers) <= bounds.get("journal_entries", 1000)
    assert sum(map(len, texts)) <= bounds.get("journal_bytes", 2**24)
    rounds = [order.index(one) // MANY for one in kept]
    assert rounds == sorted(rounds)
    assert len(kept) >= MANY
    assert ways["kept"] > MANY * 7


def test_a_client_that_goes_leaves_the_others_alone(mock: Any, own: RedisServer, ways: Counter[str]) -> None:
    before = len(mock.requests())
    with ExitStack() as stack:
        wires = [stack.enter_context(wired(mock)) for _ in range(MANY)]
        with stopped(own):
            for wire in wires:
                wire.send(CALL)
            until(lambda: ways["__init__"] == MANY)
            for wire in wires[::3]:
                wire.close()
            time.sleep(0.05)  # the server hears of it, or not yet: both are fine
        stayed = [wire for at, wire in enumerate(wires) if at % 3]
        for _ in range(2):
            assert {wire.answer()[0] for wire in stayed} == {200}
            for wire in stayed:
                wire.send(CALL)
        assert {wire.answer()[0] for wire in stayed} == {200}
    assert len(mock.requests()) >= before + 3 * len(stayed)


def test_what_comes_behind_a_call_waits_for_it(mock: Any, own: RedisServer, ways: Counter[str]) -> None:
    long = request(GENERATE, {**SEEDED, "prompt": "x" * 700})
    with wired(mock) as wire:
        with stopped(own):
            wire.send(CALL)
            until(lambda: ways["__init__"] == 1)
            wire.send(long[:100])
            time.sleep(0.02)
            wire.send(long[100:] + long * 200 + CALL)  # more than is taken in behind a call
        ids = [wire.answer()[1]["x-request-id"] for _ in range(203)]
        wire.send(CALL)
        ids.append(wire.answer()[1]["x-request-id"])
    assert [entry["id"] for entry in mock.requests()][-204:] == ids


def test_a_call_that_waits_keeps_its_connection(
    mock: Any, own: RedisServer, ways: Counter[str], protocols: list[SharedProtocol]
) -> None:
    with wired(mock) as wire:
        with stopped(own):
            wire.send(CALL)
            until(lambda: ways["__init__"] == 1)
            [protocol] = protocols
            protocol.loop.call_soon_threadsafe(protocol.timeout_keep_alive_handler)
            time.sleep(0.02)
        assert wire.answer()[0] == 200
        with stopped(own):
            wire.send(CALL)
            until(lambda: ways["__init__"] == 2)
            protocol.loop.call_soon_threadsafe(protocol.shutdown)
            time.sleep(0.02)
        assert wire.answer()[0] == 200
        closing: list[bool] = []
        protocol.loop.call_soon_threadsafe(lambda: closing.append(protocol.transport.is_closing()))
        until(lambda: closing)
        assert closing == [True]
        assert wire.at_end()


def test_nothing_is_lost_when_redis_starts_again(mock: Any, own: RedisServer, ways: Counter[str]) -> None:
    before = len(mock.requests())
    with wired(mock) as wire:
        wire.send(CALL)
        assert wire.answer()[0] == 200
        own.kill()
        wire.send(CALL)
        assert wire.answer()[0] == 503
        own.start()
        wire.send(CALL)
        assert wire.answer()[0] == 200
        own.kill()
        own.start()
        wire.send(CALL)
        assert wire.answer()[0] == 200
    assert len(mock.requests()) == before + 3
    assert (ways["kept"], ways["lost"]) == (3, 1)


def test_an_emptied_database_begins_anew(mock: Any, own: RedisServer, ways: Counter[str]) -> None:
    import redis

    with redis.Redis(port=own.port) as client, wired(mock) as wire:
        client.flushall()
        for _ in range(2):
            wire.send(CALL)
            assert wire.answer()[0] == 200
        assert client.get("{qwen-image-mock}:control") is not None
    assert (ways["overtaken"], ways["kept"]) == (1, 1)
    assert len(mock.requests()) == 2


def test_a_bug_of_the_plain_way_costs_no_answer(
    mock: Any, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def broken(*_: Any) -> Any:
        raise ZeroDivisionError

    monkeypatch.setattr("qwen_image_mock.beaten.made", broken)
    with wired(mock) as wire:
        wire.send(CALL)
        assert wire.answer()[0] == 200
    assert "ZeroDivisionError" in capsys.readouterr().err
