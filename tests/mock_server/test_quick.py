"""The short way from the socket: taken by whole calls, and never told from the long one by its answers."""

from __future__ import annotations

import asyncio
import json
import re
from typing import TYPE_CHECKING, Any

import pytest

from mock_server.wire import EDIT, EDITED, GENERATE, PLAIN, Wire, connections, request, wired
from qwen_image_mock.app import App, create_app
from qwen_image_mock.patience import _waits_for
from qwen_image_mock.quick import QuickProtocol
from qwen_image_mock.server import serve
from qwen_image_mock.settings import Settings

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture
def long_ways(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The paths of requests that uvicorn brought to the application its own way."""
    seen: list[str] = []
    usual = App.__call__

    async def watched(self: App, scope: Any, receive: Any, send: Any) -> None:
        seen.append(scope["path"])
        await usual(self, scope, receive, send)

    monkeypatch.setattr(App, "__call__", watched)
    return seen


@pytest.fixture
def wire() -> Iterator[Wire]:
    with serve(Settings(seed=1)) as mock, wired(mock) as made:
        yield made


def test_whole_calls_take_the_short_way_one_after_the_other(wire: Wire, long_ways: list[str]) -> None:
    for number in range(3):
        wire.send(request(GENERATE, {**PLAIN, "n": 1 if number < 2 else 99}))
        status, headers, body = wire.answer()
        assert status == (200 if number < 2 else 400)
        assert ("data" in body) == (number < 2)
        assert re.fullmatch("[0-9a-f-]{36}", headers["x-request-id"])
        assert headers["date"]
    wire.send(request("/dashscope/api/v1/tasks/none?a=1"))
    assert wire.answer()[2]["output"]["task_status"] == "UNKNOWN"
    assert long_ways == []


def test_a_body_in_packets_goes_the_long_way_to_the_same_answer(wire: Wire, long_ways: list[str]) -> None:
    whole = request(GENERATE, PLAIN)
    wire.send(whole)
    _, headers, body = wire.answer()
    wire.send(whole[:-20], whole[-20:-3], whole[-3:])
    _, later_headers, later = wire.answer()
    assert set(later_headers) == set(headers)
    assert {*later} == {*body}
    wire.send(whole[:40], whole[40:])  # only the headers in two packets
    assert wire.answer()[0] == 200
    assert long_ways.count(GENERATE) <= 2


def test_requests_in_one_packet_are_answered_in_their_order(wire: Wire) -> None:
    asked = [
        request(GENERATE, {**PLAIN, "n": 99}),
        request(EDIT, EDITED),
        request(GENERATE, {**PLAIN, "prompt": "[[mock:throttle]]"}),
        request("/_mock/health"),
        request(GENERATE, PLAIN),
        request(GENERATE, {**PLAIN, "n": 99}),
    ]
    wire.send(b"".join(asked))
    answers = [wire.answer() for _ in asked]
    assert [status for status, _, _ in answers] == [400, 200, 429, 200, 200, 400]
    assert "output" in answers[1][2]
    assert "data" in answers[4][2]


@pytest.mark.parametrize(
    ("path", "body"),
    [("/_mock/health", None), ("/pictures/none", None), (EDIT, EDITED), ("/dashscope/nowhere", PLAIN)],
)
def test_all_else_is_answered_too(wire: Wire, path: str, body: Any) -> None:
    wire.send(request(path, body))
    status = wire.answer()[0] if path != "/pictures/none" else int(wire.socket.recv(100).split()[1])
    assert status in (200, 404)


def test_a_handler_that_waits_is_waited_for(
    wire: Wire, monkeypatch: pytest.MonkeyPatch, long_ways: list[str]
) -> None:
    usual = App.called

    async def slowly(self: App, *given: Any) -> Any:
        for _ in range(3):
            await asyncio.sleep(0.001)
        with pytest.raises(ValueError, match="handed on"):
            await asyncio.get_running_loop().run_in_executor(None, _fail)
        return await usual(self, *given)

    monkeypatch.setattr(App, "called", slowly)
    monkeypatch.setattr(App, "at_once", lambda *_: None)
    for _ in range(2):
        wire.send(request(GENERATE, PLAIN))
        assert wire.answer()[0] == 200
    assert long_ways == []


def _fail() -> None:
    raise ValueError("handed on")


def test_connection_close_and_old_http_close(long_ways: list[str]) -> None:
    with serve(Settings()) as mock:
        with wired(mock) as wire:
            wire.send(request(GENERATE, PLAIN, "Connection: close"))
            status, headers, _ = wire.answer()
            assert (status, headers["connection"]) == (200, "close")
            assert wire.at_end()
        assert long_ways == []
        with wired(mock) as wire:
            wire.send(request(GENERATE, PLAIN, version="1.0"))
            assert wire.answer()[0] == 200
            assert wire.at_end()
        assert long_ways == [GENERATE]


def test_a_client_that_waits_to_be_asked_for_its_body_is_asked(wire: Wire, long_ways: list[str]) -> None:
    whole = request(GENERATE, PLAIN, "Expect: 100-continue")
    head, _, body = whole.partition(b"\r\n\r\n")
    wire.send(head + b"\r\n\r\n")
    assert wire._file.readline() == b"HTTP/1.1 100 Continue\r\n"
    wire._file.readline()
    wire.send(body)
    assert wire.answer()[0] == 200
    assert long_ways == [GENERATE]


def test_what_is_no_http_is_refused_whenever_it_comes(wire: Wire) -> None:
    wire.send(request(GENERATE, PLAIN))
    assert wire.answer()[0] == 200
    wire.send(b"POST " + GENERATE.encode() + b" HTTP/1.1\r\ntransfer-encoding: chunked\r\n\r\nzz\r\n")
    assert wire.socket.recv(1000).startswith(b"HTTP/1.1 400")
    assert wire.at_end()


def test_chunks_and_escaped_paths(wire: Wire) -> None:
    body = json.dumps(PLAIN).encode()
    head = "\r\n".join(
        [
            f"POST {GENERATE.replace('images', '%69mages')} HTTP/1.1",
            "Host: mock",
            "Authorization: Bearer sk-a",
            "Content-Type: application/json",
            "Transfer-Encoding: chunked",
        ]
    ).encode()
    wire.send(b"%b\r\n\r\n%x\r\n%b\r\n0\r\n\r\n" % (head, len(body), body))
    assert wire.answer()[0] == 200


def test_a_busy_connection_is_not_taken_for_one_that_does_not_get_on(monkeypatch: pytest.MonkeyPatch) -> None:
    made = connections(monkeypatch, QuickProtocol)
    with serve(Settings()) as mock, wired(mock) as wire:
        wire.send(b"POST /v1/images")
        wire.send(request(GENERATE, PLAIN)[len(b"POST /v1/images") :])
        assert wire.answer()[0] == 200
        wire.send(request(GENERATE, PLAIN))
        assert wire.answer()[0] == 200
        assert _waits_for(made[0]) is None


def test_a_body_above_the_limit_is_refused_on_both_ways() -> None:
    with serve(Settings(body_limit=100)) as mock, wired(mock) as wire:
        wire.send(request(GENERATE, {**PLAIN, "prompt": "a" * 200}))
        assert wire.answer()[0] in (400, 413)


def test_the_journal_tells_the_same_of_both_ways() -> None:
    app = create_app(Settings(seed=1))
    with serve(app=app) as mock, wired(mock) as wire:
        whole = request(f"{GENERATE}?a=b", PLAIN)
        wire.send(whole)
        wire.answer()
        wire.send(whole[:-5], whole[-5:])
        wire.answer()
        first, second = mock.requests()
    changing = {"id", "time", "effective", "response", "response_headers"}
    assert {name: first[name] for name in first if name not in changing} == {
        name: second[name] for name in second if name not in changing
    }
    assert first["response_headers"].keys() == second["response_headers"].keys()
