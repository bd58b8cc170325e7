"""What a client of the gateway sees when the upstream has a bad day: each condition is simulated once."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from qwen_image_conformance.checks.fields import missing_or_wrong
from qwen_image_conformance.checks.registry import check, relation
from qwen_image_conformance.exchange import Arrived
from qwen_image_conformance.seen import Seen
from qwen_image_conformance.upstream.answers import delivered, empty_items, told
from qwen_image_conformance.upstream.both import Both, state_of
from qwen_image_conformance.upstream.faults import Fault, faults
from qwen_image_conformance.upstream.tokens import only_two_ended
from qwen_image_conformance.verdict import Verdict, holds, observed
from qwen_image_spec.catalogue import entry_for
from qwen_image_spec.pointers import MISSING

_AFTER = "gateway.after-"
_DEADLINE, _SLOW = "gateway.poll-deadline", "gateway.slow-answer"
_BAD_STATES = ("FAILED", "CANCELED", "UNKNOWN")


class Day:
    """An exchange during which the upstream simulated a condition, and the upstream's answer that tells of it."""

    def __init__(self, seen: Seen, fault: Fault) -> None:
        self.seen = seen
        self.fault = fault
        self.both = Both(seen)

    @property
    def happened(self) -> bool:
        """Whether the condition happened: some have no meaning at an upstream without tasks."""
        return any(one.fault for one in self.both.arrived)

    @property
    def answer(self) -> Arrived | None:
        """The upstream's last word."""
        return self.both.last

    @property
    def passed_on(self) -> bool:
        """Whether the client got the upstream's own answer, as it may where both sides speak the same style."""
        last, final = self.answer, self.seen.exchange.final
        if last is None or not self.both.same_style or self.seen.exchange.received.error:
            return False
        same = final.body.decode("utf-8", "replace") if isinstance(last.response, str) else self.seen.body
        return last.status == final.status and (same == last.response or not last.response)

    @property
    def came(self) -> str:
        """What the client got, in words."""
        return _came(self.seen)


def day_of(seen: Seen, clause: str | None = None) -> Day | None:
    """The simulated condition of an exchange, when it happened (and is judged by the clause)."""
    fault = faults().get(seen.exchange.fault)
    if fault is None or seen.exchange.upstream is None or (clause is not None and fault.clause != clause):
        return None
    day = Day(seen, fault)
    return day if day.happened else None


def outcome_of(clause: str) -> Callable[[Seen], Verdict | None]:
    """The check of what may come of a condition."""

    def outcome(seen: Seen) -> Verdict | None:
        day = day_of(seen, clause)
        if day is None:
            return None
        fault, expected = day.fault, f"{day.fault.says}: the client gets {' or '.join(day.fault.answer)}"
        came = f"{day.came}, after {seen.exchange.received.seconds:.0f} s" if clause == _SLOW else day.came
        if day.passed_on:
            return holds(True, expected=expected, actual=f"the upstream's own answer, {day.came}")
        if seen.accepted:
            good = not fault.refused and not _short(day)
            return holds(good, expected=expected, actual=_short(day) or came)
        if clause == _DEADLINE and "Timeout" in seen.exchange.received.error:
            return observed(f"nothing within the suite's own patience: {day.came}", expected=expected)
        refused = seen.refused or not seen.answered
        status = 500 if seen.status == 200 and refused else seen.status
        return holds(refused and fault.allows(status), expected=expected, actual=came)

    outcome.__doc__ = "What may come of the condition, and nothing else."
    return outcome


def _short(day: Day) -> str:
    """What is wrong with the pictures that came: entries without a picture, or not those the upstream delivered."""
    here, empty = delivered(day.seen.body), empty_items(day.seen.body)
    there = sum(delivered(call.response) for call in day.both.served) or (
        delivered(day.answer.response) if day.answer is not None else 0
    )
    if empty:
        return f"{empty} of {here + empty} entries have no picture"
    return "" if here == there else f"{here} picture(s); the upstream delivered {there}"


for _clause in (
    "gateway.fault-status",
    "gateway.error-in-200",
    "gateway.failed-task",
    "gateway.partial",
    "gateway.slow-answer",
    "gateway.poll-resilience",
    "gateway.poll-deadline",
):
    check(_clause)(outcome_of(_clause))


def _refused(seen: Seen) -> Day | None:
    """A condition that ended in an error with a reason, told to the client as an error."""
    day = day_of(seen)
    bad = (
        day is not None
        and day.answer is not None
        and (day.answer.status >= 400 or state_of(day.answer) in _BAD_STATES or told(day.answer).code)
    )
    return day if day is not None and bad and day.fault.told and seen.refused else None


@check("gateway.fault-message")
def message(seen: Seen) -> Verdict | None:
    """The upstream's message can be found in the answer."""
    day = _refused(seen)
    said = told(day.answer).message if day is not None and day.answer is not None else ""
    if day is None or not said:
        return None
    return holds(
        said in day.both.texts, expected=f"{day.fault.says}: {said!r} in the answer", actual=day.came
    )


