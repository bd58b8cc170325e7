"""What broken gateways with an OpenAI face do to requests and answers: the hooks of their defects."""

from __future__ import annotations

import base64
import copy
from collections.abc import Callable
from typing import Any

from defects.wrap import Answer, Asked

Json = Any


def generation(asked: Asked) -> bool:
    """Whether this is a request for pictures with a JSON object as its body."""
    return asked.method == "POST" and isinstance(asked.body, dict)


def change(function: Callable[[dict[str, Json]], None]) -> Callable[[Asked], None]:
    """A request hook from a function that changes the body."""

    def hook(asked: Asked) -> None:
        if generation(asked):
            function(asked.body)

    return hook


def success(function: Callable[[Asked, Json], None]) -> Callable[[Asked, Answer], None]:
    """An answer hook from a function that changes the body of a success."""

    def hook(asked: Asked, answer: Answer) -> None:
        if answer.status == 200 and isinstance(answer.body, dict) and "data" in answer.body:
            function(asked, answer.body)

    return hook


def failure(function: Callable[[Asked, Answer], None]) -> Callable[[Asked, Answer], None]:
    """An answer hook from a function that changes a refusal."""

    def hook(asked: Asked, answer: Answer) -> None:
        if answer.status >= 400 and answer.body is not None:
            function(asked, answer)

    return hook


def clamp(body: Json) -> None:
    if isinstance(body.get("n"), int) and body["n"] > 6:
        body["n"] = 6


def one(body: Json) -> None:
    if isinstance(body.get("n"), int) and body["n"] > 1:
        body["n"] = 1


def at_least_one(body: Json) -> None:
    if isinstance(body.get("n"), int) and body["n"] < 1:
        body["n"] = 1


def set_default(name: str, value: Json) -> Callable[[Json], None]:
    return lambda body: body.setdefault(name, value) and None


def drop(name: str) -> Callable[[Json], None]:
    return lambda body: body.pop(name, None) and None


def falsy(name: str) -> Callable[[Json], None]:
    def lose(body: Json) -> None:
        if not body.get(name, True):
            body.pop(name)

    return lose


def replace_size(old: str, new: str) -> Callable[[Json], None]:
    def swap(body: Json) -> None:
        if body.get("size") == old:
            body["size"] = new

    return swap


def any_separator(body: Json) -> None:
    if isinstance(body.get("size"), str):
        body["size"] = body["size"].replace("*", "x").replace("X", "x")


def foreign_size(body: Json) -> None:
    if isinstance(body.get("size"), str) and "x" in body["size"]:
        body["size"] = "2688x1536"


def last_only(_asked: Asked, body: Json) -> None:
    body["data"] = body["data"][-1:]


def same_address(_asked: Asked, body: Json) -> None:
    body["data"] = [copy.deepcopy(body["data"][0]) for _ in body["data"]]


def field(name: str, value: Json) -> Callable[[Asked, Json], None]:
    def put(_asked: Asked, body: Json) -> None:
        body[name] = value(body.get(name)) if callable(value) else value

    return put


def without(name: str) -> Callable[[Asked, Json], None]:
    return lambda _asked, body: body.pop(name, None) and None


def items(function: Callable[[Json], None]) -> Callable[[Asked, Json], None]:
    def each(_asked: Asked, body: Json) -> None:
        for item in body["data"]:
            function(item)

    return each


def prefixed(item: Json) -> None:
    if "b64_json" in item:
        item["b64_json"] = "data:image/png;base64," + item["b64_json"]


def both(item: Json) -> None:
    if "b64_json" in item:
        item["url"] = "https://images.invalid/copy.png"


def cut(item: Json) -> None:
    if "b64_json" in item:
        item["b64_json"] = base64.b64encode(base64.b64decode(item["b64_json"])[:-400]).decode()


def escaped(item: Json) -> None:
    if "url" in item:
        item["url"] = item["url"].replace("&", "&amp;")


def null_prompt(item: Json) -> None:
    item["revised_prompt"] = None


def status(code: int) -> Callable[[Asked, Answer], None]:
    def put(_asked: Asked, answer: Answer) -> None:
        answer.status = code

    return put


def server_error(asked: Asked, answer: Answer) -> None:
    if generation(asked) and "n" in asked.body:
        answer.status = 500


def html(_asked: Asked, answer: Answer) -> None:
    answer.headers["content-type"] = "text/html"
    answer.raw, answer.body = b"<html><h1>Bad Request</h1></html>", None


def native_shape(_asked: Asked, answer: Answer) -> None:
    answer.body = {"code": "InvalidParameter", "message": "bad request", "request_id": "d2d1a8c0"}


def detail(_asked: Asked, answer: Answer) -> None:
    answer.body = {"detail": "bad request"}


def empty_success(asked: Asked, answer: Answer) -> None:
    if generation(asked) and answer.status == 400 and "n" in asked.body:
        answer.status, answer.body = 200, {"created": 1764820175, "data": []}


def lets_in(header: str) -> Callable[[Asked], None]:
    def hook(asked: Asked) -> None:
        if header == "any" or "authorization" not in asked.headers:
            asked.headers["authorization"] = "Bearer sk-someone-elses"

    return hook


def forbidden(_asked: Asked, answer: Answer) -> None:
    if answer.status == 401:
        answer.status = 403


def default_model(body: Json) -> None:
    body.setdefault("model", "qwen-image-2.0")


def any_model(body: Json) -> None:
    if isinstance(body.get("model"), str) and not body["model"].startswith("qwen"):
        body["model"] = "qwen-image-2.0"


def any_prompt(body: Json) -> None:
    body.setdefault("prompt", "a picture")


def no_emoji(asked: Asked) -> Answer | None:
    if (
        generation(asked)
        and isinstance(asked.body.get("prompt"), str)
        and any(ord(letter) > 0xFFFF for letter in asked.body["prompt"])
    ):
        return Answer(
            500,
            {"content-type": "application/json"},
            body={"error": {"message": "codec can't encode", "type": "server_error", "code": None}},
        )
    return None


def no_format(asked: Asked) -> Answer | None:
    if generation(asked) and "response_format" in asked.body:
        return Answer(
            400,
            {"content-type": "application/json"},
            body={
                "error": {
                    "message": "Unknown parameter: 'response_format'.",
                    "type": "invalid_request_error",
                    "code": "unknown_parameter",
                }
            },
        )
    return None


def not_together(values: dict[str, Json], name: str) -> Callable[[Asked], Answer | None]:
    """Refuse a request with these values and this parameter, each of which is taken without the others."""

    def hook(asked: Asked) -> Answer | None:
        body = asked.body
        if (
            not isinstance(body, dict)
            or name not in body
            or any(body.get(one) != values[one] for one in values)
        ):
            return None
        message = f"{name} cannot be used together with {', '.join(values)}"
        error = {
            "message": message,
            "type": "invalid_request_error",
            "param": name,
            "code": "invalid_parameter",
        }
        return Answer(400, {"content-type": "application/json", "x-request-id": "r"}, body={"error": error})

    return hook


def flatten(body: Json) -> None:
    body.pop("parameters", None)


def gone(asked: Asked) -> Answer | None:
    if asked.path.startswith("/pictures"):
        return Answer(404, {"content-type": "text/plain"}, raw=b"no such picture")
    return None
