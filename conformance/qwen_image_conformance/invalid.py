"""Requests that break exactly one clause of a model's rules. Constructive: every candidate is asked of the rules themselves."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from qwen_image_conformance import too_large
from qwen_image_conformance.input_pictures import wrong_pictures
from qwen_image_conformance.probe import Probe, Tier, pictures_of, refused
from qwen_image_conformance.prompts import PLAIN
from qwen_image_conformance.streamed import unstreamed
from qwen_image_conformance.ways import Way, sample_image
from qwen_image_spec.evidence import Level, Reaction
from qwen_image_spec.model import Facets, Model, Param, Provider
from qwen_image_spec.request import ImageRequest
from qwen_image_spec.rules import Violation, check
from qwen_image_spec.situation import facets_of, image_rule_of

_WRONG_TYPE: dict[str, Any] = {
    "string": 5,
    "size": 1024,
    "integer": "two",
    "number": "two",
    "boolean": "maybe",
    "palette": "red",
    "boxes": "all",
}
_TOO_MANY = 2


def probes(provider: Provider, model: Model, way: Way) -> list[Probe]:
    """One probe for every clause of the rules that a request of this way can break alone."""
    found: dict[str, Probe] = {}
    for request in candidates(model, way):
        violations = check(request, model)
        clauses = {violation.clause for violation in violations}
        if len(clauses) != 1:
            continue
        clause = clauses.pop()
        count = sum(probe.clauses == (clause,) for probe in found.values())
        if count >= _TOO_MANY or (
            count and clause not in ("n.below-minimum", "size.spelling", "size.not-listed")
        ):
            continue
        tier = _tier(violations[0])
        if tier is None:
            continue
        probe = refused(
            provider,
            model,
            way.operation,
            way.endpoint,
            request,
            clause,
            tier,
            f"-{count + 1}" if count else "",
        )
        if violations[0].reaction is Reaction.UNKNOWN:
            probe = replace(
                probe, buys=pictures_of(request, model)
            )  # nobody says that it is refused: it may well be bought
        found[probe.id] = probe
    return [*found.values(), *too_large.probes(provider, model, way), *unstreamed(provider, model, way)]


def _tier(violation: Violation) -> Tier | None:
    if violation.reaction is Reaction.REJECT:
        return Tier.FULL if violation.level is Level.OBSERVE else Tier.CORE
    return Tier.FULL if violation.reaction is Reaction.UNKNOWN else None


def candidates(model: Model, way: Way) -> Iterator[ImageRequest]:
    """Requests with one parameter at the wrong side of a limit, of a wrong type, or not supported."""
    bare = way.request(model, PLAIN)
    for param in model.params.values():
        if (
            not (param.places.get(way.endpoint.envelope) or param.places.get("*"))
            or param.name in ("model", "prompt")
            or param.type == "images"
        ):
            continue
        facets = facets_of(param, bare, model)
        for value in values(param, facets):
            yield way.request(model, PLAIN, **{param.name: value})
    taken = image_rule_of(bare, model)
    if taken is not None and way.operation != "generate":
        yield replace(bare, images=(sample_image(),) * (taken.count.value[1] + 1))
        if taken.count.value[1]:
            yield from (replace(bare, images=(*bare.images[:-1], wrong)) for wrong in wrong_pictures(taken))
    if way.endpoint.envelope == "messages":
        yield replace(bare, texts=2)
    for rule in model.rules:
        given = {
            name: _valid(model.params.get(name), len(way.images)) if value == "present" else value
            for name, value in rule.when.items()
            if name != "images" and value != "absent"
        }
        forbidden = {
            name: _valid(model.params[name], len(way.images)) for name in rule.forbids if name in model.params
        }
        yield way.request(model, PLAIN, **{**forbidden, **given})


def values(param: Param, facets: Facets) -> Iterator[Any]:
    """Values just beyond what a parameter takes."""
    if not facets.supported.value:
        yield _valid(param)
        return
    if facets.range is not None and param.type in ("integer", "number"):
        low, high = facets.range.value
        yield from (high + 1, low - 1, -1)
    if facets.enum is not None:
        yield "no-such-value"
    if param.type == "size":
        yield from sizes(param, facets)
    if param.type == "palette":
        yield from (
            _TWO_COLOURS,
            [{**colour, "hex": "red"} for colour in PALETTE],
            [{**colour, "ratio": 50} for colour in PALETTE],
            [{**PALETTE[0], "ratio": "50.01%"}, *PALETTE[1:]],
        )
    if param.type in _WRONG_TYPE:
        yield _WRONG_TYPE[param.type]


def sizes(param: Param, facets: Facets) -> Iterator[str]:
    """Sizes in every wrong spelling, and just beyond every bound."""
    here, there = param.separator, "x" if param.separator == "*" else "*"
    presets = sorted(size for grant in facets.grants for size in grant.presets)
    good = presets[0] if presets else None
    yield f"{good.width}{there}{good.height}" if good else f"1024{there}1024"
    yield "1024X1024" if good is None else f"{good.width}X{good.height}"
    yield from (f"1472{here}1140", f"1472{here}1104", f"1024{here}1024", f"640{here}480", f"4{here}4")
    for grant in facets.grants:
        if grant.area is not None:
            low, high = grant.area
            below, above = int(low**0.5) - 1, int(high**0.5) + 1
            yield f"{below}{here}{below}"
            yield f"{above}{here}{above}"
        if grant.side is not None:
            yield f"{grant.side[0] - 1}{here}{grant.side[0]}"
            yield f"{grant.side[1] + 1}{here}{grant.side[0]}"
        if grant.ratio is not None and grant.area is not None:
            height = int((grant.area[0] / float(grant.ratio[1])) ** 0.5)
            yield f"{int(height * float(grant.ratio[1])) + height}{here}{height}"
    yield f"9999{here}9999"
    yield "4K"


def _valid(param: Param | None, images: int = 0) -> Any:
    if param is None:
        return None
    if param.type == "boxes":
        return [[[0, 0, 64, 64]] for _ in range(images)]
    return {"string": "blurry", "integer": 1, "boolean": True, "size": "1024*1024", "palette": PALETTE}.get(
        param.type, "x"
    )


_TWO_COLOURS = [{"hex": "#C2D1E6", "ratio": "50.00%"}, {"hex": "#636574", "ratio": "50.00%"}]
PALETTE = [
    {"hex": "#C2D1E6", "ratio": "50.00%"},
    {"hex": "#636574", "ratio": "30.00%"},
    {"hex": "#CBD4E4", "ratio": "20.00%"},
]
