"""Exploring a target with requests nobody thought of: hypothesis draws them from the spec, the checks of a run judge them.

A server on this machine is explored freely, and a failing request is shrunk to the smallest that still fails.
Anywhere else pictures may cost money: there the requests are always the same ones, nothing is sent again to
make it smaller, refusals go first, and the budget ends it.
"""

from __future__ import annotations

import random
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from hypothesis import HealthCheck, Phase, Verbosity, given, seed, settings
from hypothesis.configuration import set_hypothesis_home_dir
from hypothesis.errors import Flaky
from hypothesis.strategies import SearchStrategy

from qwen_image_conformance import schemathesis_run
from qwen_image_conformance.budget import Budget
from qwen_image_conformance.client import Client
from qwen_image_conformance.evidence import Recorder
from qwen_image_conformance.exchange import Exchange
from qwen_image_conformance.execute import Before, Executor
from qwen_image_conformance.probe import Probe, Tier, accepted, refused
from qwen_image_conformance.problems import BudgetSpent, Unreachable
from qwen_image_conformance.single import Finding, Findings, Judge
from qwen_image_conformance.strategies.invalid import invalid_requests
from qwen_image_conformance.strategies.valid import valid_requests
from qwen_image_conformance.target import Target
from qwen_image_conformance.ways import Way, ways
from qwen_image_spec.model import Model, Provider, Spec
from qwen_image_spec.request import ImageRequest

PAID_IMAGES = 8
_TASKS_SHARE = 10
_UNJUDGED = ("stream", "is_async")


@dataclass(frozen=True)
class FuzzOptions:
    """How to explore. `max_examples` is per model, operation and kind (valid, invalid); `max_images` the hard stop.

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
    """Explore some or all models of a target. Raises Unreachable when it does not answer or refuses the key."""
    chosen = options or FuzzOptions()
    names = tuple(models) or tuple(provider.models)
    start = time.monotonic()
    with TemporaryDirectory(prefix="qwen-image-fuzz-") as folder, _nothing_left_behind(folder):
        session = _Session(spec, provider, target, names, chosen, Path(folder))
        try:
            session.knock()
            for name in names:
                for way in ways(provider, provider.models[name]):
                    chosen.progress(f"{name} {way.operation}")
                    session.explore(provider.models[name], way)
        finally:
            session.close()
        found = session.result()
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


def merged(*lists: Sequence[Finding]) -> list[Finding]:
    """Several lists of findings as one, the lightest of each clause, model and operation."""
    whole = Findings()
    for finding in (one for findings in lists for one in findings):
        whole.add(finding)
    return list(whole)


@dataclass
class _Numbered(Before):
    """Numbers go on from one call of the executor to the next."""

    count: int = 0

    @property
    def last(self) -> int:
        return self.count


class _Session:
    """One exploration: a client, a budget, and what was found."""

    def __init__(
        self,
        spec: Spec,
        provider: Provider,
        target: Target,
        names: tuple[str, ...],
        options: FuzzOptions,
        folder: Path,
    ) -> None:
        self.provider, self.target, self.options = provider, target, options
        self.free = target.local
        most = (
            options.max_images
            if options.max_images is not None
            else sys.maxsize
            if self.free
            else PAID_IMAGES
        )
        self.budget = Budget(most)
        self.client = Client(target, self.budget)
        self.recorder = Recorder(folder / "evidence", {"provider": provider.id}, target.key)
        self.before = _Numbered()
        self.executor = Executor(
            provider, self.client, self.recorder, self.before, first_pause=0.05 if self.free else 3.0
        )
        self.judge = Judge(
            spec, provider, lambda digest: (folder / "evidence" / "images" / digest).read_bytes(), names
        )
        self.seed = (
            options.seed
            if options.seed is not None
            else random.SystemRandom().randrange(2**32)
            if self.free
            else 0
        )
        self.findings = Findings()
        self.stopped: BudgetSpent | None = None
        self.first = provider.models[names[0]]

    def knock(self) -> None:
        """One plain request: is the target there, and does it let the key in?"""
        way = next(iter(ways(self.provider, self.first)))
        probe = refused(
            self.provider,
            self.first,
            way.operation,
            way.endpoint,
            ImageRequest(self.first.id),
            "prompt.missing",
            Tier.FULL,
        )
        if self._send(probe).received.status == 401:
            raise Unreachable(
                f"{self.target.url} refuses the key in ${self.target.variable} (401)",
                "export a key this target knows",
            )

    def explore(self, model: Model, way: Way) -> None:
        """Refusals first, since they are free; then requests that must be taken."""
        share = _TASKS_SHARE if way.operation == "submit" else 1
        count = max(self.options.max_examples // share, 1)
        invalid = invalid_requests(self.provider, model, None, way.operation)
        self._drive(
            invalid,
            count,
            lambda request: refused(
                self.provider, model, way.operation, way.endpoint, request, "fuzz", Tier.FULL
            ),
        )
        valid = valid_requests(self.provider, model, way.operation, without=_UNJUDGED)
        self._drive(
            valid,
            count,
            lambda request: accepted(
                self.provider, model, way.operation, way.endpoint, request, "fuzz", (), Tier.FULL
            ),
        )

    def _drive(
        self, requests: SearchStrategy[ImageRequest], count: int, probe: Callable[[ImageRequest], Probe]
    ) -> None:
        def example(request: ImageRequest) -> None:
            if self.stopped is not None:
                return
            try:
                found = self.judge.findings(self._send(probe(request)))
            except BudgetSpent as stop:
                self.stopped = stop
                return
            for finding in found:
                self.findings.add(finding)
            if found and self.free:
                raise _broken(found[0].clause)

        phases = (Phase.generate, Phase.shrink) if self.free else (Phase.generate,)
        run: Any = seed(self.seed)(
            settings(
                max_examples=count,
                phases=phases,
                database=None,
                deadline=None,
                derandomize=False,
                print_blob=False,
                verbosity=Verbosity.quiet,
                suppress_health_check=list(HealthCheck),
            )(given(requests)(example))
        )
        try:
            run()
        except* (Broken, Flaky):
            pass  # kept in self.findings; a target that answers differently the second time is still told

    def _send(self, probe: Probe) -> Exchange:
        self.before.count = self.executor.sent
        return next(iter(self.executor.run((probe,), lambda *_: None)))

    def close(self) -> None:
        """Close the connections and the file."""
        self.client.close()
        self.recorder.close({}, whole=True)

    def result(self) -> Fuzzed:
        """What was found, and how."""
        notes = (
            []
            if self.free
            else [
                f"{self.target.url} may charge for pictures: the requests are the same in every run, none was sent again to shrink it, "
                f"and at most {self.budget.most} picture(s) were bought"
            ]
        )
        findings = [Finding(**{**finding.to_json(), "seed": self.seed}) for finding in self.findings]  # type: ignore[arg-type]
        return Fuzzed(findings, self.client.requests, self.budget.spent, 0.0, self.seed, notes, self.stopped)


class Broken(AssertionError):
    """A clause was broken. Each clause has a class of its own, so that each is shrunk by itself."""


_KINDS: dict[str, type[Broken]] = {}


def _broken(clause: str) -> Broken:
    kind = _KINDS.setdefault(clause, type("Broken", (Broken,), {"clause": clause}))
    return kind(clause)


@contextmanager
def _nothing_left_behind(folder: str) -> Iterator[None]:
    """Hypothesis keeps tables in `.hypothesis` of the current folder; here they go away with the run."""
    set_hypothesis_home_dir(folder)
    try:
        yield
    finally:
        set_hypothesis_home_dir(None)
