"""Defects of gateways with an OpenAI face: what they lose, change or make up."""

from __future__ import annotations

import base64
import copy
from collections.abc import Callable
from typing import Any

from defects.wrap import Answer, Asked, Defect

TWO = ("dieyuyun", "qwen-image-2.0")
FIXED = ("dieyuyun", "qwen-image-plus")
SKY = ("skyengine", "qwen-image-plus")
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


def _clamp(body: Json) -> None:
    if isinstance(body.get("n"), int) and body["n"] > 6:
        body["n"] = 6


def _one(body: Json) -> None:
    if isinstance(body.get("n"), int) and body["n"] > 1:
        body["n"] = 1


def _at_least_one(body: Json) -> None:
    if isinstance(body.get("n"), int) and body["n"] < 1:
        body["n"] = 1


def _set_default(name: str, value: Json) -> Callable[[Json], None]:
    return lambda body: body.setdefault(name, value) and None


def _drop(name: str) -> Callable[[Json], None]:
    return lambda body: body.pop(name, None) and None


def _falsy(name: str) -> Callable[[Json], None]:
    def lose(body: Json) -> None:
        if not body.get(name, True):
            body.pop(name)

    return lose


def _replace_size(old: str, new: str) -> Callable[[Json], None]:
    def swap(body: Json) -> None:
        if body.get("size") == old:
            body["size"] = new

    return swap


def _any_separator(body: Json) -> None:
    if isinstance(body.get("size"), str):
        body["size"] = body["size"].replace("*", "x").replace("X", "x")


def _foreign_size(body: Json) -> None:
    if isinstance(body.get("size"), str) and "x" in body["size"]:
        body["size"] = "2688x1536"


def _last_only(_asked: Asked, body: Json) -> None:
    body["data"] = body["data"][-1:]


def _same_address(_asked: Asked, body: Json) -> None:
    body["data"] = [copy.deepcopy(body["data"][0]) for _ in body["data"]]


def _field(name: str, value: Json) -> Callable[[Asked, Json], None]:
    def put(_asked: Asked, body: Json) -> None:
        body[name] = value(body.get(name)) if callable(value) else value

    return put


def _without(name: str) -> Callable[[Asked, Json], None]:
    return lambda _asked, body: body.pop(name, None) and None


def _items(function: Callable[[Json], None]) -> Callable[[Asked, Json], None]:
    def each(_asked: Asked, body: Json) -> None:
        for item in body["data"]:
            function(item)

    return each


def _prefixed(item: Json) -> None:
    if "b64_json" in item:
        item["b64_json"] = "data:image/png;base64," + item["b64_json"]


def _both(item: Json) -> None:
    if "b64_json" in item:
        item["url"] = "https://images.invalid/copy.png"


def _cut(item: Json) -> None:
    if "b64_json" in item:
        item["b64_json"] = base64.b64encode(base64.b64decode(item["b64_json"])[:-400]).decode()


def _escaped(item: Json) -> None:
    if "url" in item:
        item["url"] = item["url"].replace("&", "&amp;")


def _null_prompt(item: Json) -> None:
    item["revised_prompt"] = None


def _status(code: int) -> Callable[[Asked, Answer], None]:
    def put(_asked: Asked, answer: Answer) -> None:
        answer.status = code

    return put


def _server_error(asked: Asked, answer: Answer) -> None:
    if generation(asked) and "n" in asked.body:
        answer.status = 500


def _html(_asked: Asked, answer: Answer) -> None:
    answer.headers["content-type"] = "text/html"
    answer.raw, answer.body = b"<html><h1>Bad Request</h1></html>", None


def _native_shape(_asked: Asked, answer: Answer) -> None:
    answer.body = {"code": "InvalidParameter", "message": "bad request", "request_id": "d2d1a8c0"}


def _detail(_asked: Asked, answer: Answer) -> None:
    answer.body = {"detail": "bad request"}


