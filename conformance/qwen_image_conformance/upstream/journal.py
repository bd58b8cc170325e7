"""The mock's journal, read while a run goes on: what reached the upstream because of one request."""

from __future__ import annotations

import os
import threading
from collections.abc import Mapping, Sequence
from hashlib import sha256
from typing import Any
from urllib.parse import urlsplit

import httpx
import orjson

from qwen_image_conformance import redact
from qwen_image_conformance.exchange import Arrived, Exchange
from qwen_image_conformance.found import items
from qwen_image_conformance.problems import Unreachable, UsageProblem
from qwen_image_conformance.upstream.tokens import TOKEN, only_two_ended

Json = Any
Entry = Mapping[str, Json]
TOKEN_VARIABLE = "QWEN_IMAGE_MOCK_TOKEN"  # noqa: S105 # a variable's name
ASIDE = ("query", "cancel", "list", "models", "upload", "upload-object", "picture")
_TIMEOUT = 30.0


class Watch:
    """Reads the journal of a running mock and finds the entries that belong to an exchange. Safe for several threads.

    Raises UsageProblem when there is no mock at the address, Unreachable when it stops answering.
    """

    def __init__(self, url: str, key: str = "") -> None:
        self.url = url.rstrip("/")
        self._key = key
        token = os.environ.get(TOKEN_VARIABLE, "")
        self._http = httpx.Client(
            base_url=self.url,
            timeout=_TIMEOUT,
            trust_env=False,
            headers={"x-mock-token": token} if token else {},
        )
        self._lock = threading.Lock()
        self._entries: list[Entry] = []
        self._known: set[str] = set()
        self._last = ""
        try:
            self._begin()
        except UsageProblem:
            self.close()
            raise

    def close(self) -> None:
        """Close the connection."""
        self._http.close()

    def position(self) -> int:
        """A mark to pair from: how many entries have been read so far."""
        return len(self._entries)

    def begun(self, exchange: Exchange, start: int) -> frozenset[str]:
        """The requests for pictures that arrived because of an exchange sent after `start`, by id, as soon as it is answered.

        Exchanges whose tokens are shared must not be sent together.
        """
        with self._lock:
            self._read()
            news = self._entries[start:]
        return frozenset(entry["id"] for entry in _calls(news, exchange))

    def arrived(self, exchange: Exchange, start: int, begun: frozenset[str]) -> tuple[Arrived, ...]:
        """All that reached the upstream because of an exchange, in order: what it has begun, and what followed.

        A token of its own finds latecomers too.
        """
        with self._lock:
            self._read()
            news = self._entries[start:]
        late = exchange.token if only_two_ended(exchange.probe) else ""
        calls = [entry for entry in news if entry["id"] in begun or (late and _is_call(entry, late))]
        tasks = {task for call in calls if (task := task_of(call))}
        paths = _picture_paths([*calls, *(entry for entry in news if _asks_for(entry, tasks))])
        mine = {call["id"] for call in calls}
        kept = [
            entry
            for entry in news
            if entry["id"] in mine
            or _asks_for(entry, tasks)
            or (entry["operation"] == "picture" and urlsplit(entry["path"]).path in paths)
            or _uploads_for(entry, calls)
        ]
        return tuple(_kept(entry, self._key) for entry in kept)

    def _begin(self) -> None:
        try:
            health = self._http.get("/_mock/health")
            entries = self._http.get("/_mock/requests", params={"limit": "1", "files": "true"})
        except httpx.HTTPError as error:
            raise UsageProblem(
                f"--journal {self.url}: no mock answers there: {type(error).__name__}",
                "start one with: qwen-image-mock; its first line is the address",
            ) from error
        if health.status_code != 200 or "spec" not in health.text:
            raise UsageProblem(
                f"--journal {self.url} is no mock: /_mock/health answers {health.status_code}",
                "give the address that qwen-image-mock prints first, without a path",
            )
        if entries.status_code == 403:
            raise UsageProblem(
                f"--journal {self.url}: the mock does not let this machine read its journal",
                f"start the mock with {TOKEN_VARIABLE}=... and export the same here",
            )
        found = entries.json()["requests"]
        self._last = str(found[-1]["id"]) if found else ""

    def _read(self) -> None:
        try:
            since = {"since": self._last} if self._last else {}
            answer = self._http.get("/_mock/requests", params={"files": "true", **since})
            entries = answer.json()["requests"]
        except (httpx.HTTPError, ValueError, KeyError) as error:
            raise Unreachable(
                f"the mock at {self.url} stopped answering: {type(error).__name__}", "is it still running?"
            ) from error
        for entry in entries:
            if entry["id"] not in self._known:
                self._known.add(entry["id"])
                self._entries.append(entry)
                self._last = str(entry["id"])


