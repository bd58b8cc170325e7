"""Exploring a target with requests nobody thought of: drawn from the spec, judged by the checks of a run.

A server on this machine is explored freely, and a failing request is shrunk to the smallest that still fails.
Anywhere else pictures may cost money: there the requests are always the same ones, nothing is sent again to
make it smaller, refusals go first, and the budget ends it.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory

from hypothesis.configuration import set_hypothesis_home_dir

from qwen_image_conformance import schemathesis_run
from qwen_image_conformance.finding import Finding, merged
from qwen_image_conformance.fuzz_session import Session
from qwen_image_conformance.problems import BudgetSpent
from qwen_image_conformance.target import Target
from qwen_image_conformance.ways import ways
from qwen_image_spec.model import Provider, Spec


@dataclass(frozen=True)
class FuzzOptions:
    """How to explore: `max_examples` per model, operation and kind (valid, invalid), `max_images` at most.

    Without `max_images` a server on this machine has no limit, any other delivers at most 8 pictures.
    `reference` is what `--provider` was given, for a provider that is not one of the shipped ones.
    """

    max_examples: int = 50
    seed: int | None = None
    max_images: int | None = None
    schemathesis: bool = True
    reference: str = ""
    progress: Callable[[str], None] = lambda _: None


@dataclass
class Fuzzed:
    """What exploring found. `notes` say what was left out and why."""

    findings: list[Finding]
    requests: int
    images: int
    seconds: float
    seed: int
    notes: list[str] = field(default_factory=list)
    stopped: BudgetSpent | None = None

    @property
    def exit_code(self) -> int:
        """1 when a MUST clause is broken, 4 when the budget ended it before, else 0."""
        if any(finding.status == "fail" for finding in self.findings):
            return 1
        return self.stopped.code if self.stopped is not None else 0


def fuzz(
    spec: Spec,
    provider: Provider,
    target: Target,
    models: Sequence[str] = (),
    options: FuzzOptions | None = None,
) -> Fuzzed:
    """Explore models of a target. Raises Unreachable when it does not answer or refuses the key."""
    chosen = options or FuzzOptions()
    names = tuple(models) or tuple(provider.models)
    start = time.monotonic()
    with TemporaryDirectory(prefix="qwen-image-fuzz-") as folder, _nothing_left_behind(folder):
        session = Session(spec, provider, target, names, chosen.max_images, chosen.seed, Path(folder))
        try:
            session.knock()
            for name in names:
                for way in ways(provider, provider.models[name]):
                    chosen.progress(f"{name} {way.operation}")
                    session.explore(provider.models[name], way, chosen.max_examples)
        finally:
            session.close()
        found = Fuzzed(session.found, session.client.requests, session.budget.spent, 0.0, session.seed)
        found.stopped = session.stopped
        if not session.free:
            found.notes.append(_about_paying(target, session.budget.most))
        if chosen.schemathesis and session.stopped is None:
            chosen.progress("schemathesis")
            stock = schemathesis_run.explore(
                spec, provider, target, names, chosen.max_examples, found.seed, chosen.reference
            )
            found.findings = merged(found.findings, stock.findings)
            found.requests += stock.requests
            found.notes += stock.notes
    found.seconds = round(time.monotonic() - start, 3)
    return found


def _about_paying(target: Target, most: int) -> str:
    return (
        f"{target.url} may charge for pictures: the requests are the same in every run, "
        f"none was sent again to make it smaller, and at most {most} picture(s) were bought"
    )


@contextmanager
def _nothing_left_behind(folder: str) -> Iterator[None]:
    """Hypothesis keeps tables in `.hypothesis` of the current folder; here they go away with the run."""
    set_hypothesis_home_dir(folder)
    try:
        yield
    finally:
        set_hypothesis_home_dir(None)
