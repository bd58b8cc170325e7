"""One exploration: a client, a budget, and what was found with them."""

from __future__ import annotations

import random
import sys
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from hypothesis import HealthCheck, Phase, Verbosity, given, seed, settings
from hypothesis.errors import Flaky
from hypothesis.strategies import SearchStrategy

from qwen_image_conformance.budget import Budget
from qwen_image_conformance.client import Client
from qwen_image_conformance.evidence import Recorder
from qwen_image_conformance.exchange import Exchange
from qwen_image_conformance.execute import Before, Executor
from qwen_image_conformance.finding import Finding, Findings
from qwen_image_conformance.probe import Probe, Tier, accepted, refused
from qwen_image_conformance.problems import BudgetSpent, Unreachable
from qwen_image_conformance.single import Judge
from qwen_image_conformance.strategies.invalid import invalid_requests
from qwen_image_conformance.strategies.valid import valid_requests
from qwen_image_conformance.streamed import streamed
from qwen_image_conformance.target import Target
from qwen_image_conformance.ways import Way, ways
from qwen_image_spec.model import Model, Provider, Spec
from qwen_image_spec.request import ImageRequest

PAID_IMAGES = 8
_TASKS_SHARE = 10


class Broken(AssertionError):
    """A clause was broken. Each clause has a class of its own, so that each is shrunk by itself."""


@dataclass
class _Numbered(Before):
    """Numbers go on from one call of the executor to the next."""

    count: int = 0

    @property
    def last(self) -> int:
        return self.count


class Session:
    """One exploration: a client, a budget, and what was found."""

    def __init__(
        self,
        spec: Spec,
        provider: Provider,
        target: Target,
        names: tuple[str, ...],
        max_images: int | None,
        start: int | None,
        folder: Path,
    ) -> None:
        self.provider, self.target = provider, target
        self.free = target.local
        unlimited = sys.maxsize if self.free else PAID_IMAGES
        self.budget = Budget(max_images if max_images is not None else unlimited)
        self.client = Client(target, self.budget)
        self.recorder = Recorder(folder / "evidence", {"provider": provider.id}, target.key)
        self.before = _Numbered()
        self.executor = Executor(
            provider, self.client, self.recorder, self.before, first_pause=0.05 if self.free else 3.0
        )
        self.judge = Judge(
            spec, provider, lambda digest: (folder / "evidence" / "images" / digest).read_bytes(), names
        )
        chance = random.SystemRandom().randrange(2**32) if self.free else 0
        self.seed = start if start is not None else chance
        self.findings = Findings()
        self.stopped: BudgetSpent | None = None
        self.first = provider.models[names[0]]

    def knock(self) -> None:
        """Ask once, for nothing, whether the target is there and lets the key in."""
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

    def explore(self, model: Model, way: Way, examples: int) -> None:
        """Refusals first, since they are free; then requests that must be taken."""
        share = _TASKS_SHARE if way.operation == "submit" else 1
        count = max(examples // share, 1)
        invalid = invalid_requests(self.provider, model, None, way.operation)
        self._drive(
            invalid,
            count,
            lambda request: refused(
                self.provider, model, way.operation, way.endpoint, request, "fuzz", Tier.FULL
            ),
        )
        valid = valid_requests(self.provider, model, way.operation, without=streamed(model, way.operation))
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

    @property
    def found(self) -> list[Finding]:
        """What was found, with the seed it came from."""
        return [replace(finding, seed=self.seed) for finding in self.findings]


_KINDS: dict[str, type[Broken]] = {}


def _broken(clause: str) -> Broken:
    kind = _KINDS.setdefault(clause, type("Broken", (Broken,), {"clause": clause}))
    return kind(clause)