@check("gateway.fault-code")
def code(seen: Seen) -> Verdict | None:
    """The upstream's code, or the one of the gateway's own catalogue for this condition."""
    day = _refused(seen)
    said = told(day.answer).code if day is not None and day.answer is not None else ""
    if day is None or not said:
        return None
    allowed = [said, *_own_codes(day)]
    return holds(
        any(one in day.both.texts for one in allowed),
        expected=f"{day.fault.says}: the code {' or '.join(allowed)}",
        actual=day.came,
    )


def _own_codes(day: Day) -> list[str]:
    """The codes that the gateway's own catalogue has for a condition."""
    clause = f"fault.{day.fault.row or day.fault.id}"
    row = entry_for(clause, day.seen.provider, day.seen.model)
    return (
        [row.code, *row.codes] if row is not None and row.code is not None and clause in row.raised_by else []
    )


@check("gateway.fault-shape")
def shape(seen: Seen) -> Verdict | None:
    """An error for the client has the gateway's own shape, whatever the upstream sent."""
    day = day_of(seen)
    if day is None or seen.status < 400:
        return None
    if day.passed_on:
        return holds(True, expected="the provider's error shape", actual="the upstream's own answer")
    fields = [field for field in seen.provider.error_fields if field.clause == "errors.shape"]
    if seen.first_body is MISSING:
        return holds(False, expected="one JSON document in the provider's error shape", actual=day.came)
    return missing_or_wrong(seen.first_body, fields)


@check("gateway.retry-after")
def retry_after(seen: Seen) -> Verdict | None:
    """The upstream's Retry-After."""
    day = day_of(seen)
    wanted = told(day.answer).retry_after if day is not None and day.answer is not None else ""
    if not wanted or seen.status != 429:
        return None
    came = seen.exchange.received.headers.get("retry-after")
    return holds(
        came == wanted, expected=f"Retry-After: {wanted}", actual=f"Retry-After: {came}" if came else "none"
    )


@check("gateway.request-id")
def request_id(seen: Seen) -> Verdict | None:
    """The upstream's request id, in the body or in a header."""
    day = _refused(seen)
    wanted = told(day.answer).request_id if day is not None and day.answer is not None else ""
    if day is None or not wanted:
        return None
    heads = " ".join(seen.exchange.final.headers.values())
    return holds(
        wanted in day.both.texts or wanted in heads,
        expected=f"the upstream's request id {wanted}",
        actual=day.came,
    )


@check("gateway.not-repeated")
def not_repeated(seen: Seen) -> Verdict | None:
    """One request for pictures, also when its answer is bad or lost: the first may have been paid."""
    day = day_of(seen)
    if day is None or not day.fault.paid:
        return None
    calls = day.both.calls
    spread = [call.status for call in calls]
    wanted = seen.effective.get("n", 1)
    allowed = wanted if len(day.both.served) == wanted else 1
    return holds(
        len(calls) <= allowed,
        expected=f"{day.fault.says}: one request for pictures",
        actual=f"{len(calls)} request(s), answered with {', '.join(map(str, spread)) or 'nothing'}",
    )


@check("gateway.amplification")
def amplification(seen: Seen) -> Verdict | None:
    """How many requests reach the upstream while it asks to be left alone."""
    day = day_of(seen)
    if day is None or day.fault.paid:
        return None
    return holds(
        len(day.both.calls) <= 1,
        expected=f"{day.fault.says}: one request at the upstream",
        actual=f"{len(day.both.calls)} requests at the upstream",
    )


@relation("gateway.recovers")
def recovers(group: Sequence[Seen]) -> Verdict | None:
    """The first plain request after each condition is served, at a model that serves plain requests."""
    if not any(seen.accepted for seen in group if not only_two_ended(seen.exchange.probe)):
        return None
    after = [(name, seen) for seen in group if (name := _after(seen))]
    late = [(name, seen) for name, seen in after if not seen.accepted]
    if not after:
        return None
    return holds(
        not late,
        expected="after every condition at the upstream the first plain request is served",
        actual=[f"after {name}: {_came(seen)}" for name, seen in late]
        or f"served after {len(after)} condition(s)",
        about=tuple(_pairs(group, late[:2])),
    )


def _pairs(group: Sequence[Seen], late: Sequence[tuple[str, Seen]]) -> Iterator[str]:
    """The request that met each condition, then the plain one that was not served: together they show it again."""
    for name, seen in late:
        met = [one.exchange.id for one in group if one.exchange.fault == name]
        yield from (*met[:1], seen.exchange.id)


def _after(seen: Seen) -> str:
    """The condition that an exchange follows as the first plain request, empty for others."""
    name, _, attempt = seen.exchange.probe.partition(":")[0].rpartition("-")
    return name.removeprefix(_AFTER) if name.startswith(_AFTER) and attempt == "0" else ""


def _came(seen: Seen) -> str:
    received = seen.exchange.received
    return f"no answer: {received.error}" if received.error else seen.came
