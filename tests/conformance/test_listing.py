"""What `plan`, `list` and `explain` tell, for people and as JSON."""

from __future__ import annotations

import json

import pytest
from click.testing import CliRunner

from qwen_image_conformance.cli import cli
from qwen_image_spec.model import Spec


def _told(*words: str) -> str:
    done = CliRunner().invoke(cli, list(words))
    assert done.exit_code == 0, done.output
    return done.output


def test_the_plan_as_json_adds_up() -> None:
    plan = json.loads(_told("plan", "--provider", "dieyuyun", "--model", "qwen-image-2.0", "--json"))
    assert plan["provider"] == "dieyuyun"
    assert plan["models"] == ["qwen-image-2.0"]
    assert plan["requests"] == len(plan["probes"])
    assert plan["images"] == sum(probe["images"] for probe in plan["probes"])
    assert {"id", "model", "operation", "method", "path", "images", "tier", "clauses", "body"} <= set(
        plan["probes"][0]
    )
    assert len({probe["id"] for probe in plan["probes"]}) == len(plan["probes"])


def test_the_plan_for_people_names_requests_pictures_and_price() -> None:
    text = _told("plan", "--provider", "dashscope", "--model", "qwen-image-plus")
    assert "qwen-image-plus" in text
    assert "pictures" in text
    assert "price" in text


def test_a_plan_of_some_clauses_is_smaller() -> None:
    whole = json.loads(_told("plan", "--provider", "dieyuyun", "--json"))
    part = json.loads(_told("plan", "--provider", "dieyuyun", "--select", "auth", "--json"))
    assert 0 < part["requests"] < whole["requests"]
    assert part["images"] < whole["images"]


def test_a_pattern_chooses_models() -> None:
    plan = json.loads(_told("plan", "--provider", "dashscope", "--model", "wan2.2*", "--json"))
    assert plan["models"]
    assert all(name.startswith("wan2.2") for name in plan["models"])


def test_every_clause_is_listed(spec: Spec) -> None:
    rows = json.loads(_told("list", "--json"))
    assert [row["clause"] for row in rows] == list(spec.clauses)
    text = _told("list")
    assert all(clause.sentence in text for clause in spec.clauses.values())


def test_the_list_of_a_provider_has_levels() -> None:
    rows = {
        row["clause"]: row["level"] for row in json.loads(_told("list", "--provider", "dieyuyun", "--json"))
    }
    assert rows["n.above-maximum"] == "MUST"
    assert rows["n.type"] == "SHOULD"
    assert "async.required" not in rows


@pytest.mark.parametrize(
    ("what", "name"), [("groups", "size"), ("providers", "skyengine"), ("models", "qwen-image-2.0-pro")]
)
def test_the_other_lists(what: str, name: str) -> None:
    assert name in _told("list", what)
    assert name in json.dumps(json.loads(_told("list", what, "--json")))


def test_every_clause_is_explained(spec: Spec) -> None:
    for clause in spec.clauses.values():
        told = json.loads(_told("explain", clause.id, "--json"))
        assert told["sentence"] == clause.sentence
        assert all(row["source"] in spec.sources for row in told["cases"])


def test_an_explanation_says_source_level_and_dispute(spec: Spec) -> None:
    text = _told("explain", "watermark.default")
    assert spec.clauses["watermark.default"].sentence in text
    assert "MUST" in text
    assert spec.sources["dieyuyun-guide"].title in text
