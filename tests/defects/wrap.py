"""A few lines of ASGI around a right server: a defect changes the request before it, the answer after it."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any

Json = Any
Asgi = Callable[
    [dict[str, Any], Callable[[], Awaitable[Any]], Callable[[Any], Awaitable[None]]], Awaitable[None]
]


@dataclass
class Asked:
    """A request on its way in. `body` is parsed JSON when it is that, else None; `raw` are the bytes."""

    method: str
    path: str
    headers: dict[str, str]
    raw: bytes
    body: Json = None


@dataclass
class Answer:
    """An answer on its way out. Setting `body` replaces the bytes by its JSON."""

    status: int
    headers: dict[str, str]
    raw: bytes = b""
    body: Json = None
    asked: Asked | None = None


@dataclass(frozen=True)
class Defect:
    """One violation: the clause it breaks, those that cannot but break too, the public bugs it stands for."""

    id: str
    clause: str
    provider: str
    model: str
    bugs: tuple[str, ...] = ()
    also: frozenset[str] = frozenset()
    level: str = "MUST"
    tier: str = "core"
    request: Callable[[Asked], Answer | None] | None = None
    answer: Callable[[Asked, Answer], None] | None = None
    notes: list[str] = field(default_factory=list)


def wrap(app: Asgi, defect: Defect) -> Asgi:
    """The server with the defect. The mock's own admin paths are left alone."""

    async def broken(
        scope: dict[str, Any], receive: Callable[[], Awaitable[Any]], send: Callable[[Any], Awaitable[None]]
    ) -> None:
        if scope["type"] != "http" or scope["path"].startswith("/_mock"):
            await app(scope, receive, send)
            return
        asked = await _read(scope, receive)
        early = defect.request(asked) if defect.request is not None else None
        answer = early or await _inner(app, scope, asked)
        if defect.answer is not None:
            before = answer.body
            defect.answer(asked, answer)
            if answer.body is not before or answer.body is not None:
                answer.raw = (
                    json.dumps(answer.body, ensure_ascii=False).encode()
                    if answer.body is not None
                    else answer.raw
                )
        elif early is not None and answer.body is not None:
            answer.raw = json.dumps(answer.body, ensure_ascii=False).encode()
        answer.headers["content-length"] = str(len(answer.raw))
        await send(
            {
                "type": "http.response.start",
                "status": answer.status,
                "headers": [
                    (name.encode(), value.encode("latin-1")) for name, value in answer.headers.items()
                ],
            }
        )
        await send({"type": "http.response.body", "body": answer.raw})

    return broken


async def _read(scope: dict[str, Any], receive: Callable[[], Awaitable[Any]]) -> Asked:
    raw = b""
    while True:
        message = await receive()
        raw += message.get("body", b"")
        if not message.get("more_body"):
            break
    headers = {name.decode().lower(): value.decode("latin-1") for name, value in scope["headers"]}
    return Asked(scope["method"], scope["path"], headers, raw, _json(raw))


async def _inner(app: Asgi, scope: dict[str, Any], asked: Asked) -> Answer:
    if isinstance(asked.body, dict):
        asked.raw = json.dumps(asked.body, ensure_ascii=False).encode()
    answer = Answer(500, {}, asked=asked)
    sent = False

    async def receive() -> dict[str, Any]:
        nonlocal sent
        if sent:
            return {"type": "http.disconnect"}
        sent = True
        return {"type": "http.request", "body": asked.raw, "more_body": False}

    async def send(message: dict[str, Any]) -> None:
        if message["type"] == "http.response.start":
            answer.status = message["status"]
            answer.headers = {
                name.decode().lower(): value.decode("latin-1") for name, value in message["headers"]
            }
        else:
            answer.raw += message.get("body", b"")

    headers = [
        (name.encode(), value.encode("latin-1"))
        for name, value in asked.headers.items()
        if name != "content-length"
    ]
    inner = {
        **scope,
        "method": asked.method,
        "path": asked.path,
        "headers": [*headers, (b"content-length", str(len(asked.raw)).encode())],
    }
    await app(inner, receive, send)
    answer.body = _json(answer.raw) if "json" in answer.headers.get("content-type", "") else None
    return answer


def _json(raw: bytes) -> Json:
    try:
        return json.loads(raw)
    except (ValueError, RecursionError):
        return None
