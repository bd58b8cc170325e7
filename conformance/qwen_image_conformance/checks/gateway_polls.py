"""How a gateway follows the tasks it began at the upstream."""

from __future__ import annotations

from qwen_image_conformance.checks.registry import check
from qwen_image_conformance.client_polling import busiest, rate_of
from qwen_image_conformance.seen import Seen
from qwen_image_conformance.upstream.both import FINAL, Both, state_of
from qwen_image_conformance.verdict import Verdict, holds

_MISTAKES = (401, 403, 404, 405)


def _followed(seen: Seen) -> Both | None:
    """Both ends of an exchange whose task the gateway followed by itself."""
    both = Both(seen)
    return both if both.queries and not seen.exchange.polls else None


@check("gateway.poll-request")
def request(seen: Seen) -> Verdict | None:
    """A plain GET with credentials."""
    both = Both(seen)
    if not both.queries:
        return None
    wrong = []
    for query in both.queries:
        if query.status in _MISTAKES and not query.fault:
            wrong.append(f"{query.method} {query.path} was answered with {query.status}")
        elif "authorization" not in query.headers:
            wrong.append(f"{query.method} {query.path} without Authorization")
        elif query.body is not None:
            wrong.append(f"{query.method} {query.path} with a body")
    return holds(
        not wrong, expected="GET of the task with Authorization and no body", actual=wrong[:3] or "so it was"
    )


@check("gateway.poll-rate")
def rate(seen: Seen) -> Verdict | None:
    """Not more often than the upstream allows."""
    both = _followed(seen)
    allowed = rate_of(both.upstream.provider) if both is not None and both.upstream is not None else None
    if both is None or allowed is None:
        return None
    most, window = allowed
    here = busiest(sorted(query.time for query in both.queries), window)
    return holds(
        here <= most, expected=f"at most {most} queries in {window:g} s", actual=f"{here} in {window:g} s"
    )


@check("gateway.poll-end")
def end(seen: Seen) -> Verdict | None:
    """No query after a final state."""
    both = _followed(seen)
    if both is None:
        return None
    states = [state_of(query) for query in both.queries]
    ends = [index for index, state in enumerate(states) if state in FINAL]
    late = len(states) - 1 - ends[0] if ends else 0
    return holds(
        not late,
        expected="no query after a final state",
        actual=f"{late} after {states[ends[0]]}" if late else "none",
    )


@check("gateway.task-collected")
def collected(seen: Seen) -> Verdict | None:
    """A task that was begun is followed to its end."""
    both = Both(seen)
    begun = [call for call in both.served if call.operation == "submit"]
    if not begun or seen.exchange.operation == "submit" or seen.exchange.fault:
        return None
    states = [state_of(query) for query in both.queries]
    ended = sum(state in FINAL for state in states)
    return holds(
        ended >= len(begun),
        expected="the task is queried until it ends",
        actual=f"{len(states)} queries, the last told {states[-1]}" if states else "never queried",
    )
