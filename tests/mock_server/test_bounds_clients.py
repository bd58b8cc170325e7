"""Slow clients and half-open connections: others do not notice them, and they do not stay."""

from __future__ import annotations

import http.client
import json
import socket
import time
from contextlib import ExitStack, closing
from types import SimpleNamespace
from typing import Any

import pytest

from mock_server.conftest import Client
from qwen_image_mock.patience import Patience, Watch
from qwen_image_mock.server import serve
from qwen_image_mock.settings import Settings

PATH = "/v1/images/generations"
ASK = {"model": "qwen-image-2.0-pro", "prompt": "a cat"}
HALVES = {
    "nothing at all": b"",
    "half a line": b"POST /v1/ima",
    "half the headers": b"POST /v1/images/generations HTTP/1.1\r\nHost: mock\r\nContent-",
    "half a body": b"POST /v1/images/generations HTTP/1.1\r\nHost: mock\r\nContent-Length: 100\r\n\r\n{",
}


def opened(url: str) -> socket.socket:
    host, _, port = url.removeprefix("http://").partition(":")
    return socket.create_connection((host, int(port)), timeout=20)


def test_three_hundred_half_requests_starve_nobody(mock: Any, client: Client) -> None:
    with ExitStack() as stack:
        for number in range(300):
            connection = stack.enter_context(closing(opened(mock.url)))
            connection.sendall(list(HALVES.values())[number % len(HALVES)])
        assert [client.post(PATH, ASK).status for _ in range(10)] == [200] * 10


@pytest.mark.parametrize("half", HALVES)
def test_a_half_request_is_given_up(half: str) -> None:
    with (
        serve(Settings(header_seconds=0.5, body_seconds=0.5)) as mock,
        closing(opened(mock.url)) as connection,
    ):
        connection.sendall(HALVES[half])
        assert connection.recv(1) == b""
        assert Client(mock.url).post(PATH, ASK).status == 200
        assert len(mock.requests()) == 1


def test_a_second_half_request_on_a_connection_is_given_up() -> None:
    with serve(Settings(header_seconds=0.5)) as mock:
        connection = http.client.HTTPConnection(mock.url.removeprefix("http://"), timeout=20)
        with closing(connection):
            connection.request("POST", PATH, json.dumps(ASK), {"Authorization": "Bearer k"})
            assert connection.getresponse().read()
            connection.sock.sendall(b"POST /v1")
            assert connection.sock.recv(1) == b""


@pytest.mark.parametrize("more", [b"X-A: " + b"b" * 1000 + b"\r\n", b""], ids=["headers", "path"])
def test_a_head_without_end_is_given_up(mock: Any, client: Client, more: bytes) -> None:
    begin = b"POST /v1 HTTP/1.1\r\nHost: mock\r\n" if more else b"POST /"
    with closing(opened(mock.url)) as connection:
        connection.sendall(begin)
        with pytest.raises((ConnectionResetError, BrokenPipeError)):  # noqa: PT012 # how much it takes is its own
            for _ in range(1000):
                connection.sendall((more or b"b" * 1000) * 20)
    assert client.post(PATH, ASK).status == 200


def test_large_headers_are_taken(client: Client) -> None:
    sent = {f"X-{number}": "a" * 1000 for number in range(40)}
    assert client.post(PATH, ASK, sent).status == 200


def test_large_headers_in_pieces_are_refused_in_words(mock: Any) -> None:
    with closing(opened(mock.url)) as connection:
        connection.sendall(b"POST /v1 HTTP/1.1\r\nHost: mock\r\n")
        time.sleep(0.05)
        connection.sendall(b"X-A: " + b"b" * 65_600)
        assert connection.recv(100).startswith(b"HTTP/1.1 431 ")


def test_a_client_that_sends_slowly_but_in_time_is_served(mock: Any) -> None:
    body = json.dumps(ASK).encode()
    head = b"POST %s HTTP/1.1\r\nHost: mock\r\nAuthorization: Bearer k\r\nContent-Length: %d\r\n\r\n"
    with closing(opened(mock.url)) as connection:
        for byte in head % (PATH.encode(), len(body)) + body:
            connection.sendall(bytes([byte]))
        assert connection.recv(65_536).startswith(b"HTTP/1.1 200")


def test_a_delayed_answer_is_not_a_slow_client() -> None:
    with serve(Settings(header_seconds=0.5, body_seconds=0.5)) as mock:
        mock.fault("slow-headers", seconds=2.5)
        assert Client(mock.url).post(PATH, ASK).status == 200


def connection(*, unread: int = 0, cycle: Any = None, idle: bool = False) -> Any:
    aborted: list[bool] = []
    transport = SimpleNamespace(get_write_buffer_size=lambda: unread, abort=lambda: aborted.append(True))
    return _Hashable(transport=transport, cycle=cycle, timeout_keep_alive_task=idle or None, aborted=aborted)


class _Hashable(SimpleNamespace):
    __hash__ = object.__hash__


@pytest.mark.parametrize(
    ("one", "seconds"),
    [
        (connection(), 20),
        (connection(cycle=SimpleNamespace(response_complete=True, more_body=False)), 20),
        (connection(cycle=SimpleNamespace(response_complete=False, more_body=True)), 120),
        (connection(unread=9, cycle=SimpleNamespace(response_complete=False, more_body=False)), 60),
        (connection(idle=True, cycle=SimpleNamespace(response_complete=True, more_body=False)), None),
        (connection(cycle=SimpleNamespace(response_complete=False, more_body=False)), None),
    ],
)
def test_each_wait_has_its_time(one: Any, seconds: int | None) -> None:
    now = [0.0]
    watch = Watch(Patience(), lambda: now[0])
    watch.look([one])
    now[0] = (seconds or 1000) - 0.1
    assert watch.look([one]) == 0
    now[0] += 0.2
    assert watch.look([one]) == (seconds is not None)
    assert bool(one.aborted) is (seconds is not None)


def test_progress_starts_the_time_again() -> None:
    now = [0.0]
    watch = Watch(Patience(), lambda: now[0])
    unread = [100]
    one = connection(unread=1, cycle=SimpleNamespace(response_complete=False, more_body=False))
    one.transport.get_write_buffer_size = lambda: unread[0]
    for _ in range(5):
        watch.look([one])
        now[0] += 59
        unread[0] -= 1
    assert not one.aborted
