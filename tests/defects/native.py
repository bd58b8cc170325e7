"""Defects of servers with the native face."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from defects.wrap import Answer, Asked, Defect

TWO = ("dashscope", "qwen-image-2.0")
PLUS = ("dashscope", "qwen-image-plus")
Json = Any


def _ok(function: Callable[[Json], None]) -> Callable[[Asked, Answer], None]:
    def hook(_asked: Asked, answer: Answer) -> None:
        if (
            answer.status == 200
            and isinstance(answer.body, dict)
            and isinstance(answer.body.get("output"), dict)
        ):
            function(answer.body)

    return hook


def _choices(function: Callable[[Json], None]) -> Callable[[Asked, Answer], None]:
    def each(body: Json) -> None:
        for choice in body["output"].get("choices", ()):
            function(choice)

    return _ok(each)


def _usage(**values: Json) -> Callable[[Asked, Answer], None]:
    def put(body: Json) -> None:
        if "usage" in body and "choices" in body["output"]:
            body["usage"].update(values)

    return _ok(put)


def _anonymous(body: Json) -> None:
    body.pop("request_id", None)


def _short_life(choice: Json) -> None:
    for part in choice["message"]["content"]:
        part["image"] = re.sub(
            r"Expires=(\d+)", lambda found: f"Expires={int(found[1]) - 82800}", part["image"]
        )


def _no_role(choice: Json) -> None:
    choice["message"].pop("role", None)


def _no_reason(choice: Json) -> None:
    choice.pop("finish_reason", None)


def _drop_async(asked: Asked) -> None:
    if asked.path.endswith("multimodal-generation/generation"):
        asked.headers.pop("x-dashscope-async", None)


def _add_async(asked: Asked) -> None:
    if "image-synthesis" in asked.path:
        asked.headers["x-dashscope-async"] = "enable"


def _last_message(asked: Asked) -> None:
    frame = asked.body.get("input") if isinstance(asked.body, dict) else None
    if isinstance(frame, dict) and isinstance(frame.get("messages"), list):
        frame["messages"] = frame["messages"][-1:]


def _any_role(asked: Asked) -> None:
    frame = asked.body.get("input") if isinstance(asked.body, dict) else None
    for message in frame.get("messages") or () if isinstance(frame, dict) else ():
        if isinstance(message, dict):
            message["role"] = "user"


def _strict_length(asked: Asked) -> Answer | None:
    parameters = asked.body.get("parameters") if isinstance(asked.body, dict) else None
    if isinstance(parameters, dict) and len(str(parameters.get("negative_prompt", ""))) > 500:
        return Answer(
            400,
            {"content-type": "application/json"},
            body={"code": "InvalidParameter", "message": "negative_prompt too long", "request_id": "r"},
        )
    return None


def _unknown_is_404(_asked: Asked, answer: Answer) -> None:
    if isinstance(answer.body, dict) and answer.body.get("output", {}).get("task_status") == "UNKNOWN":
        answer.status, answer.body = 404, {"code": "NotFound", "message": "Not found!", "request_id": "r"}


def _refuses_long_lists(asked: Asked, answer: Answer) -> None:
    if asked.path.endswith("/tasks"):
        answer.status = 400
        answer.body = {"code": "InvalidParameter", "message": "at most 24 hours", "request_id": "r"}


def _empty_task(body: Json) -> None:
    if body["output"].get("task_status") == "SUCCEEDED":
        body["output"]["results"] = []


def _no_original(body: Json) -> None:
    for item in body["output"].get("results", ()):
        item.pop("orig_prompt", None)


def _no_actual(body: Json) -> None:
    for item in body["output"].get("results", ()):
        item.pop("actual_prompt", None)


def _unix_times(body: Json) -> None:
    for name in ("submit_time", "scheduled_time", "end_time"):
        if name in body["output"]:
            body["output"][name] = "1764820175"


def _running_at_once(body: Json) -> None:
    if body["output"].get("task_status") == "PENDING":
        body["output"]["task_status"] = "RUNNING"


NATIVE = [
    Defect(
        "usage-counts-requests", "usage.image-count", *TWO, ("B205", "B208"), answer=_usage(image_count=1)
    ),
    Defect("usage-of-old-sample", "usage.size", *TWO, ("B206", "D10"), answer=_usage(width=1664, height=928)),
    Defect("request-id-missing", "response.request-id", *TWO, ("B151",), answer=_ok(_anonymous)),
    Defect("role-missing", "response.role", *TWO, ("B175",), answer=_choices(_no_role)),
    Defect("finish-reason-missing", "response.finish-reason", *TWO, ("B175",), answer=_choices(_no_reason)),
    Defect(
        "addresses-short-lived",
        "url.lifetime",
        *TWO,
        ("B197",),
        answer=_choices(_short_life),
        also=frozenset({"url.fetchable", "url.open"}),
    ),
    Defect(
        "async-header-overlooked",
        "async.refused",
        *TWO,
        ("B097", "B098", "B099", "B114"),
        request=_drop_async,
    ),
    Defect("async-header-not-needed", "async.required", *PLUS, ("B104", "B111"), request=_add_async),
    Defect("conversation-taken", "messages.single", *TWO, ("B249",), request=_last_message),
    Defect("any-role-taken", "messages.role", *TWO, ("B249",), request=_any_role),
    Defect(
        "long-negative-prompt-refused",
        "negative-prompt.length",
        *TWO,
        ("B026",),
        tier="full",
        request=_strict_length,
    ),
    Defect("unknown-task-is-404", "tasks.unknown-id", *PLUS, ("B134",), answer=_unknown_is_404),
    Defect(
        "long-list-refused",
        "tasks.list-span",
        *PLUS,
        level="OBSERVE",
        tier="full",
        answer=_refuses_long_lists,
    ),
    Defect(
        "task-without-pictures",
        "tasks.delivers",
        *PLUS,
        ("B132", "B134", "B136"),
        answer=_ok(_empty_task),
        also=frozenset({"n.default", "usage.image-count", "tasks.metrics", "tasks.result-url"}),
    ),
    Defect(
        "original-prompt-lost",
        "tasks.original-prompt",
        *PLUS,
        ("B210",),
        level="SHOULD",
        answer=_ok(_no_original),
    ),
    Defect("actual-prompt-lost", "tasks.actual-prompt", *PLUS, ("B210", "B211"), answer=_ok(_no_actual)),
    Defect("unix-times", "tasks.times", *PLUS, ("B179",), answer=_ok(_unix_times)),
    Defect("never-pending", "tasks.submitted", *PLUS, ("B016",), answer=_ok(_running_at_once)),
]
