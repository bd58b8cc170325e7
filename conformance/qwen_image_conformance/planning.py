"""The command `plan`: from names to a plan, and the plan for reading."""

from __future__ import annotations

from collections import Counter
from typing import Any

import click
import orjson

from qwen_image_conformance.choose import clauses_of, models_of, provider_of
from qwen_image_conformance.plan import Plan, make_plan
from qwen_image_conformance.probe import Probe, Tier
from qwen_image_conformance.upstream.gateway import Gateway
from qwen_image_spec.loader import load
from qwen_image_spec.model import Provider, Spec


def prepare(
    provider: str,
    models: tuple[str, ...],
    select: tuple[str, ...],
    tier: str,
    *,
    gateway: Gateway | None = None,
    both_ends: bool = False,
) -> tuple[Spec, Provider, Plan]:
    """The plan for names from the command line. Raises UsageProblem for a name that does not exist."""
    spec = load()
    chosen = provider_of(provider, spec)
    return (
        spec,
        chosen,
        make_plan(
            spec,
            chosen,
            models_of(models, chosen),
            Tier(tier),
            clauses_of(select, spec),
            gateway=gateway,
            both_ends=both_ends,
        ),
    )


def show(spec: Spec, provider: Provider, plan: Plan, *, as_json: bool) -> None:
    """Print a plan."""
    total, unknown = plan.cost(spec)
    if as_json:
        click.echo(orjson.dumps(_data(plan, total, unknown), option=orjson.OPT_INDENT_2))
        return
    click.echo(f"{provider.title}: tier {plan.tier}, {len(plan.models)} model(s), {len(plan.cases)} cases\n")
    width = max(len(name) for name in plan.models)
    bought = Counter[str]()
    sent = Counter[str]()
    for probe in plan.probes:
        bought[probe.model] += probe.buys
        sent[probe.model] += 1
    click.echo(f"{'model':<{width}}  requests  pictures  price")
    for name in plan.models:
        price = spec.prices.get((provider.id, name))
        text = f"{bought[name] * float(price.amount):.2f} {price.currency}" if price else "unknown"
        click.echo(f"{name:<{width}}  {sent[name]:>8}  {bought[name]:>8}  {text}")
    cost = " + ".join(f"{amount:.2f} {currency}" for currency, amount in total.items()) or "nothing known"
    if plan.images:
        click.echo(
            f"\none bought picture decides {plan.paid_cases / plan.images:.1f} cases; asked one by one they would take at least "
            f"{plan.paid_cases} pictures",
            nl=False,
        )
    click.echo(
        f"\n{len(plan.probes)} requests, {sum(not probe.buys for probe in plan.probes)} of them refusals that cost nothing; "
        f"{plan.images} pictures; price: {cost}"
        + (f", {len(unknown)} model(s) of unknown price" if unknown else "")
    )


def _data(plan: Plan, total: dict[str, Any], unknown: tuple[str, ...]) -> dict[str, Any]:
    return {
        "provider": plan.provider,
        "tier": plan.tier.value,
        "models": list(plan.models),
        "requests": len(plan.probes),
        "images": plan.images,
        "paid_cases": plan.paid_cases,
        "naive_images": plan.paid_cases,
        "cost": {key: str(value) for key, value in total.items()},
        "unknown_prices": list(unknown),
        "cases": len(plan.cases),
        "probes": [_probe(probe) for probe in plan.probes],
    }


def _probe(probe: Probe) -> dict[str, Any]:
    return {
        "id": probe.id,
        "model": probe.model,
        "operation": probe.operation,
        "method": probe.method,
        "path": probe.path,
        "images": probe.buys,
        "tier": probe.tier.value,
        "clauses": list(probe.clauses),
        "body": probe.body.decode("utf-8", "replace"),
    }
