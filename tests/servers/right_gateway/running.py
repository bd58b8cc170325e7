"""A right gateway in a thread of this process, on a free port."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import uvicorn

from qwen_image_mock.server import listen, url_of
from servers.right_gateway.app import create_gateway
from servers.right_gateway.upstream import Around, Manners

QUICK = Manners(timeout=5.0, pause=0.03, deadline=5.0)
"""Patience for tests: the upstream is on this machine and its tasks end at once."""


@contextmanager
def running(
    upstream: str,
    manners: Manners = QUICK,
    aliases: Mapping[str, str] | None = None,
    around: Around | None = None,
    broken: Callable[[Any], Any] = lambda app: app,
) -> Iterator[str]:
    """The address of a gateway that runs as long as the `with` block. `broken` may wrap it."""
    app = broken(create_gateway(upstream, manners, aliases, around))
    listener = listen("127.0.0.1", 0)
    server = uvicorn.Server(
        uvicorn.Config(app, log_level="error", lifespan="on", timeout_graceful_shutdown=1)
    )
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
