"""What became of each parameter on its way: as it was, lost, moved, changed, of another type, or added."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from qwen_image_conformance.upstream.both import Both, Upstream
from qwen_image_spec.evidence import Fact
from qwen_image_spec.model import Model, Param
from qwen_image_spec.pointers import MISSING, get
from qwen_image_spec.request import ImageRequest
from qwen_image_spec.size import Size, parse

Json = Any
_FRAME = ("model", "prompt")


class Kind(StrEnum):
    """What can become of a parameter."""

    LOST = "lost"
    MOVED = "moved"
    CHANGED = "changed"
    TYPE = "type"
    ADDED = "added"
    DEFAULT = "default"


@dataclass(frozen=True, slots=True)
class Difference:
    """One parameter that did not arrive as it was sent. `fact` is what promises it in the contract of the gateway."""

    kind: Kind
    name: str
    text: str
    fact: Fact[Any]


@dataclass(frozen=True)
class Comparison:
    """The parameters that could be compared, by kind of question, and what was found."""

    sent: tuple[str, ...] = ()
    left_out: tuple[str, ...] = ()
    found: tuple[Difference, ...] = field(default=())


def compare(both: Both) -> Comparison | None:
    """Compare what was asked with what arrived; None when there is nothing to compare.

    Parameters that break the contract themselves are left alone, and so are those the upstream does not have.
    """
    seen, arrived, upstream = both.seen, both.request, both.upstream
    if (
        seen.asked is None
        or seen.model is None
        or arrived is None
        or upstream is None
        or upstream.model is None
    ):
        return None
    broken = {violation.param for violation in seen.violations}
    names = [
        name
        for name in seen.asked.parameters
        if name in seen.model.params and name not in broken and _takes(upstream, name)
    ]
    left = [
        name
        for name in seen.model.params
        if name not in (*_FRAME, *seen.asked.parameters) and seen.model.params[name].type != "images"
    ]
    found = [*_sent(both, names, arrived, upstream), *_left_out(both, left, arrived, upstream)]
    return Comparison(tuple(names), tuple(left), tuple(found))


def _takes(upstream: Upstream, name: str) -> bool:
    """Whether the upstream's document has the parameter at this model and endpoint."""
    param = upstream.model.params.get(name) if upstream.model is not None else None
    return param is not None and bool(param.base.supported.value) and bool(_places(upstream, param))


def _places(upstream: Upstream, param: Param) -> tuple[str, ...]:
    envelope = upstream.endpoint.envelope if upstream.endpoint is not None else "*"
    return param.places.get(envelope) or param.places.get("*") or ()


def _sent(both: Both, names: list[str], arrived: ImageRequest, upstream: Upstream) -> Iterator[Difference]:
    asked, model = both.seen.asked, both.seen.model
    if asked is None or model is None or upstream.model is None:
        return
    for name in names:
        sent, fact = asked.parameters[name], model.params[name].base.supported
        place = _places(upstream, upstream.model.params[name])[0]
        if name not in arrived.parameters:
            at, value = _elsewhere(both.calls[0].body, arrived.unknown, _keys(name, model, upstream))
            if at:
                told = (
                    f"{name}: {_say(sent)} sent, arrived at {at} as {_say(value)}; the upstream reads {place}"
                )
                yield Difference(Kind.MOVED, name, told, fact)
            else:
                told = f"{name}: {_say(sent)} sent, nothing arrived at {place}"
                yield Difference(Kind.LOST, name, told, fact)
            continue
        value = _total(both) if name == "n" and len(both.calls) > 1 else arrived.parameters[name]
        if not _same(name, sent, value, model, upstream.model):
            kind = Kind.TYPE if _retyped(sent, value) else Kind.CHANGED
            yield Difference(kind, name, f"{name}: {_say(sent)} sent, {_say(value)} arrived at {place}", fact)


