"""The way to the upstream: one request out, one reply back, nothing repeated."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any

import httpx

Json = Any


@dataclass
class Call:
    """A request to the upstream. `kind` is `make` (the paid one), `poll`, or `picture` (a fetch of a result)."""

    kind: str
    method: str
    url: str
    headers: dict[str, str] = field(default_factory=dict)
    body: Json = None
    key: str = ""


@dataclass
class Reply:
    """What came back. `status` is 0 when nothing did; `error` is then `timeout` or `dropped`."""

    status: int
    headers: dict[str, str] = field(default_factory=dict)
    raw: bytes = b""
    error: str = ""

    @property
    def body(self) -> Json:
        """The JSON of it, None when it is none."""
        try:
            return json.loads(self.raw)
        except ValueError:
            return None

    @body.setter
    def body(self, value: Json) -> None:
        self.raw = json.dumps(value, ensure_ascii=False).encode()


Send = Callable[[Call], Awaitable[Reply]]
Around = Callable[[Call, Send], Awaitable[Reply]]


@dataclass(frozen=True)
class Manners:
    """How long the gateway waits, in seconds: for one reply, between two polls, for a task in all.

    A poll that fails is tried again until the task's time is over: asking costs nothing.
    """

    timeout: float = 120.0
    pause: float = 1.0
    slower: float = 1.5
    longest_pause: float = 5.0
    deadline: float = 300.0
    states: frozenset[str] = frozenset({"SUCCEEDED", "FAILED", "CANCELED", "UNKNOWN"})


def sender(manners: Manners, around: Around | None = None) -> tuple[httpx.AsyncClient, Send]:
    """The client, to be closed, and the function that sends. `around` is where defects are built in."""
    client = httpx.AsyncClient(
        timeout=httpx.Timeout(manners.timeout, connect=10.0),
        trust_env=False,
        limits=httpx.Limits(max_connections=None, keepalive_expiry=2.0),
    )

    async def send(call: Call) -> Reply:
        content = None if call.body is None else json.dumps(call.body, ensure_ascii=False).encode()
        try:
            answer = await client.request(call.method, call.url, headers=call.headers, content=content)
        except httpx.TimeoutException:
            return Reply(0, error="timeout")
        except httpx.HTTPError:
            return Reply(0, error="dropped")
        return Reply(answer.status_code, dict(answer.headers), answer.content)

    async def changed(call: Call) -> Reply:
        return await send(call) if around is None else await around(call, send)

    return client, changed
