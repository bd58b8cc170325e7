"""Redis goes away and comes back: a clear answer meanwhile, and nothing lost that was acknowledged."""

from __future__ import annotations

import os
import signal
from typing import TYPE_CHECKING, Any

import pytest

from mock_server.conftest import Client
from mock_server.redis_server import RedisServer, redis_server
from qwen_image_mock.addresses import Refused
from qwen_image_mock.drawing import Drawing
from qwen_image_mock.server import serve
from qwen_image_mock.settings import Settings
from qwen_image_mock.state import State
from qwen_image_mock.store import StoreProblem

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

PATH = "/v1/images/generations"
NATIVE = "/api/v1/services/aigc/multimodal-generation/generation"
SUBMIT = "/api/v1/services/aigc/text2image/image-synthesis"
ASYNC = {"X-DashScope-Async": "enable"}
ASK = {"model": "qwen-image-2.0-pro", "prompt": "a cat"}
TASK = {"model": "qwen-image", "input": {"prompt": "a"}, "parameters": {}}


@pytest.fixture
def own(tmp_path: Path) -> Iterator[RedisServer]:
    with redis_server(tmp_path) as server:
        yield server


@pytest.fixture
def mock(own: RedisServer) -> Iterator[Any]:
    with serve(Settings(seed=1, store=own.url)) as running:
        yield running


@pytest.fixture
def client(mock: Any) -> Client:
    return Client(mock.url)


def test_nothing_acknowledged_is_lost(own: RedisServer, mock: Any, client: Client) -> None:
    mock.clock.freeze(1_800_000_000)
    mock.fault("throttle", times=3, operation="query")
    task = client.post(SUBMIT, TASK, ASYNC).json["output"]["task_id"]
    own.kill()
    assert client.get(f"/api/v1/tasks/{task}").status == 503
    own.start()
    assert [client.get(f"/api/v1/tasks/{task}").status for _ in range(4)] == [429, 429, 429, 200]
    assert mock.clock.now() == 1_800_000_000
    assert [entry["operation"] for entry in mock.requests()] == ["submit"] + ["query"] * 4


def test_each_provider_says_it_in_its_own_words(
    own: RedisServer, client: Client, capfd: pytest.CaptureFixture[str]
) -> None:
    picture = client.post(PATH, ASK).json["data"][0]["url"]
    own.kill()
    openai, native = client.post(PATH, ASK), client.post(NATIVE, {"model": "qwen-image", "input": {}})
    assert (openai.status, native.status) == (503, 503)
    assert set(openai.json["error"]) == {"message", "type", "param", "code"}
    assert native.json["code"]
    assert native.json["request_id"] == native.headers["x-request-id"]
    assert (openai.headers["retry-after"], openai.headers["x-mock-fault"]) == ("1", "store-away")
    fetched = client.get(picture)
    assert (fetched.status, fetched.headers["content-type"]) == (503, "application/xml")
    assert client.get("/_mock/requests").status == 503
    assert client.post("/_mock/clock", {"step": 1}).status == 503
    health = client.get("/_mock/health")
    assert (health.status, health.json["store"]["status"]) == (503, "away")
    assert "Connection" in health.json["store"]["problem"]
    own.start()
    assert client.post(PATH, ASK).status == 200
    assert client.get("/_mock/health").json["store"]["status"] == "ok"
    told = capfd.readouterr().err
    assert told.count("does not answer") == 1
    assert told.count("is back") == 1


def test_a_store_that_hangs_is_away(own: RedisServer, client: Client) -> None:
    assert client.post(PATH, ASK).status == 200
    os.kill(own.process.pid, signal.SIGSTOP)
    try:
        assert client.post(PATH, ASK).status == 503
    finally:
        os.kill(own.process.pid, signal.SIGCONT)
    assert client.post(PATH, ASK).status == 200


def test_an_emptied_database_begins_anew(own: RedisServer, mock: Any, client: Client) -> None:
    with serve(Settings(seed=1, store=own.url)) as other:
        for number in range(5):
            mock.clock.freeze(1_800_000_000 + number)
        own.kill()
        for file in own.folder.rglob("appendonly.aof.*"):
            file.unlink()
        own.start()
        assert client.post(PATH, ASK).status == 200
        other.clock.freeze(1_900_000_000)
        assert mock.clock.now() == 1_900_000_000
        assert len(other.requests()) == 1


def test_a_password_is_needed_and_never_shown(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    secret = "a-password-of-the-tests"
    with redis_server(tmp_path, "--requirepass", secret) as server:
        monkeypatch.delenv("REDIS_PASSWORD", raising=False)
        with pytest.raises(StoreProblem) as refused:
            State(Settings(store=server.url))
        assert "REDIS_PASSWORD" in refused.value.hint
        with pytest.raises(StoreProblem) as wrong:
            State(Settings(store=server.url.replace("//", "//:not-it@")))
        assert "not-it" not in str(wrong.value)
        inside = server.url.replace("//", f"//:{secret}@")
        assert secret not in repr(Settings(store=inside))
        with serve(Settings(store=inside)) as mock:
            assert Client(mock.url).post(PATH, ASK).status == 200
            health = Client(mock.url).get("/_mock/health")
            assert secret.encode() not in health.body
        monkeypatch.setenv("REDIS_PASSWORD", secret)
        with serve(Settings(store=server.url)) as mock:
            assert Client(mock.url).post(PATH, ASK).status == 200
            server.kill()
            assert secret.encode() not in Client(mock.url).get("/_mock/health").body
    assert secret not in capfd.readouterr().err


def test_replicas_have_one_seed(own: RedisServer) -> None:
    first, second = State(Settings(store=own.url)), State(Settings(store=own.url))
    assert first.randomness.seed == second.randomness.seed
    assert first.randomness.uuid() != second.randomness.uuid()
    [address] = first.addresses.make("", Drawing.of((512, 512), 1, "m", "a", "a", ""), 1, 60)
    assert not isinstance(second.addresses.open(*address.split("?")), Refused)
    with pytest.raises(StoreProblem, match="another seed"):
        State(Settings(store=own.url, seed=7))


@pytest.mark.parametrize(
    ("url", "cause"),
    [
        ("http://127.0.0.1:6379", "begins with 'http'"),
        ("127.0.0.1:6379", "begins with"),
        ("redis://127.0.0.1:x/0", "host or port"),
        ("redis://127.0.0.1/zero", "no number"),
        ("redis://127.0.0.1:1/0", "does not answer"),
        ("unix:///nowhere/redis.sock", "does not answer"),
    ],
)
def test_an_address_that_cannot_be_used_is_explained(url: str, cause: str) -> None:
    with pytest.raises(StoreProblem, match=cause) as problem:
        State(Settings(store=url))
    assert problem.value.hint


def test_a_socket_file_is_an_address_too(tmp_path: Path) -> None:
    place = tmp_path / "s"
    with (
        redis_server(tmp_path, "--unixsocket", str(place)),
        serve(Settings(store=f"unix://{place}?db=1")) as mock,
    ):
        assert Client(mock.url).post(PATH, ASK).status == 200
        assert len(mock.requests()) == 1
        assert Client(mock.url).get("/_mock/health").json["store"]["address"] == f"unix://{place}"
