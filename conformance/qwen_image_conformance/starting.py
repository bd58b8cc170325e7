"""From the options of `run` to a run: a new one, or an interrupted one that goes on."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass, replace
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Any

from qwen_image_conformance import campaign
from qwen_image_conformance.choose import provider_of
from qwen_image_conformance.configuration import Description
from qwen_image_conformance.evidence import Recording
from qwen_image_conformance.plan import Plan
from qwen_image_conformance.planning import prepare
from qwen_image_conformance.problems import UsageProblem
from qwen_image_conformance.target import Target, described, make_target
from qwen_image_spec.loader import load
from qwen_image_spec.model import Provider, Spec


@dataclass(frozen=True)
class Wishes:
    """What the user asked of `run`.

    `journal` is the address of a running mock behind the target; `both_ends` tells that there is one, or will be.
    """

    provider: str | None = None
    url: str | None = None
    key_env: str | None = None
    models: tuple[str, ...] = ()
    select: tuple[str, ...] = ()
    tier: str = "core"
    max_images: int | None = None
    max_cost: str | None = None
    prices: tuple[str, ...] = ()
    out: Path | None = None
    resume: Path | None = None
    description: Description | None = None
    journal: str | None = None
    both_ends: bool = False
    concurrency: int = 1


@dataclass(frozen=True)
class Start:
    """Everything a run needs."""

    spec: Spec
    provider: Provider
    target: Target
    plan: Plan
    out: Path
    options: campaign.Options


def prepared(wishes: Wishes, progress: campaign.Progress) -> Start:
    """Check the wishes and make the plan. Raises UsageProblem for what makes no sense."""
    return _resumed(wishes, progress) if wishes.resume is not None else _new(wishes, progress)


def _new(wishes: Wishes, progress: campaign.Progress) -> Start:
    missing = "run needs --provider and --url, or --config FILE, or --resume DIR"
    if not wishes.provider:
        raise UsageProblem("--provider is missing", missing)
    description = wishes.description or Description()
    spec, provider, plan = prepare(
        wishes.provider,
        wishes.models,
        wishes.select,
        wishes.tier,
        gateway=description.gateway,
        both_ends=wishes.both_ends,
    )
    url = wishes.url or description.url_for(provider)
    if not url:
        raise UsageProblem("--url is missing", missing)
    target = described(make_target(provider, url, wishes.key_env), description)
    out = wishes.out or Path("runs") / f"{provider.id}-{time.strftime('%Y%m%d-%H%M%S')}"
    return Start(
        spec,
        provider,
        target,
        plan,
        out,
        _options(wishes, spec, plan, progress, {"provider_file": _file(wishes.provider)}),
    )


def _resumed(wishes: Wishes, progress: campaign.Progress) -> Start:
    folder = wishes.resume
    if folder is None:
        raise UsageProblem("nothing to resume", "give the folder of the interrupted run")
    head = Recording(folder).head
    name = head.get("provider_file") or head["provider"]
    if wishes.provider and wishes.provider != name:
        raise UsageProblem(
            f"{folder} holds a run of {name!r}, not of {wishes.provider!r}", "leave --provider out"
        )
    description = wishes.description or Description()
    spec, provider, plan = prepare(
        name,
        tuple(head["models"]),
        tuple(head["select"]),
        head["tier"],
        gateway=description.gateway,
        both_ends=bool(head.get("journal")),
    )
    if head.get("journal") and not wishes.journal:
        wishes = replace(wishes, journal=head["journal"])
    target = (
        make_target(provider, head["target"], wishes.key_env) if wishes.key_env else _same(provider, head)
    )
    target = described(target, description)
    return Start(
        spec,
        provider,
        target,
        plan,
        folder,
        _options(wishes, spec, plan, progress, {}, resume=True, select=tuple(head["select"])),
    )


def _same(provider: Provider, head: Mapping[str, Any]) -> Target:
    """The target of the first run; its key from the same variable, or as for a new run."""
    try:
        return make_target(provider, head["target"], head["key"].lstrip("$"))
    except UsageProblem:
        return make_target(provider, head["target"])


def _options(
    wishes: Wishes,
    spec: Spec,
    plan: Plan,
    progress: campaign.Progress,
    about: Mapping[str, Any],
    *,
    resume: bool = False,
    select: tuple[str, ...] = (),
) -> campaign.Options:
    prices = _prices(wishes, spec, plan)
    cost = _amount(wishes.max_cost, "--max-cost") if wishes.max_cost is not None else None
    unknown = sorted({probe.model for probe in plan.probes if probe.buys} - set(prices))
    if cost is not None and unknown:
        raise UsageProblem(
            f"--max-cost needs the price of every model; unknown: {', '.join(unknown)}",
            f"give it, for example --price {unknown[0]}=0.20, or use --max-images",
        )
    return campaign.Options(
        wishes.max_images,
        cost,
        prices,
        select or wishes.select,
        progress,
        resume,
        about,
        wishes.journal,
        (wishes.description or Description()).gateway,
        wishes.concurrency,
    )


def _prices(wishes: Wishes, spec: Spec, plan: Plan) -> dict[str, Decimal]:
    known = {
        model: Decimal(price.amount)
        for (provider, model), price in spec.prices.items()
        if provider == plan.provider
    }
    for text in wishes.prices:
        model, _, amount = text.partition("=")
        if model not in plan.models:
            raise UsageProblem(
                f"--price {text!r}: {model!r} is no model of this run",
                f"write MODEL=AMOUNT, for example {next(iter(plan.models))}=0.20",
            )
        known[model] = _amount(amount, "--price")
    return known


def _amount(text: str, option: str) -> Decimal:
    try:
        value = Decimal(text)
    except InvalidOperation as error:
        raise UsageProblem(f"{option} {text!r} is no amount", "write it like 1.50") from error
    if not value.is_finite() or value < 0:
        raise UsageProblem(f"{option} {text!r} is no amount", "write it like 1.50")
    return value


def _file(provider: str | None) -> str | None:
    if provider is None or provider in load().providers:
        return None
    provider_of(provider, load())
    return provider