def _empty_success(asked: Asked, answer: Answer) -> None:
    if generation(asked) and answer.status == 400 and "n" in asked.body:
        answer.status, answer.body = 200, {"created": 1764820175, "data": []}


def _lets_in(header: str) -> Callable[[Asked], None]:
    def hook(asked: Asked) -> None:
        if header == "any" or "authorization" not in asked.headers:
            asked.headers["authorization"] = "Bearer sk-someone-elses"

    return hook


def _forbidden(_asked: Asked, answer: Answer) -> None:
    if answer.status == 401:
        answer.status = 403


def _default_model(body: Json) -> None:
    body.setdefault("model", "qwen-image-2.0")


def _any_model(body: Json) -> None:
    if isinstance(body.get("model"), str) and not body["model"].startswith("qwen"):
        body["model"] = "qwen-image-2.0"


def _any_prompt(body: Json) -> None:
    body.setdefault("prompt", "a picture")


def _no_emoji(asked: Asked) -> Answer | None:
    if generation(asked) and isinstance(asked.body.get("prompt"), str) and any(ord(letter) > 0xFFFF for letter in asked.body["prompt"]):
        return Answer(500, {"content-type": "application/json"}, body={"error": {"message": "codec can't encode", "type": "server_error", "code": None}})
    return None


def _no_format(asked: Asked) -> Answer | None:
    if generation(asked) and "response_format" in asked.body:
        return Answer(400, {"content-type": "application/json"}, body={"error": {"message": "Unknown parameter: 'response_format'.",
                                                                                "type": "invalid_request_error", "code": "unknown_parameter"}})
    return None


def _flatten(body: Json) -> None:
    body.pop("parameters", None)


def _gone(asked: Asked) -> Answer | None:
    if asked.path.startswith("/pictures"):
        return Answer(404, {"content-type": "text/plain"}, raw=b"no such picture")
    return None


