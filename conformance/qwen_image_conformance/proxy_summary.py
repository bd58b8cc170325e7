"""What a proxy tells: drift as it is found, and what the traffic decided in the end."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable
from dataclasses import dataclass

from rich.console import Console
from rich.text import Text

from qwen_image_conformance.proxy_drift import Drift, Live
from qwen_image_conformance.verdict import Status
from qwen_image_spec.cases import ANY
from qwen_image_spec.model import Spec

_LONGEST = 200


@dataclass(frozen=True, slots=True)
class Summary:
    """What passed and what it showed. `broken` counts how often each (clause, model) was found broken."""

    requests: int
    judged: int
    unmatched: int
    seen: frozenset[str]
    unseen: frozenset[str]
    broken: dict[tuple[str, str], int]
    must: int
    should: int

    def exit_code(self, fail_on: str) -> int:
        """0, or 1 when something of the level `fail_on` (`must`, `should`, `never`) is broken."""
        return int((self.must > 0 and fail_on != "never") or (self.should > 0 and fail_on == "should"))


def summary_of(live: Live, requests: int, unmatched: int) -> Summary:
    """The summary of traffic so far."""
    seen, unseen = live.seen()
    statuses = [result.status for result in live.results()]
    return Summary(
        requests,
        live.judged,
        unmatched,
        frozenset(seen),
        frozenset(unseen),
        dict(live.broken),
        statuses.count(Status.FAIL),
        statuses.count(Status.WARN),
    )


def tell_drift(console: Console, spec: Spec, drift: Drift) -> None:
    """Print a clause that was found broken for the first time."""
    style = "bold red" if drift.status is Status.FAIL else "yellow"
    where = "every model" if drift.model == ANY else drift.model
    clause = spec.clauses.get(drift.clause)
    console.print(
        Text.assemble(
            "drift  ",
            (drift.clause, style),
            f"  {drift.status.value}  {where} ({drift.operation})  {drift.exchange}",
        ),
        soft_wrap=True,
    )
    for name, value in (
        ("clause", clause.sentence if clause else ""),
        ("expected", drift.expected),
        ("came", drift.actual),
    ):
        if value not in ("", None):
            console.print(Text(f"       {name:<9}{str(value)[:_LONGEST]}"), soft_wrap=True)


def tell_summary(console: Console, summary: Summary, out: str) -> None:
    """Print what the traffic came to: which clauses it decided, which it never did, which are broken."""
    word = Text("DRIFT", style="bold red") if summary.must else Text("no MUST broken", style="bold green")
    console.print(
        Text.assemble(
            "\n",
            word,
            f"  {summary.requests} requests, {summary.judged} judged, "
            f"{summary.unmatched} to paths outside the contract",
        ),
        soft_wrap=True,
    )
    for (clause, model), count in sorted(summary.broken.items(), key=lambda pair: -pair[1]):
        console.print(
            Text(f"  {count:>6} x  {clause}  {'every model' if model == ANY else model}"), soft_wrap=True
        )
    _names(console, "clauses seen", summary.seen)
    _names(console, "never seen", summary.unseen)
    console.print(
        f"evidence and results: {out}\njudge it again, with clauses that compare answers: "
        f"qwen-image-conformance judge {out}",
        markup=False,
        highlight=False,
        soft_wrap=True,
    )


def _names(console: Console, title: str, names: Iterable[str]) -> None:
    known = sorted(names)
    console.print(f"{title}: {len(known)}", markup=False, highlight=False)
    for line in textwrap.wrap(", ".join(known), max(console.width - 4, 40), break_on_hyphens=False):
        console.print(f"  {line}", markup=False, highlight=False)
