"""Defects of the rest of a request on its way: prompt, images, model, path, frame, headers, and requests sent twice."""

from __future__ import annotations

import base64
from dataclasses import replace
from typing import Any

from defects import two_ended_hooks as does
from defects.two_ended import AT_ONCE, EDITS, ONE, TASK_EDITS, TASKS, TwoEnded
from defects.wrap import Answer, Asked
from qwen_image_spec.loader import load
from servers.right_gateway.upstream import Call, Reply, Send

Json = Any
_PATHS = {key: endpoint.path for key, endpoint in load().providers["dashscope"].endpoints.items()}
# What cannot but break when no picture is made at all; the rest of the report rests on it.
REFUSED = frozenset({"gateway.*", "model.served", "images.accepted", "auth.accepted"})
# Where no path is found, keys are not looked at either.
NOWHERE = REFUSED | {"auth.*", "errors.*"}


def _with_x(own: dict[str, Json]) -> None:
    if isinstance(own.get("size"), str):
        own["size"] = own["size"].replace("*", "x")


def _to(key: str) -> does.Around:
    """Send the request, its frame and header with it, where another kind of model is served."""

    def put(call: Call) -> None:
        host = call.url.partition("/api/v1")[0]
        call.url = host + _PATHS[key]
        call.headers.pop("x-dashscope-async", None)
        own = call.body["input"]
        if key == "multimodal" and "prompt" in own:
            call.body["input"] = {"messages": [{"role": "user", "content": [{"text": own["prompt"]}]}]}
        if key == "text2image":
            call.headers["x-dashscope-async"] = "enable"
            texts = [part["text"] for part in own["messages"][0]["content"] if "text" in part]
            call.body["input"] = {"prompt": texts[0]} if texts else {}

    return does.before(put)


def _bare_prompt(sent: Json) -> None:
    message = does.message_of(sent)
    if message is not None:
        sent["input"] = {"prompt": next((part["text"] for part in message["content"] if "text" in part), "")}


def _history(sent: Json) -> None:
    if "messages" in sent["input"]:
        earlier = {"role": "assistant", "content": [{"text": "What shall I draw?"}]}
        sent["input"]["messages"] = [earlier, *sent["input"]["messages"]]


def _async(call: Call) -> None:
    call.headers["x-dashscope-async"] = "enable"


def _not_async(call: Call) -> None:
    call.headers.pop("x-dashscope-async", None)


def _first_without_key(kind: str) -> does.Around:
    """Show the key only when it is asked for."""

    async def around(call: Call, send: Send) -> Reply:
        if call.kind == kind:
            bare = {name: value for name, value in call.headers.items() if name != "authorization"}
            await send(replace(call, headers=bare))
        return await send(call)

    return around


def _other_model(sent: Json) -> None:
    sent["model"] += "-pro"


def _smaller(images: list[str]) -> list[str]:
    """Pictures cut short: other bytes than the client's."""
    short = [base64.b64decode(one.partition(",")[2]) + b"\0" for one in images]
    return ["data:image/png;base64," + base64.b64encode(one).decode() for one in short]


def _served(reply: Reply) -> bool:
    return reply.status == 200


def _rejected(reply: Reply) -> bool:
    return reply.status == 400


def _at(path: str) -> does.Around:
    """Send the request to another path of the upstream."""

    def put(call: Call) -> None:
        call.url = call.url.partition("/api/v1")[0] + path

    return does.before(put)


def _only_one_file(asked: Asked) -> None:
    asked.raw = asked.raw.replace(b'name="image[]"', b'name="list"')


def _forms_only(asked: Asked) -> Answer | None:
    if asked.method != "POST" or not isinstance(asked.body, dict) or "authorization" not in asked.headers:
        return None
    message = {"message": "Field required", "type": "invalid_request_error", "param": "image", "code": None}
    return Answer(422, {"content-type": "application/json"}, body={"error": message})


def _one_mebibyte(asked: Asked) -> Answer | None:
    if len(asked.raw) <= 2**20:
        return None
    message = {"message": "Payload Too Large.", "type": "invalid_request_error", "param": None, "code": None}
    return Answer(413, {"content-type": "application/json"}, body={"error": message})