def _left_out(
    both: Both, names: list[str], arrived: ImageRequest, upstream: Upstream
) -> Iterator[Difference]:
    """What was not sent must not arrive with a meaning of its own, and must have the contract's default."""
    model, target = both.seen.model, upstream.model
    if model is None or target is None:
        return
    took = both.calls[0].effective or {}
    for name in names:
        facets = both.seen.facets(name)
        default = facets.default if facets is not None else None
        if default is not None and default.value is None:
            default = None  # it depends on the input images
        fact = default if default is not None else model.params[name].base.supported
        own = target.params[name].base.default if name in target.params else None
        if name in arrived.parameters:
            value = arrived.parameters[name]
            usual = [default.value] if default is not None else []
            usual += [own.value] if own is not None and (default is None or default.open) else []
            if not any(_same(name, one, value, model, target) for one in usual) and not _spread(both, name):
                told = f"{name}: not sent, {_say(value)} arrived"
                told += f"; the documented default is {_say(default.value)}" if default is not None else ""
                yield Difference(Kind.ADDED, name, told, fact)
        elif default is not None and not default.open and name in took and not (own is not None and own.open):
            if _same(name, default.value, took[name], model, target):
                continue
            told = (
                f"{name}: not sent, so {_say(default.value)} by the document; {_say(took[name])} took effect"
            )
            yield Difference(Kind.DEFAULT, name, told, default)


def _spread(both: Both, name: str) -> bool:
    """Whether a count was spread over several requests for one picture each."""
    return name == "n" and len(both.calls) > 1


def _total(both: Both) -> int:
    counts = [(call.effective or {}).get("n", 1) for call in both.served]
    return sum(count for count in counts if isinstance(count, int))


def _keys(name: str, model: Model, upstream: Upstream) -> set[str]:
    """Every name a parameter goes by."""
    places = [place for places in model.params[name].places.values() for place in places]
    if upstream.model is not None and name in upstream.model.params:
        places += [place for there in upstream.model.params[name].places.values() for place in there]
    return {name, *(place.rpartition("/")[2] for place in places)}


def _elsewhere(body: Json, unread: tuple[str, ...], keys: set[str]) -> tuple[str, Json]:
    """Where a parameter stands among what the upstream does not read; an empty pointer when it is not there."""
    for pointer in unread:
        value = get(body, pointer) if isinstance(body, dict) else MISSING
        if value is MISSING:
            continue
        if pointer.rpartition("/")[2] in keys:
            return pointer, value
        for at, inner in inside(pointer, value):
            if at.rpartition("/")[2] in keys:
                return at, inner
    return "", None


def inside(pointer: str, value: Json) -> Iterator[tuple[str, Json]]:
    """Every value within another, with its JSON pointer."""
    members: Mapping[Any, Json] = (
        value if isinstance(value, dict) else dict(enumerate(value)) if isinstance(value, list) else {}
    )
    for key, inner in members.items():
        yield f"{pointer}/{key}", inner
        yield from inside(f"{pointer}/{key}", inner)


def _same(name: str, sent: Json, arrived: Json, model: Model, target: Model) -> bool:
    if name in model.params and model.params[name].type == "size":
        one, other = _pixels(sent, model), _pixels(arrived, target)
        if one is not None and other is not None:
            return one == other
    return bool(sent == arrived) and type(sent) is type(arrived)


def _pixels(text: Json, model: Model) -> Size | None:
    """The pixels of a size in any spelling, so that only another size counts as another."""
    if not isinstance(text, str):
        return None
    param = model.params.get("size")
    facets = [param.base, *(one for _, one in param.variants)] if param is not None else []
    for grant in (grant for one in facets for grant in one.grants):
        if text in grant.tokens:
            return grant.tokens[text]
    return parse(text, "*") or parse(text, "x")


def _retyped(sent: Json, arrived: Json) -> bool:
    return type(sent) is not type(arrived) and str(sent).lower() == str(arrived).lower()


def _say(value: Json) -> str:
    text = (
        repr(value)
        if isinstance(value, str)
        else str(value).lower()
        if isinstance(value, bool)
        else str(value)
    )
    return text if len(text) <= 80 else text[:77] + "..."
