"""A successful answer as a whole."""

from __future__ import annotations

from qwen_image_conformance.checks.registry import check
from qwen_image_conformance.seen import SUCCEEDED, Seen
from qwen_image_conformance.verdict import Verdict, holds
from qwen_image_spec.pointers import MISSING


def _should_succeed(seen: Seen) -> bool:
    return seen.answered and not seen.broken and 200 <= seen.status < 300


@check("response.json")
def json_document(seen: Seen) -> Verdict | None:
    """A success is one JSON document with status 200 and says so."""
    if not _should_succeed(seen):
        return None
    said = seen.exchange.received.headers.get("content-type", "")
    good = seen.status == 200 and isinstance(seen.first_body, dict) and "json" in said
    return holds(
        good,
        expected="200, application/json, an object",
        actual=f"{seen.status}, {said}, {seen.exchange.received.body[:60]!r}",
    )


@check("response.success-means-pictures")
def success_means_pictures(seen: Seen) -> Verdict | None:
    """200 brings pictures and no error, whatever was asked."""
    if (
        not 200 <= seen.status < 300
        or seen.first_body is MISSING
        or seen.exchange.polls
        or "task_id" in seen.exchange.received.body.decode("utf-8", "replace")
    ):
        return None
    return holds(
        seen.accepted,
        expected="pictures, or a status of 400 and above",
        actual=f"{seen.status}: {seen.exchange.received.body[:160]!r}",
    )


@check("response.request-id-header")
def request_id_header(seen: Seen) -> Verdict | None:
    """The request id stands in a header too."""
    if not _should_succeed(seen):
        return None
    fact = seen.provider.facts.get("request-id.header")
    if fact is None:
        return None
    name = str(fact.value)
    return holds(
        bool(seen.exchange.received.headers.get(name)),
        expected=f"a header {name}",
        actual=sorted(seen.exchange.received.headers),
    )


@check("stream.none")
def no_stream(seen: Seen) -> Verdict | None:
    """A stream asked for, one document given (or a refusal)."""
    if b'"stream":true' not in seen.exchange.sent.body or not seen.answered:
        return None
    said = seen.exchange.received.headers.get("content-type", "")
    return holds("event-stream" not in said, expected="one JSON document, or a refusal", actual=said)


@check("response.no-error")
def no_error(seen: Seen) -> Verdict | None:
    """A success that gives code and error gives 0 and an empty text."""
    if (
        not _should_succeed(seen)
        or not isinstance(seen.first_body, dict)
        or not {"code", "error"} & set(seen.first_body)
    ):
        return None
    given = (seen.first_body.get("code", 0), seen.first_body.get("error", ""))
    return holds(
        given in ((0, ""), (0, None)),
        expected="code 0 and error empty",
        actual=f"code {given[0]!r}, error {given[1]!r}",
    )


@check("tasks.delivers")
def task_delivers(seen: Seen) -> Verdict | None:
    """A task that SUCCEEDED has pictures."""
    if seen.task_status != SUCCEEDED or not seen.exchange.polls:
        return None
    return holds(seen.accepted, expected="at least one picture", actual=f"{len(seen.items)} results")
