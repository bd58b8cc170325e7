"""Defects of answers and addresses, by hand: headers, media types, pictures that are not right."""

from __future__ import annotations

import io
from collections.abc import Callable
from typing import Any

from PIL import Image

from defects.wrap import Answer, Asked, Defect

TWO = ("dieyuyun", "qwen-image-2.0")
FIXED = ("dieyuyun", "qwen-image-plus")
NATIVE = ("dashscope", "qwen-image-max")
SKY = ("skyengine", "qwen-image-plus")
_PICTURES = "/pictures/"


def _success(function: Callable[[Asked, Answer], None]) -> Callable[[Asked, Answer], None]:
    def hook(asked: Asked, answer: Answer) -> None:
        if asked.method == "POST" and answer.status == 200:
            function(asked, answer)

    return hook


def _refusal(function: Callable[[Asked, Any], None]) -> Callable[[Asked, Answer], None]:
    def hook(asked: Asked, answer: Answer) -> None:
        if answer.status >= 400 and isinstance(answer.body, dict):
            function(asked, answer.body)

    return hook


def _picture(function: Callable[[Answer], None]) -> Callable[[Asked, Answer], None]:
    def hook(asked: Asked, answer: Answer) -> None:
        if asked.path.startswith(_PICTURES):
            function(answer)

    return hook


def _key_in_the_answer(asked: Asked, body: Any) -> None:
    body["error"]["message"] += f" (got {asked.headers.get('authorization', '')})"


def _pictures_in_a_refusal(_asked: Asked, body: Any) -> None:
    body["data"] = [{"url": "https://images.invalid/1.png"}]


def _own_code(_asked: Asked, body: Any) -> None:
    body["error"]["code"] = "bad_request"


def _one_status(_asked: Asked, answer: Answer) -> None:
    if answer.status == 400:
        answer.status = 422


def _plain_text(_asked: Asked, answer: Answer) -> None:
    answer.headers["content-type"] = "text/plain"


def _no_header(_asked: Asked, answer: Answer) -> None:
    answer.headers.pop("x-request-id", None)


def _events(asked: Asked, answer: Answer) -> None:
    if asked.body.get("stream"):
        answer.headers["content-type"] = "text/event-stream"
        answer.raw, answer.body = b"data: " + answer.raw + b"\n\n", None


def _an_error_beside(_asked: Asked, answer: Answer) -> None:
    answer.body.update(code=500, error="")


def _says_html(answer: Answer) -> None:
    answer.headers["content-type"] = "text/html"


def _jpeg(answer: Answer) -> None:
    if answer.status == 200:
        buffer = io.BytesIO()
        Image.open(io.BytesIO(answer.raw)).convert("RGB").save(buffer, "JPEG")
        answer.raw = buffer.getvalue()
        answer.headers["content-type"] = "image/jpeg"


def _wants_a_key(asked: Asked) -> Answer | None:
    if asked.path.startswith(_PICTURES) and "authorization" not in asked.headers:
        return Answer(401, {"content-type": "text/plain"}, raw=b"no key")
    return None


def _takes_any_signature(answer: Answer) -> None:
    if answer.status == 403:
        answer.status, answer.raw = 200, b"a picture"


def _base64_by_default(asked: Asked) -> None:
    if isinstance(asked.body, dict):
        asked.body.setdefault("response_format", "b64_json")


def _no_seed(asked: Asked) -> None:
    if isinstance(asked.body, dict) and isinstance(asked.body.get("parameters"), dict):
        seed = asked.body["parameters"].get("seed")
        if isinstance(seed, int) and 0 <= seed < 100:
            del asked.body["parameters"]["seed"]


def _shuts_out(asked: Asked, answer: Answer) -> None:
    if "response_format" in asked.body:
        answer.status = 403


def _no_second_text(asked: Asked) -> None:
    frame = asked.body.get("input") if isinstance(asked.body, dict) else None
    messages = frame.get("messages") if isinstance(frame, dict) else None
    content = (
        messages[0].get("content") if isinstance(messages, list) and isinstance(messages[0], dict) else None
    )
    if isinstance(content, list) and sum("text" in item for item in content) > 1:
        asked.body = {**asked.body, "input": "nothing"}


