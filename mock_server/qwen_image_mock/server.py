"""A mock in a thread of this process, on a free port."""

from __future__ import annotations

import socket
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, cast

import uvicorn

from qwen_image_mock.app import App, create_app
from qwen_image_mock.patience import Patience, PatientServer
from qwen_image_mock.settings import Settings

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from qwen_image_mock.clock import Clock

Json = Any
_STARTING = 10.0


def listen(host: str, port: int) -> socket.socket:
    """A socket that listens; port 0 takes a free one.

    Raises OSError when the address is taken or not ours.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((host, port))
        listener.listen(2048)
        listener.set_inheritable(True)
    except OSError:
        listener.close()
        raise
    return listener


def url_of(listener: socket.socket) -> str:
    """The address of a listening socket; one that listens everywhere is given as 127.0.0.1."""
    host, port = listener.getsockname()[:2]
    host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)  # noqa: S104 # compared, not bound
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


def config(app: Any) -> uvicorn.Config:
    """How uvicorn serves a mock: quietly, and without the access log, which costs half the speed."""
    shared = getattr(getattr(app, "state", None), "shared", None) is not None
    return uvicorn.Config(
        app,
        access_log=False,
        log_level="error",
        lifespan="on" if shared else "off",
        server_header=False,
        timeout_graceful_shutdown=1,
        http=_protocol(shared=shared),
    )


def _protocol(*, shared: bool) -> Any:
    """The protocol with the short way; uvicorn's choice where its fast parser is not installed."""
    try:
        from qwen_image_mock.again import AgainProtocol

        if shared:
            from qwen_image_mock.shared.protocol import SharedProtocol

            return SharedProtocol
    except ImportError:
        return "auto"
    return AgainProtocol


def server_of(app: App, wanted: Callable[[], bool] | None = None) -> uvicorn.Server:
    """The server of a mock, with the patience its settings say; of any other application, with the usual one.

    It ends soon after `wanted` is false.
    """
    settings = getattr(getattr(app, "state", None), "settings", None) or Settings()
    return PatientServer(config(app), Patience(settings.header_seconds, settings.body_seconds), wanted)


class Mock:
    """A running mock, seen from a test."""

    def __init__(self, app: App, url: str) -> None:
        self.app = app
        self.url = url

    @property
    def clock(self) -> Clock:
        """The mock's clock, to freeze and step."""
        return self.app.state.clock

    def requests(self, **filters: str) -> list[Json]:
        """The journal's entries, oldest first.

        Filters: provider, operation, key, contains, since, limit. Pictures fetched and files uploaded are
        listed with `operation="picture"`, `operation="upload-object"`, or `files="true"` for all in order.
        """
        return self.app.state.journal.read(filters)

    @property
    def violations(self) -> list[Json]:
        """Every violation in the journal, each with its clause."""
        return [violation for entry in self.requests() for violation in entry["violations"]]

    def fault(self, name: str, **options: Json) -> str:
        """Simulate a condition, such as `throttle`; gives the fault's id.

        Filters: provider, key, model, operation; `times` is how often it happens, then it is over. The names
        and their options are listed by `qwen-image-mock --list-faults`. Raises ValueError for a name that
        does not exist.
        """
        return self.app.state.faults.add({"name": name, **options}).id

    def tasks(self, *, seconds: float | None = None, polls: int | None = None, at_once: bool = False) -> None:
        """Let tasks submitted from now on take so many seconds, or so many polls, or be done at once."""
        wanted = {"seconds": seconds, "polls": polls, "at_once": at_once}
        self.app.state.pace.change({name: value for name, value in wanted.items() if value is not None})

    def limits(self, *, on: bool = True) -> None:
        """Switch the rate and concurrency limits of each model on or off."""
        self.app.state.limits.on = on

    def reset(self) -> None:
        """Forget journal, tasks, faults, and changes of clock, pace and limits."""
        self.app.state.reset()


def _seen(app: App, url: str) -> Mock:
    """The mock for a test: with a shared store, what it knows is not in this process alone."""
    if getattr(getattr(app, "state", None), "shared", None) is None:  # any application can be served
        return Mock(app, url)
    from qwen_image_mock.remote import RemoteMock  # only with a store

    return cast("Mock", RemoteMock(url, app.state.settings.token, app))


@contextmanager
def serve(
    settings: Settings | None = None, *, host: str = "127.0.0.1", port: int = 0, app: App | None = None
) -> Iterator[Mock]:
    """A mock that runs as long as the `with` block, in a thread, on a free port unless one is given.

    With a shared store (`Settings.store`) the mock given has the same methods, which ask it by HTTP.
    """
    running = app or create_app(settings)
    listener = listen(host, port)
    server = server_of(running)
    thread = threading.Thread(
        target=server.run, kwargs={"sockets": [listener]}, name="qwen-image-mock", daemon=True
    )
    thread.start()
    try:
        yield _seen(running, url_of(listener))
    finally:
        server.should_exit = True
        thread.join(_STARTING)
        listener.close()
