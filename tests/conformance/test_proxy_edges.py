"""The proxy where things go wrong or odd: broken upstreams, conditions, forms, streams, its own command."""

from __future__ import annotations

import base64
import gzip
import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest

from qwen_image_conformance.evidence import Recording
from qwen_image_conformance.listening import listen, served
from qwen_image_conformance.problems import UsageProblem
from qwen_image_conformance.proxy import Options, Proxy, running, serve
from qwen_image_mock.server import Mock
from qwen_image_mock.server import serve as mock_server
from qwen_image_mock.settings import Settings

Json = Any
AUTHORIZED = {"Authorization": "Bearer sk-of-the-edges-0123456789"}
ASK: dict[str, Json] = {"model": "qwen-image-2.0", "prompt": "a cat"}
PATH = "/v1/images/generations"
SERVE = (
    "import sys; from pathlib import Path; from qwen_image_conformance.proxy import Options, serve; "
    "sys.exit(serve(Options('dieyuyun', sys.argv[1], port=0, out=Path(sys.argv[2]))))"
)


class Fixed:
    """An upstream that answers as it is told and keeps what came: raw path, query, headers and body."""

    def __init__(self) -> None:
        self.seen: list[tuple[bytes, bytes, list[tuple[bytes, bytes]], bytes]] = []
        self.status = 200
        self.headers: list[tuple[bytes, bytes]] = [(b"content-type", b"application/json")]
        self.parts: list[bytes] = [b"{}"]
        self.whole = True

    async def __call__(self, scope: Json, receive: Callable[[], Json], send: Callable[[Json], Json]) -> None:
        if scope["type"] == "lifespan":
            for word in ("startup", "shutdown"):
                await receive()
                await send({"type": f"lifespan.{word}.complete"})
            return
        body, more = b"", True
        while more:
            message = await receive()
            body, more = body + message.get("body", b""), message.get("more_body", False)
        self.seen.append((scope["raw_path"], scope["query_string"], scope["headers"], body))
        await send({"type": "http.response.start", "status": self.status, "headers": self.headers})
        for part in self.parts:
            await send({"type": "http.response.body", "body": part, "more_body": True})
        if self.whole:
            await send({"type": "http.response.body", "body": b"", "more_body": False})


@pytest.fixture
def fixed() -> Fixed:
    return Fixed()


@contextmanager
def before(
    upstream: str, out: Path, provider: str = "dieyuyun", **options: Json
) -> Iterator[tuple[httpx.Client, Proxy]]:
    """A proxy before an upstream, and a client that leads to it."""
    with (
        running(Options(provider, upstream, port=0, out=out, **options)) as (url, proxy),
        httpx.Client(base_url=url, headers=AUTHORIZED, trust_env=False, timeout=30) as client,
    ):
        try:
            yield client, proxy
        finally:
            proxy.close()


@pytest.fixture
def odd(fixed: Fixed, tmp_path: Path) -> Iterator[tuple[httpx.Client, Proxy]]:
    """A proxy before the fixed upstream."""
    with served(fixed, listen("127.0.0.1", 0)) as url, before(f"{url}/prefix", tmp_path / "run") as both:
        yield both


@pytest.fixture(scope="module")
def mock() -> Iterator[Mock]:
    with mock_server(Settings(seed=3, task_seconds=0.05)) as running_mock:
        yield running_mock


@pytest.fixture
def fresh(mock: Mock) -> Mock:
    mock.reset()
    return mock


def test_the_request_arrives_as_it_was_sent(fixed: Fixed, odd: tuple[httpx.Client, Proxy]) -> None:
    client, _ = odd
    client.post(
        f"{PATH}?a=%2F&b=1&b=2",
        content=b"\x00\xff",
        headers={"X-Own": "1", "Connection": "x-hop", "X-Hop": "2"},
    )
    [(path, query, headers, body)] = fixed.seen
    assert path == b"/prefix/v1/images/generations"
    assert query == b"a=%2F&b=1&b=2"
    assert body == b"\x00\xff"
    names = dict(headers)
    assert names[b"x-own"] == b"1"
    assert names[b"authorization"] == AUTHORIZED["Authorization"].encode()
    assert names[b"host"].startswith(b"127.0.0.1:")
    assert b"x-hop" not in names
    assert names[b"content-length"] == b"2"
    assert {name for name in names if name.startswith(b"x-forwarded")} == set()


