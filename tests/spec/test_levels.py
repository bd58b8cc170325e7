"""The rules, by which a request is read, and the cases, by which an answer is judged, are equally sure of a clause."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace

import pytest

from qwen_image_conformance.plan import make_plan
from qwen_image_conformance.probe import Tier
from qwen_image_spec import load
from qwen_image_spec.cases import model_cases
from qwen_image_spec.dialect import dialect
from qwen_image_spec.evidence import Evidence, Fact, Level, weakest
from qwen_image_spec.frame import frame_fact
from qwen_image_spec.model import Clause, Model, Provider
from qwen_image_spec.rules import Violation, check

SPEC = load()
MODELS = [(name, model) for name, provider in SPEC.providers.items() for model in provider.models]
# Clauses of which each model has one level, whatever else a request holds.
FRAME = (
    "input.",
    "messages.missing",
    "messages.single",
    "messages.role",
    "messages.content",
    "messages.item",
    "parameters.type",
    "optimize-prompt-options.type",
)
FIXED = (*FRAME, "prompt.empty", "prompt.missing", "prompt.type")


def violations(provider: Provider, model: Model) -> Iterator[tuple[str, Violation]]:
    """Everything that the requests of a model's whole plan break by the rules, with their operation."""
    for probe in make_plan(SPEC, provider, [model.id], Tier.FULL).probes:
        endpoint = provider.endpoints[probe.endpoint]
        try:
            body = json.loads(probe.body or b"null")
        except ValueError:
            continue
        if endpoint.envelope != "none" and isinstance(body, dict) and body.get("model") == model.id:
            request = dialect(model, endpoint).decode(body)
            yield from ((probe.operation, violation) for violation in check(request, model))


def levels(provider: Provider, model: Model) -> dict[tuple[str, str], Level]:
    """The level of every case that the model has by itself."""
    found = (case for clause in SPEC.clauses.values() for case in model_cases(clause, provider, model))
    return {(case.clause, case.operation): case.level for case in found}


def open_beside_firm(clause: str, model: Model) -> bool:
    """Whether a size beyond an open bound is beyond a firm list too: then its refusal is firm, the bound is not."""
    grants = model.params["size"].base.grants if clause.startswith("size.") else ()
    return len({grant.level for grant in grants}) > 1


def disagreements(
    provider: Provider, model: Model, known: dict[tuple[str, str], Level]
) -> list[tuple[str, str, Level, Level]]:
    """Clauses on which rules and cases differ: operation, clause, level of the rule, level of the case."""
    found = []
    for operation, violation in violations(provider, model):
        case = known.get((violation.clause, operation))
        if case is None or open_beside_firm(violation.clause, model):
            continue
        rule = weakest(SPEC.clauses[violation.clause].cap, violation.level)
        if rule.rank > case.rank or (rule is not case and violation.clause.startswith(FIXED)):
            found.append((operation, violation.clause, rule, case))
    return found


@pytest.mark.parametrize(("provider", "model"), MODELS)
def test_rules_and_cases_are_equally_sure(provider: str, model: str) -> None:
    chosen = SPEC.providers[provider]
    named = chosen.models[model]
    assert disagreements(chosen, named, levels(chosen, named)) == []


def test_a_disagreement_is_seen() -> None:
    chosen = SPEC.providers["dashscope"]
    model = chosen.models["qwen-image-2.0"]
    right = levels(chosen, model)
    doubted = replace(model, facts={**model.facts, "messages.role": Fact("user", "x", Evidence.UNKNOWN)})
    assert {clause for _, clause, _, _ in disagreements(chosen, doubted, right)} == {"messages.role"}


@pytest.mark.parametrize(
    "clause", [clause for clause in SPEC.clauses.values() if clause.id.startswith(FRAME)]
)
def test_rules_rest_on_the_fact_that_the_clause_names(clause: Clause) -> None:
    for provider in SPEC.providers.values():
        for model in provider.models.values():
            named = model.facts.get(clause.fact.removeprefix("fact:"))
            if named is not None:
                assert frame_fact(clause.id, model) == named