REQUESTS = (
    TwoEnded(
        "images-reversed", "gateway.images-order", EDITS, ("B224",), does.images(lambda given: given[::-1])
    ),
    TwoEnded(
        "first-image-only",
        "gateway.images-kept",
        EDITS,
        ("B218", "B222", "B227"),
        does.images(lambda given: given[:1]),
    ),
    TwoEnded(
        "images-written-anew",
        "gateway.images-kept",
        TASK_EDITS,
        ("B216", "B230"),
        does.images(_smaller),
        also=frozenset({"images.*"}),
    ),
    TwoEnded(
        "another-model", "gateway.model-mapped", AT_ONCE, ("B050", "B054", "B090"), does.body(_other_model)
    ),
    TwoEnded(
        "tasks-sent-at-once",
        "gateway.route",
        TASKS,
        ("B088", "B089", "B105"),
        _to("multimodal"),
        also=REFUSED,
    ),
    TwoEnded(
        "at-once-sent-as-task",
        "gateway.route",
        AT_ONCE,
        ("B069", "B084", "B094"),
        _to("text2image"),
        also=REFUSED,
    ),
    TwoEnded(
        "alias-decides-the-route",
        "gateway.route",
        TASKS,
        ("B025", "B095", "B247", "B248"),
        _to("multimodal"),
        aliases={"my-pictures": TASKS},
        also=REFUSED,
    ),
    TwoEnded(
        "prompt-without-messages",
        "gateway.envelope",
        AT_ONCE,
        ("B084",),
        does.body(_bare_prompt),
        also=REFUSED,
    ),
    TwoEnded("history-sent-along", "gateway.envelope", ONE, ("B249",), does.body(_history), also=REFUSED),
    TwoEnded(
        "size-with-x",
        "gateway.envelope",
        AT_ONCE,
        ("B001", "B002", "B003", "B024"),
        does.parameters(_with_x),
        also=frozenset({"gateway.*", "size.*", "n.*", "parameters.together"}),
    ),
    TwoEnded(
        "async-header-everywhere",
        "gateway.async-header",
        AT_ONCE,
        ("B097", "B098", "B099", "B107", "B114", "B115"),
        does.before(_async),
        also=REFUSED,
    ),
    TwoEnded(
        "async-header-forgotten",
        "gateway.async-header",
        TASKS,
        ("B100", "B104", "B111"),
        does.before(_not_async),
        also=REFUSED,
    ),
    TwoEnded("polls-without-key", "gateway.poll-request", TASKS, ("B125",), _first_without_key("poll")),
    TwoEnded(
        "key-sent-when-asked-for",
        "gateway.credentials",
        AT_ONCE,
        ("B111", "B255"),
        _first_without_key("make"),
        also=frozenset({"gateway.one-call", "gateway.images-kept"}),
    ),
    TwoEnded(
        "bought-twice",
        "gateway.one-call",
        AT_ONCE,
        ("B267", "B268"),
        does.again(_served),
        also=frozenset({"gateway.parameter-changed", "gateway.pictures-kept"}),
    ),
    TwoEnded(
        "refusals-sent-again",
        "gateway.not-repeated",
        AT_ONCE,
        ("B161", "B272"),
        does.again(_rejected, times=2),
        faults=("data-inspection",),
    ),
    TwoEnded(
        "base-address-used-as-it-is", "gateway.route", AT_ONCE, ("B256", "B260"), _at("/api/v1"), also=NOWHERE
    ),
    TwoEnded("version-doubled", "gateway.route", ONE, ("B262",), _at("/api/v1/v1/images"), also=NOWHERE),
    TwoEnded(
        "files-in-a-list-lost",
        "gateway.form",
        EDITS,
        ("B153", "B226"),
        before=does.front(request=_only_one_file),
        also=frozenset({"gateway.*", "images.accepted"}),
    ),
    TwoEnded(
        "bodies-above-one-mebibyte-refused",
        "gateway.large-body",
        EDITS,
        ("S11",),
        before=does.front(request=_one_mebibyte),
        probes=("gateway.large-some",),
    ),
    TwoEnded(
        "json-edits-refused",
        "images.accepted",
        EDITS,
        ("B219", "B220"),
        before=does.front(request=_forms_only),
        also=frozenset({"model.served", "errors.*", "auth.*"}),
    ),
)
