"""A running mock and a plain client for it. The client shares nothing with the server but the socket."""

from __future__ import annotations

import http.client
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import pytest

from qwen_image_mock.server import Mock, serve
from qwen_image_mock.settings import Settings

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

KEY = "sk-a-key-of-the-tests"


@dataclass(frozen=True)
class Answer:
    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)


@dataclass(frozen=True)
class Client:
    """Sends one request a connection."""

    url: str
    key: str = KEY

    def send(
        self, method: str, path: str, body: bytes | None = None, headers: dict[str, str | None] | None = None
    ) -> Answer:
        target = urlsplit(path)
        own = urlsplit(self.url)
        place = f"{target.path}?{target.query}" if target.query else target.path
        wanted = {"Authorization": f"Bearer {self.key}", **(headers or {})}
        connection = http.client.HTTPConnection(own.hostname or "", own.port, timeout=30)
        try:
            connection.request(
                method,
                place,
                body=body,
                headers={name: value for name, value in wanted.items() if value is not None},
            )
            answer = connection.getresponse()
            return Answer(
                answer.status, {name.lower(): value for name, value in answer.getheaders()}, answer.read()
            )
        finally:
            connection.close()

    def get(self, path: str, **headers: str | None) -> Answer:
        return self.send("GET", path, headers=headers)

    def post(self, path: str, document: Any, headers: dict[str, str | None] | None = None) -> Answer:
        body = document if isinstance(document, bytes) else json.dumps(document, ensure_ascii=False).encode()
        return self.send("POST", path, body, {"Content-Type": "application/json", **(headers or {})})


@pytest.fixture(scope="session")
def running() -> Iterator[Mock]:
    with serve(Settings(seed=20261120, task_seconds=1.0)) as mock:
        yield mock


@pytest.fixture
def mock(running: Mock) -> Iterator[Mock]:
    running.reset()
    yield running
    running.reset()


@pytest.fixture
def client(mock: Mock) -> Client:
    return Client(mock.url)


@pytest.fixture
def client_with(mock: Mock) -> Callable[[str], Client]:
    """A client with another key."""
    return lambda key: Client(mock.url, key)


@pytest.fixture
def client_of() -> Callable[[Mock], Client]:
    """A client of another mock."""
    return lambda other: Client(other.url)
