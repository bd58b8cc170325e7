"""A whole run: plan, execute, keep the evidence, judge, write the results."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from importlib.metadata import version
from pathlib import Path
from typing import Any

from qwen_image_conformance import events
from qwen_image_conformance.baseline import Baseline
from qwen_image_conformance.budget import Budget
from qwen_image_conformance.client import Client
from qwen_image_conformance.evidence import Recorder, Recording
from qwen_image_conformance.exchange import Exchange
from qwen_image_conformance.execute import Before, Executor
from qwen_image_conformance.judge import Result
from qwen_image_conformance.plan import Plan
from qwen_image_conformance.probe import Probe
from qwen_image_conformance.problems import BudgetSpent, Stop, Unreachable, UsageProblem
from qwen_image_conformance.report import junit
from qwen_image_conformance.selection import selects
from qwen_image_conformance.target import Target
from qwen_image_conformance.upstream.gateway import Gateway
from qwen_image_conformance.upstream.journal import Watch
from qwen_image_conformance.upstream.judging import judged
from qwen_image_conformance.upstream.tokens import Tokens, prepared
from qwen_image_spec.model import Provider, Spec

_NO_LIMIT = 10**9
_LOCAL_TASKS = 32
Progress = Callable[[int, int, int, Probe], None]


@dataclass
class Run:
    """What a run found. `stopped` tells what cut it short; `events` is the result file as data."""

    head: dict[str, Any]
    results: list[Result]
    exchanges: list[Exchange]
    end: dict[str, Any]
    out: Path
    stopped: Stop | None = None
    cases: list[dict[str, Any]] = field(default_factory=list)

    @property
    def exit_code(self) -> int:
        """The exit code of the contract: a failure found counts more than a budget that ended."""
        found = events.exit_code(self.results)
        return found if found or self.stopped is None else self.stopped.code


@dataclass(frozen=True)
class Options:
    """How a run is made. `prices` are per picture and model; `resume` goes on with the run that `out` holds.

    `journal` is the address of the mock behind the target, `gateway` what is known of the target in between;
    `concurrency` is how many requests may be under way at once.
    """

    max_images: int | None = None
    max_cost: Decimal | None = None
    prices: Mapping[str, Decimal] = field(default_factory=dict)
    select: Sequence[str] = ()
    progress: Progress = lambda *_: None
    resume: bool = False
    about: Mapping[str, Any] = field(default_factory=dict)
    journal: str | None = None
    gateway: Gateway = field(default_factory=Gateway)
    concurrency: int = 1


def run(
    spec: Spec, provider: Provider, target: Target, plan: Plan, out: Path, options: Options | None = None
) -> Run:
    """Send a plan to a target and judge what comes. Raises Unreachable when the target does not answer or refuses the key.

    With a journal, raises UsageProblem when no mock answers there.
    """
    chosen = options or Options()
    if chosen.journal is None:
        return _run(spec, provider, target, plan, out, chosen, None)
    with closing(Watch(chosen.journal, target.key)) as watch:
        return _run(spec, provider, target, plan, out, chosen, watch)


def _run(
    spec: Spec,
    provider: Provider,
    target: Target,
    plan: Plan,
    out: Path,
    chosen: Options,
    watch: Watch | None,
) -> Run:
    budget = Budget(
        chosen.max_images if chosen.max_images is not None else _most(plan, target),
        chosen.max_cost,
        chosen.prices,
    )
    head = _head(spec, plan, target, chosen)
    before = _before(out, plan, budget) if chosen.resume else Before()
    probes = prepared(plan.probes, provider, chosen.gateway, Tokens() if watch is not None else None)
    recorder = Recorder(out, head, target.key, resume=chosen.resume)
    client = Client(target, budget)
    executor = Executor(
        provider,
        client,
        recorder,
        before,
        tasks_at_once=_at_once(provider, plan, target),
        concurrency=chosen.concurrency,
        first_pause=0.1 if target.local else 3.0,
        watch=watch,
        gateway=chosen.gateway,
    )
    started = time.monotonic()
    stopped: Stop | None = None
    whole = False
    try:
        for exchange in executor.run(
            probes, lambda index, probe: chosen.progress(index, len(probes), budget.spent, probe)
        ):
            _let_in(exchange, target)
        whole = True
    except BudgetSpent as error:
        stopped = error
    except Unreachable:
        if not executor.answered and not chosen.resume:
            recorder.discard()
        raise
    finally:
        client.close()
        tail = {
            "requests": client.requests,
            "images": budget.spent,
            "cost": str(budget.cost),
            "seconds": round(time.monotonic() - started, 3),
            "out": str(out),
        }
        recorder.close(tail, whole=whole)
    return _judged(spec, provider, Recording(out), head, tail, out, plan.models, chosen.select, stopped)


def _before(out: Path, plan: Plan, budget: Budget) -> Before:
    """What the interrupted run in a folder left. What it bought counts as spent."""
    recording = Recording(out)
    if recording.whole:
        raise UsageProblem(f"{out} holds a run that ended", "judge it again with: judge " + str(out))
    if list(recording.head["models"]) != list(plan.models) or recording.head["tier"] != plan.tier:
        raise UsageProblem(
            f"{out} holds a run of another plan", "resume with the same provider, models and tier"
        )
    done = {exchange.probe: exchange for exchange in recording.exchanges}
    inflight = recording.inflight()
    lost = {
        name: line["buys"]
        for name, line in recording.announced.items()
        if line["buys"] and name not in done and name not in inflight
    }
    models = {probe.id: probe.model for probe in plan.probes}
    for name, exchange in done.items():
        budget.settle(0, len(exchange.pictures), models.get(name, exchange.model))
    for name, buys in lost.items():
        budget.settle(0, buys, models.get(name, ""))
    return Before(done, inflight, lost)


def rejudge(spec: Spec, provider: Provider, recording: Recording, out: Path) -> Run:
    """Judge recorded evidence again, without the network."""
    head = {**recording.head, "spec": spec.version}
    exchanges = recording.exchanges
    tail = {
        "requests": len(exchanges),
        "images": sum(len(exchange.pictures) for exchange in exchanges),
        "seconds": 0.0,
        "out": str(out),
    }
    stopped = (
        None
        if recording.whole
        else Unreachable("the recording is cut off", f"go on with: run --resume {recording.path.parent}")
    )
    return _judged(
        spec, provider, recording, head, tail, out, tuple(head["models"]), tuple(head["select"]), stopped
    )


def apply_baseline(done: Run, baseline: Baseline) -> None:
    """Mark known failures, and entries that are stale or expired, and write the results again."""
    done.results = baseline.apply(done.results, date.today())  # noqa: DTZ011 # a day as people mean it
    _write(done, {key: value for key, value in done.end.items() if key != "counts"})


def _judged(
    spec: Spec,
    provider: Provider,
    recording: Recording,
    head: dict[str, Any],
    tail: dict[str, Any],
    out: Path,
    models: tuple[str, ...],
    select: Sequence[str],
    stopped: Stop | None,
) -> Run:
    known = tuple(model for model in models if model in provider.models)
    both_ends = bool(head.get("journal"))
    results = judged(
        spec,
        provider,
        recording.exchanges,
        recording.load,
        known,
        both_ends=both_ends,
        operations=head.get("operations"),
    )
    results = [
        result for result in results if not select or selects(select, result.case.clause, result.case.group)
    ]
    done = Run(head, results, recording.exchanges, {}, out, stopped)
    _write(done, tail)
    return done


def _write(done: Run, tail: dict[str, Any]) -> None:
    """Write the result file and the JUnit report, and keep both as data."""
    done.end = {
        **tail,
        "stopped": done.stopped.cause if done.stopped is not None else "",
        "counts": events.counts(done.results),
    }
    by_id = {exchange.id: exchange for exchange in done.exchanges}
    journal = done.head.get("journal") or ""
    done.cases = [events.case_event(result, by_id, journal) for result in done.results]
    events.write(
        done.out / events.FILE, done.head, done.cases, {**done.end, "exit": events.exit_code(done.results)}
    )
    junit.write(done.out / "junit.xml", done.cases, f"{done.head['provider']} at {done.head['target']}")


def _head(spec: Spec, plan: Plan, target: Target, options: Options) -> dict[str, Any]:
    return {
        "suite": version("qwen-image-contract"),
        "spec": spec.version,
        "provider": plan.provider,
        "target": target.url,
        "models": list(plan.models),
        "tier": plan.tier.value,
        "select": list(options.select),
        "planned_images": plan.images,
        "key": f"${target.variable}",
        "time": round(time.time(), 3),
        **({"journal": options.journal} if options.journal else {}),
        **({} if options.gateway.operations is None else {"operations": list(options.gateway.operations)}),
        **options.about,
    }


def _most(plan: Plan, target: Target) -> int:
    """The limit nobody gave: none on this machine; elsewhere room for what broken refusals would buy unasked."""
    return _NO_LIMIT if target.local else plan.images * 2 + 50


def _at_once(provider: Provider, plan: Plan, target: Target) -> int:
    """How many tasks may be under way: many on this machine, elsewhere the smallest documented limit of the models asked."""
    if target.local:
        return _LOCAL_TASKS
    limits = [
        int(fact.value)
        for name in plan.models
        if (fact := provider.models[name].limits.get("async-concurrency")) is not None
        and str(fact.value).isdecimal()
    ]
    return min(limits, default=1)


def _let_in(exchange: Exchange, target: Target) -> None:
    """The first probe must be let in: a refused key makes every other answer meaningless."""
    if exchange.id == "x00001" and not exchange.breaks and exchange.received.status == 401:
        raise Unreachable(
            f"{target.url} refuses the key in ${target.variable} (401)",
            f"export {target.variable}=... with a key this target knows, or name another variable with --key-env",
        )
