"""Which probes a run sends when only some clauses are asked for: as few as decide them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from fnmatch import fnmatchcase

from qwen_image_conformance.probe import Probe
from qwen_image_conformance.upstream.tokens import only_two_ended
from qwen_image_spec.cases import ANY, Case

# Every refusal shows the shape of errors, and whether it is called a success; a refused key shows whether it is told.
_SHOWN_BY_REFUSALS = ("errors.*", "response.success-means-pictures")
_SHOWN_BY = {"auth.invalid-key": ("auth.key-secret",)}
_BOTH_ENDS = 2


def selects(patterns: Iterable[str], clause: str, group: str) -> bool:
    """Whether a clause is chosen by one of the patterns (a group, a clause, or a pattern of either)."""
    return any(fnmatchcase(clause, pattern) or fnmatchcase(group, pattern) for pattern in patterns)


def chosen(probes: Sequence[Probe], cases: Sequence[Case]) -> list[Probe]:
    """The probes that are sent for one of the cases, in their order.

    A case that no probe is sent for is decided beside something else: it gets the cheapest probe that shows it. A case of
    both ends gets a plain request too: it tells whether the upstream is reached there at all, and whether by tasks, and
    no condition is simulated before it was served.
    """
    taken = {probe.id for probe in probes for case in cases if _sent_for(probe, case)}
    for case in cases:
        beside = [probe for probe in probes if _place(probe, case) and case.clause in _beside(probe)]
        if beside and not any(_sent_for(probe, case) or probe.id in taken for probe in beside):
            taken.add(min(beside, key=lambda probe: probe.buys).id)
    for place in {(case.model, case.operation) for case in cases if case.ends == _BOTH_ENDS}:
        taken.update(
            probe.id for probe in probes if (probe.model, probe.operation) == place and _plain(probe)
        )
    return [probe for probe in probes if probe.id in taken]


def _plain(probe: Probe) -> bool:
    return probe.id.startswith("plain:")


def _place(probe: Probe, case: Case) -> bool:
    return probe.operation == case.operation and case.model in (ANY, probe.model)


def _sent_for(probe: Probe, case: Case) -> bool:
    if not _place(probe, case):
        return False
    if (
        not probe.buys
        and not only_two_ended(probe.id)
        and any(fnmatchcase(case.clause, pattern) for pattern in _SHOWN_BY_REFUSALS)
    ):
        return True
    return any(
        fnmatchcase(case.clause, pattern) or case.clause in _SHOWN_BY.get(pattern, ())
        for pattern in probe.clauses
    )


def _beside(probe: Probe) -> set[str]:
    """The clauses that an accepted request shows although it is not sent for them."""
    if not probe.buys or only_two_ended(probe.id) or probe.asked is None:
        return set()
    parameters = probe.asked.parameters
    found = {f"{name.replace('_', '-')}.accepted" for name in parameters}
    if probe.asked.images:
        found.add("images.accepted")
    if "n" in parameters:
        found.add("n.count")
    if parameters.get("response_format") == "url":
        found.add("response-format.url")
    if len(parameters) > 1:
        found.add("parameters.together")
    return found