GATEWAY = [
    Defect("n-clamped", "n.above-maximum", *TWO, ("B034", "B159"), request=change(_clamp)),
    Defect("n-ignored-on-fixed-model", "n.above-maximum", *FIXED, ("B039",), request=change(_one)),
    Defect("n-zero-made-one", "n.below-minimum", *TWO, ("B034",), request=change(_at_least_one)),
    Defect("n-not-forwarded", "n.count", *TWO, ("B038",), request=change(_drop("n")), also=frozenset({"n.above-maximum", "n.below-minimum", "n.type"})),
    Defect("last-picture-only", "n.count", *TWO, ("B031",), answer=success(_last_only)),
    Defect("same-picture-twice", "n.distinct", *TWO, ("B031", "B035"), answer=success(_same_address)),
    Defect("four-by-default", "n.default", *TWO, ("B040",), request=change(_set_default("n", 4))),
    Defect("size-not-forwarded", "size.delivered", *TWO, ("B007", "B008", "B010"), request=change(_foreign_size),
           also=frozenset({"size.not-listed"})),
    Defect("foreign-default-size", "size.default", *TWO, ("B012", "B050"), level="SHOULD", request=change(_set_default("size", "2688x1536"))),
    Defect("foreign-default-size-skyengine", "size.default", *SKY, ("B012", "B050"), request=change(_set_default("size", "928x1664"))),
    Defect("typo-size-taken", "size.not-listed", *FIXED, ("B016", "B017"), request=change(_replace_size("1472x1140", "1472x1104"))),
    Defect("any-separator", "size.spelling", *TWO, ("B001", "B003", "B024"), request=change(_any_separator)),
    Defect("watermark-false-lost", "watermark.honoured", *TWO, ("B060", "B044"), request=change(_falsy("watermark")),
           also=frozenset({"watermark.corner"})),
    Defect("watermark-on-by-default", "watermark.default", *SKY, ("B047",), request=change(_set_default("watermark", True))),
    Defect("watermark-off-by-default", "watermark.default", *TWO, ("B047",), request=change(lambda body: None if "parameters" in body else body.setdefault("watermark", False) and None)),
    Defect("parameters-object-lost", "watermark.honoured", *TWO, ("B064",), request=change(_flatten),
           also=frozenset({"parameters.type", "watermark.corner"})),
    Defect("prompt-extend-off-by-default", "prompt-extend.default", *TWO, ("B053",), request=change(_set_default("prompt_extend", False))),
    Defect("seed-zero-lost", "seed.zero", *SKY, ("B056", "B057", "B061"), request=change(_falsy("seed"))),
    Defect("b64-ignored", "response-format.b64", *TWO, ("B185", "B187"), request=change(_drop("response_format")),
           also=frozenset({"response-format.unknown-value", "response-format.type"})),
    Defect("b64-with-address", "response-format.b64", *TWO, ("B183",), answer=success(_items(_both))),
    Defect("b64-with-prefix", "response-format.b64", *TWO, ("B191",), answer=success(_items(_prefixed))),
    Defect("b64-cut-off", "response-format.b64", *TWO, ("B193",), answer=success(_items(_cut))),
    Defect("response-format-refused", "response-format.url", *TWO, ("B067", "B184", "B077"), request=_no_format, also=frozenset({"response-format.b64", "errors.code"})),
    Defect("created-missing", "response.created", *TWO, ("B179",), answer=success(_without("created"))),
    Defect("created-as-text", "response.created", *TWO, ("B179",), answer=success(_field("created", str))),
    Defect("revised-prompt-null", "response.revised-prompt", *TWO, ("B178", "B180"), answer=success(_items(_null_prompt))),
    Defect("addresses-escaped", "url.fetchable", *TWO, ("B194",), answer=success(_items(_escaped)), also=frozenset({"url.signed", "url.open"})),
    Defect("addresses-dead", "url.fetchable", *TWO, ("B176", "B182"), request=_gone),
    Defect("native-error-shape", "errors.shape", *TWO, ("B151",), answer=failure(_native_shape),
           also=frozenset({"errors.type", "errors.code-field", "errors.code"})),
    Defect("framework-error-shape", "errors.shape", *TWO, ("B264",), answer=failure(_detail),
           also=frozenset({"errors.type", "errors.code-field", "errors.code"})),
    Defect("html-errors", "errors.json", *TWO, ("B161",), answer=failure(_html), also=frozenset({"errors.shape"})),
    Defect("server-error-for-bad-n", "errors.client-fault", *TWO, ("B093", "B155", "B156"), answer=failure(_server_error)),
    Defect("errors-with-status-200", "response.success-means-pictures", *TWO, ("B132", "B138"), answer=failure(_status(200)),
           also=frozenset({"auth.missing-key", "auth.invalid-key", "auth.scheme", "response.data"})),
    Defect("empty-success", "response.success-means-pictures", *TWO, ("B034", "B270"), answer=_empty_success,
           also=frozenset({"n.above-maximum", "n.below-minimum", "n.type"})),
    Defect("any-key", "auth.invalid-key", *TWO, ("B255",), request=_lets_in("any"), also=frozenset({"auth.missing-key", "auth.scheme", "auth.key-secret"})),
    Defect("no-key-needed", "auth.missing-key", *TWO, ("B101",), request=_lets_in("none")),
    Defect("forbidden-for-unauthorized", "auth.invalid-key", *TWO, ("B255",), answer=_forbidden, also=frozenset({"auth.missing-key", "auth.scheme", "errors.status"})),
    Defect("foreign-model-for-none", "model.missing", *TWO, ("B054", "B050"), request=change(_default_model)),
    Defect("foreign-model-for-unknown", "model.unknown", *TWO, ("B090", "B085"), request=change(_any_model)),
    Defect("missing-prompt-taken", "prompt.missing", *TWO, ("B162",), request=change(_any_prompt)),
    Defect("no-emoji", "prompt.unicode", *TWO, ("B215",), request=_no_emoji),
]
