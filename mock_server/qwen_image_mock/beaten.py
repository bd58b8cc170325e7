"""The beaten way: a call for pictures by address that is like many before it, answered at once.

It is the usual way (`handler.py`) with everything left out that cannot happen to such a call. As soon as
something could (a fault that waits, a limit, an unknown field, a value that no plan covers, an input image, a
stream, a picture within the answer) there is no beaten way, and the usual one begins as if nothing had been.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import orjson

from qwen_image_mock.admission import ASYNC_HEADER, Refused
from qwen_image_mock.bodies import BadBody, encoding_of, json_object
from qwen_image_mock.encode import Delivery, encode_success
from qwen_image_mock.hints import STRICTNESS_HEADER, strictness_of
from qwen_image_mock.outcome import made
from qwen_image_spec.answers import direct_shape

if TYPE_CHECKING:
    from collections.abc import Mapping

    from qwen_image_mock.admission import Admission
    from qwen_image_mock.heads import Head
    from qwen_image_mock.plans import Form, Plans
    from qwen_image_mock.routing import Route
    from qwen_image_mock.state import State
    from qwen_image_spec.dialect import Dialect
    from qwen_image_spec.model import Endpoint, Model, Provider, ResponseShape

_FRAME = ("model", "prompt")
_KEPT = 256


class Served(NamedTuple):
    """A model as an endpoint serves it.

    `forms` are the forms of documents by the names in them: None when a document has to be decoded, because
    it is not flat, or spells a parameter otherwise than by its name.
    """

    model: Model
    dialect: Dialect
    shape: ResponseShape
    forms: dict[tuple[str, ...], Form | None]


class Lane(NamedTuple):
    """What a head leads to: the models it may name. `heeds` says whether fields nobody reads are minded."""

    served: Mapping[str, Served]
    heeds: bool


class Beaten:
    """Answers calls on the beaten way."""

    def __init__(self, state: State, admission: Admission, plans: Plans) -> None:
        self._state = state
        self._admission = admission
        self._plans = plans
        self._lanes: dict[tuple[int, str, bytes | None, bytes | None, bytes | None], Lane | None] = {}
        self._served: dict[tuple[str, str], dict[str, Served]] = {}

    def lane(self, head: Head) -> Lane | None:
        """Where the calls of a head go, None when they have to be looked at one by one."""
        route, caller, get = head.route, head.caller, head.named.get
        if route is None or caller.refusal is not None or caller.condition:
            return None
        told = (id(route), head.method, get(b"content-type"), get(ASYNC_HEADER), get(STRICTNESS_HEADER))
        try:
            return self._lanes[told]
        except KeyError:
            if len(self._lanes) >= _KEPT:
                self._lanes.clear()
            lane = self._lanes[told] = self._lane_of(route, head)
            return lane

    def _lane_of(self, route: Route, head: Head) -> Lane | None:
        state, named, endpoint = self._state, head.named, route.endpoints.get(head.method)
        if (
            endpoint is None
            or endpoint.operations[0] not in ("generate", "edit")
            or "json" not in endpoint.encodings
            or encoding_of(named.get(b"content-type")) != "json"
            or state.shared is not None
            or state.settings.hints
        ):
            return None
        try:
            if self._admission.asynchronous(endpoint, named.get(ASYNC_HEADER)):
                return None
        except Refused:
            return None
        heeds = strictness_of(named, state.settings.strictness) != "off"
        return Lane(self._served_at(route.provider, endpoint), heeds)

    def _served_at(self, provider: Provider, endpoint: Endpoint) -> Mapping[str, Served]:
        """The models of an endpoint, by every name they go by."""
        served = self._served.get((provider.id, endpoint.id))
        if served is None:
            served = self._served[provider.id, endpoint.id] = {}
            for name, model in self._admission.names(provider).items():
                shape = direct_shape(provider, endpoint, model)
                if endpoint.id in model.endpoints and shape is not None:
                    served[name] = Served(model, self._admission.dialect(model, endpoint), shape, {})
        return served

    def _form(self, served: Served, names: tuple[str, ...]) -> Form | None:
        """The form of a document with these names at its top, None when it has to be decoded."""
        own = tuple(name for name in names if name not in _FRAME)
        plain = served.dialect.plain.issuperset(own)
        if len(served.forms) >= _KEPT:
            served.forms.clear()
        form = served.forms[names] = self._plans.form(served.model, own) if plain else None
        return form

    def answer(self, head: Head, body: bytes) -> tuple[str, bytes] | None:
        """The id and the content of the answer of 200 to a call; None when it has to go the usual way."""
        lane, state = head.lane, self._state
        if lane is None or state.limits.on or not state.faults.none or len(body) > state.settings.body_limit:
            return None
        try:
            document = json_object(body)
        except BadBody:
            return None
        name = document.get("model")
        served = lane.served.get(name) if name.__class__ is str else None
        if served is None:
            return None
        names = tuple(document)
        form = served.forms[names] if names in served.forms else self._form(served, names)
        if form is None:
            request = served.dialect.decode(document)
            if request.unknown and lane.heeds:
                return None
            prompt, given = request.prompt, request.parameters
            settled = self._plans.find(request, served.model)
        else:
            prompt, given = document.get("prompt"), document
            settled = self._plans.settled(form, prompt, document)
        if settled is None or not settled.plain or state.faults.marked(prompt):
            return None
        identity, now = state.randomness.uuid(), state.clock.now()
        negative, seed = settled.value("negative_prompt", given), settled.value("seed", given)
        outcome = made(settled.plan, prompt, negative, seed, head.caller.tag, state.randomness)
        pictures = state.addresses.make(head.origin, outcome.drawing, outcome.count, outcome.life)
        delivery = Delivery(outcome, pictures, False, identity, int(now), state.settings.usage)
        content = orjson.dumps(encode_success(delivery, served.shape))
        state.journal.brief(identity, now, head, body, content, settled, outcome.drawing.seed)
        return identity, content
