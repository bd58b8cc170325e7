"""What a gateway makes of the rest of a request: prompt, input images, model, path, frame, headers."""

from __future__ import annotations

from hashlib import sha256
from typing import Any

from qwen_image_conformance.checks.registry import check
from qwen_image_conformance.exchange import Arrived
from qwen_image_conformance.seen import Seen
from qwen_image_conformance.upstream.both import Both, breaks, named_model
from qwen_image_conformance.upstream.differences import inside
from qwen_image_conformance.upstream.inputs import came, sent
from qwen_image_conformance.upstream.probes import UNKNOWN
from qwen_image_conformance.upstream.tokens import MARK
from qwen_image_conformance.verdict import Verdict, equal, holds, observed
from qwen_image_spec.pointers import MISSING

_ROUTE = ("model.endpoint", "model.operation", "route.unknown", "method.refused")
_FRAME = ("input.*", "messages.*", "parameters.type", "body.*", "size.spelling", "prompt.missing")
_HEADER = ("async.required", "async.refused")
_CREDENTIALS = ("auth.*",)


def _legal(seen: Seen) -> Both | None:
    """Both ends of a request that breaks nothing, met no simulated fault and reached the upstream; None else."""
    if (
        seen.asked is None
        or seen.broken
        or seen.doubtful
        or seen.exchange.fault
        or not seen.exchange.upstream
    ):
        return None
    both = Both(seen)
    return both if both.calls else None


@check("gateway.prompt-kept")
def prompt(seen: Seen) -> Verdict | None:
    """The prompt, code point by code point; forms may change line ends."""
    both = _legal(seen)
    if both is None or both.request is None or seen.asked is None:
        return None
    asked, arrived = seen.asked.prompt, both.request.prompt
    return holds(same_text(asked, _one_line_end(arrived)), expected=_cut(asked), actual=_cut(arrived))


@check("gateway.images-kept")
def images(seen: Seen) -> Verdict | None:
    """The same images, whatever their order."""
    both = _legal(seen)
    if both is None or not sent(both) or both.request is None:
        return None
    asked, arrived = [str(image) for image in sent(both)], [str(image) for image in came(both)]
    return holds(sorted(asked) == sorted(arrived), expected=asked, actual=arrived)


@check("gateway.images-order")
def order(seen: Seen) -> Verdict | None:
    """Several images, in the order they were given."""
    both = _legal(seen)
    if both is None or both.request is None:
        return None
    asked, arrived = [str(image) for image in sent(both)], [str(image) for image in came(both)]
    if len(set(asked)) < 2 or sorted(asked) != sorted(arrived):
        return None
    return equal(expected=asked, actual=arrived)


@check("gateway.model-mapped")
def model(seen: Seen) -> Verdict | None:
    """The model that was asked for, by the upstream's name."""
    both = _legal(seen)
    if both is None:
        return None
    named = [named_model(call) for call in both.calls if isinstance(call.body, dict)]
    if not named:
        return None
    wanted = seen.exchange.terms.get("model", seen.exchange.model)
    return holds(
        all(name == wanted for name in named),
        expected=wanted,
        actual=["no model" if name is MISSING else name for name in dict.fromkeys(named)],
    )


def _unbroken(seen: Seen, clauses: tuple[str, ...], expected: str) -> Verdict | None:
    """A legal request breaks none of the clauses at the upstream."""
    both = _legal(seen)
    if both is None:
        return None
    found = breaks(both.calls, *clauses)
    told = [f"{violation['clause']} at {call.path}: {_seen(violation)}" for call, violation in found]
    return holds(not found, expected=expected, actual=told or _where(both.calls[0]))


def _seen(violation: Any) -> str:
    text = f"{violation.get('param') or ''} {violation.get('seen')!r}".strip()
    return f"{text} (allowed: {violation['allowed']})" if violation.get("allowed") else text


def _where(call: Arrived) -> str:
    header = call.headers.get("x-dashscope-async")
    return f"{call.method} {call.path}" + (f", X-DashScope-Async: {header}" if header else "")


@check("gateway.route")
def route(seen: Seen) -> Verdict | None:
    """A path that serves the model."""
    return _unbroken(seen, _ROUTE, "the path that serves this model at the upstream")


@check("gateway.envelope")
def envelope(seen: Seen) -> Verdict | None:
    """The frame and the spelling that the upstream documents."""
    return _unbroken(seen, _FRAME, "the frame and spelling that the upstream documents for this model")


@check("gateway.async-header")
def header(seen: Seen) -> Verdict | None:
    """The asynchronous header where the path needs it, and nowhere else."""
    return _unbroken(seen, _HEADER, "X-DashScope-Async: enable if and only if the path is asynchronous")


@check("gateway.credentials")
def credentials(seen: Seen) -> Verdict | None:
    """Credentials that the upstream takes."""
    return _unbroken(seen, _CREDENTIALS, "credentials that the upstream takes")


@check("gateway.unknown-parameter")
def unknown(seen: Seen) -> Verdict | None:
    """A parameter that no document has."""
    if not seen.exchange.probe.startswith(f"{MARK}unknown:") or not seen.answered:
        return None
    for call in Both(seen).calls:
        at = next((place for place, _ in inside("", call.body) if place.endswith(f"/{UNKNOWN}")), "")
        if at:
            return observed(f"passed on, to {at}")
    return observed("refused" if seen.refused else "lost in silence" if seen.exchange.upstream else None)


def same_text(asked: Any, arrived: Any) -> bool:
    """Whether a text arrived as it was; the journal keeps only the beginning and the digest of a very long one."""
    if asked == arrived:
        return True
    if not isinstance(asked, str) or not isinstance(arrived, str) or len(asked) < 16_384:
        return False
    return arrived.endswith(f"sha256 {sha256(asked.encode('utf-8', 'replace')).hexdigest()})")


def _one_line_end(text: Any) -> Any:
    return text.replace("\r\n", "\n") if isinstance(text, str) else text


def _cut(text: Any) -> Any:
    """A text as it is told: with its control characters visible, and not too long."""
    if not isinstance(text, str):
        return text
    return repr(text) if len(text) <= 160 else f"{text[:80]!r}... ({len(text)} characters)"
