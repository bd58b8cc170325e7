"""Requests that break exactly one clause must be refused. One function serves every such clause."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from qwen_image_conformance.checks.registry import CHECKS, check
from qwen_image_conformance.seen import Seen
from qwen_image_conformance.verdict import Verdict, holds, observed
from qwen_image_spec.rules import Violation

REFUSED = (
    # model
    "model.missing",
    "model.unknown",
    "model.type",
    "model.endpoint",
    # size
    "size.not-listed",
    "size.area-below",
    "size.area-above",
    "size.side",
    "size.ratio",
    "size.token",
    "size.spelling",
    "size.type",
    # n
    "n.above-maximum",
    "n.below-minimum",
    "n.type",
    # flags
    "watermark.type",
    "prompt-extend.type",
    "thinking-mode.type",
    "enable-sequential.type",
    # seed
    "seed.above-maximum",
    "seed.below-minimum",
    "seed.type",
    # prompt
    "prompt.missing",
    "prompt.empty",
    "prompt.type",
    "prompt.nul",
    "negative-prompt.type",
    "negative-prompt.unsupported",
    "prompt-extend.unsupported",
    # the native frame
    "input.missing",
    "input.type",
    "messages.missing",
    "messages.single",
    "messages.role",
    "messages.content",
    "messages.item",
    "messages.text-count",
    "parameters.type",
    # response format
    "response-format.unknown-value",
    "response-format.type",
    # methods and bodies
    "method.refused",
    "body.malformed",
    "body.not-object",
    "body.encoding",
    "body.duplicate-key",
    "body.media-type",
    "body.too-large",
    "route.unknown",
    # tasks
    "async.required",
    "async.refused",
    "stream.required",
    # input images
    "images.count",
    "images.side",
    "images.ratio",
    "images.bytes",
    "images.data-uri",
    "images.format",
    "images.corrupt",
    "images.url",
    "images.type",
    # Wan
    "enable-interleave.type",
    "max-images.above-maximum",
    "max-images.below-minimum",
    "color-palette.type",
    "color-palette.count",
    "color-palette.hex",
    "color-palette.ratio",
    "color-palette.sum",
    # frames of single gateways
    "optimize-prompt-options.type",
)


def refusal_of(clause: str) -> Callable[[Seen], Verdict | None]:
    """The check of one clause that is broken on purpose."""

    def refused(seen: Seen) -> Verdict | None:
        if not seen.answered:
            return None
        violation = _violation(seen, clause)
        if seen.only_breaks(clause):
            return _refused(seen, violation)
        if not seen.broken and seen.doubtful == (clause,):
            return observed(seen.came, expected=violation.allowed if violation else None)
        return None

    refused.__doc__ = f"A request that breaks only {clause} is refused."
    return refused


def _refused(seen: Seen, violation: Violation | None) -> Verdict:
    expected = "refused with a client error"
    if violation is not None and violation.allowed:
        expected += f" (allowed: {violation.allowed})"
    level = violation.level if violation is not None else None
    source = violation.source if violation is not None else None
    return holds(
        seen.refused or (not seen.accepted and _error_body(seen.body)),
        expected=expected,
        actual=seen.came,
        level=level,
        source=source,
    )


def _error_body(body: Any) -> bool:
    return isinstance(body, dict) and bool(body.get("error") or body.get("code"))


def _violation(seen: Seen, clause: str) -> Violation | None:
    return next((violation for violation in seen.violations if violation.clause == clause), None)


def bind_rules(clauses: list[str]) -> None:
    """Bind the check to clauses that come from the data (rules across fields, structured parameters)."""
    for clause in clauses:
        if clause not in CHECKS:
            check(clause)(refusal_of(clause))


for _clause in REFUSED:
    check(_clause)(refusal_of(_clause))
