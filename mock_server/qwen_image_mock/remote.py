"""A running mock, seen from a test in another process, or served by several: everything goes by its admin API."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any
from urllib.error import HTTPError
from urllib.parse import urlencode
from urllib.request import ProxyHandler, Request, build_opener

if TYPE_CHECKING:
    from qwen_image_mock.app import App

Json = Any
_PATIENCE = 30.0


class RemoteClock:
    """The clock of a mock elsewhere."""

    def __init__(self, mock: RemoteMock) -> None:
        self._mock = mock

    def now(self) -> float:
        """The time it is for the mock, in seconds since the epoch."""
        return float(self._mock.admin("GET", "clock")["now"])

    @property
    def frozen(self) -> bool:
        """Whether the clock stands still."""
        return bool(self._mock.admin("GET", "clock")["frozen"])

    def freeze(self, epoch: float | None = None) -> None:
        """Stand still at the given time, or at the present one."""
        self._mock.admin("POST", "clock", {"freeze": epoch})

    def thaw(self) -> None:
        """Go on from where the clock stands."""
        self._mock.admin("POST", "clock", {"thaw": True})

    def step(self, seconds: float) -> None:
        """Move forward (or back, when negative), frozen or not."""
        self._mock.admin("POST", "clock", {"step": seconds})

    def reset(self) -> None:
        """Show the machine's time again."""
        self._mock.admin("POST", "clock", {"reset": True})


class RemoteMock:
    """The same as `qwen_image_mock.server.Mock`, by HTTP.

    `token` opens the admin API of a mock on another machine. `app` is the application when it runs in this
    process after all, with a shared store. Methods raise ValueError with what the mock has against a call.
    """

    def __init__(self, url: str, token: str = "", app: App | None = None) -> None:
        self.url = url.rstrip("/")
        self.app = app
        self.clock = RemoteClock(self)
        self._token = token
        self._opener = build_opener(ProxyHandler({}))

    def admin(self, method: str, path: str, data: Json = None) -> Json:
        """What the admin API answers at `/_mock/` and a path."""
        headers = {"Content-Type": "application/json", "X-Mock-Token": self._token}
        body = None if data is None else json.dumps(data).encode()
        request = Request(f"{self.url}/_mock/{path}", body, headers, method=method)  # noqa: S310 # the mock's
        try:
            with self._opener.open(request, timeout=_PATIENCE) as answer:
                return json.load(answer)
        except HTTPError as refused:
            with refused:
                raise ValueError(json.load(refused)["error"]) from None

    def requests(self, **filters: str) -> list[Json]:
        """The journal's entries, oldest first; filters as those of `Mock.requests`."""
        found: list[Json] = self.admin("GET", f"requests?{urlencode(filters)}")["requests"]
        return found

    @property
    def violations(self) -> list[Json]:
        """Every violation in the journal, each with its clause."""
        return [violation for entry in self.requests() for violation in entry["violations"]]

    def fault(self, name: str, **options: Json) -> str:
        """Simulate a condition; gives the fault's id. Options as those of `Mock.fault`."""
        return str(self.admin("POST", "faults", {"name": name, **options})["id"])

    def tasks(self, *, seconds: float | None = None, polls: int | None = None, at_once: bool = False) -> None:
        """Let tasks submitted from now on take so many seconds, or so many polls, or be done at once."""
        wanted = {"seconds": seconds, "polls": polls, "at_once": at_once}
        self.admin("POST", "tasks", {name: value for name, value in wanted.items() if value is not None})

    def limits(self, *, on: bool = True) -> None:
        """Switch the rate and concurrency limits of each model on or off."""
        self.admin("POST", "limits", {"on": on})

    def reset(self) -> None:
        """Forget journal, tasks, faults, and changes of clock, pace and limits."""
        self.admin("POST", "reset")
