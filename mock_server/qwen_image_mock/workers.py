"""Several processes that serve as one mock: they share a listening socket and, in a store, all they know.

Processes are forked once the socket listens and the contract is read, so they start in no time. One that
dies is replaced; what it had acknowledged is in the store.
"""

from __future__ import annotations

import os
import signal
import sys
import time
from contextlib import suppress
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import socket
    from collections.abc import Callable

_SHORT = 1.0
"""A worker that lived so many seconds or less is not replaced at once."""
_ENDING = 5.0
"""Seconds that workers have to end, before they are killed."""
_TICK = 0.05


class Supervisor:
    """Keeps `count` workers running until it is told to stop; `work` is what each of them does."""

    def __init__(self, count: int, work: Callable[[], None]) -> None:
        self._count = count
        self._work = work
        self._started: dict[int, float] = {}
        self._stopping = False

    @property
    def workers(self) -> list[int]:
        """The process ids of the workers that run."""
        return list(self._started)

    def run(self) -> None:
        """Start the workers, replace those that die, end them all on SIGINT or SIGTERM."""
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, self._stop)
        for _ in range(self._count):
            self._start()
        while not self._stopping:
            for lived in self._reap():
                if lived < _SHORT:
                    time.sleep(_SHORT)
                if not self._stopping:
                    self._start()
            time.sleep(_TICK)
        self._end()

    def _start(self) -> None:
        process = os.fork()
        if process:
            self._started[process] = time.monotonic()
            return
        status = 1
        try:
            for number in (signal.SIGINT, signal.SIGTERM):
                signal.signal(number, signal.SIG_DFL)
            self._work()
            status = 0
        except KeyboardInterrupt:
            status = 0
        finally:
            sys.stdout.flush()
            sys.stderr.flush()
            os._exit(status)

    def _stop(self, *_signal: object) -> None:
        self._stopping = True

    def _reap(self) -> list[float]:
        """How long each worker lived that died meanwhile, in seconds."""
        gone = []
        for process, started in list(self._started.items()):
            if _ended(process):
                del self._started[process]
                gone.append(time.monotonic() - started)
        return gone

    def _end(self) -> None:
        """Let workers finish what they answer, then kill those that do not."""
        self._signal(signal.SIGTERM)
        until = time.monotonic() + _ENDING
        while self._started and time.monotonic() < until:
            self._reap()
            time.sleep(_TICK)
        self._signal(signal.SIGKILL)
        while self._started:
            self._reap()

    def _signal(self, number: signal.Signals) -> None:
        for process in self._started:
            with suppress(ProcessLookupError):
                os.kill(process, number)


def _ended(process: int) -> bool:
    with suppress(ChildProcessError):
        return os.waitpid(process, os.WNOHANG)[0] == process
    return True


def supported() -> bool:
    """Whether this system can fork."""
    return hasattr(os, "fork")


def serve_with(app: Any, listener: socket.socket, count: int) -> None:
    """Serve an application in `count` processes until SIGINT or SIGTERM, or until this one is killed."""
    from qwen_image_mock.server import server_of  # so that --help is quick

    supervisor = os.getpid()
    Supervisor(
        count, lambda: server_of(app, lambda: os.getppid() == supervisor).run(sockets=[listener])
    ).run()
