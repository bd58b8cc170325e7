"""A whole run: plan, execute, keep the evidence, judge, write the results."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from importlib.metadata import version
from pathlib import Path
from typing import Any

from qwen_image_conformance import events
from qwen_image_conformance.client import Budget, Client
from qwen_image_conformance.evidence import Recorder, Recording, redacted
from qwen_image_conformance.exchange import Exchange
from qwen_image_conformance.execute import Executor
from qwen_image_conformance.judge import Result, judge
from qwen_image_conformance.plan import Plan, selects
from qwen_image_conformance.probe import Probe
from qwen_image_conformance.problems import BudgetSpent, Stop, Unreachable
from qwen_image_conformance.report import junit
from qwen_image_conformance.target import Target
from qwen_image_spec.model import Provider, Spec

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


def run(spec: Spec, provider: Provider, target: Target, plan: Plan, out: Path, *, max_images: int | None = None,
        select: Sequence[str] = (), progress: Progress = lambda *_: None) -> Run:
    """Send a plan to a target and judge what comes. Raises Unreachable when the target does not answer or refuses the key."""
    budget = Budget(max_images if max_images is not None else plan.images * 2 + 50)
    client = Client(target, budget)
    head = _head(spec, plan, target, select)
    recorder = Recorder(out, head)
    executor = Executor(provider, client, recorder.picture, tasks_at_once=_at_once(provider, plan, target),
                        first_pause=0.1 if target.local else 3.0)
    started = time.monotonic()
    stopped: Stop | None = None
    try:
        for probe, exchange in executor.run(plan.probes, lambda index, probe: progress(index, len(plan.probes), budget.spent, probe)):
            kept = redacted(exchange, target.key)
            recorder.exchange(kept)
            _let_in(kept, probe, target)
    except BudgetSpent as error:
        stopped = error
    finally:
        client.close()
        tail = {"requests": client.requests, "images": budget.spent, "seconds": round(time.monotonic() - started, 3), "out": str(out)}
        recorder.close(tail)
    return _judged(spec, provider, Recording(out), head, tail, out, plan.models, select, stopped)


def rejudge(spec: Spec, provider: Provider, recording: Recording, out: Path) -> Run:
    """Judge recorded evidence again, without the network."""
    head = {**recording.head, "spec": spec.version, "event": None}
    head.pop("event")
    exchanges = recording.exchanges
    tail = {"requests": len(exchanges), "images": sum(len(exchange.pictures) for exchange in exchanges), "seconds": 0.0, "out": str(out)}
    stopped = None if recording.whole else Unreachable("the recording is cut off", "the run that wrote it did not end")
    return _judged(spec, provider, recording, head, tail, out, tuple(head["models"]), tuple(head["select"]), stopped)


def _judged(spec: Spec, provider: Provider, recording: Recording, head: dict[str, Any], tail: dict[str, Any], out: Path,
            models: tuple[str, ...], select: Sequence[str], stopped: Stop | None) -> Run:
    known = tuple(model for model in models if model in provider.models)
    results = judge(spec, provider, recording.exchanges, recording.load, known)
    results = [result for result in results if not select or selects(select, result.case.clause, result.case.group)]
    end = {**tail, "counts": events.counts(results)}
    events.write(out / events.FILE, head, results, recording.exchanges, tail)
    by_id = {exchange.id: exchange for exchange in recording.exchanges}
    cases = [events.case_event(result, by_id) for result in results]
    junit.write(out / "junit.xml", cases, f"{provider.id} at {head['target']}")
    return Run(head, results, recording.exchanges, end, out, stopped, cases)


def _head(spec: Spec, plan: Plan, target: Target, select: Sequence[str]) -> dict[str, Any]:
    return {"suite": version("qwen-image-contract"), "spec": spec.version, "provider": plan.provider, "target": target.url,
            "models": list(plan.models), "tier": plan.tier.value, "select": list(select), "planned_images": plan.images,
            "key": f"${target.variable}", "time": round(time.time(), 3)}


def _at_once(provider: Provider, plan: Plan, target: Target) -> int:
    """How many tasks may be under way: many on this machine, elsewhere the smallest documented limit of the models asked."""
    if target.local:
        return _LOCAL_TASKS
    limits = [int(fact.value) for name in plan.models if (fact := provider.models[name].limits.get("async-concurrency")) is not None
              and str(fact.value).isdecimal()]
    return min(limits, default=1)


def _let_in(exchange: Exchange, probe: Probe, target: Target) -> None:
    """The first probe must be let in: a refused key makes every other answer meaningless."""
    if exchange.id == "x00001" and probe.credentials == "key" and exchange.received.status == 401:
        raise Unreachable(f"{target.url} refuses the key in ${target.variable} (401)",
                          f"export {target.variable}=... with a key this target knows, or name another variable with --key-env")
