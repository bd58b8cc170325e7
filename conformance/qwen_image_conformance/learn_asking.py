"""Asking a target all that is learned from: the plan of a run, and beyond it where its sizes and counts end."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from qwen_image_conformance import campaign
from qwen_image_conformance.budget import Budget
from qwen_image_conformance.learn_exploring import Explorer, Tell
from qwen_image_conformance.plan import make_plan
from qwen_image_conformance.probe import Tier
from qwen_image_conformance.problems import Stop, UsageProblem
from qwen_image_conformance.target import Target
from qwen_image_spec.model import Provider, Spec

_UNLIMITED = 10**9


@dataclass(frozen=True)
class Asked:
    """Where the evidence is, how many pictures were bought, and what ended the asking early."""

    folder: Path
    images: int
    stopped: Stop | None = None


def ask(
    spec: Spec,
    provider: Provider,
    target: Target,
    models: tuple[str, ...],
    folder: Path,
    *,
    max_images: int | None,
    about: Mapping[str, str | None],
    tell: Tell = lambda _: None,
) -> Asked:
    """Ask a target: the plan of a run, and, where pictures cost nothing or were allowed, where its limits are.

    A target elsewhere than on this machine is asked for refusals only unless `max_images` allows more. Raises
    Unreachable when it does not answer or refuses the key.
    """
    free = target.local and max_images is None
    most = _UNLIMITED if free else max_images or 0
    plan = make_plan(spec, provider, models, Tier.CORE)
    if most == 0:
        plan = replace(plan, probes=tuple(probe for probe in plan.probes if not probe.buys))
    if not plan.probes:
        raise UsageProblem("nothing can be asked without buying pictures", "allow some with --max-images N")
    options = campaign.Options(
        max_images=most, progress=lambda index, total, *_: tell(f"plan {index + 1}/{total}"), about=about
    )
    done = campaign.run(spec, provider, target, plan, folder, options)
    bought = int(done.end["images"])
    if done.stopped is not None or most == 0:
        return Asked(folder, bought, done.stopped)
    explorer = Explorer(spec, provider, target, folder, Budget(most - bought), tell)
    stopped = explorer.explore(plan.models)
    return Asked(folder, bought + explorer.budget.spent, stopped)