class _TooMany:
    """More pictures in an interleaved task than were allowed."""

    def __init__(self) -> None:
        self._tasks: set[str] = set()

    def __call__(self, asked: Asked, answer: Answer) -> None:
        output = answer.body.get("output") if isinstance(answer.body, dict) else None
        if not isinstance(output, dict):
            return
        parameters = asked.body.get("parameters") if isinstance(asked.body, dict) else None
        if (
            asked.method == "POST"
            and isinstance(parameters, dict)
            and parameters.get("enable_interleave") is True
        ):
            self._tasks.add(output.get("task_id", ""))
        elif output.get("task_id") in self._tasks:
            for choice in output.get("choices", ()):
                content = choice["message"]["content"]
                content += [part for part in content if "image" in part] * 3


class _MarkInTheMiddle:
    """A watermark that is put elsewhere: the marked pictures are delivered upside down."""

    def __init__(self) -> None:
        self._marked: set[str] = set()

    def __call__(self, asked: Asked, answer: Answer) -> None:
        if asked.path.startswith(_PICTURES):
            if asked.path in self._marked and answer.status == 200:
                buffer = io.BytesIO()
                Image.open(io.BytesIO(answer.raw)).convert("RGB").rotate(180).save(
                    buffer, "PNG", compress_level=1
                )
                answer.raw = buffer.getvalue()
        elif answer.status == 200 and asked.body["parameters"].get("watermark") is True:
            for choice in answer.body["output"]["choices"]:
                for part in choice["message"]["content"]:
                    self._marked.add("/" + part["image"].split("/", 3)[3].partition("?")[0])


ANSWERS = [
    Defect(
        "key-told", "auth.key-secret", *TWO, ("B255",), level="SHOULD", answer=_refusal(_key_in_the_answer)
    ),
    Defect(
        "key-shut-out-at-times",
        "auth.accepted",
        *FIXED,
        answer=_success(_shuts_out),
        also=frozenset(
            {
                "response-format.url",
                "response-format.b64",
                "response-format.unknown-value",
                "response-format.type",
            }
        ),
    ),
    Defect("own-status", "errors.status", *FIXED, level="SHOULD", answer=_one_status),
    Defect("own-code", "errors.code", *FIXED, ("B151",), level="SHOULD", answer=_refusal(_own_code)),
    Defect("refusal-with-pictures", "errors.no-pictures", *FIXED, answer=_refusal(_pictures_in_a_refusal)),
    Defect("watermark-elsewhere", "watermark.corner", *NATIVE, answer=_MarkInTheMiddle()),
    Defect("success-as-text", "response.json", *FIXED, ("B161",), answer=_success(_plain_text)),
    Defect("no-id-header", "response.request-id-header", *FIXED, level="SHOULD", answer=_success(_no_header)),
    Defect(
        "stream-of-events",
        "stream.none",
        *SKY,
        tier="full",
        answer=_success(_events),
        also=frozenset({"response.json"}),
    ),
    Defect(
        "error-beside-pictures",
        "response.no-error",
        "xiaohongshu",
        "qwen-image",
        ("B138",),
        answer=_success(_an_error_beside),
    ),
    Defect("base64-by-default", "response-format.default", *FIXED, request=_base64_by_default),
    Defect("seeds-lost", "seed.repeats", *NATIVE, ("B056",), level="OBSERVE", request=_no_seed),
    Defect("pictures-called-html", "url.content-type", *FIXED, level="SHOULD", answer=_picture(_says_html)),
    Defect("pictures-as-jpeg", "url.png", *NATIVE, answer=_picture(_jpeg)),
    Defect("pictures-need-the-key", "url.open", *FIXED, ("B182",), level="SHOULD", request=_wants_a_key),
    Defect("any-signature", "url.signed", *FIXED, level="SHOULD", answer=_picture(_takes_any_signature)),
    Defect(
        "second-text-refused",
        "messages.first-text",
        "xiaohongshu",
        "qwen-image",
        level="OBSERVE",
        tier="full",
        request=_no_second_text,
    ),
    Defect(
        "too-many-interleaved",
        "max-images.count",
        "dashscope",
        "wan2.6-image",
        tier="full",
        answer=_TooMany(),
        also=frozenset({"usage.image-count", "n.distinct"}),
    ),
]
