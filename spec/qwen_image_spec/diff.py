"""What two providers say differently: endpoints, models, parameters, limits, errors, responses, facts."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from qwen_image_spec.jsonschema_request import places_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from qwen_image_spec.evidence import Fact
    from qwen_image_spec.model import (
        Condition,
        Endpoint,
        ErrorEntry,
        Facets,
        Model,
        Param,
        Provider,
        ResponseField,
    )
    from qwen_image_spec.size import Grant

_FACETS = ("supported", "required", "default", "range", "enum", "length", "beyond", "effective")
_BOTH = ""
ABSENT = "-"
NOT_TAKEN = "not supported"


@dataclass(frozen=True, slots=True)
class Side:
    """What one provider says, ready to read, and where it is from."""

    value: str
    source: str
    evidence: str

    @classmethod
    def of(cls, fact: Fact[Any], value: str | None = None) -> Side:
        """A fact's value (or other words for it) with its provenance."""
        return cls(spell(fact.value) if value is None else value, fact.source, str(fact.evidence))


@dataclass(frozen=True, slots=True)
class Difference:
    """One thing two providers say differently. `model` is empty for what holds of the whole provider.

    `left` or `right` is None where that provider says nothing.
    """

    group: str
    model: str
    name: str
    left: Side | None
    right: Side | None


Key = tuple[str, str, str]


def compare(left: Provider, right: Provider) -> list[Difference]:
    """Every difference between two providers. Models of one provider alone are named once, no more."""
    shared = set(left.models) & set(right.models)
    ours, theirs = dict(_all(left, shared)), dict(_all(right, shared))
    keys = [*ours, *(key for key in theirs if key not in ours)]
    found = [
        Difference(*key, ours.get(key), theirs.get(key))
        for key in keys
        if not _same(ours.get(key), theirs.get(key)) and not _follows(key, ours, theirs)
    ]
    order = {
        name: place
        for place, name in enumerate(
            ("endpoints", "models", "parameters", "images", "errors", "responses", "facts")
        )
    }
    return sorted(found, key=lambda difference: (order[difference.group], difference.model))


def _same(left: Side | None, right: Side | None) -> bool:
    return left is not None and right is not None and left.value == right.value


def _follows(key: Key, ours: dict[Key, Side], theirs: dict[Key, Side]) -> bool:
    """Whether a detail differs only because the whole parameter is not there, or not taken, on one side."""
    group, model, name = key
    whole = (group, model, name.partition(":")[0])
    if group != "parameters" or whole == key:
        return False
    return any(whole not in side or side[whole].value == NOT_TAKEN for side in (ours, theirs))


def spell(value: Any) -> str:
    """A value as people read it: true, 1 to 6, a, b, c."""
    match value:
        case bool():
            return str(value).lower()
        case None:
            return "null"
        case (int() | float() as low, int() | float() as high):
            return str(low) if low == high else f"{low} to {high}"
        case tuple() | list() | frozenset():
            return ", ".join(spell(item) for item in value)
        case dict():
            return ", ".join(f"{key} {spell(inner)}" for key, inner in value.items())
        case _:
            return str(value)


def condition(when: Condition) -> str:
    """A condition in words: ` when enable_sequential is true`; empty when there is none."""
    terms = [
        f"{name} {wanted}" if wanted in ("present", "absent") else f"{name} is {spell(wanted)}"
        for name, wanted in when.items()
    ]
    return f" when {' and '.join(terms)}" if terms else ""


def grants(facets: Facets, separator: str = "x") -> str:
    """The sizes of a parameter in words."""
    return "; ".join(dict.fromkeys(one_grant(grant, separator) for grant in facets.grants))


def one_grant(grant: Grant, separator: str = "x") -> str:
    """One grant in words: its presets, its tokens, or its bounds."""
    parts: list[str] = []
    if grant.presets:
        parts.append(", ".join(size.spell(separator) for size in sorted(grant.presets, reverse=True)))
    if grant.tokens:
        parts.append(", ".join(f"{token} ({size.spell(separator)})" for token, size in grant.tokens.items()))
    if grant.side:
        parts.append(f"each side {spell(grant.side)}")
    if grant.area:
        parts.append(f"{spell(grant.area)} pixels")
    if grant.ratio:
        parts.append(f"width/height {ratio(grant.ratio[0])} to {ratio(grant.ratio[1])}")
    return ", ".join(parts) + condition(grant.when)


def ratio(value: Any) -> str:
    """A ratio as documents write it: 1:8 or 8:1, or a decimal when it is neither."""
    whole = int(value) if value >= 1 and value == int(value) else None
    if whole is not None:
        return f"{whole}:1"
    return f"1:{int(1 / value)}" if value and 1 / value == int(1 / value) else f"{value:.4g}"


