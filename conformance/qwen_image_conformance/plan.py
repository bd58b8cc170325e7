"""What a run would send: the probes, how many pictures they buy and what that costs. Sends nothing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from qwen_image_conformance import frames, invalid, tasks, valid
from qwen_image_conformance.checks.refusals import REFUSED
from qwen_image_conformance.probe import Probe, Tier
from qwen_image_conformance.selection import chosen as chosen_for
from qwen_image_conformance.selection import selects
from qwen_image_conformance.upstream import probes as two_ended
from qwen_image_conformance.upstream.forms_only import as_taken
from qwen_image_conformance.upstream.gateway import Gateway
from qwen_image_conformance.ways import ways
from qwen_image_spec.cases import Case, cases
from qwen_image_spec.evidence import Level
from qwen_image_spec.model import Provider, Spec


@dataclass(frozen=True, slots=True)
class Plan:
    """The probes in the order of sending (refusals first: they are free) and the cases they may decide."""

    provider: str
    tier: Tier
    probes: tuple[Probe, ...]
    cases: tuple[Case, ...]
    models: tuple[str, ...]

    @property
    def images(self) -> int:
        """Pictures a right provider delivers for the whole plan."""
        return sum(probe.buys for probe in self.probes)

    @property
    def paid_cases(self) -> int:
        """Cases that only a delivered picture can decide. Asked one by one they would take at least as many pictures."""
        return sum(not _free(case) for case in self.cases)

    def cost(self, spec: Spec) -> tuple[dict[str, Decimal], tuple[str, ...]]:
        """The price by currency, and the models whose price is unknown."""
        total: dict[str, Decimal] = {}
        unknown: list[str] = []
        for probe in self.probes:
            price = spec.prices.get((self.provider, probe.model))
            if probe.buys and price is None:
                unknown.append(probe.model)
            elif price is not None:
                total[price.currency] = total.get(price.currency, Decimal(0)) + probe.buys * Decimal(
                    price.amount
                )
        return total, tuple(dict.fromkeys(unknown))


def _free(case: Case) -> bool:
    """Whether a case is decided by a refusal."""
    return case.clause in REFUSED or case.group in ("auth", "errors", "methods")


def make_plan(
    spec: Spec,
    provider: Provider,
    models: Sequence[str] = (),
    tier: Tier = Tier.CORE,
    select: Sequence[str] = (),
    *,
    gateway: Gateway | None = None,
    both_ends: bool = False,
) -> Plan:
    """Plan a run for some or all models of a provider. `select` are groups or clauses, with `*` and `?`.

    Nothing is asked that the `gateway` does not offer. With `both_ends` the mock behind it is asked too.
    """
    chosen = tuple(models) or tuple(provider.models)
    planned: list[Probe] = []
    framed: set[str] = set()
    for name in chosen:
        model = provider.models[name]
        offered = [way for way in ways(provider, model) if gateway is None or gateway.offers(way.operation)]
        for index, way in enumerate(offered):
            key = f"{way.operation}@{way.endpoint.id}"
            if key not in framed:
                framed.add(key)
                planned += frames.probes(provider, model, way)
            planned += invalid.probes(provider, model, way)
            planned += valid.probes(provider, model, way, first=index == 0 or both_ends)
            planned += two_ended.probes(provider, model, way) if both_ends else []
        if gateway is None or gateway.offers("query"):
            planned += tasks.probes(provider, model, framed)
    every = cases(spec, provider, chosen)
    if both_ends:
        every += cases(spec, provider, chosen, ends=2)
        planned = [two_ended.useful(probe, provider) for probe in planned]
    planned = as_taken(planned, provider)
    certain = {case.clause for case in every if case.ends == 1 and case.level is not Level.OBSERVE}
    wanted = [probe for probe in planned if _tier(probe, certain).rank <= tier.rank]
    relevant = [case for case in every if not select or selects(select, case.clause, case.group)]
    if select:
        wanted = chosen_for(wanted, relevant)
    ordered = sorted(wanted, key=lambda probe: (bool(probe.fault), probe.buys > 0))
    return Plan(provider.id, tier, tuple(_first_served(ordered)), tuple(relevant), chosen)


def _tier(probe: Probe, certain: set[str]) -> Tier:
    """A refusal that nobody promises may be bought instead: it waits for the full tier."""
    uncertain = not probe.buys and probe.breaks and not certain.intersection(probe.clauses)
    return Tier.FULL if uncertain else probe.tier


def _first_served(probes: list[Probe]) -> list[Probe]:
    """Put one accepted probe first: it tells at once whether the target is there and lets the key in."""
    first = next((probe for probe in probes if probe.buys and probe.id.startswith("plain:")), None)
    return [first, *(probe for probe in probes if probe is not first)] if first is not None else probes
