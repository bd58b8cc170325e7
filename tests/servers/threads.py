"""An ASGI application served in a thread of this process, for the length of a block."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import uvicorn

from qwen_image_mock.server import listen, url_of


@contextmanager
def served(app: Any) -> Iterator[str]:
    """The address of an application, on a free port; its lifespan is honoured."""
    listener = listen("127.0.0.1", 0)
    config = uvicorn.Config(app, log_level="error", lifespan="on", timeout_graceful_shutdown=1)
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, daemon=True)
    thread.start()
    try:
        while not server.started and thread.is_alive():
            time.sleep(0.005)
        yield url_of(listener)
    finally:
        server.should_exit = True
        thread.join(10.0)
        listener.close()