def test_chunks_stay_chunks(fixed: Fixed, odd: tuple[httpx.Client, Proxy]) -> None:
    client, _ = odd
    client.post(PATH, content=iter([b"one", b"two"]))
    [(_, _, headers, body)] = fixed.seen
    assert body == b"onetwo"
    assert b"content-length" not in dict(headers)


def test_an_answer_that_is_compressed_stays_so_and_is_judged_unpacked(
    fixed: Fixed, odd: tuple[httpx.Client, Proxy]
) -> None:
    client, proxy = odd
    packed = gzip.compress(json.dumps({"created": 1, "data": [{"url": "http://h.invalid/1.png"}]}).encode())
    fixed.headers.append((b"content-encoding", b"gzip"))
    fixed.parts = [packed]
    with client.stream("POST", PATH, json=ASK) as answer:
        assert b"".join(answer.iter_raw()) == packed
    assert {"response.data", "n.default"} <= proxy.close().seen


def test_events_come_one_by_one_and_are_not_judged_as_an_answer(
    fixed: Fixed, odd: tuple[httpx.Client, Proxy]
) -> None:
    client, proxy = odd
    fixed.headers = [(b"content-type", b"text/event-stream")]
    fixed.parts = [b"data: 1\n\n", b"data: 2\n\n"]
    with client.stream("POST", PATH, json={**ASK, "stream": True}) as answer:
        assert b"".join(answer.iter_raw()) == b"data: 1\n\ndata: 2\n\n"
    found = proxy.close()
    assert "response.json" not in found.seen
    assert found.broken == {}


def test_an_answer_that_breaks_off_breaks_off(fixed: Fixed, odd: tuple[httpx.Client, Proxy]) -> None:
    client, proxy = odd
    fixed.parts, fixed.whole = [b'{"created": '], False
    with pytest.raises(httpx.RemoteProtocolError):
        client.post(PATH, json=ASK)
    assert proxy.close().broken == {}
    [exchange] = Recording(proxy.out).exchanges
    assert exchange.received.error


