"""Stock Schemathesis, Schemathesis with our checks, and our suite, on the same defects: found, requests, seconds.

Each defect is built into the same mock, one at a time. Schemathesis gets the generated OpenAPI document of the one
model and its default options; our suite sends its plan for that model. Requests are what the server received,
pictures fetched included.

    python bench/schemathesis.py --write docs/schemathesis.md
"""

# ruff: noqa: E402 # where the defects are must be said before they are imported
from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

# Our own folder comes last: this file has the name of what it measures.
sys.path[:] = [str(Path(__file__).parent.parent / "tests"), *sys.path[1:], str(Path(__file__).parent)]

from schemathesis_table import NONE, Outcome, Row, mark, report

from defects.catalogue import DEFECTS
from defects.places import SPEC, plan_of
from defects.stage import Stage
from defects.wrap import Asgi, Defect
from qwen_image_conformance import campaign, schemathesis_run
from qwen_image_conformance.plan import Plan, make_plan
from qwen_image_conformance.probe import Tier
from qwen_image_conformance.target import Target, make_target
from qwen_image_mock import Settings, create_app, serve
from qwen_image_spec.model import Provider

DEFAULT = ("dieyuyun/qwen-image-2.0", "dashscope/qwen-image-plus")
CONTROL = Defect(NONE, "", "", "")
SEED = 1


@dataclass
class Counter:
    """Counts the requests that reach a server."""

    app: Asgi
    requests: int = 0

    async def __call__(self, scope: dict[str, Any], receive: Any, send: Any) -> None:
        """Count and pass on."""
        self.requests += scope["type"] == "http" and not scope["path"].startswith("/_mock")
        await self.app(scope, receive, send)


@dataclass
class Bench:
    """The server, and what counts its requests."""

    stage: Stage
    counter: Counter
    url: str
    examples: int

    def measured(self, defect: Defect, ask: Callable[[], tuple[tuple[str, ...], int | None]]) -> Outcome:
        """What one tool says of a defect, with requests and seconds."""
        broken = () if defect.id == CONTROL.id else (defect,)
        before, start = self.counter.requests, time.perf_counter()
        with self.stage.broken(*broken):
            named, until = ask()
        return Outcome(named, self.counter.requests - before, time.perf_counter() - start, until)

    def target(self, provider: Provider) -> Target:
        """The server under a provider's prefix."""
        return make_target(provider, f"{self.url}/{provider.id}")

    def bare(self, provider: Provider, model: str) -> tuple[tuple[str, ...], None]:
        """The codes stock Schemathesis reports."""
        return self._codes(provider, model, {})

    def stock(self, provider: Provider, model: str) -> tuple[tuple[str, ...], None]:
        """The codes stock Schemathesis reports, without its false alarms."""
        hooks = {
            "SCHEMATHESIS_HOOKS": schemathesis_run.HOOKS,
            "QWEN_IMAGE_PROVIDER": provider.id,
            "QWEN_IMAGE_FETCH": "0",
        }
        groups = sorted({clause.group.replace("-", "_") for clause in SPEC.clauses.values()})
        own = ",".join(f"qwen_image_{group}" for group in groups)
        return self._codes(provider, model, hooks, "--exclude-checks", own)

    def _codes(
        self, provider: Provider, model: str, hooks: dict[str, str], *options: str
    ) -> tuple[tuple[str, ...], None]:
        narrow = schemathesis_run.only(provider, (model,))
        found = schemathesis_run.run(narrow, self.target(provider), self.examples, SEED, hooks, *options)
        return tuple(sorted(found.codes)), None

    def hooked(self, provider: Provider, model: str) -> tuple[tuple[str, ...], None]:
        """The clauses Schemathesis reports with our checks."""
        target = self.target(provider)
        found = schemathesis_run.explore(SPEC, provider, target, (model,), self.examples, SEED)
        return tuple(sorted({finding.clause for finding in found.findings})), None

    def suite(self, defect: Defect, provider: Provider, model: str) -> tuple[tuple[str, ...], int | None]:
        """The clauses our suite finds broken, and the request that broke the defect's own."""
        return self.run(defect, provider, plan_of(provider.id, model, defect.tier))

    def alone(self, defect: Defect, provider: Provider, model: str) -> tuple[tuple[str, ...], int | None]:
        """The same with `--select` of the defect's clause; the whole plan at the right server."""
        if not defect.clause:
            return self.suite(defect, provider, model)
        return self.run(
            defect, provider, make_plan(SPEC, provider, [model], Tier(defect.tier), [defect.clause])
        )

    def run(self, defect: Defect, provider: Provider, plan: Plan) -> tuple[tuple[str, ...], int | None]:
        """What a plan finds."""
        with TemporaryDirectory() as folder:
            done = campaign.run(SPEC, provider, self.target(provider), plan, Path(folder))
        broken = [case for case in done.cases if case["status"] in ("fail", "warn")]
        own = [case["exchange"] for case in broken if case["clause"] == defect.clause]
        until = min((max(int(name[1:]) for name in text.split()) for text in own if text), default=None)
        return tuple(sorted({case["clause"] for case in broken})), until

    def row(self, defect: Defect, provider: Provider, model: str) -> Row:
        """Every tool on one defect."""
        return Row(
            defect,
            self.measured(defect, lambda: self.stock(provider, model)),
            self.measured(defect, lambda: self.hooked(provider, model)),
            self.measured(defect, lambda: self.suite(defect, provider, model)),
            self.measured(defect, lambda: self.alone(defect, provider, model)),
        )


def rows(bench: Bench, place: str, most: int | None) -> Iterator[Row]:
    """The right server first, then every defect that has a MUST or SHOULD clause at the place."""
    name, _, model = place.partition("/")
    provider = SPEC.providers[name]
    control = bench.row(CONTROL, provider, model)
    yield replace(control, stock=bench.measured(CONTROL, lambda: bench.bare(provider, model)))
    chosen = [
        one
        for one in DEFECTS.values()
        if (one.provider, one.model) == (name, model) and one.level != "OBSERVE"
    ]
    for defect in chosen[:most]:
        yield bench.row(defect, provider, model)


def main() -> None:
    """Run the comparison."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("places", nargs="*", default=list(DEFAULT), metavar="PROVIDER/MODEL")
    parser.add_argument("-n", "--examples", type=int, default=50)
    parser.add_argument("--most", type=int, help="only the first defects of each place")
    parser.add_argument("--write", type=Path)
    asked = parser.parse_args()
    stage = Stage(create_app(Settings(seed=1, task_seconds=0.05)))
    counter = Counter(stage)
    places: dict[str, list[Row]] = {}
    with serve(app=counter) as mock:
        bench = Bench(stage, counter, mock.url, asked.examples)
        for place in asked.places:
            places[place] = []
            for row in rows(bench, place, asked.most):
                places[place].append(row)
                print(
                    place,
                    row.defect.id,
                    *(mark(row, tool) for tool in range(3)),
                    row.suite.requests,
                    sep="\t",
                    flush=True,
                )
    text = report(places, asked.examples, SPEC.version)
    if asked.write:
        asked.write.write_text(text, "utf-8")
    print(text)


if __name__ == "__main__":
    main()
