"""The conditions that can be simulated, by name: what each does, where it acts, and its options.

Beside these, every row of a provider's error catalogue is a condition, by its own id (`rate-limit`) or by
what raises it (`throttle`, for the clause `fault.throttle`).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from textwrap import wrap
from typing import TYPE_CHECKING, Any

from qwen_image_spec.problems import suggestion

if TYPE_CHECKING:
    from qwen_image_spec.model import ErrorEntry, Model, Provider

Json = Any
CLAUSE = "fault."
_ENDINGS = ("d", "ed", "s")
OPTIONS = frozenset(
    {
        "retry_after", "retry_after_as", "retry_after_ms", "status", "seconds", "parts", "by", "life",
        "error", "shape", "failed", "state", "on", "times",
    }
)  # fmt: skip


class Place(StrEnum):
    """Where a condition acts."""

    REFUSAL = "refusal"
    BODY = "body"
    WIRE = "wire"
    PICTURES = "pictures"
    TASK = "task"
    POLL = "poll"


WHERE = {
    Place.REFUSAL: "the answer is an error of the provider's catalogue",
    Place.BODY: "the answer's body is not what the documents promise",
    Place.WIRE: "the request is served, the answer comes badly",
    Place.PICTURES: "the pictures are not all there, or not for long",
    Place.TASK: "asked for when the task is submitted",
    Place.POLL: "queries of a task are answered so, then it goes on",
}


@dataclass(frozen=True, slots=True)
class Kind:
    """One condition.

    `rows` are the catalogue's clauses to answer with, best first; `defaults` its options.
    """

    name: str
    place: Place
    says: str
    rows: tuple[str, ...] = ()
    defaults: Mapping[str, Json] = field(default_factory=dict)

    def happens_at(self, operation: str) -> bool:
        """Whether the condition has a meaning at an operation."""
        match self.place:
            case Place.TASK:
                return operation == "submit"
            case Place.POLL:
                return operation in ("submit", "query")
            case Place.PICTURES:
                return operation in ("generate", "edit", "submit")
            case _:
                return True


def _refusal(name: str, says: str, *rows: str, **defaults: Json) -> Kind:
    return Kind(name, Place.REFUSAL, says, rows, defaults)


_KINDS = (
    _refusal("throttle", "429 with Retry-After (retry_after=SECONDS or none)", "throttle"),
    _refusal("throttle-date", "429, Retry-After as a date", "throttle", retry_after=2, retry_after_as="date"),
    _refusal("throttle-ms", "429, retry-after-ms", "throttle", retry_after="none", retry_after_ms=500),
    _refusal("throttle-long", "429, Retry-After above what clients wait for", "throttle", retry_after=300),
    _refusal("rate-quota", "429, the submit rate is exceeded", "rate-quota", "throttle"),
    _refusal("burst", "429, the rate rises too fast", "burst", "throttle"),
    _refusal("concurrency", "429, too many tasks at once", "concurrency", "throttle"),
    _refusal("quota", "429, the quota is used up", "quota", "throttle"),
    _refusal("arrearage", "the account owes money", "arrearage"),
    _refusal("data-inspection", "moderation refuses the prompt", "data-inspection"),
    _refusal(
        "output-inspection",
        "moderation refuses the picture; a task fails with it, or with failed=N so many of its pictures do",
        "output-inspection",
        "data-inspection",
    ),
    _refusal("server-error", "500", "server-error"),
    _refusal("500", "the same", "server-error", status=500),
    _refusal("502", "500 by its body, 502 by its status", "server-error", status=502),
    _refusal("503", "the model is not available", "unavailable", "server-error", status=503),
    _refusal("504", "500 by its body, 504 by its status", "timeout", "server-error", status=504),
    Kind("html", Place.BODY, "a proxy's error page (status=502)", defaults={"status": 502}),
    Kind("empty-body", Place.BODY, "no body at all (status=200)", defaults={"status": 200}),
    Kind("ok-error", Place.BODY, "status 200 with an error's body (error=NAME)",
         ("server-error",), {"status": 200}),
    Kind("truncated", Place.WIRE, "half the body of what Content-Length says, then the connection closes"),
    Kind("reset", Place.WIRE, "the connection is reset without an answer; the request was served"),
    Kind("slow-headers", Place.WIRE, "nothing for a time (seconds=2)", defaults={"seconds": 2}),
    Kind("slow-drip", Place.WIRE, "the body in parts, with pauses (seconds=2 in all, parts=8)",
         defaults={"seconds": 2, "parts": 8}),
    Kind("one-event", Place.WIRE, "the answer as a stream of server-sent events that has one"),
    Kind("stream-error", Place.WIRE, "a stream of events breaks off with an error event (error=NAME)",
         ("server-error",)),
    Kind("empty-data", Place.PICTURES, "success, and the list of pictures is empty"),
    Kind("fewer", Place.PICTURES, "fewer pictures than asked for (by=1)", defaults={"by": 1}),
    Kind("expiring-url", Place.PICTURES, "addresses live shorter (life=0 seconds)", defaults={"life": 0}),
    Kind("task-failed", Place.TASK, "the task ends FAILED (error=NAME, shape=inside|beside|bare)",
         ("server-error",)),
    Kind("task-partial", Place.TASK, "some pictures fail (failed=1, error=NAME), the task is SUCCEEDED",
         ("output-inspection", "data-inspection"), {"failed": 1}),
    Kind("task-stuck", Place.TASK, "the task stays (state=RUNNING) until the provider's own time limit",
         ("timeout", "server-error"), {"state": "RUNNING"}),
    Kind("task-slow", Place.TASK, "the task takes its time (seconds=60)", defaults={"seconds": 60}),
    Kind("task-canceled", Place.TASK, "the task ends CANCELED, by nobody's request"),
    Kind("task-unknown", Place.TASK, "the task is lost: UNKNOWN as soon as it would run"),
    Kind("failing-poll", Place.POLL, "queries answer 503 (status=N or status=html, times=2), then go on",
         ("unavailable", "server-error"), {"status": 503, "times": 2}),
)  # fmt: skip

KINDS: Mapping[str, Kind] = {kind.name: kind for kind in _KINDS}


def row_of(names: Iterable[str], provider: Provider, model: Model | None) -> tuple[ErrorEntry, str] | None:
    """The catalogue's row for the first of several names that has one, and the clause it stands for."""
    rows = (*(model.errors if model is not None else ()), *provider.errors)
    for name in names:
        for row in rows:
            if row.id == name or CLAUSE + name in row.raised_by:
                own = next((clause for clause in row.raised_by if clause.startswith(CLAUSE)), CLAUSE + name)
                return row, own
    return None


