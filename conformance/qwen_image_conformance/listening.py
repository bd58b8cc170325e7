"""Listening on a socket and serving an ASGI application there."""

from __future__ import annotations

import errno
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import uvicorn

from qwen_image_conformance.problems import UsageProblem

_STOPPING = 10.0


def listen(host: str, port: int) -> socket.socket:
    """A socket that listens; port 0 takes a free one. Raises UsageProblem when it cannot."""
    listener = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET, socket.SOCK_STREAM)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((host, port))
        listener.listen(2048)
    except OSError as error:
        listener.close()
        raise UsageProblem(
            f"cannot listen on {host} port {port}: {error.strerror or error}",
            _hint(error),
        ) from error
    return listener


def _hint(error: OSError) -> str:
    if isinstance(error, socket.gaierror) or error.errno == errno.EADDRNOTAVAIL:
        return "--host is an address of this machine, such as 127.0.0.1, or 0.0.0.0 for all of them"
    if error.errno in (errno.EACCES, errno.EPERM):
        return "low ports are the administrator's; --port 0 takes a free one"
    return "another program may have the port; --port 0 takes a free one"


def url_of(listener: socket.socket) -> str:
    """The address of a listening socket."""
    host, port = listener.getsockname()[:2]
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


def server(app: Any) -> uvicorn.Server:
    """A quiet server that adds no headers of its own."""
    return uvicorn.Server(
        uvicorn.Config(
            app,
            access_log=False,
            log_level="critical",
            lifespan="on",
            server_header=False,
            date_header=False,
            timeout_graceful_shutdown=5,
            ws="none",
        )
    )


@contextmanager
def served(app: Any, listener: socket.socket) -> Iterator[str]:
    """The application in a thread for the length of a block; gives its address and closes the socket."""
    running = server(app)
    thread = threading.Thread(target=running.run, kwargs={"sockets": [listener]}, daemon=True)
    thread.start()
    try:
        yield url_of(listener)
    finally:
        running.should_exit = True
        thread.join(_STOPPING)
        listener.close()
