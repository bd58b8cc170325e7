"""Heads seen before: calls that begin with the same bytes need no parser, and nobody can tell."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from mock_server.wire import EDIT, EDITED, GENERATE, PLAIN, Wire, connections, request, until, wired
from qwen_image_mock import again
from qwen_image_mock.again import AgainProtocol
from qwen_image_mock.patience import _waits_for
from qwen_image_mock.server import serve
from qwen_image_mock.settings import Settings

if TYPE_CHECKING:
    from collections.abc import Iterator

TASK = "/dashscope/api/v1/tasks/none"


def make_known(wire: Wire, whole: bytes) -> None:
    """Send a call so often that its head is known."""
    for _ in range(2):
        wire.send(whole)
        assert wire.answer()[0] == 200


@pytest.fixture
def parsed(monkeypatch: pytest.MonkeyPatch) -> list[bytes]:
    """The packets that the parser was given."""
    seen: list[bytes] = []
    usual = AgainProtocol._parse

    def watched(self: AgainProtocol, data: bytes) -> None:
        seen.append(data)
        usual(self, data)

    monkeypatch.setattr(AgainProtocol, "_parse", watched)
    return seen


@pytest.fixture
def made(monkeypatch: pytest.MonkeyPatch) -> list[AgainProtocol]:
    """The connections, as the server sees them."""
    return connections(monkeypatch, AgainProtocol)


@pytest.fixture
def wire() -> Iterator[Wire]:
    with serve(Settings(seed=1)) as mock, wired(mock) as opened:
        yield opened


def test_a_head_is_parsed_twice_whatever_the_connection(parsed: list[bytes]) -> None:
    bodies = [{**PLAIN, "prompt": f"a cat {number}"} for number in range(5)]
    with serve(Settings(seed=1)) as mock:
        for _ in range(2):
            with wired(mock) as wire:
                for body in bodies:
                    wire.send(request(GENERATE, body))
                    status, headers, answer = wire.answer()
                    assert (status, len(answer["data"])) == (200, 1)
                    assert headers["date"]
        assert [entry["body"] for entry in mock.requests()] == bodies * 2
        assert len({entry["id"] for entry in mock.requests()}) == 10
    assert len(parsed) == 2


@pytest.mark.parametrize(
    ("path", "body", "status"),
    [(GENERATE, {**PLAIN, "n": 99}, 400), (TASK, None, 200), (EDIT, EDITED, 200), (GENERATE, [1], 400)],
    ids=["refusal", "query", "edit", "no object"],
)
def test_every_answer_is_the_same_without_the_parser(
    wire: Wire, parsed: list[bytes], path: str, body: Any, status: int
) -> None:
    answers = []
    for _ in range(3):
        wire.send(request(path, body))
        answers.append(wire.answer())
    assert [answer[0] for answer in answers] == [status] * 3
    assert {tuple(answer[1]) for answer in answers} == {tuple(answers[0][1])}
    assert len(parsed) == (2 if len(request(path, body)) < again._AWAITED else len(parsed))


def test_a_body_may_come_later_and_in_pieces(wire: Wire, parsed: list[bytes]) -> None:
    whole = request(GENERATE, PLAIN)
    cut = whole.index(b"\r\n\r\n") + 4
    make_known(wire, whole)
    for packets in ([whole[:cut], whole[cut:]], [whole[:cut], whole[cut:-5], whole[-5:-2], whole[-2:]]):
        wire.send(*packets)
        assert wire.answer()[0] == 200
    assert len(parsed) == 2


def test_a_head_is_remembered_though_its_body_always_comes_later(
    made: list[AgainProtocol], parsed: list[bytes], wire: Wire
) -> None:
    whole = request(GENERATE, PLAIN)
    cut = whole.index(b"\r\n\r\n") + 4
    for _ in range(4):
        wire.send(whole[:cut])
        until(lambda: made and made[0]._begun == whole[:cut])
        wire.send(whole[cut:])
        assert wire.answer()[0] == 200
    assert parsed == [whole, whole]


def test_a_head_without_a_body_is_answered_at_once(wire: Wire) -> None:
    wire.send(request(TASK))
    assert wire.answer()[0] == 200
    wire.send(request(f"{TASK}/cancel").replace(b"GET", b"POST"))
    assert wire.answer()[0] in (400, 404)


def test_a_head_in_pieces_is_the_parsers(wire: Wire, parsed: list[bytes]) -> None:
    whole = request(GENERATE, PLAIN)
    make_known(wire, whole)
    for _ in range(20):  # packets may run together
        wire.send(whole[:30])
        wire.send(whole[30:])
        assert wire.answer()[0] == 200
    make_known(wire, whole)
    assert b"".join(parsed).count(b"POST") <= 22


def test_requests_in_one_packet_are_answered_in_their_order(wire: Wire) -> None:
    for _ in range(2):
        good, bad = request(GENERATE, PLAIN), request(GENERATE, {**PLAIN, "n": 99})
        wire.send(good)
        assert wire.answer()[0] == 200
        wire.send(good + bad + request(EDIT, EDITED) + good + bad[:40])
        assert [wire.answer()[0] for _ in range(4)] == [200, 400, 200, 200]
        wire.send(bad[40:] + good)
        assert [wire.answer()[0] for _ in range(2)] == [400, 200]


def test_what_comes_after_a_known_head_is_still_http(wire: Wire) -> None:
    make_known(wire, request(GENERATE, PLAIN))
    wire.send(request(GENERATE, PLAIN) + b"no HTTP at all\r\n\r\n")
    assert wire.answer()[0] == 200
    assert wire._file.readline().startswith(b"HTTP/1.1 400")


@pytest.mark.parametrize(
    "more", [["Connection: close"], ["Transfer-Encoding: chunked"], ["Expect: 100-continue"]]
)
def test_such_heads_are_not_remembered(more: list[str]) -> None:
    with serve(Settings()) as mock:
        with wired(mock) as wire:
            wire.send(request(GENERATE, PLAIN, *more))
            wire.socket.recv(10)
        with wired(mock) as wire:
            wire.send(request(GENERATE, PLAIN, *more))
            wire.socket.recv(10)
        assert not any(mock.app.heads.values())


def test_a_head_without_a_host_is_not_remembered() -> None:
    whole = request(GENERATE, PLAIN).replace(b"Host: mock\r\n", b"")
    with serve(Settings()) as mock, wired(mock) as wire:
        for _ in range(2):
            wire.send(whole)
            assert wire.answer()[2]["data"][0]["url"].startswith(mock.url)
        assert not any(mock.app.heads.values())


@pytest.mark.parametrize("within", ["a header", "a body"])
def test_a_known_head_within_another_request_is_a_part_of_that(
    made: list[AgainProtocol], parsed: list[bytes], wire: Wire, within: str
) -> None:
    whole = request(GENERATE, PLAIN)
    make_known(wire, whole)
    wire.send(
        f"GET {TASK} HTTP/1.1\r\nX-A: ".encode()
        if within == "a header"
        else f"POST {GENERATE} HTTP/1.1\r\nAuthorization: a\r\nContent-Length: {len(whole)}\r\n\r\n".encode()
    )
    until(lambda: len(parsed) == 3 or made[0]._begun)
    wire.send(whole)
    status, _, body = wire.answer()
    assert (status, "data" in body) == (200 if within == "a header" else 401, False)


def test_a_client_that_does_not_read_is_not_answered_any_further(
    made: list[AgainProtocol], parsed: list[bytes], wire: Wire
) -> None:
    make_known(wire, request(GENERATE, PLAIN))
    [connection] = made
    connection.loop.call_soon_threadsafe(connection.pause_writing)
    until(lambda: connection.flow.write_paused)
    wire.send(request(GENERATE, PLAIN))
    until(lambda: len(parsed) == 3)
    wire.send(request(GENERATE, PLAIN))
    until(lambda: connection.flow.read_paused)
    connection.loop.call_soon_threadsafe(connection.resume_writing)
    assert [wire.answer()[0] for _ in range(2)] == [200, 200]


def test_other_keys_and_hosts_are_other_heads() -> None:
    with serve(Settings(keys=frozenset({"sk-a"}))) as mock, wired(mock) as wire:
        for _ in range(2):
            wire.send(request(GENERATE, PLAIN))
            assert wire.answer()[2]["data"][0]["url"].startswith("http://mock/")
            wire.send(request(GENERATE, PLAIN).replace(b"Host: mock", b"Host: rock"))
            assert wire.answer()[2]["data"][0]["url"].startswith("http://rock/")
            wire.send(request(GENERATE, PLAIN).replace(b"sk-a", b"sk-b"))
            assert wire.answer()[0] == 401


def test_few_heads_are_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(again, "_KEPT", 3)
    with serve(Settings()) as mock, wired(mock) as other:
        monkeypatch.setattr(again, "_ONCE", 3)
        for number in range(10):
            make_known(other, request(GENERATE, PLAIN, f"X-Number: {number}"))
            assert 0 < len(mock.app.heads["http"]) <= 3
            assert len(mock.app.heads["http"].once) <= 3
        make_known(other, request(GENERATE, PLAIN, f"X-Long: {'a' * 5000}"))
        assert all(len(head) < 5000 for head in mock.app.heads["http"])


def test_faults_on_the_wire_happen_to_known_heads_too(wire: Wire, parsed: list[bytes]) -> None:
    plain, cut = {**PLAIN, "prompt": "[[mock:none.]] a cat"}, {**PLAIN, "prompt": "[[mock:reset]] a cat"}
    assert len(request(GENERATE, plain)) == len(request(GENERATE, cut))
    make_known(wire, request(GENERATE, plain))
    wire.send(request(GENERATE, cut))
    with pytest.raises(ConnectionResetError):
        wire.socket.recv(10)
    assert len(parsed) == 3


def test_an_idle_connection_is_closed_and_a_used_one_is_not(made: list[AgainProtocol]) -> None:
    with serve(Settings()) as mock, wired(mock) as wire:
        for _ in range(3):
            wire.send(request(GENERATE, PLAIN))
            assert wire.answer()[0] == 200
        [connection] = made
        assert _waits_for(connection) is None
        loop = connection.loop
        loop.call_soon_threadsafe(connection.timeout_keep_alive_handler)
        wire.send(request(GENERATE, PLAIN))
        assert wire.answer()[0] == 200
        loop.call_soon_threadsafe(connection.timeout_keep_alive_handler)
        loop.call_soon_threadsafe(connection.timeout_keep_alive_handler)
        assert wire.at_end()


def test_a_body_that_does_not_come_is_waited_for_as_any_other(made: list[AgainProtocol]) -> None:
    whole = request(GENERATE, PLAIN)
    with serve(Settings()) as mock, wired(mock) as wire:
        make_known(wire, whole)
        [connection] = made
        wire.send(whole[:-5])
        until(lambda: connection._begun)
        connection.loop.call_soon_threadsafe(connection.timeout_keep_alive_handler)
        until(lambda: not connection._begun)
        waits = _waits_for(connection)
        assert waits is not None
        assert waits[0] == "body"
        wire.send(whole[-5:])
        assert wire.answer()[0] == 200


def test_a_server_that_ends_answers_what_has_begun(made: list[AgainProtocol]) -> None:
    whole = request(GENERATE, PLAIN)
    with serve(Settings()) as mock, wired(mock) as wire:
        make_known(wire, whole)
        [connection] = made
        wire.send(whole[:-5])
        until(lambda: connection._begun)
        connection.loop.call_soon_threadsafe(connection.shutdown)
        until(lambda: not connection._begun)
        wire.send(whole[-5:])
        status, headers, _ = wire.answer()
        assert (status, headers["connection"]) == (200, "close")
        assert wire.at_end()


def test_other_applications_have_no_heads() -> None:
    async def other(_scope: Any, _receive: Any, send: Any) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"4")]})
        await send({"type": "http.response.body", "body": b"null"})

    with serve(app=other) as mock, wired(mock) as wire:  # type: ignore[arg-type] # any application can be served
        for _ in range(2):
            wire.send(request(GENERATE, PLAIN))
            assert wire.answer()[0] == 200
    assert getattr(mock.app, "heads", None) is None


def test_a_client_that_wants_to_be_asked_for_its_body_is_asked_at_once(
    monkeypatch: pytest.MonkeyPatch, wire: Wire
) -> None:
    held: list[bytes] = []
    monkeypatch.setattr(AgainProtocol, "_await", lambda _, data: held.append(data))
    head, _, body = request(GENERATE, PLAIN, "Expect: 100-continue").partition(b"\r\n\r\n")
    wire.send(head + b"\r\n\r\n")
    assert wire._file.readline() == b"HTTP/1.1 100 Continue\r\n"
    wire._file.readline()
    wire.send(body)
    assert wire.answer()[0] == 200
    assert held == []
