"""One clause x provider x model x operation is a case. This module says which cases there are, and at which level.

A clause's `fact` names what carries it: `fact:KEY` (a fact of the model or provider), `param:NAME[.FACET]`,
`limit:NAME.FACET` (a limit that is refused, or whose reaction is unknown), `truncates:NAME`, `unsupported:NAME`,
`several:NAME` (a range that ends above 1), `grant:KIND`, `size:accepted`, `images:...` (the count, `several` of them, the
limits of input images and of their data URIs, and `large` ones that are still taken), `field` (a response field with this
clause), `error` (an error entry raised by this clause), `error-shape` (the provider has an error catalogue), `rule:ID`,
`any-param` (every parameter there is), `basis` (the clause's own source).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from qwen_image_spec.answers import direct_shape, task_shape
from qwen_image_spec.catalogue import entry_for
from qwen_image_spec.evidence import Evidence, Fact, Level, Reaction, strictest, weakest
from qwen_image_spec.model import Clause, Facets, Model, Provider, Spec

ANY = "*"


@dataclass(frozen=True, slots=True)
class Case:
    """A clause at one model and operation. `model` is `*` for clauses of a whole endpoint; `ends` as in the clause."""

    clause: str
    group: str
    provider: str
    model: str
    operation: str
    level: Level
    fact: Fact[Any]
    ends: int = 1

    @property
    def key(self) -> tuple[str, str, str]:
        """What tells cases of one provider apart."""
        return (self.clause, self.model, self.operation)


def cases(
    spec: Spec, provider: Provider, models: tuple[str, ...] | None = None, *, ends: int = 1
) -> list[Case]:
    """Every case of a provider, for the given models or all of them, in the order of the clauses.

    `ends` is 1 for what a server shows by its answers, 2 for what shows only with the mock behind a gateway.
    """
    chosen = [provider.models[name] for name in (models or tuple(provider.models))]
    found: list[Case] = []
    for clause in spec.clauses.values():
        if clause.ends != ends or (clause.styles and provider.style not in clause.styles):
            continue
        if clause.scope == "endpoint":
            found += _endpoint_cases(clause, provider, chosen)
        else:
            found += [case for model in chosen for case in model_cases(clause, provider, model)]
    return found


def model_cases(clause: Clause, provider: Provider, model: Model) -> Iterator[Case]:
    """The cases of one clause at one model."""
    facts = facts_for(clause, provider, model)
    if not facts:
        return
    for operation in clause.operations:
        if operation in model.operations:
            level = weakest(clause.cap, strictest(*(fact.level for fact in facts)))
            best = max(facts, key=lambda fact: fact.level.rank)
            yield Case(clause.id, clause.group, provider.id, model.id, operation, level, best, clause.ends)


def _endpoint_cases(clause: Clause, provider: Provider, models: list[Model]) -> Iterator[Case]:
    seen: set[str] = set()
    for model in models:
        for case in model_cases(clause, provider, model):
            if case.operation not in seen:
                seen.add(case.operation)
                yield Case(case.clause, case.group, case.provider, ANY, case.operation, case.level, case.fact)


def facts_for(clause: Clause, provider: Provider, model: Model) -> list[Fact[Any]]:
    """The facts that carry a clause at a model; empty when it does not apply there."""
    kind, _, rest = clause.fact.partition(":")
    return _KINDS[kind](rest, clause, provider, model)


def _named(key: str, _clause: Clause, _provider: Provider, model: Model) -> list[Fact[Any]]:
    fact = model.facts.get(key)
    return [fact] if fact is not None and fact.value not in (False, None) else []


def _all_facets(model: Model, name: str) -> list[Facets]:
    param = model.params.get(name)
    if param is None:
        return []
    return [
        facets for facets in (param.base, *(facets for _, facets in param.variants)) if facets.supported.value
    ]


def _param(rest: str, _clause: Clause, _provider: Provider, model: Model) -> list[Fact[Any]]:
    name, _, facet = rest.partition(".")
    if not facet:
        return [facets.supported for facets in _all_facets(model, name)][:1]
    return [fact for facets in _all_facets(model, name) if (fact := getattr(facets, facet)) is not None]


def _limit(rest: str, _clause: Clause, _provider: Provider, model: Model) -> list[Fact[Any]]:
    name, _, facet = rest.partition(".")
    found: list[Fact[Any]] = []
    for facets in _all_facets(model, name):
        fact = getattr(facets, facet)
        beyond = facets.beyond
        if fact is None or (beyond is not None and beyond.value not in (Reaction.REJECT, Reaction.UNKNOWN)):
            continue
        found.append(_weaker(fact, beyond))
    return found


def _weaker(fact: Fact[Any], beyond: Fact[Reaction] | None) -> Fact[Any]:
    if beyond is None:
        return Fact(fact.value, fact.source, Evidence.UNKNOWN)
    return (
        fact
        if fact.level.rank <= beyond.level.rank
        else Fact(fact.value, beyond.source, beyond.evidence, beyond.dispute, beyond.note)
    )


def _truncates(name: str, _clause: Clause, _provider: Provider, model: Model) -> list[Fact[Any]]:
    return [
        facets.length
        for facets in _all_facets(model, name)
        if facets.length is not None
        and facets.beyond is not None
        and facets.beyond.value is Reaction.TRUNCATE
    ]


def _unsupported(name: str, _clause: Clause, _provider: Provider, model: Model) -> list[Fact[Any]]:
    param = model.params.get(name)
    if param is None or param.base.supported.value:
        return []
    return [_weaker(param.base.supported, param.base.beyond)]


def _several(name: str, _clause: Clause, _provider: Provider, model: Model) -> list[Fact[Any]]:
    return [
        facets.range
        for facets in _all_facets(model, name)
        if facets.range is not None and facets.range.value[1] > 1
    ]


def _grant(kind: str, _clause: Clause, _provider: Provider, model: Model) -> list[Fact[Any]]:
    found: list[Fact[Any]] = []
    for facets in _all_facets(model, "size"):
        free = [grant for grant in facets.grants if grant.free]
        match kind:
            case "list":
                chosen = [] if free else [grant for grant in facets.grants if grant.presets]
            case "token":
                chosen = [grant for grant in facets.grants if grant.tokens]
            case "any":
                chosen = list(facets.grants)
            case _:
                chosen = [grant for grant in free if getattr(grant, kind) is not None]
        found += [
            _weaker(Fact(kind, grant.source, grant.evidence, grant.dispute), facets.beyond)
            for grant in chosen
        ]
    return found


def _accepted(_rest: str, _clause: Clause, _provider: Provider, model: Model) -> list[Fact[Any]]:
    return [
        Fact("accepted", grant.source, grant.evidence, grant.dispute)
        for facets in _all_facets(model, "size")
        for grant in facets.grants
    ]


def _images(rest: str, _clause: Clause, _provider: Provider, model: Model) -> list[Fact[Any]]:
    wanted = [rule for rule in model.images if (rule.count.value[1] > 0) is (rest != "none")]
    if rest == "several":
        return [_weaker(rule.count, rule.beyond) for rule in wanted if rule.count.value[1] > 1]
    if rest in ("count", "none"):
        return [_weaker(rule.count, rule.beyond) for rule in wanted]
    if rest == "large":  # within the limit, whatever happens beyond it
        return [rule.bytes for rule in wanted if rule.bytes is not None]
    fact = model.facts.get(f"images.{rest}") if rest in ("readable", "data-uri-bytes") else None
    if fact is not None:
        return [fact] if wanted else []
    return [
        _weaker(limit, rule.reaction(rest))
        for rule in wanted
        if (limit := getattr(rule, rest, None)) is not None
    ]


def _field(_rest: str, clause: Clause, provider: Provider, model: Model) -> list[Fact[Any]]:
    shapes = [direct_shape(provider, provider.endpoints[key], model) for key in model.endpoints]
    if "query" in model.operations:
        shapes.append(task_shape(provider, model))
    fields = [field for shape in shapes if shape is not None for field in shape.fields] + list(
        provider.error_fields
    )
    return [field.fact for field in fields if field.clause == clause.id]


def _error(_rest: str, clause: Clause, provider: Provider, model: Model) -> list[Fact[Any]]:
    entry = entry_for(clause.id, provider, model)
    return [entry.status] if entry is not None else []


def _error_shape(_rest: str, _clause: Clause, provider: Provider, _model: Model) -> list[Fact[Any]]:
    return [field.fact for field in provider.error_fields]


def _rule(rest: str, _clause: Clause, _provider: Provider, model: Model) -> list[Fact[Any]]:
    return [
        Fact(rule.sentence, rule.beyond.source, rule.beyond.evidence, rule.beyond.dispute)
        for rule in model.rules
        if rule.id == rest
    ]


def _any_param(_rest: str, _clause: Clause, _provider: Provider, model: Model) -> list[Fact[Any]]:
    return [facets.supported for name in model.params for facets in _all_facets(model, name)[:1]]


def _basis(_rest: str, clause: Clause, _provider: Provider, _model: Model) -> list[Fact[Any]]:
    return [clause.basis] if clause.basis is not None else []


_KINDS: dict[str, Callable[[str, Clause, Provider, Model], list[Fact[Any]]]] = {
    "fact": _named,
    "param": _param,
    "limit": _limit,
    "truncates": _truncates,
    "unsupported": _unsupported,
    "several": _several,
    "grant": _grant,
    "size": _accepted,
    "images": _images,
    "field": _field,
    "error": _error,
    "error-shape": _error_shape,
    "rule": _rule,
    "any-param": _any_param,
    "basis": _basis,
}
