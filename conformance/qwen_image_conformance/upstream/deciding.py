"""Which two-ended clauses a request is sent for: with `--select`, requests that decide none of the chosen ones stay at home."""

from __future__ import annotations

from qwen_image_conformance.probe import Probe

VALUES = (
    "gateway.parameter-lost",
    "gateway.parameter-moved",
    "gateway.parameter-changed",
    "gateway.parameter-type",
)
"""What becomes of a parameter that is sent: decided by every request that has one."""
LEFT_OUT = ("gateway.parameter-added", "gateway.default-kept")
"""What becomes of a parameter that is not sent."""
IMAGES, ORDER = "gateway.images-kept", "gateway.images-order"
PICTURES = ("gateway.pictures-kept", "gateway.url-identity", "gateway.usage", "gateway.rewritten-prompt")
"""What is made of the upstream's pictures: decided where any come."""
POLLS = ("gateway.poll-request", "gateway.poll-rate", "gateway.poll-end")
"""How a task is followed: decided where the upstream makes tasks."""
UNPAID, SECRET = "gateway.refused-unpaid", "gateway.upstream-key"
_REQUEST = (
    "gateway.prompt-kept",
    "gateway.model-mapped",
    "gateway.route",
    "gateway.envelope",
    "gateway.async-header",
    "gateway.credentials",
)
_CALLS = ("gateway.asks-upstream", "gateway.one-call", "gateway.task-collected", "gateway.key-stays")
_KEYS = "auth."


def by_any(probe: Probe) -> tuple[str, ...]:
    """What a legal request and its pictures show of a gateway, by what the request has."""
    asked = probe.asked
    values = VALUES if asked is not None and asked.parameters else ()
    images = asked.images if asked is not None else ()
    own = ((IMAGES,) if images else ()) + ((ORDER,) if len(set(images)) > 1 else ())
    return (*_REQUEST, *values, *LEFT_OUT, *own, *_CALLS, *POLLS, *PICTURES, UNPAID, SECRET)


def by_refusal(probe: Probe) -> tuple[str, ...]:
    """What a request that must be refused shows of a gateway: that nothing is bought for it, and what it tells of keys."""
    keys = any(clause.startswith(_KEYS) for clause in probe.clauses)
    return (UNPAID, SECRET) if keys else (UNPAID,)
