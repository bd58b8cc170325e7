"""From what Schemathesis sent and received to an exchange that our checks can judge.

Schemathesis mixes mistakes freely. A request is read as the provider reads it; where its outcome is not
certain (fields nobody documents, pictures that cannot be read) nothing is demanded of the answer but its
form.
"""

from __future__ import annotations

import base64
import binascii
import json
import re
import time
from collections import OrderedDict
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from qwen_image_conformance.exchange import Delivered, Exchange, Received, Sent
from qwen_image_conformance.found import items
from qwen_image_conformance.measure import measure
from qwen_image_spec.dialect import dialect
from qwen_image_spec.evidence import Level
from qwen_image_spec.model import Endpoint, Model, Provider
from qwen_image_spec.pointers import MISSING, get
from qwen_image_spec.request import ImageRequest
from qwen_image_spec.situation import facets_of, holds
from qwen_image_spec.size import parse

_FINAL = ("SUCCEEDED", "FAILED", "CANCELED")
_TASK_ID = re.compile(r"[0-9A-Za-z][0-9A-Za-z-]{7,}", re.ASCII)
_REMEMBERED = 4096
Fetch = Callable[[str], Received]


@dataclass(frozen=True)
class Call:
    """One call as it went out: method and path of the document, headers in lower case."""

    method: str
    path: str
    variables: Mapping[str, Any]
    sent: Sent
    received: Received


@dataclass
class Bridge:
    """Makes exchanges of calls and remembers submitted tasks, so that a later query completes theirs.

    `fetch` gives the picture behind an address without credentials; `store` keeps its bytes under their
    digest.
    """

    provider: Provider
    fetch: Fetch | None = None
    store: dict[str, bytes] = field(default_factory=dict)
    tasks: OrderedDict[str, Exchange] = field(default_factory=OrderedDict)

    def exchange(self, call: Call) -> Exchange | None:
        """The exchange of a call; None when it says nothing about the contract."""
        endpoint = self.endpoint(call)
        if endpoint is None or (call.received.status == 401 and "authorization" in call.sent.headers):
            return None
        if "query" in endpoint.operations:
            return self._queried(endpoint, call)
        if endpoint.envelope == "none":
            return None
        made = self._asked(endpoint, call)
        if made is None or _unsure(made, call) or self._disputed(made):
            return None
        return self._delivered(replace(made, pictures=())) if not self._waits(made) else None

    def endpoint(self, call: Call) -> Endpoint | None:
        """The endpoint of a call; of two at one path, the one its header asks for. None for no endpoint's method."""
        here = [
            one
            for one in self.provider.endpoints.values()
            if one.method == call.method and one.path.partition("?")[0] == call.path
        ]
        wants = _asynchronous(self.provider, call.sent.headers)
        if not here or (wants is None and any(one.asynchronous != "none" for one in here)):
            return None
        return min(here, key=lambda one: (one.asynchronous == "required") is not wants)

    def _asked(self, endpoint: Endpoint, call: Call) -> Exchange | None:
        bare = Exchange(
            "x00001",
            "schemathesis",
            self.provider.id,
            "",
            endpoint.operations[0],
            endpoint.id,
            call.sent,
            call.received,
            time=time.time(),
        )
        wrong = _frame(endpoint, call, self.provider)
        if "body.media-type" in wrong and "multipart" in endpoint.encodings:
            return None
        body = _json(call.sent.body)
        unread = _body(body, self.provider)
        model = self.provider.models.get(body["model"]) if not unread else None
        if model is None or endpoint.id not in model.endpoints:
            return replace(bare, breaks=(*wrong, unread or "model.endpoint"))
        request = dialect(model, endpoint).decode(body)
        return replace(
            bare,
            model=model.id,
            operation=_operation(endpoint, model, request),
            asked=_plain(request),
            breaks=(*wrong, *_doubts(request, call.received)),
        )

    def _disputed(self, exchange: Exchange) -> bool:
        """Whether the size asked for rests on a disputed or unknown sentence alone."""
        model = self.provider.models.get(exchange.model)
        param = model.params.get("size") if model is not None else None
        if (
            exchange.asked is None
            or model is None
            or param is None
            or not isinstance(exchange.asked["parameters"].get("size"), str)
        ):
            return False
        request = ImageRequest(
            model.id, images=tuple(exchange.asked["images"]), parameters=exchange.asked["parameters"]
        )
        size = parse(request.get("size"), param.separator)
        found = [
            grant
            for grant in facets_of(param, request, model).grants
            if holds(grant.when, request, model)
            and (
                request.get("size") in grant.tokens
                or (size is not None and not grant.tokens and grant.flaw(size) is None)
            )
        ]
        return bool(found) and all(grant.level is Level.OBSERVE for grant in found)

    def _waits(self, exchange: Exchange) -> bool:
        """Remember a submitted task. True when it is too early to judge: only a mistake that had to be refused at once is told."""
        task_id = get(_json(exchange.received.body), "/output/task_id")
        if exchange.operation != "submit" or not isinstance(task_id, str):
            return False
        model = self.provider.models.get(exchange.model)
        self.tasks[task_id] = exchange
        while len(self.tasks) > _REMEMBERED:
            self.tasks.popitem(last=False)
        return model is not None and (model.validates == "task" or not exchange.breaks)

    def _queried(self, endpoint: Endpoint, call: Call) -> Exchange | None:
        task_id = next((str(value) for value in call.variables.values()), "")
        known = self.tasks.get(task_id)
        if "authorization" not in call.sent.headers or call.received.status != 200:
            return None
        if known is not None:
            done = get(_json(call.received.body), "/output/task_status") in _FINAL
            return self._delivered(replace(known, polls=(call.received,))) if done else None
        if not _TASK_ID.fullmatch(task_id):
            return None
        return Exchange(
            "x00001",
            "schemathesis",
            self.provider.id,
            "",
            "query",
            endpoint.id,
            call.sent,
            call.received,
            breaks=("tasks.unknown-id",),
            time=time.time(),
        )

    def _delivered(self, exchange: Exchange) -> Exchange:
        if not 200 <= exchange.final.status < 300:
            return exchange
        found = (
            self._picture(item.url, item.b64) for item in items(_json(exchange.final.body)) if not item.failed
        )
        return replace(exchange, pictures=tuple(picture for picture in found if picture is not None))

    def _picture(self, url: str | None, b64: str | None) -> Delivered | None:
        if b64 is not None:
            try:
                return self._kept(base64.b64decode(b64, validate=True), inline=True)
            except binascii.Error as error:
                return Delivered(inline=True, error=f"not base64: {error}")
        if self.fetch is None or not url:
            return None
        answer = self.fetch(url)
        kind = answer.headers.get("content-type", "")
        if answer.status != 200:
            return Delivered(url, status=answer.status, content_type=kind, error=answer.error)
        return self._kept(answer.body, url=url, content_type=kind)

    def _kept(self, data: bytes, **known: Any) -> Delivered:
        picture = measure(data, **known)
        self.store.clear()  # a picture is looked at once, by the checks of its own exchange
        self.store[picture.digest] = data
        return picture


