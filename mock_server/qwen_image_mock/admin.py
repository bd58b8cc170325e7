"""The admin API under `/_mock`: for clients on this machine, or with the token."""

from __future__ import annotations

import hmac
import os
from importlib.metadata import PackageNotFoundError, version
from ipaddress import ip_address
from typing import TYPE_CHECKING, Any

import orjson
from starlette.applications import Starlette
from starlette.responses import Response
from starlette.routing import Route

from qwen_image_mock.apart import apart
from qwen_image_mock.counts import DRAW, FAULT, MET
from qwen_image_mock.long_answers import InPieces, journal_in_pieces
from qwen_image_mock.store import StoreAway

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from starlette.requests import Request

    from qwen_image_mock.clock import Clock
    from qwen_image_mock.state import State

Json = Any
TOKEN_HEADER = "x-mock-token"  # noqa: S105 # a header's name


class JsonAnswer(Response):
    """A JSON answer of the admin API."""

    media_type = "application/json"

    def render(self, content: Json) -> bytes:
        """JSON bytes, indented, for reading with curl."""
        return orjson.dumps(content, option=orjson.OPT_INDENT_2)


def admin_app(state: State) -> Starlette:
    """The routes under `/_mock`, and an answer for every path that belongs to nobody."""
    admin = _Admin(state)
    return Starlette(
        routes=[
            Route("/_mock/health", admin.health, methods=["GET"]),
            Route("/_mock/requests", admin.guarded(admin.requests), methods=["GET", "DELETE"]),
            Route("/_mock/faults", admin.guarded(admin.faults), methods=["GET", "POST", "DELETE"]),
            Route("/_mock/faults/{fault_id}", admin.guarded(admin.fault), methods=["DELETE"]),
            Route("/_mock/clock", admin.guarded(admin.clock), methods=["GET", "POST"]),
            Route("/_mock/tasks", admin.guarded(admin.tasks), methods=["GET", "POST"]),
            Route("/_mock/limits", admin.guarded(admin.limits), methods=["GET", "POST"]),
            Route("/_mock/reset", admin.guarded(admin.reset), methods=["POST"]),
            Route("/{path:path}", admin.nobody, methods=["GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"]),
        ]
    )


