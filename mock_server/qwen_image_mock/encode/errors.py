"""Refusals: the catalogue row that answers a broken clause, in the provider's error shape."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import orjson

from qwen_image_spec.catalogue import entry_for, message_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from qwen_image_spec.model import ErrorEntry, Model, Provider
    from qwen_image_spec.rules import Violation

Json = Any
_SHOWN = 80
_NOT_PARAMETERS = ("auth.", "body.", "route.", "method.", "fault.", "async.", "tasks.")
_STATUS = {"auth.": 401, "route.": 404, "method.": 405, "fault.": 500}
_CODES = {
    400: "InvalidParameter",
    401: "InvalidApiKey",
    403: "AccessDenied",
    404: "NotFound",
    405: "MethodNotAllowed",
    429: "Throttling",
    500: "InternalError",
}


@dataclass(frozen=True, slots=True)
class Refusal:
    """A refusal before it takes a provider's shape. `param` is the field at fault, None when it is none."""

    status: int
    code: str | None
    type: str | None
    message: str
    param: str | None = None


def refusal_for(  # all that an error message may name
    violation: Violation, provider: Provider, model: Model | None, asked: Json, method: str, path: str
) -> Refusal:
    """The refusal that answers a broken clause. `asked` is the model's name as the client gave it."""
    clause = violation.clause
    words = {
        "param": shown(violation.param),
        "value": shown(violation.seen),
        "allowed": violation.allowed,
        "model": shown(asked),
        "method": shown(method),
        "path": shown(path),
        **violation.details,
    }
    param = None if clause.startswith(_NOT_PARAMETERS) else shown(violation.param) or None
    return refusal_of(entry_for(clause, provider, model), clause, words, param)


def refusal_of(
    entry: ErrorEntry | None, clause: str, words: dict[str, Json], param: str | None = None
) -> Refusal:
    """The refusal of a catalogue row; without one, a plain refusal whose status follows the clause.

    A row whose message is not recorded says when it is used instead.
    """
    if entry is None:
        status = next((number for prefix, number in _STATUS.items() if clause.startswith(prefix)), 400)
        kind = "server_error" if status >= 500 else "invalid_request_error"
        return Refusal(status, None, kind, f"The request was refused ({clause}).", param)
    message = message_of(entry, **words) if entry.message else f"Refused: {entry.when}."
    return Refusal(entry.status.value, entry.code, entry.type, message, param)


def shown(value: Json) -> str:
    """A JSON value as it stands in a message, cut to 80 characters."""
    if isinstance(value, str):
        text = value if len(value) <= _SHOWN else value[:_SHOWN]
        return text.replace("\0", "\\u0000")
    try:
        text = orjson.dumps(value).decode()
    except TypeError:
        try:
            text = json.dumps(value, ensure_ascii=False, default=str)
        except RecursionError:
            text = type(value).__name__
    return text[:_SHOWN]


def encode_refusal(refusal: Refusal, provider: Provider, request_id: str) -> dict[str, Json]:
    """The body of a refusal in the provider's error shape."""
    body = _SHAPES[provider.error_shape](refusal, request_id)
    if "request_id" not in body and any(field.at == "/request_id" for field in provider.error_fields):
        body["request_id"] = request_id
    return body


def _openai(refusal: Refusal, _request_id: str) -> dict[str, Json]:
    return {
        "error": {
            "message": refusal.message,
            "type": refusal.type,
            "param": refusal.param,
            "code": refusal.code,
        }
    }


def _compatible(refusal: Refusal, request_id: str) -> dict[str, Json]:
    return {**_openai(refusal, request_id), "request_id": request_id}


def _native(refusal: Refusal, request_id: str) -> dict[str, Json]:
    return {"code": code_of(refusal), "message": refusal.message, "request_id": request_id}


def _wrapper(refusal: Refusal, request_id: str) -> dict[str, Json]:
    code = refusal.code
    number = int(code) if code is not None and code.isascii() and code.isdecimal() else refusal.status
    return {"code": number, "error": refusal.message, "request_id": request_id}


def code_of(refusal: Refusal) -> str:
    """The code of a refusal, for shapes that must have one."""
    return refusal.code or _CODES.get(refusal.status, "InvalidParameter")


_SHAPES: dict[str, Callable[[Refusal, str], dict[str, Json]]] = {
    "openai": _openai,
    "compatible": _compatible,
    "native": _native,
    "wrapper": _wrapper,
}
