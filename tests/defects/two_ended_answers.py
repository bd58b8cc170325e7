"""Defects of what becomes of an upstream's good answers: pictures, addresses, texts, usage, secrets; or no upstream at all."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

from defects import two_ended_hooks as does
from defects.two_ended import AT_ONCE, TASKS, TwoEnded
from defects.wrap import Answer, Asked
from qwen_image_conformance.upstream.secrets import KEY_VALUE
from servers.right_gateway.running import QUICK
from servers.right_gateway.upstream import Call, Reply, Send

Json = Any
_ENDS = QUICK.states


def _state(reply: Reply) -> str:
    body = reply.body
    output = body.get("output") if isinstance(body, dict) else None
    return str(output.get("task_status") or "") if isinstance(output, dict) else ""


class _Cached:
    """The first answer to a body is given again; the upstream is not asked."""

    def __init__(self) -> None:
        self._kept: dict[str, Reply] = {}

    async def __call__(self, call: Call, send: Send) -> Reply:
        if call.kind != "make":
            return await send(call)
        key = json.dumps(call.body.get("parameters"))
        if key not in self._kept:
            reply = await send(call)
            if reply.status == 200 and not _state(reply):
                self._kept[key] = reply
            return reply
        return self._kept[key]


def _checked_afterwards(asked: Asked, answer: Answer) -> None:
    """A parameter is refused only when the pictures are there."""
    wanted = asked.body.get("response_format") if isinstance(asked.body, dict) else None
    if answer.status == 200 and wanted == "url":
        answer.status = 400
        answer.body = {
            "error": {"message": "no store for pictures", "type": "invalid_request_error", "code": "x"}
        }


def _key_in_the_answer(_asked: Asked, answer: Answer) -> None:
    if answer.status == 200:
        answer.headers["x-upstream-request"] = f"authorization={KEY_VALUE}"


async def _own_key(call: Call, send: Send) -> Reply:
    headers = (
        {**call.headers, "authorization": f"Bearer {KEY_VALUE}"} if "authorization" in call.headers else {}
    )
    return await send(replace(call, headers=headers))


def _store_key(call: Call) -> None:
    call.headers["authorization"] = "Bearer sk-of-the-upstream"


def _counts_nothing(_asked: Asked, answer: Answer) -> None:
    if answer.status == 200 and isinstance(answer.body, dict) and "usage" in answer.body:
        answer.body["usage"]["image_count"] = 0


ANSWERS = (
    TwoEnded(
        "answers-from-a-cache", "gateway.asks-upstream", AT_ONCE, ("B202",), _Cached(), also=frozenset({"*"})
    ),
    TwoEnded(
        "refused-when-made",
        "gateway.refused-unpaid",
        AT_ONCE,
        ("B179", "B182", "B268"),
        before=does.front(answer=_checked_afterwards),
        also=frozenset({"response-format.*", "errors.*"}),
    ),
    TwoEnded(
        "last-picture-kept",
        "gateway.pictures-kept",
        AT_ONCE,
        ("B031", "B035"),
        before=does.front(answer=does.data(lambda items: items[-1:])),
        also=frozenset({"n.*", "usage.*", "gateway.usage"}),
    ),
    TwoEnded(
        "addresses-written-anew",
        "gateway.url-identity",
        AT_ONCE,
        ("B194",),
        before=does.front(answer=does.urls(does.reordered)),
        also=frozenset({"url.*"}),
    ),
    TwoEnded(
        "pictures-in-reverse",
        "gateway.url-identity",
        AT_ONCE,
        ("B031",),
        before=does.front(answer=does.data(lambda items: items[::-1])),
        also=frozenset({"prompt-extend.default"}),
    ),
    TwoEnded(
        "rewritten-prompt-lost",
        "gateway.rewritten-prompt",
        TASKS,
        ("B210", "B211"),
        before=does.front(
            answer=does.data(
                lambda items: [{key: one[key] for key in one if key != "revised_prompt"} for one in items]
            )
        ),
        also=frozenset({"response.revised-prompt"}),
    ),
    TwoEnded(
        "key-to-the-store-of-pictures",
        "gateway.key-stays",
        AT_ONCE,
        ("B195", "B242"),
        does.before(_store_key, "picture"),
    ),
    TwoEnded(
        "upstream-key-in-the-answer",
        "gateway.upstream-key",
        AT_ONCE,
        ("B174", "B243", "B245", "B246"),
        _own_key,
        before=does.front(answer=_key_in_the_answer),
        also=frozenset({"auth.*", "errors.*"}),
    ),
    TwoEnded(
        "usage-of-nothing",
        "gateway.usage",
        AT_ONCE,
        ("B201", "B203", "B204"),
        before=does.front(answer=_counts_nothing),
        also=frozenset({"usage.image-count"}),
    ),
)
