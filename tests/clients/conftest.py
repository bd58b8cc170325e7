"""A mock on a real socket, whose tasks take 0.2 seconds, and the clients' settings that lead to it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Iterator
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

import dashscope
import openai
import pytest
from PIL import Image

from clients import other_environment
from clients.client_process import HERE, ClientProcess, environment
from clients.wire import KEY
from qwen_image_mock.server import Mock, serve
from qwen_image_mock.settings import Settings

MOUNTS = ("/dashscope/api/v1", "/api/v1", "/api/v1/")
"""Where native clients find the mock: below the provider's name, bare, and with a slash too many."""


@pytest.fixture(scope="session")
def running() -> Iterator[Mock]:
    with serve(Settings(seed=20261120, task_seconds=0.2)) as mock:
        yield mock


@pytest.fixture
def mock(running: Mock, monkeypatch: pytest.MonkeyPatch) -> Iterator[Mock]:
    """The run's mock, as new; a proxy of the environment stays out of the way."""
    monkeypatch.setenv("NO_PROXY", "*")
    monkeypatch.setenv("no_proxy", "*")
    running.reset()
    yield running
    running.reset()


@pytest.fixture(scope="session")
def connections() -> Iterator[openai.DefaultHttpxClient]:
    """What all `openai` clients of the run send with; each would load the certificates of the world anew."""
    with openai.DefaultHttpxClient(trust_env=False) as client:
        yield client


@pytest.fixture
def openai_at(mock: Mock, connections: openai.DefaultHttpxClient) -> Callable[..., openai.OpenAI]:
    """Makes `openai` clients for a path of the mock. They do not retry unless told so."""

    def make(path: str, **options: Any) -> openai.OpenAI:
        wanted = {"api_key": KEY, "max_retries": 0, **options}
        return openai.OpenAI(base_url=mock.url + path, http_client=connections, **wanted)

    return make


@pytest.fixture
def native_at(mock: Mock, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[str], None]]:
    """Leads the `dashscope` SDK to a path of the mock, with a key."""

    def lead(path: str) -> None:
        monkeypatch.setattr(dashscope, "base_http_api_url", mock.url + path)
        monkeypatch.setattr(dashscope, "api_key", KEY)

    yield lead
    dashscope.close_shared_sync_session()


@pytest.fixture(params=MOUNTS)
def native(request: pytest.FixtureRequest, native_at: Callable[[str], None]) -> str:
    """The `dashscope` SDK leads to the mock: once for each of its native paths."""
    native_at(request.param)
    return str(request.param)


@pytest.fixture
def native_once(native_at: Callable[[str], None]) -> None:
    """The `dashscope` SDK leads to the mock's provider path."""
    native_at(MOUNTS[0])


@pytest.fixture
def run_aio() -> Callable[[Coroutine[Any, Any, Any]], Any]:
    """Runs a coroutine that uses the `dashscope` SDK, and closes what the SDK keeps open."""

    async def closing(work: Coroutine[Any, Any, Any]) -> Any:
        try:
            return await work
        finally:
            close: Any = dashscope.close_shared_aio_session  # its stub forgets that it is a coroutine
            await close()

    return lambda work: asyncio.run(closing(work))


Started = Callable[[str, dict[str, str]], AbstractContextManager[ClientProcess]]


@pytest.fixture(scope="session")
def by_python(tmp_path_factory: pytest.TempPathFactory) -> Started:
    """Starts a script of `other/` with the interpreter of the clients' own environment."""

    def start(script: str, variables: dict[str, str]) -> ClientProcess:
        log = tmp_path_factory.mktemp("client") / f"{script}.txt"
        command = [other_environment.python(), HERE / "other" / script]
        return ClientProcess(command, environment(**variables), log)

    return start


@pytest.fixture(scope="session")
def by_node(tmp_path_factory: pytest.TempPathFactory) -> Started:
    """Starts a script of `node/` with Node.js."""

    def start(script: str, variables: dict[str, str]) -> ClientProcess:
        log = tmp_path_factory.mktemp("client") / f"{script}.txt"
        return ClientProcess(
            [other_environment.node(), HERE / "node" / script], environment(**variables), log
        )

    return start


@pytest.fixture
def photos(tmp_path: Path) -> list[str]:
    """Two pictures to edit, as files: 640x480 and 400x800."""
    made = []
    for number, size in enumerate([(640, 480), (400, 800)]):
        made.append(str(tmp_path / f"{number}.png"))
        Image.new("RGB", size, "teal").save(made[-1])
    return made
