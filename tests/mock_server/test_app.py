"""The application as ASGI servers and in-process clients see it."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import pytest

from qwen_image_mock import create_app
from qwen_image_mock.handler import Handler
from qwen_image_spec import load

if TYPE_CHECKING:
    from qwen_image_mock.app import App

ASK = b'{"model":"qwen-image-2.0-pro","prompt":"a cat"}'


def call(
    app: App, path: str, *, root: str = "", host: bytes = b"mock.example", body: bytes = ASK
) -> tuple[int, dict[str, str], bytes]:
    """One POST without a socket."""
    sent: list[Any] = []
    headers = [(b"host", host), (b"authorization", b"Bearer sk-1"), (b"content-type", b"application/json")]
    scope = {
        "type": "http",
        "method": "POST",
        "path": root + path,
        "query_string": b"",
        "root_path": root,
        "scheme": "https",
        "headers": [header for header in headers if header[1]],
        "client": None,
        "server": ("10.0.0.1", 8443),
    }

    async def receive() -> Any:
        await asyncio.sleep(0)
        return {"type": "http.request", "body": body, "more_body": False}

    async def send(message: Any) -> None:
        await asyncio.sleep(0)
        sent.append(message)

    asyncio.run(app(scope, receive, send))
    answered = {name.decode(): value.decode() for name, value in sent[0]["headers"]}
    return sent[0]["status"], answered, b"".join(message.get("body", b"") for message in sent[1:])


def test_without_a_socket() -> None:
    status, _, body = call(create_app(), "/v1/images/generations")
    assert status == 200
    assert b"https://mock.example/pictures/" in body


def test_below_a_root_path() -> None:
    status, _, body = call(create_app(), "/v1/images/generations", root="/mock")
    assert status == 200
    assert b"https://mock.example/mock/pictures/" in body


def test_without_a_host_the_servers_own_address_counts() -> None:
    assert b"https://10.0.0.1:8443/pictures/" in call(create_app(), "/v1/images/generations", host=b"")[2]


@pytest.mark.parametrize("provider", list(load().providers))
def test_a_mistake_of_the_mock_is_answered_in_the_providers_shape(
    provider: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def broken(*_: Any, **__: Any) -> None:
        raise ZeroDivisionError("a mistake of the mock")

    monkeypatch.setattr(Handler, "handle", broken)
    app = create_app()
    path = next(endpoint.path for endpoint in load().providers[provider].endpoints.values())
    status, headers, body = call(app, f"/{provider}{path}")
    assert 500 <= status < 600
    assert headers["content-type"] == "application/json"
    assert headers["x-request-id"]
    assert b"ZeroDivisionError" not in body
    assert "ZeroDivisionError" in capsys.readouterr().err
    assert app.state.journal.read({})[0]["status"] == status


def test_life_and_other_protocols() -> None:
    async def exchange(kind: str, *incoming: str) -> list[str]:
        sent: list[str] = []
        messages = iter([{"type": name} for name in incoming])

        async def receive() -> Any:
            await asyncio.sleep(0)
            return next(messages)

        async def send(message: Any) -> None:
            await asyncio.sleep(0)
            sent.append(message["type"])

        await create_app()({"type": kind}, receive, send)
        return sent

    assert asyncio.run(exchange("lifespan", "lifespan.startup", "lifespan.shutdown")) == [
        "lifespan.startup.complete",
        "lifespan.shutdown.complete",
    ]
    assert asyncio.run(exchange("websocket", "websocket.connect")) == ["websocket.close"]


def test_no_model_size_or_limit_stands_in_the_code() -> None:
    from pathlib import Path  # only here

    import qwen_image_mock  # only here

    text = "".join(
        file.read_text("utf-8") for file in Path(str(qwen_image_mock.__file__)).parent.rglob("*.py")
    )
    assert not [
        model for provider in load().providers.values() for model in provider.models if f'"{model}"' in text
    ]
