"""Documents merge without mixing their sources."""

from __future__ import annotations

from pathlib import Path

import pytest

from qwen_image_spec import SpecError, load, load_provider
from qwen_image_spec.documents import merge, parse

HEAD = (
    "provider: mine\nextends: dieyuyun\ntitle: Mine\nsource: mine-docs\nbase_url: https://gw.example.com\n"
    "sources: {mine-docs: {title: Docs, publisher: us, read: 2026-11-20}}\n"
)


def written(tmp_path: Path, more: str) -> Path:
    path = tmp_path / "mine.yaml"
    path.write_text(HEAD + more, "utf-8")
    return path


def test_what_a_child_does_not_say_keeps_its_parents_source(tmp_path: Path) -> None:
    mine = load_provider(written(tmp_path, "parameters:\n  watermark: {default: false}\n"))
    watermark = mine.models["qwen-image"].params["watermark"]
    assert watermark.base.default is not None
    assert (watermark.base.default.value, watermark.base.default.source) == (False, "mine-docs")
    count = mine.models["qwen-image"].params["n"].base.range
    assert count is not None
    assert count.source == "dieyuyun-guide"


def test_null_takes_a_fact_away(tmp_path: Path) -> None:
    assert "url.lifetime" in load().providers["dieyuyun"].facts
    assert "url.lifetime" not in load_provider(written(tmp_path, "facts: {url.lifetime: null}\n")).facts


def test_a_rule_of_the_whole_provider_is_taken(tmp_path: Path) -> None:
    rule = "rules:\n  - {id: R1, clause: color-palette.sequential, when: {watermark: true}, forbids: [seed], sentence: none}\n"
    assert [rule.id for rule in load_provider(written(tmp_path, rule)).models["qwen-image"].rules] == ["R1"]


def test_facts_are_replaced_whole() -> None:
    assert merge({"f": {"value": 1, "note": "old"}}, {"f": {"value": 2}}) == {"f": {"value": 2}}
    assert merge({"a": {"b": 1, "c": 2}}, {"a": {"c": None}}) == {"a": {"b": 1}}


def test_a_key_given_twice_is_a_mistake_with_its_line() -> None:
    with pytest.raises(SpecError, match=r"x\.yaml:2"):
        parse("a: 1\na: 2\n", "x.yaml")
