"""The straight way of a request: credentials, body, decoding, rules, faults, outcome, answer."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl

import orjson

from qwen_image_mock import tasks
from qwen_image_mock.admission import ASYNC_HEADER, Admission, Refused, refused, unknown_fields
from qwen_image_mock.encode import (
    Delivery,
    encode_refusal,
    encode_success,
    refusal_for,
    refusal_of,
    sync_shape,
)
from qwen_image_mock.inline import inline_pictures
from qwen_image_mock.outcome import outcome_of
from qwen_image_spec.rules import Violation, check, refusal

if TYPE_CHECKING:
    from collections.abc import Mapping

    from qwen_image_mock.exchange import Exchange
    from qwen_image_mock.faults import Condition
    from qwen_image_mock.routing import Route
    from qwen_image_mock.state import State
    from qwen_image_spec.model import Endpoint, Model
    from qwen_image_spec.request import ImageRequest

Json = Any
_IMAGE_OPERATIONS = frozenset({"generate", "edit", "submit"})


class Handler:
    """Fills in an exchange's status and answer. Knows nothing of sockets."""

    def __init__(self, state: State) -> None:
        self._state = state
        self._admission = Admission(state.providers)

    def handle(  # all that routing found out
        self,
        exchange: Exchange,
        route: Route | None,
        variable: str,
        headers: Mapping[bytes, bytes],
        query: str,
        *,
        too_large: bool,
    ) -> None:
        """Answer a request to a path below a provider's mount; `route` is None when nothing stands there."""
        try:
            caller = exchange.caller = self._state.credentials.caller(headers.get(b"authorization"))
            endpoint = self._endpoint(exchange, route)
            if caller.refusal is not None:
                raise refused(caller.refusal, "authorization")
            if too_large:
                raise refused(
                    "body.too-large", "body", None, f"at most {self._state.settings.body_limit} bytes"
                )
            if exchange.operation in _IMAGE_OPERATIONS:
                self._image_request(exchange, endpoint, headers)
            else:
                self._other(exchange, variable, query)
        except Refused as outcome:
            self._refuse(exchange, outcome.violation)

    def _endpoint(self, exchange: Exchange, route: Route | None) -> Endpoint:
        if route is None:
            raise refused("route.unknown", "path", exchange.path)
        endpoint = route.endpoints.get(exchange.method)
        if endpoint is None:
            exchange.endpoint = next(iter(route.endpoints.values()))
            exchange.operation = exchange.endpoint.operations[0]
            exchange.answer_headers.append((b"allow", ", ".join((*route.endpoints, "OPTIONS")).encode()))
            raise refused("method.refused", "method", exchange.method, ", ".join(route.endpoints))
        exchange.endpoint = endpoint
        exchange.operation = endpoint.operations[0]
        return endpoint

    def _image_request(self, exchange: Exchange, endpoint: Endpoint, headers: Mapping[bytes, bytes]) -> None:
        state = self._state
        admission = self._admission
        document = exchange.document = admission.read(exchange, endpoint, headers.get(b"content-type"))
        model = exchange.model = admission.model(document.get("model"), exchange.provider, endpoint)
        asynchronous = admission.asynchronous(endpoint, headers.get(ASYNC_HEADER))
        request = exchange.decoded = admission.dialect(model, endpoint).decode(document)
        if request.images and "edit" in endpoint.operations and not asynchronous:
            exchange.operation = "edit"
        violations = exchange.violations = check(request, model)
        if request.unknown and state.settings.strictness != "off":
            violations += unknown_fields(request.unknown, strict=state.settings.strictness == "strict")
        refusing = refusal(violations)
        late = asynchronous and model.validates == "task" and _about_a_parameter(refusing, model)
        if refusing is not None and not late:
            raise Refused(refusing)
        condition = state.faults.now(
            exchange.provider, model, exchange.caller, request.prompt, exchange.operation
        )
        if condition is not None:
            self._fail(exchange, condition)
        elif refusing is not None:
            failing = refusal_for(
                refusing, exchange.provider, model, request.model, exchange.method, exchange.path
            )
            exchange.status, exchange.answer = 200, tasks.submit(state, exchange, model, None, failing)
        else:
            self._deliver(exchange, endpoint, model, request, asynchronous=asynchronous)

    def _deliver(
        self,
        exchange: Exchange,
        endpoint: Endpoint,
        model: Model,
        request: ImageRequest,
        *,
        asynchronous: bool,
    ) -> None:
        state = self._state
        outcome = outcome_of(request, model, exchange.violations, exchange.caller.tag, state.randomness)
        exchange.effective = outcome.effective
        exchange.status = 200
        if asynchronous:
            exchange.answer = tasks.submit(state, exchange, model, outcome, None)
            return
        inline = outcome.effective.get("response_format") == "b64_json"
        pictures = (
            inline_pictures(outcome.drawing, outcome.count)
            if inline
            else state.addresses.make(exchange.origin, outcome.drawing, outcome.count, outcome.life)
        )
        delivery = Delivery(outcome, pictures, inline, exchange.id, int(exchange.time))
        exchange.answer = encode_success(delivery, sync_shape(exchange.provider, endpoint.result, model))

    def _other(self, exchange: Exchange, variable: str, query: str) -> None:
        state = self._state
        condition = state.faults.now(exchange.provider, None, exchange.caller, None, exchange.operation)
        if condition is not None:
            self._fail(exchange, condition)
            return
        match exchange.operation:
            case "query":
                exchange.answer = tasks.query(state, exchange, variable)
            case "cancel":
                exchange.answer = tasks.cancel(state, exchange, variable)
            case "list":
                exchange.answer = tasks.listing(state, exchange, dict(parse_qsl(query)))
            case "models":
                exchange.answer = {
                    "object": "list",
                    "data": [
                        {"id": name, "object": "model", "created": 0, "owned_by": exchange.provider.id}
                        for name in exchange.provider.models
                    ],
                }
            case _:
                raise refused("route.unknown", "path", exchange.path)
        exchange.status = 200

    def _refuse(self, exchange: Exchange, violation: Violation) -> None:
        if violation not in exchange.violations:
            exchange.violations.append(violation)
        document = exchange.document
        asked = document.get("model") if isinstance(document, dict) else None
        turned = refusal_for(
            violation, exchange.provider, exchange.model, asked, exchange.method, exchange.path
        )
        exchange.status = turned.status
        exchange.answer = encode_refusal(turned, exchange.provider, exchange.id)

    def _fail(self, exchange: Exchange, condition: Condition) -> None:
        words = {
            "model": exchange.model.id if exchange.model is not None else "",
            "param": "",
            "value": "",
            "allowed": "",
            "method": exchange.method,
            "path": exchange.path,
        }
        turned = refusal_of(condition.entry, condition.clause, words)
        exchange.status = turned.status
        exchange.answer = encode_refusal(turned, exchange.provider, exchange.id)
        after = condition.options.get("retry_after", 1 if turned.status == 429 else None)
        if after is not None:
            exchange.answer_headers.append((b"retry-after", str(after).encode("latin-1", "replace")))


def _about_a_parameter(violation: Violation | None, model: Model) -> bool:
    return (
        violation is not None
        and violation.param in model.params
        and violation.param not in ("prompt", "model")
    )


def encode(answer: Json) -> bytes:
    """An answer as JSON bytes."""
    return orjson.dumps(answer)
