"""Where to try a defect: the model whose plan judges the clause hardest and is shortest."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cache

from qwen_image_conformance.plan import Plan, make_plan
from qwen_image_conformance.probe import Probe, Tier
from qwen_image_conformance.upstream.large import looked_at
from qwen_image_spec import load
from qwen_image_spec.cases import Case
from qwen_image_spec.evidence import Level, weakest
from qwen_image_spec.model import Model, Provider
from qwen_image_spec.rules import check

SPEC = load()


@dataclass(frozen=True)
class Place:
    """One model's plan, at the level that the contract gives the clause there."""

    provider: Provider
    model: Model
    tier: Tier
    level: Level
    operations: frozenset[str]


@cache
def plan_of(provider: str, model: str, tier: str) -> Plan:
    """The plan of one model, made once.

    The full tier asks for every size, one picture each: two of them, in the core tier, are enough here.
    """
    plan = make_plan(SPEC, SPEC.providers[provider], [model], Tier(tier))
    return replace(plan, probes=tuple(probe for probe in plan.probes if not probe.id.startswith("size-")))


def everywhere() -> Iterator[tuple[Provider, Model]]:
    """Every model of every provider."""
    for provider in SPEC.providers.values():
        for model in provider.models.values():
            yield provider, model


@cache
def levels(provider: str, model: str) -> dict[tuple[str, str], Level]:
    """The level of every (clause, operation) of a model."""
    found = plan_of(provider, model, "full").cases
    return {(case.clause, case.operation): case.level for case in found}


def cases_of(clause: str) -> list[Case]:
    """Every case of a clause at any provider."""
    return [
        case
        for provider, model in everywhere()
        for case in plan_of(provider.id, model.id, "full").cases
        if case.clause == clause
    ]


def level_of(probe: Probe, clause: str, case: Level) -> Level:
    """The level at which a refusal is judged: that of the rule it breaks, never above the clause's cap."""
    cap = SPEC.clauses[clause].cap
    if probe.asked is None:
        return case
    model = SPEC.providers[probe.provider].models[probe.model]
    violations = check(probe.asked, model, looked_at(probe.asked.images))
    return weakest(cap, *(violation.level for violation in violations if violation.clause == clause))


@cache
def refusal_place(clause: str) -> Place | None:
    """Where a probe breaks this clause alone, or None when no plan has one."""
    return _best(
        [
            (probe, place)
            for place, plan in _places()
            for probe in plan.probes
            if clause in probe.clauses and probe.id.startswith(probe.clauses)
        ],
        clause,
    )


def _places() -> Iterator[tuple[tuple[Provider, Model, Tier], Plan]]:
    for provider, model in everywhere():
        for tier in (Tier.CORE, Tier.FULL):
            yield (provider, model, tier), plan_of(provider.id, model.id, tier)


def _best(found: list[tuple[Probe, tuple[Provider, Model, Tier]]], clause: str) -> Place | None:
    places: dict[tuple[str, str, Tier], Place] = {}
    for probe, (provider, model, tier) in found:
        case = levels(provider.id, model.id).get((clause, probe.operation))
        if case is None:
            continue
        level = level_of(probe, clause, case)
        known = places.get((provider.id, model.id, tier))
        operations = frozenset({probe.operation}) | (known.operations if known is not None else frozenset())
        if known is None or level.rank > known.level.rank:
            places[provider.id, model.id, tier] = Place(provider, model, tier, level, operations)
    return min(places.values(), key=_cost, default=None)


def _cost(place: Place) -> tuple[int, int, int, int]:
    plan = plan_of(place.provider.id, place.model.id, place.tier)
    return (
        -place.level.rank,
        place.tier.rank,
        _area(place.model),
        len(plan.probes) + 20 * ("submit" in place.model.operations),
    )


def _area(model: Model) -> int:
    """The pixels of a model's largest picture, 0 for one with a list of sizes: large ones take long."""
    size = model.params.get("size")
    facets = (size.base, *(facets for _, facets in size.variants)) if size is not None else ()
    return max((grant.area[1] for one in facets for grant in one.grants if grant.area is not None), default=0)


@cache
def case_place(clause: str, tier: Tier, without: str = "") -> Place | None:
    """Where a clause about answers is judged hardest; the model lacks the operation `without`."""
    found: list[Place] = []
    for provider, model in everywhere():
        own = {
            operation: level
            for (name, operation), level in levels(provider.id, model.id).items()
            if name == clause
        }
        if own and without not in model.operations:
            level = max(own.values(), key=lambda level: level.rank)
            found.append(Place(provider, model, tier, level, frozenset(own)))
    return min(found, key=_cost, default=None)
