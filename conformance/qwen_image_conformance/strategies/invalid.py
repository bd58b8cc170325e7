"""Requests that break exactly one clause of a model's rules."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any

from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

from qwen_image_conformance.strategies.names import Named, Pair, named
from qwen_image_conformance.strategies.situations import (
    Situation,
    carries_images,
    conditions,
    independent,
    parameters,
    picture,
    situations,
)
from qwen_image_conformance.strategies.texts import prompts, too_long
from qwen_image_conformance.strategies.valid import requests_in
from qwen_image_conformance.strategies.values import Values, right, wrong, wrong_types
from qwen_image_spec.evidence import Reaction
from qwen_image_spec.model import Facets, Model, Rule
from qwen_image_spec.request import ImageRequest
from qwen_image_spec.rules import check
from qwen_image_spec.situation import facets_of, image_rule_of

_BLANKS = st.sampled_from(("", " ", "\n", "\t \n", "\u3000", "\u2003\u00a0"))


@dataclass(frozen=True)
class Breach:
    """One way to break a clause: the requests that do, and what the provider does about them."""

    clause: str
    reaction: Reaction
    requests: SearchStrategy[ImageRequest]


def invalid_requests(
    provider: Named, model: str | Model, clause: str | None = None, operation: str = "generate"
) -> SearchStrategy[ImageRequest]:
    """Requests that break one clause and no other; without a `clause`, any whose breach is refused.

    Everything else about the request is legal and varies. Raises ValueError for a clause that no single
    mistake in a request of this model breaks; `breakable` lists those that can be broken.

    >>> from hypothesis import find
    >>> drawn = invalid_requests("dieyuyun", "qwen-image-max", "n.above-maximum")
    >>> request = find(drawn, lambda request: True)
    >>> request.parameters["n"] > 1
    True
    """
    known = breaches(provider, model, operation)
    wanted = (
        [clause]
        if clause is not None
        else sorted(name for name, ways in known.items() if ways[0].reaction is Reaction.REJECT)
    )
    if not wanted or not set(wanted) <= set(known):
        raise ValueError(
            f"no single mistake breaks {clause!r}; clauses that can be broken: {', '.join(sorted(known))}"
        )
    by_clause = [st.one_of([breach.requests for breach in known[name]]) for name in wanted]
    return st.sampled_from(by_clause).flatmap(lambda one: one)


def breakable(provider: Named, model: str | Model, operation: str = "generate") -> dict[str, Reaction]:
    """The clauses that a single mistake breaks, and what the document says the provider does then."""
    return {clause: found[0].reaction for clause, found in breaches(provider, model, operation).items()}


def breaches(provider: Named, model: str | Model, operation: str = "generate") -> Mapping[str, list[Breach]]:
    """Every way to break one clause alone, by clause."""
    _, found, way = named(provider, model, operation)
    return _known(Pair(found, way))


@lru_cache(maxsize=256)
def _known(asked: Pair) -> Mapping[str, list[Breach]]:
    known: dict[str, list[Breach]] = {}
    for situation in situations(asked.model, asked.way):
        for breach in _in(situation):
            known.setdefault(breach.clause, []).append(breach)
    return known


def _in(situation: Situation) -> Iterator[Breach]:
    model, way = situation.model, situation.way
    deciding, apart = conditions(model), independent(model)
    for name, param in parameters(model, way):
        facets = facets_of(param, situation.request, model)
        groups = wrong(param, facets) if facets.supported.value else _unsupported(name, facets, situation)
        base = _without(situation, name)
        if base is not None:
            yield from _given(base, name, groups, apart if name in deciding else None)
    yield from _prompt(situation)
    yield from _frame(situation, apart)
    for rule in model.rules:
        yield from _rule(rule, situation, apart)


def _without(situation: Situation, name: str) -> Situation | None:
    """The situation when one of its switches is taken away; None when it is not legal any more."""
    if name not in situation.request.parameters:
        return situation
    kept = {key: value for key, value in situation.request.parameters.items() if key != name}
    request = replace(situation.request, parameters=kept)
    return None if check(request, situation.model) else replace(situation, request=request)


def _unsupported(name: str, facets: Facets, situation: Situation) -> list[Values]:
    values = right(situation.model.params[name], facets, situation.request, situation.model)
    return [values] if values is not None else [Values(st.just("x"), "x")]


def _given(
    situation: Situation, name: str, groups: Iterable[Values], only: frozenset[str] | None
) -> Iterator[Breach]:
    """Breaches by a value of one parameter; values that break the same clause are drawn together."""
    base = requests_in(situation, (name,), only)
    merged: dict[tuple[str, Reaction], list[SearchStrategy[Any]]] = {}
    for group in groups:
        broken = _broken(situation.having(name, group.sample), situation.model)
        if broken is not None:
            merged.setdefault(broken, []).append(group.drawn)
    for (clause, reaction), drawn in merged.items():
        value = st.sampled_from(drawn).flatmap(lambda one: one) if len(drawn) > 1 else drawn[0]
        yield Breach(clause, reaction, st.builds(_put, base, st.just(name), value))


def _prompt(situation: Situation) -> Iterator[Breach]:
    param = situation.model.params.get("prompt")
    if param is None:
        return
    length = facets_of(param, situation.request, situation.model).length
    texts: list[Values] = [
        Values(st.none(), None),
        Values(_BLANKS, ""),
        Values(st.builds(_with_nul, prompts(20)), "a\0b"),
    ]
    texts += [Values(too_long(length.value), "a" * (length.value + 1))] if length is not None else []
    texts.append(Values(wrong_types(param), 5))
    for text in texts:
        broken = _broken(replace(situation.request, prompt=text.sample), situation.model)
        if broken is not None:
            yield Breach(*broken, st.builds(_prompted, requests_in(situation), text.drawn))


def _frame(situation: Situation, apart: frozenset[str]) -> Iterator[Breach]:
    """Too few or too many input images; two texts where one is the rule."""
    model, request = situation.model, situation.request
    rule = image_rule_of(request, model)
    changes: list[dict[str, Any]] = []
    if (
        rule is not None
        and carries_images(model, situation.way)
        and (situation.way.operation != "generate" or not rule.count.value[1])
    ):
        changes.append({"images": (picture(),) * (rule.count.value[1] + 1)})
        if rule.count.value[0] > 1 or (rule.count.value[0] and situation.way.operation != "edit"):
            changes.append({"images": request.images[: rule.count.value[0] - 1]})
    if situation.way.endpoint.envelope == "messages":
        changes.append({"texts": 2})
    for change in changes:
        broken = _broken(replace(request, **change), model)
        if broken is not None:
            yield Breach(*broken, st.builds(_changed, requests_in(situation, (), apart), st.just(change)))


def _rule(rule: Rule, situation: Situation, apart: frozenset[str]) -> Iterator[Breach]:
    """A rule across fields: its condition met, what it forbids given, what it requires left out."""
    model, request = situation.model, situation.request
    given = {
        name: value
        for name, value in rule.when.items()
        if name in model.params and value not in ("present", "absent")
    }
    for name in (*(name for name, value in rule.when.items() if value == "present"), *rule.forbids):
        param = model.params.get(name)
        values = right(param, param.base, request, model) if param is not None and name not in given else None
        if values is not None:
            given[name] = values.sample
    broken_request = replace(request, parameters={**request.parameters, **given})
    broken = _broken(broken_request, model)
    if broken is not None and broken[0] == rule.clause:
        yield Breach(
            *broken,
            st.builds(
                _changed,
                requests_in(situation, tuple(given), apart),
                st.just({"parameters": broken_request.parameters}),
            ),
        )


def _broken(request: ImageRequest, model: Model) -> tuple[str, Reaction] | None:
    """The one clause a request breaks; None when it breaks none or several."""
    found = {violation.clause: violation.reaction for violation in check(request, model)}
    return next(iter(found.items())) if len(found) == 1 else None


def _put(base: ImageRequest, name: str, value: Any) -> ImageRequest:
    return replace(base, parameters={**base.parameters, name: value})


def _prompted(base: ImageRequest, prompt: Any) -> ImageRequest:
    return replace(base, prompt=prompt)


def _changed(base: ImageRequest, change: dict[str, Any]) -> ImageRequest:
    return replace(base, **{**change, "parameters": {**base.parameters, **change.get("parameters", {})}})


def _with_nul(text: str) -> str:
    return f"{text}\0{text}"
