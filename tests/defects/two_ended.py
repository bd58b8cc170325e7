"""Defects that only both ends show: built into the right gateway, between it and the upstream or before its clients."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from defects.wrap import Asgi, Defect, wrap
from qwen_image_conformance.campaign import Options, Run, run
from qwen_image_conformance.plan import Plan, make_plan
from qwen_image_conformance.probe import Tier
from qwen_image_conformance.target import make_target
from qwen_image_conformance.upstream.gateway import Gateway
from qwen_image_conformance.verdict import NOT_TESTABLE
from qwen_image_spec import load
from qwen_image_spec.loader import load_provider
from qwen_image_spec.model import Provider
from servers.right_gateway import PROVIDER_FILE, Manners
from servers.right_gateway.running import QUICK, running
from servers.right_gateway.upstream import Around

AT_ONCE, ONE, TASKS = "qwen-image-2.0", "qwen-image-plus", "wan2.2-t2i-flash"
EDITS, TASK_EDITS = "qwen-image-edit-plus", "wan2.5-i2i-preview"
SPEC = load()


@dataclass(frozen=True)
class TwoEnded:
    """One violation of a gateway: the clause it breaks, those that cannot but break too, the public bugs it stands for.

    `around` sees every call to the upstream and its reply, `before` (a defect of `wrap.py`) every request of a client
    and its answer. `aliases` are names the gateway is asked with. `also` may end in `*`. `faults` are the conditions
    of the upstream that show the defect, `probes` the requests of the full tier, by the beginning of their names; without
    any the plain requests do.
    """

    id: str
    clause: str
    model: str
    bugs: tuple[str, ...] = ()
    around: Around | None = None
    before: Defect | None = None
    manners: Manners = QUICK
    aliases: Mapping[str, str] = field(default_factory=dict)
    also: frozenset[str] = frozenset()
    faults: tuple[str, ...] = ()
    probes: tuple[str, ...] = ()

    def excuses(self, clause: str) -> bool:
        """Whether a clause is this defect's own, or one that cannot but break with it."""
        groups = tuple(name[:-1] for name in self.also if name.endswith("*"))
        return clause == self.clause or clause in self.also or (bool(groups) and clause.startswith(groups))


@cache
def provider() -> Provider:
    """What the gateway promises."""
    return load_provider(PROVIDER_FILE)


@cache
def plan_of(model: str, faults: tuple[str, ...] | None = None) -> Plan:
    """The core tier of one model, with both ends in sight: whole, or the plain requests or those of some conditions."""
    plan = make_plan(SPEC, provider(), [model], Tier.CORE, both_ends=True)
    if faults is None:
        return plan
    wanted = set(faults) or {""}
    probes = [probe for index, probe in enumerate(plan.probes) if not index or probe.fault in wanted]
    return replace(plan, probes=tuple(probes))


@cache
def full_plan_of(model: str, probes: tuple[str, ...]) -> Plan:
    """One plain request, and those of the full tier whose names begin so."""
    plan = make_plan(SPEC, provider(), [model], Tier.FULL, both_ends=True)
    wanted = [probe for index, probe in enumerate(plan.probes) if not index or probe.id.startswith(probes)]
    return replace(plan, probes=tuple(wanted))


def held(upstream: str, model: str, defect: TwoEnded | None = None, *, whole: bool = False) -> Run:
    """A two-ended run of the right gateway in front of a mock, with a defect in it or none.

    A defect is held by the part of the core tier that shows it, by the `whole` on demand, or by its own probes.
    """
    faults = None if defect is None or whole else defect.faults
    own = defect.probes if defect is not None else ()
    plan = full_plan_of(model, own) if own else plan_of(model, faults)
    chosen = defect or TwoEnded("", "", model)
    names = {real: alias for alias, real in chosen.aliases.items()}

    def broken(app: Asgi) -> Asgi:
        return app if chosen.before is None else wrap(app, chosen.before)

    with (
        running(upstream, chosen.manners, chosen.aliases, chosen.around, broken) as url,
        TemporaryDirectory() as folder,
    ):
        options = Options(journal=upstream, gateway=Gateway(models=names))
        return run(SPEC, provider(), make_target(provider(), url), plan, Path(folder), options)


def broken_cases(done: Run) -> list[dict[str, Any]]:
    """The cases that are broken by themselves: not those that only rest on another one that is."""
    return [
        case
        for case in done.cases
        if case["status"] in ("fail", "warn", "error")
        and not str(case["reason"] or "").startswith(NOT_TESTABLE)
    ]
