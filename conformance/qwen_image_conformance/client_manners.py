"""How a client behaved at the mock: retries, pictures, the key, simulated conditions."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from qwen_image_conformance.client_findings import Finding, manner
from qwen_image_conformance.client_journal import LOST, Entry, Visit, accepted, state_of
from qwen_image_conformance.client_polling import polling
from qwen_image_spec.model import Provider

Json = Any
_PATIENCE = 0.1  # clocks and networks: so much earlier than Retry-After is still on time
_RETRY_HEADER = "retry-after"


@dataclass(frozen=True, slots=True)
class Tried:
    """The circumstances of a visit: `tag` stands for the key in the journal, `code` is the exit code.

    `fault` and `scenario` are what was simulated, empty for nothing; `retry_after` the seconds a simulated
    refusal asked the client to wait where that is known.
    """

    tag: str
    code: int | None
    seconds: float
    fault: str = ""
    scenario: str = ""
    retry_after: float | None = None


def manners_of(visit: Visit, provider: Provider, tried: Tried) -> Iterator[Finding]:
    """Every manner of which the visit tells something."""
    yield from _retries(visit, provider, tried)
    yield from polling(visit, provider)
    yield from _pictures(visit, provider)
    yield from _key(visit, provider, tried)
    if tried.fault or tried.scenario:
        yield _recovery(visit, provider, tried)
    ended = tried.code is not None
    yield manner(
        "client.ends",
        provider,
        kept=ended,
        expected=f"an end within {tried.seconds:g} s",
        actual=f"exit code {tried.code}" if ended else "still running: it was stopped",
    )


def _retries(visit: Visit, provider: Provider, tried: Tried) -> Iterator[Finding]:
    repeats = visit.repeats()
    if not visit.paid:
        return
    twice = [again for again in repeats if again.after in ("a success", "a lost answer")]
    sure = any(again.seeded or again.after == "a lost answer" for again in twice)
    yield manner(
        "client.paid-once",
        provider,
        kept=not twice,
        expected="each served request once",
        actual=f"sent again {len(twice)} time(s) after {_counted([a.after for a in twice])}"
        if twice
        else f"{sum(map(accepted, visit.paid))} served, none of them again",
        about=[again.second for again in twice],
        count=max(len(twice), 1),
        reason=""
        if sure or not twice
        else "the request names no seed: if a variation was wanted, n asks for it",
    )
    if repeats:
        yield manner(
            "client.retries",
            provider,
            kept=None,
            expected=None,
            count=len(repeats),
            actual=f"{len(repeats)} after {_counted([again.after for again in repeats])}",
            about=[again.second for again in repeats],
        )
    waits = [(again, wait) for again in repeats if (wait := _retry_after(again.first, tried)) is not None]
    if waits:
        early = [again for again, wait in waits if again.pause < wait - _PATIENCE]
        said = ", ".join(f"{again.pause:.1f} s instead of {wait:g} s" for again, wait in waits)
        yield manner(
            "client.retry-after",
            provider,
            kept=not early,
            expected="at least Retry-After",
            actual=said if early else "waited that long",
            about=[again.second for again in early],
            count=len(waits),
        )


def _retry_after(entry: Entry, tried: Tried) -> float | None:
    """The seconds an answer asked to wait: as the journal has its headers, else as the fault has it."""
    if int(entry["status"]) < 400:
        return None
    given = (entry.get("response_headers") or {}).get(_RETRY_HEADER)
    if given is not None:
        text = str(given)
        return float(text) if text.replace(".", "", 1).isdecimal() else None
    return tried.retry_after if entry.get("fault") else None


def _pictures(visit: Visit, provider: Provider) -> Iterator[Finding]:
    delivered, fetched = visit.delivered(), visit.fetched()
    if not delivered:
        return
    yield manner(
        "client.pictures-fetched",
        provider,
        kept=None,
        expected=f"{len(delivered)} delivered by address",
        actual=f"{len(fetched)} fetched",
        count=len(delivered),
    )
    if visit.fetches:
        other = [fetch for fetch in visit.fetches if fetch.method != "GET" and fetch.path in delivered]
        yield manner(
            "client.picture-method",
            provider,
            kept=not other,
            expected="GET",
            actual=_counted([fetch.method for fetch in other]) if other else "GET",
        )


def _key(visit: Visit, provider: Provider, tried: Tried) -> Iterator[Finding]:
    if visit.fetches:
        leaks = [fetch for fetch in visit.fetches if fetch.keyed]
        yield manner(
            "client.key-kept",
            provider,
            kept=not leaks,
            expected="no credentials at the pictures' host",
            actual=f"the key went along {len(leaks)} time(s), in {_counted([f.keyed for f in leaks])}"
            if leaks
            else f"{len(visit.fetches)} request(s) without",
            count=max(len(leaks), 1),
        )
    given = [str(entry["headers"].get("authorization", "")) for entry in visit.entries]
    other = [value for value in given if value and tried.tag not in value]
    if other:
        yield manner(
            "client.own-key",
            provider,
            kept=None,
            expected="the key of the environment",
            actual=f"another key in {len(other)} of {len(given)} requests",
        )


def _recovery(visit: Visit, provider: Provider, tried: Tried) -> Finding:
    met = [entry for entry in visit.entries if entry.get("fault")]
    rest = visit.entries[visit.entries.index(met[-1]) :] if met else ()
    direct = any(
        accepted(entry) and entry["operation"] != "submit" and entry.get("fault") not in LOST
        for entry in rest
    )
    got = direct or any(state_of(entry) == "SUCCEEDED" for entry in rest)
    word = "never met it" if not met else "recovered" if got else "did not recover"
    served = [entry for entry in visit.paid if accepted(entry)]
    told = "; it ended with 0 all the same" if met and not got and tried.code == 0 else ""
    return manner(
        "client.recovers",
        provider,
        kept=None,
        expected=tried.fault or tried.scenario,
        actual=f"{word}: {len(met)} request(s) met it, {len(visit.paid)} paid request(s) sent, "
        f"{len(served)} accepted{told}",
        about=met,
        count=max(len(met), 1),
    )


def _counted(words: Sequence[str]) -> str:
    return ", ".join(
        f"{word} ({count})" if count > 1 else word for word, count in Counter(words).most_common()
    )
