"""The conditions a two-ended run has the upstream simulate, and the probes that ask for them."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from functools import cache
from importlib.resources import files

import yaml

from qwen_image_conformance.probe import Probe, Tier, accepted
from qwen_image_conformance.prompts import PLAIN
from qwen_image_conformance.upstream import deciding
from qwen_image_conformance.ways import Way
from qwen_image_spec.model import Model, Provider
from qwen_image_spec.rules import check

PICTURES, NO_ANSWER = "pictures", "none"
_TOLD = ("gateway.fault-message", "gateway.fault-code", "gateway.request-id", deciding.SECRET)
_ERROR = ("gateway.fault-shape", "gateway.recovers")
_FOLLOWED = ("gateway.failed-task", "gateway.poll-resilience")
_MARKER = re.compile(rb" \[\[mock:[^\]]*\]\]")


@dataclass(frozen=True, slots=True)
class Fault:
    """One condition. `answer` is what the client may see: statuses, classes (`4xx`), `none`, `pictures`.

    `told`: the upstream gives a reason that must reach the client. `paid`: the upstream may have generated already.
    `pictures` is how many must be asked for, so that the condition shows; `own_polls` leaves native tasks out.
    `row` is the condition in error catalogues, where it is not the `id`.
    """

    id: str
    marker: str
    says: str
    clause: str
    answer: tuple[str, ...]
    told: bool
    paid: bool
    tier: Tier = Tier.CORE
    pictures: int = 1
    own_polls: bool = False
    row: str = ""

    def allows(self, status: int) -> bool:
        """Whether the client may see this status (0: no answer), apart from pictures."""
        if status == 0:
            return NO_ANSWER in self.answer
        return str(status) in self.answer or f"{status // 100}xx" in self.answer

    @property
    def refused(self) -> bool:
        """Whether the client must not get pictures."""
        return PICTURES not in self.answer

    @property
    def decides(self) -> tuple[str, ...]:
        """The clauses that the condition is simulated for."""
        return (
            self.clause,
            *(_TOLD if self.told else ()),
            *(_ERROR if self.answer != (PICTURES,) else ()),
            *(("gateway.retry-after",) if "retry_after" in self.marker else ()),
            "gateway.not-repeated" if self.paid else "gateway.amplification",
            *(deciding.PICTURES if self.pictures > 1 else ()),
            *(deciding.POLLS if self.clause in _FOLLOWED else ()),
        )


@cache
def faults() -> dict[str, Fault]:
    """Every condition, in the order of asking."""
    text = (files("qwen_image_conformance") / "data" / "upstream_faults.yaml").read_text("utf-8")
    rows = yaml.safe_load(text)
    return {
        row["id"]: Fault(**{**row, "answer": tuple(row["answer"]), "tier": Tier(row.get("tier", "core"))})
        for row in rows
    }


def probes(provider: Provider, model: Model, way: Way) -> list[Probe]:
    """One legal request for every condition that can show at the model."""
    made = [_probe(provider, model, way, fault) for fault in faults().values()]
    return [probe for probe in made if probe is not None]


def _probe(provider: Provider, model: Model, way: Way, fault: Fault) -> Probe | None:
    """The request of a condition; None where the model makes too few pictures for it, or the client polls itself."""
    if fault.own_polls and way.operation == "submit":
        return None
    request = way.request(model, f"{PLAIN} [[mock:{fault.marker}]]")
    count = model.params.get("n")
    if count is not None and (
        fault.pictures > 1 or count.base.default is None or count.base.default.value != 1
    ):
        request = replace(request, parameters={"n": fault.pictures})
    if check(request, model) or (fault.pictures > 1 and count is None):
        return None
    probe = accepted(
        provider,
        model,
        way.operation,
        way.endpoint,
        request,
        f"gateway.fault-{fault.id}",
        fault.decides,
        fault.tier,
    )
    return replace(probe, fault=fault.id, buys=0 if fault.refused else fault.pictures)


def healthy(probe: Probe, attempt: int) -> Probe:
    """The same request without the condition: what shows whether the target has recovered."""
    asked = probe.asked
    prompt = asked.prompt if asked is not None else None
    if asked is None or not isinstance(prompt, str):
        return probe
    return replace(
        probe,
        id=probe.id.replace("gateway.fault-", "gateway.after-").replace(":", f"-{attempt}:", 1),
        body=_MARKER.sub(b"", probe.body),
        asked=replace(asked, prompt=_MARKER.sub(b"", prompt.encode()).decode()),
        fault="",
        buys=max(probe.buys, 1),
    )
