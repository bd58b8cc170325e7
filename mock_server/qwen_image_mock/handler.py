"""The straight way of a request: credentials, body, decoding, rules, faults, outcome, answer."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl

import orjson

from qwen_image_mock import stream, tasks
from qwen_image_mock.admission import ASYNC_HEADER, Admission, Refused, refused, unknown_fields
from qwen_image_mock.beaten import Beaten
from qwen_image_mock.conditions import emptied, meet, refuse, shortened
from qwen_image_mock.conditions import refusal as refusal_of
from qwen_image_mock.counts import SEED
from qwen_image_mock.encode import Delivery, documented, encode_refusal, encode_success, refusal_for
from qwen_image_mock.fault_condition import at_query, condition_of
from qwen_image_mock.faults import split_alias
from qwen_image_mock.hints import strictness_of
from qwen_image_mock.ids import Numbered
from qwen_image_mock.inline import inline_pictures
from qwen_image_mock.inputs import flaws_of, looked_of
from qwen_image_mock.limits import most_tasks, too_many
from qwen_image_mock.multipart import coerced
from qwen_image_mock.outcome import outcome_of
from qwen_image_mock.plans import Plans
from qwen_image_mock.store import Crowded
from qwen_image_spec.answers import direct_shape
from qwen_image_spec.rules import Violation, check, refusal

if TYPE_CHECKING:
    from collections.abc import Mapping

    from qwen_image_mock.exchange import Exchange
    from qwen_image_mock.heads import Head
    from qwen_image_mock.limits import Exceeded
    from qwen_image_mock.outcome import Outcome
    from qwen_image_mock.plans import Settled
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
        self._plans = Plans()
        self.beaten = Beaten(state, self._admission, self._plans)

    async def handle(self, exchange: Exchange, head: Head, *, too_large: bool) -> None:
        """Answer a request to a path below a provider's mount."""
        headers = head.named
        try:
            endpoint = self._endpoint(exchange, head.route)
            if exchange.caller.refusal is not None:
                raise refused(exchange.caller.refusal, "authorization")
            if too_large:
                raise refused(
                    "body.too-large", "body", None, f"at most {self._state.settings.body_limit} bytes"
                )
            if exchange.operation in _IMAGE_OPERATIONS:
                await self._image_request(exchange, endpoint, headers)
            else:
                await self._other(exchange, head.variable, head.query)
        except Refused as outcome:
            self._refuse(exchange, outcome.violation)
        except Crowded as crowded:
            model = exchange.model
            self._throttle(
                exchange, too_many(crowded, exchange.time, None if model is None else most_tasks(model))
            )

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

    async def _image_request(
        self, exchange: Exchange, endpoint: Endpoint, headers: Mapping[bytes, bytes]
    ) -> None:
        state = self._state
        admission = self._admission
        document = exchange.document = admission.read(exchange, endpoint, headers.get(b"content-type"))
        name, alias = split_alias(document.get("model"))
        model = exchange.model = admission.model(name, exchange.provider, endpoint)
        asynchronous = admission.asynchronous(endpoint, headers.get(ASYNC_HEADER))
        if state.limits.on and await self._exceeds(exchange, model, task=asynchronous):
            return
        dialect = admission.dialect(model, endpoint)
        if exchange.form is not None:
            document = exchange.document = coerced(document, dialect)
        request = exchange.decoded = dialect.decode(document)
        if request.images and "edit" in endpoint.operations and not asynchronous:
            exchange.operation = "edit"
        brought = exchange.inputs = (
            await state.inputs.bring(request, model, exchange, headers) if request.images else []
        )
        settled = self._plans.find(request, model)
        violations = exchange.violations
        if settled is None:
            violations += check(request, model, looked_of(brought))
            violations += flaws_of(brought)
        strictness = strictness_of(headers, state.settings.strictness)
        if request.unknown and strictness != "off":
            violations += unknown_fields(request.unknown, strict=strictness == "strict")
        lack = None if asynchronous else stream.missing(request, model, headers)
        if lack is not None:
            violations.append(lack)
        refusing = refusal(violations)
        late = asynchronous and model.validates == "task" and _about_a_parameter(refusing, model)
        if refusing is not None and not late:
            raise Refused(refusing)
        quiet = state.faults.quiet(exchange, request.prompt, alias)
        if not quiet and await self._meets(exchange, request.prompt, alias):
            return
        if refusing is not None:
            failing = refusal_for(
                refusing, exchange.provider, model, request.model, exchange.method, exchange.path
            )
            exchange.status, exchange.answer = 200, await tasks.submit(state, exchange, model, None, failing)
        else:
            streams = stream.interleaves(request, model) and stream.wanted(request, model, headers)
            await self._deliver(
                exchange, endpoint, model, request, settled, asynchronous=asynchronous, streams=streams
            )

    async def _deliver(
        self,
        exchange: Exchange,
        endpoint: Endpoint,
        model: Model,
        request: ImageRequest,
        settled: Settled | None,
        *,
        asynchronous: bool,
        streams: bool,
    ) -> None:
        state = self._state
        randomness = state.randomness
        if state.shared is not None and not isinstance(request.parameters.get("seed"), int):
            randomness = Numbered(randomness, await state.counts.next(SEED, exchange.caller.tag))
        outcome = outcome_of(
            request,
            model,
            exchange.violations,
            exchange.caller.tag,
            randomness,
            exchange.inputs,
            settled,
        )
        outcome = stream.mixed(outcome, request)
        exchange.effective = outcome.effective
        exchange.status = 200
        if asynchronous:
            exchange.answer = await tasks.submit(state, exchange, model, outcome, None)
            return
        outcome = shortened(outcome, exchange.condition)
        inline = outcome.effective.get("response_format") == "b64_json"
        pictures = (
            await inline_pictures(outcome.drawing, outcome.count, state.thumbnails)
            if inline
            else state.addresses.make(exchange.origin, outcome.drawing, outcome.count, outcome.life)
        )
        usage = state.settings.usage
        delivery = Delivery(outcome, pictures, inline, exchange.id, int(exchange.time), usage)
        body = encode_success(delivery, documented(direct_shape(exchange.provider, endpoint, model)))
        body = emptied(stream.interleaved(body, outcome, pictures), exchange.condition)
        exchange.answer = body
        self._stream(exchange, body, outcome, streams=streams)

    def _stream(self, exchange: Exchange, body: dict[str, Json], outcome: Outcome, *, streams: bool) -> None:
        condition = exchange.condition
        name = "" if condition is None else condition.name
        if streams and condition is not None and name == "stream-error":
            stream.put(exchange, list(stream.events(body, outcome)), refusal_of(exchange, condition))
        elif streams and name != "empty-data":
            stream.put(exchange, list(stream.events(body, outcome)))
        elif streams or name == "one-event":
            stream.put(exchange, [body])

    async def _other(self, exchange: Exchange, variable: str, query: str) -> None:
        state = self._state
        exceeded = await state.limits.managing(exchange)
        if exceeded is not None:
            self._throttle(exchange, exceeded)
            return
        faults = state.faults
        condition = None if faults.quiet(exchange) else await faults.now(exchange)
        if condition is None and exchange.operation == "query":
            condition = await tasks.poll_condition(state, exchange, variable)
        if condition is not None and meet(exchange, at_query(condition, exchange.provider)):
            return
        exchange.status = 200
        match exchange.operation:
            case "query":
                exchange.answer = await tasks.query(state, exchange, variable)
            case "cancel":
                exchange.answer = await tasks.cancel(state, exchange, variable)
            case "list":
                exchange.answer = await tasks.listing(state, exchange, dict(parse_qsl(query)))
            case "upload":
                exchange.answer = self._policy(exchange, dict(parse_qsl(query)))
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

    def _policy(self, exchange: Exchange, words: dict[str, str]) -> dict[str, Json]:
        """Where and how to upload a file."""
        if words.get("action") != "getPolicy":
            raise refused("upload.action", "action", words.get("action"), "getPolicy")
        if not words.get("model"):
            raise refused("model.missing", "model", None, "a model of this provider")
        facts, limit = exchange.provider.facts, self._state.settings.body_limit
        data = self._state.uploads.policy(facts, exchange.caller.tag, exchange.origin, limit)
        return {"request_id": exchange.id, "data": data}

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

    async def _meets(self, exchange: Exchange, prompt: Json, alias: str) -> bool:
        condition = await self._state.faults.now(exchange, prompt, alias)
        return condition is not None and meet(exchange, condition)

    async def _exceeds(self, exchange: Exchange, model: Model, *, task: bool) -> bool:
        state = self._state
        exceeded = await state.limits.image_request(exchange, model, state.store, task=task)
        if exceeded is None:
            return False
        self._throttle(exchange, exceeded)
        return True

    def _throttle(self, exchange: Exchange, exceeded: Exceeded) -> None:
        """Refuse a request that is above a limit, and tell when the limit lets the next one in."""
        options = {"retry_after": exceeded.wait}
        condition = condition_of(exceeded.name, exchange.provider, exchange.model, options)
        exchange.notes.append(f"above the limit: {exceeded.limit}")
        if condition is not None:
            refuse(exchange, condition)


def _about_a_parameter(violation: Violation | None, model: Model) -> bool:
    return (
        violation is not None
        and (violation.param in model.params or violation.param == "images")
        and violation.param not in ("prompt", "model")
    )


def encode(answer: Json) -> bytes:
    """An answer as JSON bytes."""
    return orjson.dumps(answer)
