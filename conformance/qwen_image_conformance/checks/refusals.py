"""Requests that break exactly one clause must be refused. One function serves every such clause, but for TOO_LARGE."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from qwen_image_conformance.checks.registry import CHECKS, check
from qwen_image_conformance.seen import Seen
from qwen_image_conformance.verdict import Verdict, holds, observed
from qwen_image_spec.rules import Violation

TOO_LARGE = ("images.bytes", "images.data-uri")
"""Limits that one picture passes together: judged in `large_pictures`."""
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
    *TOO_LARGE,
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
        if seen.only_breaks(clause):
            return judged(seen, violation_of(seen, clause))
        if not seen.broken and seen.doubtful == (clause,):
            violation = violation_of(seen, clause)
            return observed(seen.came, expected=violation.allowed if violation else None)
        return None

    refused.__doc__ = f"A request that breaks only {clause} is refused."
    return refused


def judged(seen: Seen, violation: Violation | None) -> Verdict:
    """Whether a request that breaks a clause was refused, at the level of the rule it breaks."""
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


def violation_of(seen: Seen, clause: str) -> Violation | None:
    """The rule of this clause that a request breaks; None when it breaks none, or its frame does."""
    return next((violation for violation in seen.violations if violation.clause == clause), None)


def bind_rules(clauses: list[str]) -> None:
    """Bind the check to clauses that come from the data (rules across fields, structured parameters)."""
    for clause in clauses:
        if clause not in CHECKS:
            check(clause)(refusal_of(clause))


for _clause in (clause for clause in REFUSED if clause not in TOO_LARGE):
    check(_clause)(refusal_of(_clause))