class _Admin:
    def __init__(self, state: State) -> None:
        self._state = state

    def guarded(
        self, endpoint: Callable[[Request], Awaitable[Response]]
    ) -> Callable[[Request], Awaitable[Response]]:
        """Let in clients of this machine and those with the token."""

        async def guard(request: Request) -> Response:
            if not self._trusted(request):
                return _wrong(
                    403, "the admin API is for clients on this machine, or with the header X-Mock-Token"
                )
            try:
                if self._state.shared is not None:
                    await self._state.shared.refresh()
                return await endpoint(request)
            except StoreAway as error:
                return _wrong(503, str(error))

        return guard

    def _trusted(self, request: Request) -> bool:
        token = self._state.settings.token
        given = request.headers.get(TOKEN_HEADER, "")
        if token and hmac.compare_digest(token.encode(), given.encode()):
            return True
        return request.client is None or _is_loopback(request.client.host)

    async def health(self, _request: Request) -> Response:
        """Tell that the mock is there, and what it serves."""
        state, shared = self._state, self._state.shared
        told: dict[str, Json] = {
            "status": "ok",
            "version": own_version(),
            "spec": state.spec_version,
            "providers": list(state.providers),
            "openai_provider": state.settings.openai_provider,
            "strictness": state.settings.strictness,
        }
        if shared is not None:
            told["worker"] = os.getpid()
            told["store"] = await shared.health()
        try:
            if shared is not None:
                await shared.refresh()
            count = len(state.journal) if shared is None else await shared.journal.count()
        except StoreAway:
            return JsonAnswer({**told, "status": "the store is away"}, 503)
        return JsonAnswer(
            {**told, "requests": count, "clock": state.clock.now(), "frozen": state.clock.frozen}
        )

    async def requests(self, request: Request) -> Response:
        """Read or clear the journal."""
        if request.method == "DELETE":
            await self._state.forget_entries()
            return JsonAnswer({"requests": [], "total": 0})
        found, total = await self._state.entries(dict(request.query_params))
        return InPieces(await apart(journal_in_pieces, found, total))

    async def faults(self, request: Request) -> Response:
        """List, add or clear faults."""
        state, faults = self._state, self._state.faults
        if request.method == "DELETE":
            await state.change(faults.clear)
            await state.counts.clear(FAULT, MET, DRAW)
        elif request.method == "POST":
            data = await _json(request)
            if data is None:
                return _wrong(400, "send a JSON object")
            try:
                added = await state.change(lambda: faults.add(data))
                return JsonAnswer(added.as_json(), 201)
            except ValueError as error:
                return _wrong(400, str(error))
        return JsonAnswer({"faults": await faults.told()})

    async def fault(self, request: Request) -> Response:
        """Take one fault away."""
        name = request.path_params["fault_id"]
        faults = self._state.faults
        removed = await self._state.change(lambda: faults.remove(name))
        return JsonAnswer({"removed": name}) if removed else _wrong(404, f"no fault {name!r}")

    async def clock(self, request: Request) -> Response:
        """Freeze, step or thaw the clock.

        Takes `{"freeze": EPOCH or null, "step": SECONDS, "thaw": true, "reset": true}`, each where wanted.
        """
        clock = self._state.clock
        if request.method == "POST":
            data = await _json(request)
            if data is None:
                return _wrong(400, "send a JSON object")
            freeze, step = data.get("freeze"), data.get("step", 0)
            if not all(value is None or isinstance(value, bool | int | float) for value in (freeze, step)):
                return _wrong(400, "freeze and step are numbers")
            await self._state.change(lambda: _move(clock, data))
        return JsonAnswer({"now": clock.now(), "frozen": clock.frozen})

    async def tasks(self, request: Request) -> Response:
        """Tell or change how tasks submitted from now on move on.

        Takes `{"seconds": N}`, `{"polls": N}` (or null) or `{"at_once": true}`.
        """
        pace = self._state.pace
        if request.method == "POST":
            data = await _json(request)
            if data is None:
                return _wrong(400, "send a JSON object")
            try:
                await self._state.change(lambda: pace.change(data))
            except ValueError as error:
                return _wrong(400, str(error))
        return JsonAnswer(pace.as_json())

    async def limits(self, request: Request) -> Response:
        """Tell whether each model's rate and concurrency limits are on, or switch them: `{"on": true}`."""
        limits = self._state.limits
        if request.method == "POST":
            data = await _json(request)
            if data is None or not isinstance(data.get("on"), bool):
                return _wrong(400, 'send {"on": true} or {"on": false}')
            await self._state.change(lambda: limits.switch(on=data["on"]))
            await self._state.windows.clear()
        return JsonAnswer({"on": limits.on})

    async def reset(self, _request: Request) -> Response:
        """Forget journal, tasks, faults and the clock's moves."""
        await self._state.start_over()
        return JsonAnswer({"reset": True})

    async def nobody(self, request: Request) -> Response:
        """Tell which paths there are."""
        providers = [f"/{name}/" for name in self._state.providers]
        return _wrong(404, f"nothing at {request.url.path}; providers are at {', '.join(providers)}")


def _move(clock: Clock, data: dict[str, Json]) -> None:
    """Do to the clock what the admin API was asked for."""
    freeze = data.get("freeze")
    if data.get("reset") is True:
        clock.reset()
    if data.get("thaw") is True or freeze is False:
        clock.thaw()
    elif "freeze" in data:
        clock.freeze(None if freeze is None or freeze is True else float(freeze))
    clock.step(float(data.get("step", 0) or 0))


async def _json(request: Request) -> dict[str, Json] | None:
    body = await request.body()
    try:
        data = orjson.loads(body or b"{}")
    except orjson.JSONDecodeError:
        return None
    return data if isinstance(data, dict) else None


def _wrong(status: int, message: str) -> Response:
    return JsonAnswer({"error": message}, status)


def _is_loopback(host: str) -> bool:
    try:
        address = ip_address(host)
    except ValueError:
        return host in ("localhost", "testclient", "")
    mapped = getattr(address, "ipv4_mapped", None)
    return (mapped or address).is_loopback


def own_version() -> str:
    """The version of the installed distribution; `0` when it runs from source."""
    try:
        return version("qwen-image-contract")
    except PackageNotFoundError:
        return "0"
