"""How often a gateway asks the upstream, and what that costs."""

from __future__ import annotations

from qwen_image_conformance.checks.registry import check
from qwen_image_conformance.seen import Seen
from qwen_image_conformance.upstream.both import Both
from qwen_image_conformance.verdict import Verdict, equal, holds


@check("gateway.asks-upstream")
def asks(seen: Seen) -> Verdict | None:
    """Pictures come from the upstream, not from elsewhere."""
    if seen.exchange.upstream is None or not seen.accepted or seen.broken or seen.exchange.fault:
        return None
    both = Both(seen)
    return holds(
        bool(both.calls),
        expected="at least one request at the upstream",
        actual=f"{len(both.calls)} request(s)",
    )


@check("gateway.one-call")
def paid_once(seen: Seen) -> Verdict | None:
    """As many pictures bought at the upstream as were asked for."""
    if not seen.exchange.upstream or not seen.accepted or seen.broken or seen.exchange.fault:
        return None
    both = Both(seen)
    counts = [(call.effective or {}).get("n", 1) for call in both.served]
    bought = sum(count for count in counts if isinstance(count, int))
    wanted = seen.effective.get("n", 1)
    if not isinstance(wanted, int) or not both.served or seen.effective.get("enable_sequential") is True:
        return None
    spread = len(both.served) == wanted and bought == wanted
    told = f"{len(both.calls)} request(s) for pictures, {bought} picture(s) bought"
    return holds(
        len(both.calls) == 1 or spread,
        expected=f"one request for pictures at the upstream, or one for each of the {wanted}",
        actual=told,
    )


@check("gateway.refused-unpaid")
def refused_unpaid(seen: Seen) -> Verdict | None:
    """Nothing is bought for a request that is answered with an error."""
    if seen.exchange.upstream is None or seen.exchange.fault or not seen.refused:
        return None
    return equal(expected="nothing bought", actual=_bought(Both(seen)))


def _bought(both: Both) -> str:
    return f"{len(both.bought)} request(s) served by the upstream" if both.bought else "nothing bought"