def plain_name(word: str, known: Iterable[str]) -> str:
    """The known name behind a word: without `fault.`, and without an ending (`throttled` for `throttle`)."""
    word = word.removeprefix(CLAUSE)
    names = set(known)
    if word in names:
        return word
    for ending in _ENDINGS:
        if word.endswith(ending) and word.removesuffix(ending) in names:
            return word.removesuffix(ending)
    return word


def names_of(providers: Iterable[Provider]) -> frozenset[str]:
    """Every name a condition can be asked for by, at any of the providers."""
    found = set(KINDS)
    for provider in providers:
        rows = [*provider.errors, *(row for model in provider.models.values() for row in model.errors)]
        for row in rows:
            found.add(row.id)
            found |= {clause.removeprefix(CLAUSE) for clause in row.raised_by if clause.startswith(CLAUSE)}
    return frozenset(found)


def unknown(what: str, word: str, names: Iterable[str]) -> str:
    """What to tell about a name that does not exist: the nearest one that does."""
    return f"unknown {what} {word!r}: {suggestion(word, names)}"


def overview(names: Iterable[str]) -> str:
    """The conditions for people: a line each, and the catalogue's further names."""
    lines: list[str] = []
    for place, says in WHERE.items():
        lines.append(f"{says[0].upper()}{says[1:]}:")
        lines += [f"  {kind.name:<18} {kind.says}" for kind in _KINDS if kind.place is place]
    more = sorted(set(names) - set(KINDS))
    lines += ["Any row of the provider's catalogue:"]
    lines += wrap(", ".join(more), 100, initial_indent="  ", subsequent_indent="  ", break_on_hyphens=False)
    return "\n".join(lines)
