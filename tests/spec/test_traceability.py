"""Every statement of the seed documents leads to a clause, or to a reason why there is none."""

from __future__ import annotations

from collections import Counter
from functools import cache
from typing import Any

import pytest

from qwen_image_spec import documents
from qwen_image_spec.cases import cases
from qwen_image_spec.loader import load

Row = dict[str, Any]
_KEYS = {"seed", "section", "statement", "provider", "clause", "clauses", "excluded"}
_FEWEST_WORDS = 3
ROWS: list[Row] = documents.shipped("traceability.yaml")
SEEDS = sorted({source.seed for source in load().sources.values() if source.seed})


def _clauses(row: Row) -> list[str]:
    return [row["clause"]] if "clause" in row else list(row.get("clauses", ()))


@cache
def _asked_of(provider: str) -> frozenset[str]:
    spec = load()
    return frozenset(case.clause for case in cases(spec, spec.providers[provider]))


def _rows_of(provider: str) -> list[Row]:
    return [row for row in ROWS if row["provider"] == provider]


def test_there_are_five_seeds() -> None:
    assert len(SEEDS) == 5


@pytest.mark.parametrize("seed", SEEDS)
def test_every_seed_is_traced(seed: str) -> None:
    traced = [row for row in ROWS if row["seed"] == seed]
    assert len(traced) > 20
    assert any(_clauses(row) for row in traced)


def test_rows_name_existing_seeds_and_providers() -> None:
    assert {row["seed"] for row in ROWS} <= set(SEEDS)
    assert {row["provider"] for row in ROWS} <= set(load().providers)


def test_rows_have_no_other_keys() -> None:
    assert {key for row in ROWS for key in row} <= _KEYS


def test_a_row_has_clauses_or_a_reason_and_not_both() -> None:
    wrong = [row for row in ROWS if len({"clause", "clauses", "excluded"} & set(row)) != 1]
    assert wrong == []


def test_rows_name_existing_clauses() -> None:
    assert {clause for row in ROWS for clause in _clauses(row)} - set(load().clauses) == set()


def test_no_clause_stands_twice_in_a_row() -> None:
    assert [row for row in ROWS if len(set(_clauses(row))) != len(_clauses(row))] == []


def test_no_statement_stands_twice() -> None:
    seen = Counter((row["seed"], row["section"], row["statement"]) for row in ROWS)
    assert [key for key, times in seen.items() if times > 1] == []


def test_exclusions_have_reasons() -> None:
    reasons = [row["excluded"] for row in ROWS if "excluded" in row]
    assert [reason for reason in reasons if len(reason.split()) < _FEWEST_WORDS] == []
    assert [reason for reason in reasons if not reason.endswith(".")] == []


@pytest.mark.parametrize("provider", sorted({row["provider"] for row in ROWS}))
def test_the_clauses_are_asked_of_that_provider(provider: str) -> None:
    named = {clause for row in _rows_of(provider) for clause in _clauses(row)}
    assert named - _asked_of(provider) == set()