def _calls(news: Sequence[Entry], exchange: Exchange) -> list[Entry]:
    """The requests for pictures: by the token of the prompt.

    Where there is none, or it was lost, those of the same time that belong to nobody: for the same model, or unreadable.
    """
    asking = [entry for entry in news if _asks(entry)]
    marks = {entry["id"]: set(TOKEN.findall(_text(entry))) for entry in asking}
    mine = [entry for entry in asking if exchange.token and exchange.token in marks[entry["id"]]]
    if not mine:
        wanted = exchange.terms.get("model", exchange.model) if exchange.token else None
        mine = [
            entry
            for entry in asking
            if not marks[entry["id"]] and not exchange.polls and _nobodys(entry, wanted)
        ]
    own = _own_task(exchange)
    followed = [entry for entry in mine if own and task_of(entry) == own]
    return followed or mine


def _asks(entry: Entry) -> bool:
    return entry["method"] != "GET" and entry["operation"] not in ASIDE


def _is_call(entry: Entry, token: str) -> bool:
    return _asks(entry) and token in _text(entry)


def _nobodys(entry: Entry, model: Json) -> bool:
    """Whether a request without a token may belong to a run: it names the model asked, or has no prompt to mark."""
    decoded = entry["decoded"] or {}
    prompt = decoded.get("prompt")
    return not (isinstance(prompt, str) and prompt) or (model is not None and decoded.get("model") == model)


def _text(entry: Entry) -> str:
    return orjson.dumps([entry["body"], entry["decoded"]]).decode("utf-8", "replace")


def task_of(entry: Entry) -> str:
    """The id of the task a request began, empty when it began none."""
    output = entry["response"].get("output") if isinstance(entry["response"], dict) else None
    task = output.get("task_id") if isinstance(output, dict) else None
    return task if isinstance(task, str) else ""


def _own_task(exchange: Exchange) -> str:
    try:
        return task_of({"response": orjson.loads(exchange.received.body)})
    except orjson.JSONDecodeError:
        return ""


def _asks_for(entry: Entry, tasks: set[str]) -> bool:
    return entry["operation"] in ("query", "cancel") and any(task in entry["path"] for task in tasks)


def _picture_paths(entries: Sequence[Entry]) -> set[str]:
    return {urlsplit(item.url).path for entry in entries for item in items(entry["response"]) if item.url}


def _uploads_for(entry: Entry, calls: Sequence[Entry]) -> bool:
    """Whether an upload made the object that a request names."""
    if entry["operation"] not in ("upload", "upload-object"):
        return False
    data = entry["response"].get("data") if isinstance(entry["response"], dict) else None
    folder = data.get("upload_dir") if isinstance(data, dict) else None
    keys = [
        image.removeprefix("oss://")
        for call in calls
        for image in (call["decoded"] or {}).get("images", ())
        if isinstance(image, str) and image.startswith("oss://")
    ]
    body = _text(entry) if folder is None else ""
    return any(key.startswith(folder) if isinstance(folder, str) else key in body for key in keys)


def _kept(entry: Entry, key: str) -> Arrived:
    """An entry fit to be stored: without the key, and without the signatures of addresses."""
    addresses = tuple(sha256(item.url.encode()).hexdigest() for item in items(entry["response"]) if item.url)
    clean = orjson.loads(redact.secret(orjson.dumps(entry), key))
    return Arrived(
        **{name: clean[name] for name in _FIELDS},
        violations=tuple(clean["violations"]),
        fault=str(clean.get("fault") or ""),
        inputs=tuple(clean.get("inputs") or ()),
        addresses=addresses,
        response_headers=clean.get("response_headers") or {},
    )


_FIELDS = (
    "id", "time", "provider", "operation", "method", "path", "headers", "body", "decoded", "effective", "status",
    "response",
)  # fmt: skip