def _asynchronous(provider: Provider, headers: Mapping[str, str]) -> bool | None:
    """Whether the header asks for a task; None when its value is no documented one."""
    fact = provider.facts.get("async.header") or provider.facts.get("tasks.header")
    name, _, value = (
        str(fact.value).partition(": ") if fact is not None else ("x-dashscope-async", "", "enable")
    )
    given = headers.get(name.lower())
    return None if given not in (None, value) else given is not None


def _frame(endpoint: Endpoint, call: Call, provider: Provider) -> tuple[str, ...]:
    """What is wrong around the body."""
    headers = call.sent.headers
    wants = _asynchronous(provider, headers) is True
    found = {
        "auth.missing-key": "authorization" not in headers,
        "body.media-type": "json" not in headers.get("content-type", ""),
        "async.required": endpoint.asynchronous == "required" and not wants,
        "async.refused": endpoint.asynchronous == "refused" and wants,
    }
    return tuple(clause for clause, broken in found.items() if broken)


def _body(body: Any, provider: Provider) -> str:
    """What keeps a body from naming a model, if anything."""
    if body is MISSING:
        return "body.malformed"
    if not isinstance(body, dict):
        return "body.not-object"
    name = body.get("model")
    if name is None:
        return "model.missing"
    if not isinstance(name, str):
        return "model.type"
    return "" if name in provider.models else "model.unknown"


def _operation(endpoint: Endpoint, model: Model, request: ImageRequest) -> str:
    if request.images and {"edit"} <= set(endpoint.operations) & set(model.operations):
        return "edit"
    return next((name for name in endpoint.operations if name in model.operations), endpoint.operations[0])


def _plain(request: ImageRequest) -> dict[str, Any]:
    return {
        "model": request.model,
        "prompt": request.prompt,
        "images": list(request.images),
        "parameters": dict(request.parameters),
        "texts": request.texts,
    }


def _doubts(request: ImageRequest, received: Received) -> tuple[str, ...]:
    """The flaws of the frame; and, where the request was refused, what may be the reason without being a mistake."""
    flaws = tuple(dict.fromkeys(flaw.clause for flaw in request.flaws))
    return (*flaws, "body.unknown-field") if request.unknown and received.status >= 400 else flaws


def _unsure(exchange: Exchange, call: Call) -> bool:
    """A refusal of input images that the suite did not choose may have a hundred good reasons."""
    return exchange.asked is not None and bool(exchange.asked["images"]) and call.received.status >= 400


def _json(body: bytes) -> Any:
    try:
        return json.loads(body)
    except (ValueError, RecursionError):
        return MISSING
