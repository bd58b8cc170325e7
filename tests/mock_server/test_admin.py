"""The admin API: health, clock, reset, and who may use it."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from qwen_image_mock import create_app
from qwen_image_mock.settings import Settings
from qwen_image_spec import load


def test_health_tells_what_is_served(client: Any) -> None:
    answer = client.get("/_mock/health", Authorization=None)
    assert answer.status == 200
    assert answer.json["status"] == "ok"
    assert answer.json["spec"] == load().version
    assert answer.json["providers"] == list(load().providers)


def test_the_clock_freezes_steps_and_goes_on(mock: Any, client: Any) -> None:
    assert client.post("/_mock/clock", {"freeze": 1_800_000_000}).json == {
        "now": 1_800_000_000.0,
        "frozen": True,
    }
    assert client.post("/_mock/clock", {"step": 60}).json["now"] == 1_800_000_060.0
    answer = client.post("/v1/images/generations", {"model": "qwen-image-2.0", "prompt": "a"})
    assert answer.json["created"] == 1_800_000_060
    assert client.post("/_mock/clock", {"freeze": None, "step": 1}).json == {
        "now": 1_800_000_061.0,
        "frozen": True,
    }
    thawed = client.post("/_mock/clock", {"thaw": True}).json
    assert thawed["frozen"] is False
    assert thawed["now"] >= 1_800_000_061
    assert client.post("/_mock/reset", {}).json == {"reset": True}
    assert abs(mock.clock.now() - 1_800_000_061) > 1000


@pytest.mark.parametrize("body", [b"[]", b"{", b'{"freeze":"noon"}', b'{"step":[1]}'])
def test_nonsense_to_the_clock_is_refused(client: Any, body: bytes) -> None:
    assert client.post("/_mock/clock", body).status == 400


def test_reset_forgets_everything(mock: Any, client: Any) -> None:
    client.post("/_mock/faults", {"entry": "rate-limit"})
    client.post("/v1/images/generations", {"model": "qwen-image-2.0", "prompt": "a"})
    client.post("/_mock/reset", {})
    assert mock.requests() == []
    assert client.get("/_mock/faults").json == {"faults": []}


def test_the_same_seed_repeats_ids_after_a_reset(client: Any) -> None:
    seen = []
    for _ in range(2):
        client.post("/_mock/reset", {})
        seen.append(
            client.post("/v1/images/generations", {"model": "qwen-image-2.0", "prompt": "a"}).headers[
                "x-request-id"
            ]
        )
    assert seen[0] == seen[1]


def test_nobody_is_at_other_paths(client: Any) -> None:
    answer = client.get("/favicon.ico")
    assert answer.status == 404
    assert "/dieyuyun/" in answer.json["error"]
    assert client.get("/_mock/nothing").status == 404


def ask(app: Any, path: str, host: str, token: str = "") -> int:
    """One GET from a client of another machine, without a socket."""
    sent: list[Any] = []
    headers = [(b"x-mock-token", token.encode())] if token else []
    scope = {
        "type": "http",
        "method": "GET",
        "path": path,
        "raw_path": path.encode(),
        "query_string": b"",
        "root_path": "",
        "scheme": "http",
        "headers": headers,
        "client": (host, 1),
        "server": ("10.0.0.1", 80),
        "http_version": "1.1",
    }

    async def receive() -> dict[str, Any]:
        await asyncio.sleep(0)
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message: Any) -> None:
        await asyncio.sleep(0)
        sent.append(message)

    asyncio.run(app(scope, receive, send))
    return int(sent[0]["status"])


@pytest.mark.parametrize(
    ("host", "token", "status"),
    [
        ("127.0.0.1", "", 200),
        ("127.8.8.8", "", 200),
        ("::1", "", 200),
        ("::ffff:127.0.0.1", "", 200),
        ("10.0.0.7", "", 403),
        ("10.0.0.7", "wrong", 403),
        ("10.0.0.7", "right", 200),
        ("::ffff:10.0.0.7", "", 403),
        ("2001:db8::1", "", 403),
    ],
)
def test_who_may_use_the_admin_api(host: str, token: str, status: int) -> None:
    app = create_app(Settings(token="right"))
    assert ask(app, "/_mock/requests", host, token) == status
    assert ask(app, "/_mock/health", host) == 200


def test_without_a_token_no_token_opens(client: Any) -> None:
    assert client.get("/_mock/health").status == 200
    assert ask(create_app(), "/_mock/requests", "10.0.0.7", "anything") == 403
