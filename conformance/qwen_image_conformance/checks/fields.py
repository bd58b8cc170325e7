"""Documented fields of an answer: is each there, and of its type? One function serves every such clause."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import Any

from qwen_image_conformance.checks.firmness import firmness
from qwen_image_conformance.checks.registry import check
from qwen_image_conformance.seen import SUCCEEDED, Seen
from qwen_image_conformance.verdict import Verdict, holds
from qwen_image_spec.answers import direct_shape, task_shape
from qwen_image_spec.evidence import strictest, weakest
from qwen_image_spec.model import ResponseField
from qwen_image_spec.pointers import MISSING, find
from qwen_image_spec.situation import holds as condition_holds

_TYPES: dict[str, tuple[type, ...]] = {
    "string": (str,),
    "integer": (int,),
    "number": (int, float),
    "boolean": (bool,),
    "array": (list,),
    "object": (dict,),
    "null": (type(None),),
}

SUCCESS = (
    "response.created",
    "response.data",
    "response.choices",
    "response.output",
    "response.finish-reason",
    "response.role",
    "response.content",
    "response.image-url",
    "response.revised-prompt",
    "response.extras",
    "usage.present",
    "usage.tokens",
    "response.request-id",
)
TASK = ("tasks.original-prompt", "tasks.result-url", "tasks.metric")
REFUSAL = ("errors.shape", "errors.request-id", "errors.code-field", "errors.type", "errors.param-field")


def is_type(value: Any, names: Iterable[str]) -> bool:
    """Whether a JSON value is of one of the named types; true is no integer."""
    return any(
        isinstance(value, _TYPES[name]) and (name == "boolean" or not isinstance(value, bool))
        for name in names
    )


def fields_of(seen: Seen, clause: str, *, first: bool = False) -> list[ResponseField]:
    """The documented success fields with this clause that stand in this situation.

    They are those of the final answer; with `first`, of the answer that came at once (the submit of a task).
    """
    if seen.model is None:
        return []
    polled = bool(seen.exchange.polls) and not first
    shape = (
        task_shape(seen.provider, seen.model)
        if polled
        else direct_shape(seen.provider, seen.endpoint, seen.model)
    )
    found = [field for field in shape.fields if field.clause == clause] if shape is not None else []
    if seen.asked is None:
        return found
    return [field for field in found if condition_holds(field.when, seen.asked, seen.model)]


def missing_or_wrong(body: Any, fields: Iterable[ResponseField]) -> Verdict | None:
    """The first field that is missing or of a wrong type; None when there is no such field to judge."""
    judged = list(fields)
    if not judged:
        return None
    level = strictest(*(field.fact.level for field in judged))
    for field in sorted(
        judged, key=lambda field: -field.fact.level.rank
    ):  # the hardest first: it decides the status
        expected = f"{field.at}: {' or '.join(field.type)}"
        for place, value in find(body, field.at):
            if value is MISSING:
                if field.required:
                    return holds(
                        False,
                        expected=expected,
                        actual=f"{place} is missing",
                        level=field.fact.level,
                        source=field.fact.source,
                    )
            elif not is_type(value, field.type):
                return holds(
                    False,
                    expected=expected,
                    actual=f"{place} is {value!r}",
                    level=field.fact.level,
                    source=field.fact.source,
                )
            elif value == [] and field.required:
                return holds(
                    False,
                    expected=f"{field.at}: a list with something in it",
                    actual=f"{place} is empty",
                    level=field.fact.level,
                    source=field.fact.source,
                )
    text = ", ".join(field.at for field in judged)
    return holds(True, expected=text, actual="all there", level=level)


def _success(clause: str) -> None:
    @check(clause)
    def documented(seen: Seen) -> Verdict | None:
        """A documented field of a success is there and of its type."""
        if (
            seen.broken
            or not 200 <= seen.status < 300
            or seen.body is MISSING
            or (seen.exchange.polls and seen.task_status != SUCCEEDED)
        ):
            return None
        final = missing_or_wrong(seen.body, fields_of(seen, clause))
        if not seen.exchange.polls or (final is not None and not final.ok):
            return final
        submitted = missing_or_wrong(seen.first_body, fields_of(seen, clause, first=True))
        return final if submitted is None or (submitted.ok and final is not None) else submitted


def _refusal(clause: str) -> None:
    @check(clause)
    def documented(seen: Seen) -> Verdict | None:
        """A documented field of a refusal is there and of its type."""
        if not seen.broken or seen.status < 400 or seen.first_body is MISSING:
            return None
        found = missing_or_wrong(
            seen.first_body, (field for field in seen.provider.error_fields if field.clause == clause)
        )
        if found is None or found.ok or found.level is None:
            return found
        return replace(found, level=weakest(found.level, firmness(seen)))


for _clause in (*SUCCESS, *TASK):
    _success(_clause)
for _clause in REFUSAL:
    _refusal(_clause)
