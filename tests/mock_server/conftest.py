"""A running mock and a plain client for it. The client shares nothing with the server but the socket."""

from __future__ import annotations

import http.client
import json
from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import cycle
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import pytest

from mock_server.redis_server import RedisServer, redis_server
from qwen_image_mock.server import Mock, serve
from qwen_image_mock.settings import Settings

if TYPE_CHECKING:
    from collections.abc import Callable

KEY = "sk-a-key-of-the-tests"
SETTINGS = Settings(seed=20261120, task_seconds=1.0)
REPLICAS: dict[str, Iterator[str]] = {}
ON_BOTH_STORES = {
    "test_clock",
    "test_edits",
    "test_faults",
    "test_faults_kinds",
    "test_isolation",
    "test_journal",
    "test_journal_files",
    "test_limits",
    "test_tasks",
    "test_tasks_states",
    "test_uploads",
    "test_violations",
}


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

    @property
    def place(self) -> str:
        """Where the next request goes: of several replicas each has its turn."""
        replicas = REPLICAS.get(self.url)
        return self.url if replicas is None else next(replicas)

    def send(
        self, method: str, path: str, body: bytes | None = None, headers: dict[str, str | None] | None = None
    ) -> Answer:
        target = urlsplit(path)
        own = urlsplit(self.place)
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


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """What a mock does alone, two replicas do with a shared store: these tests run against both."""
    if "running" in metafunc.fixturenames:
        module = metafunc.module.__name__.rpartition(".")[2]
        kinds = ["memory", "redis"] if module in ON_BOTH_STORES else ["memory"]
        metafunc.parametrize("running", kinds, indirect=True)


@pytest.fixture(scope="session")
def redis(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RedisServer]:
    """A Redis server of this test process, that keeps what it was told."""
    with redis_server(tmp_path_factory.mktemp("redis")) as server:
        yield server


@pytest.fixture(scope="session")
def in_memory() -> Iterator[Mock]:
    with serve(SETTINGS) as mock:
        yield mock


@pytest.fixture(scope="session")
def in_redis(redis: RedisServer) -> Iterator[Mock]:
    shared = replace(SETTINGS, store=redis.url)
    with serve(shared) as first, serve(shared) as second:
        REPLICAS[first.url] = cycle((second.url, first.url))
        yield first


@pytest.fixture
def running(request: pytest.FixtureRequest) -> Mock:
    mock: Mock = request.getfixturevalue(f"in_{request.param}")
    return mock


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
