"""Probes that are worth their request only with both ends in sight."""

from __future__ import annotations

from dataclasses import replace

import orjson

from qwen_image_conformance.probe import Probe, Tier, accepted
from qwen_image_conformance.prompts import PLAIN
from qwen_image_conformance.upstream import deciding, faults
from qwen_image_conformance.upstream.addresses import PICTURE
from qwen_image_conformance.upstream.forms import as_form
from qwen_image_conformance.upstream.large import MOST, SOME, looked_at, planned
from qwen_image_conformance.upstream.pictures import distinct
from qwen_image_conformance.upstream.tokens import MARK
from qwen_image_conformance.ways import Way
from qwen_image_spec.model import Facets, Model, Provider
from qwen_image_spec.pointers import put
from qwen_image_spec.request import ImageRequest
from qwen_image_spec.rules import check
from qwen_image_spec.situation import facets_of, image_rule_of

UNKNOWN = "x_conformance_probe"
_NEGATIVE = "negative_prompt"
_ODD = {"seed": 0, "watermark": False, "n": 1}
_FIRST_SEEN = ("watermark", "prompt_extend")


def probes(provider: Provider, model: Model, way: Way) -> list[Probe]:
    """Both values of every switch that the others send only once, several images in order, and every simulated fault."""
    own = [
        *_switches(provider, model, way),
        *_ordered(provider, model, way),
        *_addressed(provider, model, way),
        *_blank(provider, model, way),
        _unknown(provider, model, way),
        *_forms(provider, model, way),
        *_large(provider, model, way),
    ]
    return [*own, *faults.probes(provider, model, way)]


def useful(probe: Probe, provider: Provider) -> Probe:
    """The probe with the clauses that it decides because both ends are seen; one that is sent for them has them already."""
    if probe.id.startswith(MARK):
        return probe
    asked, model = probe.asked, provider.models[probe.model]
    legal = asked is not None and not check(asked, model, looked_at(asked.images))
    more = deciding.by_any(probe) if legal else deciding.by_refusal(probe)
    return replace(probe, clauses=(*probe.clauses, *more))


def _switches(provider: Provider, model: Model, way: Way) -> list[Probe]:
    """Each further switch as true and as false: where the value is the default, losing it shows in no answer."""
    found = []
    for name, param in model.params.items():
        facets = facets_for(model, way, name)
        if facets is None or param.type != "boolean" or name in _FIRST_SEEN or facets.default is None:
            continue
        for value in (True, False):
            request = _count(way.request(model, PLAIN, **{name: value}), model, way)
            if not check(request, model):
                label = f"{MARK}{param.slug}-{str(value).lower()}"
                clauses = (*deciding.VALUES, *deciding.LEFT_OUT)
                found.append(_probe(provider, model, way, request, label, clauses))
    return found


def _ordered(provider: Provider, model: Model, way: Way) -> list[Probe]:
    """As many different input images as the model takes, three at most: enough to tell a reversal from a swap."""
    bare = _count(way.request(model, PLAIN), model, way)
    rule = image_rule_of(bare, model)
    if not way.images or rule is None or rule.count.value[1] < 2:
        return []
    count = min(rule.count.value[1], 3)
    request, clauses = replace(bare, images=distinct(count)), (deciding.IMAGES, deciding.ORDER)
    return [_probe(provider, model, way, request, f"{MARK}images", clauses)]


def _addressed(provider: Provider, model: Model, way: Way) -> list[Probe]:
    """An input image by its address: it must arrive as the address."""
    if not way.images:
        return []
    request = replace(_count(way.request(model, PLAIN), model, way), images=(PICTURE,) * len(way.images))
    if check(request, model):
        return []
    return [_probe(provider, model, way, request, f"{MARK}address", (deciding.IMAGES,))]


def _blank(provider: Provider, model: Model, way: Way) -> list[Probe]:
    """A negative prompt of one space: a text, and not nothing."""
    if facets_for(model, way, _NEGATIVE) is None:
        return []
    request = _count(way.request(model, PLAIN, **{_NEGATIVE: " "}), model, way)
    if check(request, model):
        return []
    return [_probe(provider, model, way, request, f"{MARK}blank", deciding.VALUES)]


def _unknown(provider: Provider, model: Model, way: Way) -> Probe:
    """A parameter that no document has: passed on, refused or lost in silence."""
    request = _count(way.request(model, PLAIN), model, way)
    probe = _probe(provider, model, way, request, f"{MARK}unknown", ("gateway.unknown-parameter",))
    body = orjson.loads(probe.body)
    put(body, ("" if way.endpoint.envelope == "flat" else "/parameters") + f"/{UNKNOWN}", 7)
    return replace(probe, body=orjson.dumps(body))


def _forms(provider: Provider, model: Model, way: Way) -> list[Probe]:
    """The same as a form, where the path takes one: one file, and several, with scalars of every type as texts."""
    if "multipart" not in way.endpoint.encodings or not way.images:
        return []
    rule = image_rule_of(way.request(model, PLAIN), model)
    most = min(rule.count.value[1], 3) if rule is not None else 1
    found = []
    for label, field, images in (
        ("form", "image", distinct(1)),
        ("forms", "image[]", distinct(max(most, 1))),
    ):
        given = {name: value for name, value in _ODD.items() if facets_for(model, way, name) is not None}
        request = replace(_count(way.request(model, PLAIN, **given), model, way), images=images)
        if not check(request, model):
            probe = _probe(provider, model, way, request, f"{MARK}{label}", ("gateway.form",))
            whole = replace(probe, clauses=(*probe.clauses, *deciding.by_any(probe)))
            found.append(as_form(whole, field))
    return found


def _large(provider: Provider, model: Model, way: Way) -> list[Probe]:
    """An input image larger than proxies take unasked, and one as large as the contract allows: in the full tier."""
    bare = _count(way.request(model, PLAIN), model, way)
    rule = image_rule_of(bare, model)
    if not way.images or rule is None:
        return []
    found = []
    for label, most in (("some", SOME), ("most", MOST)):
        image = planned(rule, provider, most)
        request = replace(bare, images=(image, *way.images[1:]))
        if image is not None and not check(request, model, looked_at(request.images)):
            name, clauses = f"{MARK}large-{label}", ("gateway.large-body", deciding.IMAGES)
            found.append(_probe(provider, model, way, request, name, clauses, Tier.FULL))
    return found


def facets_for(model: Model, way: Way, name: str) -> Facets | None:
    """What a model says of a parameter in this way; None when it does not take it there."""
    param = model.params.get(name)
    if param is None or not (param.places.get(way.endpoint.envelope) or param.places.get("*")):
        return None
    facets = facets_of(param, way.request(model, PLAIN), model)
    return facets if facets.supported.value else None


def _count(request: ImageRequest, model: Model, way: Way) -> ImageRequest:
    """One picture, also where leaving n out would buy more."""
    facets = facets_for(model, way, "n")
    if facets is None or facets.default is None or facets.default.value == 1:
        return request
    return replace(request, parameters={**request.parameters, "n": 1})


def _probe(
    provider: Provider,
    model: Model,
    way: Way,
    request: ImageRequest,
    name: str,
    clauses: tuple[str, ...],
    tier: Tier = Tier.CORE,
) -> Probe:
    return accepted(provider, model, way.operation, way.endpoint, request, name, clauses, tier)
