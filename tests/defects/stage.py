"""One server for every defect: starting a server for each would cost more than the run itself."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from defects.wrap import Asgi, Defect, wrap


class Stage:
    """A right server into which one defect at a time is built."""

    def __init__(self, app: Asgi) -> None:
        self._right = app
        self._now = app

    async def __call__(self, scope: dict[str, Any], receive: Any, send: Any) -> None:
        """Answer as the server of the moment."""
        await self._now(scope, receive, send)

    @contextmanager
    def broken(self, *defects: Defect) -> Iterator[None]:
        """Build the defects in for the duration of a block; without any the server is right."""
        for defect in defects:
            self._now = wrap(self._now, defect)
        try:
            yield
        finally:
            self._now = self._right
