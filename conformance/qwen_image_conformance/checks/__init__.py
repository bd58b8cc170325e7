"""The checks, one file per clause group. Importing this package fills the table in `registry`."""

from __future__ import annotations

from qwen_image_conformance.checks import (
    acceptance,
    auth,
    counts,
    errors,
    fields,
    formats,
    gateway_answers,
    gateway_calls,
    gateway_faults,
    gateway_forms,
    gateway_large,
    gateway_parameters,
    gateway_polls,
    gateway_requests,
    large_pictures,
    pairs,
    refusals,
    responses,
    sizes,
    tasks,
    together,
    urls,
    usages,
)
from qwen_image_conformance.checks.registry import CHECKS, RELATIONS
from qwen_image_spec.loader import load

acceptance.bind_accepted([clause for clause in load().clauses if clause.endswith(".accepted")])
refusals.bind_rules([clause.id for clause in load().clauses.values() if clause.fact.startswith("rule:")])

__all__ = [
    "CHECKS",
    "RELATIONS",
    "acceptance",
    "auth",
    "counts",
    "errors",
    "fields",
    "formats",
    "gateway_answers",
    "gateway_calls",
    "gateway_faults",
    "gateway_forms",
    "gateway_large",
    "gateway_parameters",
    "gateway_polls",
    "gateway_requests",
    "large_pictures",
    "pairs",
    "refusals",
    "responses",
    "sizes",
    "tasks",
    "together",
    "urls",
    "usages",
]