def places(param: Param, provider: Provider, model: Model) -> tuple[str, ...]:
    """Every place a parameter is read from at the endpoints of a model."""
    envelopes = dict.fromkeys(provider.endpoints[name].envelope for name in model.endpoints)
    return tuple(dict.fromkeys(place for envelope in envelopes for place in places_of(param, envelope)))


def _all(provider: Provider, shared: set[str]) -> Iterator[tuple[Key, Side]]:
    yield ("endpoints", _BOTH, "base url"), Side(provider.base_url, provider.source, "documented")
    yield from _endpoints(provider)
    for model in provider.models.values():
        if model.id not in shared:
            yield ("models", _BOTH, model.id), Side.of(model.fact, "yes")
        else:
            yield from _model(provider, model)
    yield ("errors", _BOTH, "shape"), Side(provider.error_shape, provider.source, "documented")
    for entry in provider.errors:
        yield from _error(_BOTH, entry)
    for name, shape in provider.responses.items():
        for field in shape.fields:
            yield _field(name, field)
    for field in provider.error_fields:
        yield _field("error", field)
    for name, fact in provider.facts.items():
        yield ("facts", _BOTH, name), Side.of(fact)


def _endpoints(provider: Provider) -> Iterator[tuple[Key, Side]]:
    by_operation: dict[str, list[Endpoint]] = {}
    for endpoint in provider.endpoints.values():
        for operation in endpoint.operations:
            by_operation.setdefault(operation, []).append(endpoint)
    for operation, endpoints in by_operation.items():
        yield (
            ("endpoints", _BOTH, operation),
            Side.of(endpoints[0].fact, "; ".join(map(describe_endpoint, endpoints))),
        )


def describe_endpoint(endpoint: Endpoint) -> str:
    """An endpoint in words: method, path, and how a body is written."""
    asks = f", async header {endpoint.asynchronous}" if endpoint.asynchronous != "none" else ""
    body = f" ({endpoint.envelope} {spell(endpoint.encodings)})" if endpoint.envelope != "none" else ""
    return f"{endpoint.method} {endpoint.path}{body}{asks}"


def _model(provider: Provider, model: Model) -> Iterator[tuple[Key, Side]]:
    yield ("models", model.id, "operations"), Side.of(model.fact, spell(model.operations))
    for param in model.params.values():
        yield from _param(provider, model, param)
    for rule in model.rules:
        yield (
            ("parameters", model.id, f"rule {rule.id}"),
            Side.of(rule.beyond, f"{rule.sentence} ({rule.beyond.value})"),
        )
    for images in model.images:
        name = f"images{condition(images.when)}"
        for facet in ("count", "side", "ratio", "bytes", "formats", "beyond"):
            fact = getattr(images, facet)
            if fact is not None:
                yield ("images", model.id, f"{name}: {facet}"), Side.of(fact)
    for entry in model.errors:
        yield from _error(model.id, entry)
    for name, fact in (*model.limits.items(), *model.lifetimes.items()):
        yield ("facts", model.id, name), Side.of(fact)


def _param(provider: Provider, model: Model, param: Param) -> Iterator[tuple[Key, Side]]:
    base = param.base
    if not base.supported.value:
        yield ("parameters", model.id, param.name), Side.of(base.supported, NOT_TAKEN)
        return
    yield ("parameters", model.id, param.name), Side.of(base.supported, param.type)
    yield (
        ("parameters", model.id, f"{param.name}: place"),
        Side.of(base.supported, spell(places(param, provider, model)) or ABSENT),
    )
    for when, facets in (({}, base), *param.variants):
        for facet in _FACETS[1:]:
            fact = getattr(facets, facet)
            if fact is not None and (not when or fact != getattr(base, facet)):
                yield ("parameters", model.id, f"{param.name}: {facet}{condition(when)}"), Side.of(fact)
        if facets.grants and (not when or facets.grants != base.grants):
            first = facets.grants[0]
            yield (
                ("parameters", model.id, f"{param.name}: sizes{condition(when)}"),
                Side(grants(facets), first.source, str(first.evidence)),
            )


def _error(model: str, entry: ErrorEntry) -> Iterator[tuple[Key, Side]]:
    """A row for each clause an error answers, or for the row itself: ids are each document's own."""
    codes = ", ".join(dict.fromkeys(code for code in (entry.code, *entry.codes) if code)) or "no code"
    statuses = " or ".join(str(status) for status in (entry.status.value, *entry.also))
    for name in entry.raised_by or (entry.id,):
        yield ("errors", model, name), Side.of(entry.status, f"{statuses} {codes}")


def _field(shape: str, field: ResponseField) -> tuple[Key, Side]:
    must = "required" if field.required else "optional"
    return ("responses", _BOTH, f"{shape} {field.at}{condition(field.when)}"), Side.of(
        field.fact, f"{' or '.join(field.type)}, {must}"
    )
