"""Plans: every probe breaks what it says and nothing else, and pictures are bought sparingly."""

from __future__ import annotations

import fnmatch
import json
from collections import Counter

import pytest

from defects.places import SPEC, everywhere
from qwen_image_conformance.checks import CHECKS, RELATIONS
from qwen_image_conformance.plan import make_plan
from qwen_image_conformance.probe import Probe, Tier
from qwen_image_conformance.upstream.large import looked_at
from qwen_image_spec.dialect import dialect
from qwen_image_spec.evidence import Reaction
from qwen_image_spec.rules import check

MODELS = [(provider.id, model.id) for provider, model in everywhere()]


def _probes(provider: str, model: str, tier: Tier) -> list[Probe]:
    probes = make_plan(SPEC, SPEC.providers[provider], [model], tier).probes
    return [*probes, *(part for probe in probes for part in probe.splits)]


def test_every_clause_has_one_check_and_every_check_a_clause() -> None:
    assert set(SPEC.clauses) - set(CHECKS) - set(RELATIONS) == set()
    assert (set(CHECKS) | set(RELATIONS)) - set(SPEC.clauses) == set()
    assert not set(CHECKS) & set(RELATIONS)


@pytest.mark.parametrize(("provider", "model"), MODELS)
def test_a_probe_breaks_what_it_says_and_nothing_else(provider: str, model: str) -> None:
    known = SPEC.providers[provider].models[model]
    for probe in _probes(provider, model, Tier.FULL):
        if probe.asked is None:
            assert len(probe.breaks) == 1, probe.id
            assert probe.breaks == probe.clauses, probe.id
            continue
        violations = check(probe.asked, known, looked_at(probe.asked.images))
        beyond = {
            found.clause for found in violations if found.reaction in (Reaction.REJECT, Reaction.UNKNOWN)
        }
        if probe.id.split(":")[0].startswith(probe.clauses[:1]) and probe.clauses[0] in beyond:
            assert beyond == set(probe.clauses), probe.id  # too large a picture passes several limits
        else:
            assert beyond == set(), probe.id
            assert probe.buys, probe.id


@pytest.mark.parametrize(("provider", "model"), MODELS)
def test_the_body_says_what_the_probe_asks(provider: str, model: str) -> None:
    """What stands on the wire reads back as the request the checks judge by."""
    known = SPEC.providers[provider]
    for probe in _probes(provider, model, Tier.FULL):
        if probe.asked is None:
            continue
        read = dialect(known.models[model], known.endpoints[probe.endpoint]).decode(json.loads(probe.body))
        assert (read.model, read.prompt, read.parameters, read.texts) == (
            probe.asked.model,
            probe.asked.prompt,
            probe.asked.parameters,
            probe.asked.texts,
        ), probe.id
        assert len(read.images) == len(probe.asked.images), probe.id
        assert not read.flaws, probe.id


@pytest.mark.parametrize("tier", list(Tier))
def test_no_two_probes_of_a_provider_have_one_name(tier: Tier) -> None:
    for provider in SPEC.providers.values():
        names = Counter(probe.id for probe in make_plan(SPEC, provider, (), tier).probes)
        assert [name for name, count in names.items() if count > 1] == []


def _bought(provider: str, model: str, tier: Tier) -> dict[str, int]:
    found: dict[str, int] = {}
    for probe in make_plan(SPEC, SPEC.providers[provider], [model], tier).probes:
        found[probe.operation] = found.get(probe.operation, 0) + probe.buys
    return found


def _default_count(provider: str, model: str) -> int:
    param = SPEC.providers[provider].models[model].params.get("n")
    value = param.base.default.value if param is not None and param.base.default is not None else 1
    return value if isinstance(value, int) else 1


@pytest.mark.parametrize(("provider", "model"), MODELS)
def test_the_core_tier_buys_at_most_eight_pictures_a_way(provider: str, model: str) -> None:
    most = 8 + 3 * (_default_count(provider, model) - 1)
    assert all(count <= most for count in _bought(provider, model, Tier.CORE).values()), _bought(
        provider, model, Tier.CORE
    )


@pytest.mark.parametrize(("provider", "model"), MODELS)
def test_the_smoke_tier_buys_at_most_two_pictures_a_way(provider: str, model: str) -> None:
    most = 2 + 2 * (_default_count(provider, model) - 1)
    assert all(count <= most for count in _bought(provider, model, Tier.SMOKE).values()), _bought(
        provider, model, Tier.SMOKE
    )


def test_refusals_are_asked_before_anything_but_the_first_picture_is_bought() -> None:
    for provider in SPEC.providers.values():
        buys = [probe.buys > 0 for probe in make_plan(SPEC, provider).probes]
        assert buys[0]
        assert buys[1:] == sorted(buys[1:])


@pytest.mark.parametrize(("provider", "model"), MODELS)
def test_a_selection_keeps_only_probes_for_its_clauses(provider: str, model: str) -> None:
    plan = make_plan(SPEC, SPEC.providers[provider], [model], Tier.FULL, ("size",))
    sizes = {clause.id for clause in SPEC.clauses.values() if clause.group == "size"}
    assert plan.cases
    assert {case.clause for case in plan.cases} <= sizes
    for probe in plan.probes:
        assert any(fnmatch.fnmatchcase(clause, pattern) for pattern in probe.clauses for clause in sizes), (
            probe.id
        )
