"""The badge, the tally behind every headline, and who breaks."""

from __future__ import annotations

import orjson
import pytest

from qwen_image_conformance.report.badge import endpoint, text
from qwen_image_conformance.report.clients import Client, breakages, clients
from qwen_image_conformance.report.read import Record
from qwen_image_conformance.report.tally import tally
from reports_made import SPEC, case, record, whole


def test_the_badge_counts_clauses_not_cases() -> None:
    run = record(
        case(model="a"),
        case(model="b"),
        case("n.type", "warn"),
        case("size.type", level="SHOULD"),
        case("n.default", "fail"),
    )
    assert text(run) == "MUST 1/2 · SHOULD 1/2"


def test_a_clause_is_kept_only_when_it_is_kept_everywhere() -> None:
    good, bad = case(model="a"), case(status="fail", model="b")
    assert str(tally([good, bad], "MUST")) == str(tally([bad, good], "MUST")) == "0/1"


def test_what_was_only_observed_or_not_measured_does_not_count() -> None:
    assert text(record(case(status="observed", level="MUST"), case("n.type", "not-run"))) == "nothing judged"


@pytest.mark.parametrize(
    ("run", "colour"),
    [
        (record(case()), "brightgreen"),
        (record(case(), case("n.type", "warn")), "yellow"),
        (record(case(), case("n.type", "known")), "yellow"),
        (record(case(status="fail")), "red"),
        (record(case(status="fixed")), "red"),
        (record(case(status="error")), "red"),
        (record(), "lightgrey"),
        (record(case(), end=False), "lightgrey"),
        (record(case(), stopped="the budget is spent"), "lightgrey"),
        (record(case(status="fail"), end=False), "red"),
    ],
)
def test_the_colour_says_how_it_went(run: Record, colour: str) -> None:
    assert endpoint(run)["color"] == colour


def test_an_unfinished_run_says_so() -> None:
    assert text(record(case(), end=False)) == "MUST 1/1 · unfinished"


def test_the_endpoint_is_what_badge_services_read() -> None:
    made = orjson.loads(orjson.dumps(endpoint(record(case()), label="my gateway")))
    assert made == {"schemaVersion": 1, "label": "my gateway", "message": "MUST 1/1", "color": "brightgreen"}


def test_every_need_of_a_client_is_a_clause_of_the_contract() -> None:
    assert {clause for client in clients() for clause in client.needs} <= set(SPEC.clauses)


def test_every_need_can_arise_at_a_provider_of_the_client_s_style() -> None:
    for client in clients():
        applies = {
            one["clause"]
            for name, provider in SPEC.providers.items()
            if provider.style in client.styles
            for one in whole(name).cases
        }
        assert set(client.needs) <= applies, client.name


def test_every_client_says_how_we_know() -> None:
    for client in clients():
        assert client.confidence in ("measured", "read", "reported"), client.name
        assert client.version
        assert client.source
        assert client.confidence == "measured" or client.source.startswith("https://"), client.name
        assert set(client.styles) <= {"openai", "dashscope"}
        assert client.read.startswith("20")


def test_a_broken_clause_breaks_the_clients_of_that_style_that_need_it() -> None:
    known = [
        Client(name, "1", (style,), {"n.count": "breaks"}, "s", "measured", "2026-11-20")
        for name, style in (("one", "openai"), ("two", "dashscope"))
    ]
    for status in ("fail", "warn", "known"):
        assert [one.client.name for one in breakages([case(status=status)], SPEC, known)] == ["one"]
        native = case(status=status, provider="dashscope")
        assert [one.client.name for one in breakages([native], SPEC, known)] == ["two"]
    for status in ("pass", "observed", "not-run", "error", "fixed"):
        assert breakages([case(status=status)], SPEC, known) == []


def test_a_provider_of_one_s_own_names_clients_of_every_style() -> None:
    found = breakages([case("response.success-means-pictures", "fail", provider="my-gateway")], SPEC)
    assert {style for one in found for style in one.client.styles} == {"openai", "dashscope"}
