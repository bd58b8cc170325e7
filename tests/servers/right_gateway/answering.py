"""From the upstream's answer to the client's: pictures, what was rewritten, what was used; or the error."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from qwen_image_spec.pointers import MISSING, find
from servers.right_gateway.contract import status_of
from servers.right_gateway.failure import Failed
from servers.right_gateway.upstream import Reply

Json = Any
_URLS = ("/output/choices/*/message/content/*/image", "/output/results/*/url")


@dataclass(frozen=True)
class Made:
    """What the upstream delivered."""

    urls: tuple[str, ...]
    revised: tuple[str | None, ...]
    request_id: str


def check(reply: Reply) -> Json:
    """The body of a reply that is no error. Raises Failed for errors, also for one inside a 200."""
    if reply.error == "timeout":
        raise Failed(
            504, "UpstreamTimeout", "The upstream did not answer in time. The request was sent once."
        )
    if reply.error:
        raise Failed(
            502, "UpstreamUnreachable", "The connection to the upstream broke. The request was sent once."
        )
    body = reply.body
    if not isinstance(body, dict):
        status = reply.status if reply.status >= 500 else 502
        raise Failed(
            status,
            "UpstreamAnswer",
            f"The upstream answered {reply.status} without JSON.",
            headers=_kept(reply),
        )
    output = body.get("output")
    code = body.get("code")
    if reply.status >= 400 or (code and not isinstance(output, dict)):
        status = reply.status if reply.status >= 400 else status_of(code)
        raise _failed(status, body, _kept(reply, body))
    return body


def delivered(reply: Reply, body: Json) -> Made:
    """The pictures of a success or a finished task. Raises Failed when there are none, or the task failed."""
    headers = _kept(reply, body)
    output = body.get("output") or {}
    status = output.get("task_status", "SUCCEEDED")
    if status != "SUCCEEDED":
        code = output.get("code") or body.get("code") or f"Task.{status.capitalize()}"
        said = output.get("message") or body.get("message") or f"The task ended as {status}."
        shown = {"code": code, "message": said}
        raise _failed(status_of(code, 500 if status == "FAILED" else 502), shown, headers)
    urls = tuple(url for place in _URLS for _, url in find(body, place) if isinstance(url, str) and url)
    if not urls:
        reasons = [
            item for _, item in find(body, "/output/results/*") if isinstance(item, dict) and "code" in item
        ]
        why = (
            reasons[0] if reasons else {"code": "NoPictures", "message": "The upstream delivered no picture."}
        )
        raise _failed(status_of(why.get("code"), 502), why, headers)
    items = [
        item for _, item in find(body, "/output/results/*") if isinstance(item, dict) and item.get("url")
    ]
    texts = [item.get("actual_prompt") for item in items] or [None] * len(urls)
    revised = tuple(text if isinstance(text, str) else None for text in texts)
    return Made(urls, revised, str(body.get("request_id") or ""))


def _failed(status: int, body: Json, headers: dict[str, str]) -> Failed:
    code, message = body.get("code"), body.get("message")
    return Failed(
        status,
        str(code) if code else None,
        str(message) if message else f"The upstream answered {status}.",
        headers=headers,
    )


def _kept(reply: Reply, body: Json = None) -> dict[str, str]:
    """The headers of the upstream that a client needs: when to come again, and what to ask about."""
    kept = {name: reply.headers[name] for name in ("retry-after", "retry-after-ms") if name in reply.headers}
    request_id = (body or {}).get("request_id") or reply.headers.get("x-request-id")
    return {**kept, "x-request-id": str(request_id)} if request_id not in (None, MISSING) else kept
