"""The sections of the HTML report: what a reader is told."""

from __future__ import annotations

import re

from qwen_image_conformance.report.html import render
from qwen_image_conformance.report.read import Record
from qwen_image_spec.cases import cases
from reports_made import PROVIDER, SPEC, case, record, whole
from reports_page import broken, page


def test_a_failure_shows_what_a_reader_needs() -> None:
    text = page(broken()).sections["failures"]
    source = SPEC.sources["dieyuyun-guide"]
    for part in (
        SPEC.clauses["n.count"].sentence,
        "2 pictures",
        "only 1 picture",
        "documented",
        source.title,
        source.publisher,
        source.read,
        "curl -sS",
        str(case()["model"]),
    ):
        assert part in text


def test_failures_stand_worst_first() -> None:
    many = [case("n.count", "fail", model=f"m{index}") for index in range(3)]
    text = page(record(case("size.type", "fail"), *many, case("n.type", "error"))).sections["failures"]
    assert text.index("n.type") < text.index("n.count") < text.index("size.type")


def test_who_breaks_names_clients_and_what_happens_to_them() -> None:
    text = page(broken()).sections["clients"]
    assert "Portkey" in text
    assert "passes an error inside status 200 on as a success" in text
    assert "No client we know of" in page(record(case("seed.type", "fail"))).sections["clients"]


def test_what_changed_is_told() -> None:
    text = page(broken(), record(case("n.count"), case("n.type", "warn"))).sections["changes"]
    assert "regressed" in text
    assert "only 1 picture" in text
    assert "changes" not in page(broken()).sections


def test_what_was_not_measured_says_why() -> None:
    text = page(broken()).sections["unmeasured"]
    assert "prompt.nul" in text
    assert "No exchange of this run decides it" in text


def test_a_dispute_shows_both_values_and_what_this_target_does() -> None:
    provider, fact, one = next(
        (name, one.fact, one)
        for name in SPEC.providers
        for one in cases(SPEC, SPEC.providers[name])
        if one.fact.dispute is not None
    )
    dispute = SPEC.disputes[str(fact.dispute)]
    made = case(one.clause, provider=provider, model=one.model, operation=one.operation)
    text = page(record(made, provider=provider)).sections["observed"]
    assert dispute.question in text
    assert len(dispute.values) > 1
    for source, value in dispute.values:
        assert value in text
        assert SPEC.sources[source].title in text
    assert dispute.verdict in text
    assert f"{one.clause} as our contract says" in re.sub(r"\s+", " ", text)


def test_the_appendix_has_every_clause_with_level_and_evidence() -> None:
    text = page(whole(PROVIDER)).sections["appendix"]
    for clause in {one["clause"] for one in whole(PROVIDER).cases}:
        assert clause in text
        assert SPEC.clauses[clause].sentence in text
    for word in ("MUST", "SHOULD", "documented", "inferred"):
        assert word in text


def test_alike_models_fold_without_script() -> None:
    run = record(*(case(model=f"m{index}") for index in range(5)))
    found = page(run)
    assert "details" in {tag for tag, _ in found.tags}
    assert "and 4 alike" in found.sections["matrix"]
    assert "m4" in found.sections["matrix"]


def test_verdicts() -> None:
    for run, word in (
        (record(case()), "Conforms"),
        (record(case(status="fail")), "Does not conform"),
        (record(case(), end=False), "Unfinished"),
        (record(case(), stopped="budget"), "Unfinished"),
        (record(case(status="fixed")), "Does not conform"),
    ):
        assert f"<title>{word}: " in render(run, SPEC)
    assert "the run broke off" in page(record(case(), end=False)).sections[""]
    assert "Before the plan was done: budget" in page(record(case(), stopped="budget")).sections[""]


def test_spending_is_told_as_far_as_it_is_known() -> None:
    priced = [model for owner, model in SPEC.prices if owner == "dashscope"][:1]
    made = case(provider="dashscope", model=priced[0])
    run = record(made, provider="dashscope", models=[*priced, "another"])
    assert "price known for 1 of 2 models" in page(run).sections[""]
    assert run.end is not None
    paid = Record(run.head, run.cases, {**run.end, "cost": "1.50"})
    assert "1.50 CNY, price known for 1 of 2 models" in page(paid).sections[""]
    assert "price unknown" in page(record(case())).sections[""]


def test_unknown_clauses_sources_and_providers_still_render() -> None:
    run = record(
        case("mine.own", "fail", provider="my-gateway", source="my-doc"), provider="my-gateway", time=None
    )
    assert "mine.own is not in this version of the contract" in page(run).sections["failures"]


def test_different_answers_to_one_clause_are_all_shown() -> None:
    made = [case("n.count", "fail", model=f"m{index}", actual=f"{index} pictures") for index in range(2)]
    text = page(record(*made)).sections["failures"]
    assert "0 pictures" in text
    assert "1 pictures" in text


def test_a_cell_tells_how_much_was_not_measured() -> None:
    text = page(record(case("n.count"), case("n.type", "not-run"))).sections["matrix"]
    assert "1/2" in text
    assert "?1" in text
