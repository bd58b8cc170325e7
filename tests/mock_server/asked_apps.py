"""Applications asked without a server, many requests at a time in one event loop, where the order is known."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from qwen_image_mock.app import App

PATH = "/v1/images/generations"
KEY = "sk-a-key-of-the-tests"


class Answered:
    """What an application sent for one request."""

    def __init__(self) -> None:
        self.status = 0
        self.body = b""

    @property
    def json(self) -> Any:
        return json.loads(self.body)

    async def send(self, message: Any) -> None:
        self.status = message.get("status", self.status)
        self.body += message.get("body", b"")


async def generate(app: App, prompt: str = "a cat", key: str = KEY, **more: Any) -> Answered:
    """Ask for a picture. The seed is given, so that only controls and journal are asked of the store."""
    document = {"model": "qwen-image", "prompt": prompt, "seed": 7, **more}
    return await post(app, json.dumps(document, ensure_ascii=False).encode(), key)


async def post(app: App, body: bytes, key: str = KEY) -> Answered:
    """Send a body as it is."""
    scope = {
        "type": "http", "method": "POST", "path": PATH, "query_string": b"", "scheme": "http",
        "headers": [(b"host", b"mock"), (b"authorization", f"Bearer {key}".encode())],
    }  # fmt: skip

    async def receive() -> Any:
        return {"type": "http.request", "body": body, "more_body": False}

    answered = Answered()
    await app(scope, receive, answered.send)
    return answered
