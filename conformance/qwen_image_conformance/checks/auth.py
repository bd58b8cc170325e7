"""Credentials."""

from __future__ import annotations

from qwen_image_conformance.checks.registry import check
from qwen_image_conformance.redact import CANARY
from qwen_image_conformance.seen import Seen
from qwen_image_conformance.verdict import Verdict, equal, holds


@check("auth.accepted")
def accepted(seen: Seen) -> Verdict | None:
    """A request with the key as Bearer is let in."""
    if not seen.answered or any(clause.startswith("auth.") for clause in seen.broken):
        return None
    return holds(
        seen.status not in (401, 403) or bool(seen.broken),
        expected="not refused for its credentials",
        actual=f"status {seen.status}",
    )


@check("auth.missing-key")
def missing_key(seen: Seen) -> Verdict | None:
    """Without credentials: 401."""
    return equal(expected=401, actual=seen.status) if seen.broken == ("auth.missing-key",) else None


@check("auth.invalid-key")
def invalid_key(seen: Seen) -> Verdict | None:
    """With an unknown key: 401."""
    return equal(expected=401, actual=seen.status) if seen.broken == ("auth.invalid-key",) else None


@check("auth.scheme")
def scheme(seen: Seen) -> Verdict | None:
    """With the key under another scheme: 401."""
    return equal(expected=401, actual=seen.status) if seen.broken == ("auth.scheme",) else None


@check("auth.key-secret")
def key_secret(seen: Seen) -> Verdict | None:
    """The refused key does not stand in the answer."""
    if seen.broken != ("auth.invalid-key",):
        return None
    answer = seen.exchange.received
    shown = CANARY.encode() in answer.body or any(CANARY in value for value in answer.headers.values())
    return holds(
        not shown,
        expected="an answer without the key",
        actual="the key stands in the answer" if shown else "it does not",
    )