def test_an_upstream_that_is_not_there(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        upstream = f"http://127.0.0.1:{taken.getsockname()[1]}"
        with before(upstream, tmp_path / "run") as (client, proxy):
            answer = client.post(PATH, json=ASK)
            found = proxy.close()
    assert answer.status_code == 502
    assert "qwen-image-conformance proxy: no answer" in answer.json()["error"]["message"]
    assert answer.headers["x-qwen-image-proxy"] == "no-answer"
    assert found.broken == {}
    assert Recording(proxy.out).exchanges[0].received.status == 0


def test_a_body_too_large_to_keep_is_kept_by_its_hash(fixed: Fixed, tmp_path: Path) -> None:
    big = b'{"prompt": "' + b"a" * (3 << 20) + b'"}'
    with (
        served(fixed, listen("127.0.0.1", 0)) as url,
        before(url, tmp_path / "run", keep=1) as (client, proxy),
    ):
        client.post(PATH, content=big, headers={"content-type": "application/json"})
        proxy.close()
    assert fixed.seen[0][3] == big
    [exchange] = Recording(proxy.out).exchanges
    assert json.loads(exchange.sent.body)["not_kept"]["bytes"] == len(big)
    assert (proxy.out / "evidence.jsonl").stat().st_size < 100_000


@pytest.mark.parametrize(
    "fault", ["throttle", "server-error", "data-inspection", "503", "html", "slow-headers"]
)
def test_conditions_of_the_service_are_no_drift(fresh: Mock, tmp_path: Path, fault: str) -> None:
    fresh.fault(fault, **({"seconds": 0.1} if fault == "slow-headers" else {}))
    with before(f"{fresh.url}/dieyuyun", tmp_path / "run") as (client, proxy):
        client.post(PATH, json=ASK)
        client.post(PATH, json={**ASK, "n": 2})
        found = proxy.close()
    assert found.judged == 2
    assert found.broken == {}


def test_a_wrong_key_is_no_drift(fresh: Mock, tmp_path: Path) -> None:
    with before(f"{fresh.url}/dieyuyun", tmp_path / "run") as (client, proxy):
        for key in ("Bearer sk-wrong", "Basic abc"):
            assert client.post(PATH, json=ASK, headers={"Authorization": key}).status_code == 401
        found = proxy.close()
    assert found.broken == {}
    assert "auth.invalid-key" in found.seen


@pytest.mark.parametrize(
    ("fault", "asked"), [("task-failed", True), ("task-canceled", True), ("task-slow", False)]
)
def test_tasks_that_fail_or_are_left(fresh: Mock, tmp_path: Path, fault: str, asked: bool) -> None:
    fresh.fault(fault, **({"error": "server-error"} if fault == "task-failed" else {}))
    with before(f"{fresh.url}/dashscope", tmp_path / "run", "dashscope") as (client, proxy):
        body = {"model": "qwen-image-plus", "input": {"prompt": "a cat"}}
        path = "/api/v1/services/aigc/text2image/image-synthesis"
        answer = client.post(path, json=body, headers={"X-DashScope-Async": "enable"})
        task = answer.json()["output"]["task_id"]
        end = time.monotonic() + 5
        while asked and time.monotonic() < end:
            if client.get(f"/api/v1/tasks/{task}").json()["output"]["task_status"] in ("FAILED", "CANCELED"):
                break
            time.sleep(0.02)
        found = proxy.close()
    assert found.broken == {}
    assert ("tasks.submitted" in found.seen) is (fault == "task-slow")
    [exchange] = Recording(proxy.out).exchanges
    assert bool(exchange.polls) is asked


def test_forms_are_read_as_the_documents_they_stand_for(fresh: Mock, tmp_path: Path) -> None:
    from qwen_image_conformance.ways import sample_image  # one picture

    picture = sample_image()
    data = base64.b64decode(picture.partition(",")[2])
    with before(f"{fresh.url}/skyengine", tmp_path / "run", "skyengine") as (client, proxy):
        fields = {"model": "qwen-image-edit-plus", "prompt": "a hat", "n": "2"}
        answer = client.post("/v1/images/edits", data=fields, files={"image": ("a.png", data, "image/png")})
        assert answer.status_code == 200, answer.text
        found = proxy.close()
    [exchange] = Recording(proxy.out).exchanges
    assert exchange.asked is not None
    assert exchange.asked["parameters"] == {"n": 2}
    assert exchange.asked["images"] == [picture]
    assert "n.count" in found.seen


def test_pictures_are_fetched_when_asked_for(fresh: Mock, tmp_path: Path) -> None:
    with before(f"{fresh.url}/dieyuyun", tmp_path / "run", fetch=True) as (client, proxy):
        client.post(PATH, json={**ASK, "size": "2048x2048"})
        found = proxy.close()
    assert {"size.delivered", "url.fetchable", "url.png"} <= found.seen
    assert found.broken == {}


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_the_command_ends_with_a_summary(fresh: Mock, tmp_path: Path, number: signal.Signals) -> None:
    out = tmp_path / "run"
    command = [sys.executable, "-c", SERVE, f"{fresh.url}/dieyuyun", str(out)]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment) as process:
        assert process.stdout is not None
        url = process.stdout.readline().strip()
        httpx.post(url + PATH, json=ASK, headers=AUTHORIZED, trust_env=False)
        process.send_signal(number)
        said = process.stdout.read()
        assert process.wait(20) == 0
    assert "no MUST broken  1 requests, 1 judged" in said
    assert "never seen: " in said
    assert {path.name for path in out.iterdir()} >= {"evidence.jsonl", "result.jsonl", "junit.xml"}


@pytest.mark.parametrize(
    ("provider", "upstream", "words"),
    [
        ("dieyuyn", "http://127.0.0.1:1", "did you mean 'dieyuyun'"),
        ("dieyuyun", "127.0.0.1:1", "no http(s) address"),
        ("dieyuyun", "http://", "no http(s) address"),
    ],
)
def test_mistakes_of_use(tmp_path: Path, provider: str, upstream: str, words: str) -> None:
    with pytest.raises(UsageProblem) as told:
        serve(Options(provider, upstream, port=0, out=tmp_path / "run"))
    assert words in f"{told.value.cause} {told.value.hint}"


def test_a_port_that_is_taken_and_evidence_in_the_way(tmp_path: Path, mock: Mock) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken, pytest.raises(UsageProblem, match="cannot listen"):
        serve(Options("dieyuyun", mock.url, port=taken.getsockname()[1], out=tmp_path / "run"))
    (tmp_path / "evidence.jsonl").write_text("{}\n", "utf-8")
    with pytest.raises(UsageProblem, match="already holds"):
        serve(Options("dieyuyun", mock.url, port=0, out=tmp_path))
