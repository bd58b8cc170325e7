"""A connection of a test: requests as they stand on the wire, in packets of its choice, and whole answers."""

from __future__ import annotations

import json
import socket
import time
from base64 import b64encode
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, TypeVar

from qwen_image_mock.pictures import Picture, render

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    import pytest

    from qwen_image_mock.quick import QuickProtocol
    from qwen_image_mock.server import Mock

P = TypeVar("P", bound="QuickProtocol")
GENERATE = "/v1/images/generations"
EDIT = "/api/v1/services/aigc/multimodal-generation/generation"
PLAIN = {"model": "qwen-image", "prompt": "a cat"}
PHOTO = f"data:image/png;base64,{b64encode(render(Picture(512, 512, b'key'))).decode()}"
EDITED = {
    "model": "qwen-image-edit",
    "input": {"messages": [{"role": "user", "content": [{"image": PHOTO}, {"text": "blue"}]}]},
}


def request(path: str, body: Any = None, *more: str, version: str = "1.1") -> bytes:
    """A request as it stands on the wire."""
    content = b"" if body is None else json.dumps(body).encode()
    lines = [
        f"{'GET' if body is None else 'POST'} {path} HTTP/{version}",
        "Host: mock",
        "Authorization: Bearer sk-a",
        "Content-Type: application/json",
        f"Content-Length: {len(content)}",
        *more,
    ]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + content


class Wire:
    """A connection."""

    def __init__(self, mock: Mock) -> None:
        host, port = mock.url.removeprefix("http://").split(":")
        self.socket = socket.create_connection((host, int(port)), timeout=10)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._file = self.socket.makefile("rb")

    def send(self, *packets: bytes) -> None:
        """Send packets one by one."""
        for packet in packets:
            self.socket.sendall(packet)

    def answer(self) -> tuple[int, dict[str, str], Any]:
        """The next answer: status, headers, JSON."""
        status = int(self._file.readline().split()[1])
        headers: dict[str, str] = {}
        while line := self._file.readline().strip():
            name, _, value = line.decode().partition(": ")
            headers[name.lower()] = value
        return status, headers, json.loads(self._file.read(int(headers.get("content-length", 0))) or b"null")

    def at_end(self) -> bool:
        """Whether the server has closed the connection."""
        return self._file.read(1) == b""

    def close(self) -> None:
        """Hang up."""
        self._file.close()
        self.socket.close()


@contextmanager
def wired(mock: Mock) -> Iterator[Wire]:
    """A connection to a mock."""
    wire = Wire(mock)
    try:
        yield wire
    finally:
        wire.close()


def until(true: Callable[[], object]) -> None:
    """Wait for what another thread does; fails after ten seconds."""
    end = time.monotonic() + 10
    while not true():
        assert time.monotonic() < end
        time.sleep(0.001)


def connections(monkeypatch: pytest.MonkeyPatch, protocol: type[P]) -> list[P]:
    """The connections to come, as the server sees them."""
    seen: list[P] = []
    usual = protocol.connection_made

    def watched(self: P, transport: Any) -> None:
        seen.append(self)
        usual(self, transport)

    monkeypatch.setattr(protocol, "connection_made", watched)
    return seen
