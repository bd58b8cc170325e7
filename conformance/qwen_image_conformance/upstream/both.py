"""An exchange with both ends in sight: what was asked of the gateway, and what reached the upstream because of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any
from urllib.parse import urlsplit

from qwen_image_conformance.exchange import Arrived
from qwen_image_conformance.found import Item, items
from qwen_image_conformance.seen import Seen
from qwen_image_conformance.upstream.answers import texts
from qwen_image_conformance.upstream.journal import ASIDE, task_of
from qwen_image_spec.dialect import Dialect, dialect
from qwen_image_spec.model import Endpoint, Model, Provider
from qwen_image_spec.pointers import MISSING
from qwen_image_spec.request import ImageRequest

Json = Any
FINAL = ("SUCCEEDED", "FAILED", "CANCELED", "UNKNOWN")


@dataclass(frozen=True)
class Upstream:
    """The contract a request met at the upstream: the provider, and the model and endpoint where the mock knew them."""

    provider: Provider
    model: Model | None
    endpoint: Endpoint | None

    @property
    def dialect(self) -> Dialect | None:
        """How requests are spelled there."""
        known = self.model is not None and self.endpoint is not None
        return dialect(self.model, self.endpoint) if known else None  # type: ignore[arg-type] # both are known


class Both:
    """One exchange and what became of it at the upstream."""

    def __init__(self, seen: Seen) -> None:
        self.seen = seen
        self.arrived = seen.exchange.upstream or ()

    @cached_property
    def calls(self) -> list[Arrived]:
        """Requests for pictures, in order of arrival."""
        return [one for one in self.arrived if one.method != "GET" and one.operation not in ASIDE]

    @cached_property
    def queries(self) -> list[Arrived]:
        """Queries of the tasks that were begun."""
        return [one for one in self.arrived if one.operation == "query"]

    @cached_property
    def served(self) -> list[Arrived]:
        """Requests for pictures that the upstream served: with pictures, or with a task."""
        return [
            call
            for call in self.calls
            if 200 <= call.status < 300 and (pictures(call) or task_of(entry(call)))
        ]

    @cached_property
    def bought(self) -> list[Arrived]:
        """Requests that the upstream delivered pictures for, or still may: no task that ended badly."""
        bad = {task_of(entry(query)) for query in self.queries if state_of(query) in FINAL[1:]}
        return [call for call in self.served if not (task := task_of(entry(call))) or task not in bad]

    @cached_property
    def last(self) -> Arrived | None:
        """What the upstream said last of the request: the last query of the task, else the last answer."""
        told = self.queries or self.calls
        return told[-1] if told else None

    @cached_property
    def upstream(self) -> Upstream | None:
        """The contract of the first request for pictures; None when nothing arrived or its provider is not known here."""
        return self.contract(self.calls[0]) if self.calls else None

    def contract(self, call: Arrived) -> Upstream | None:
        """The contract a request met."""
        own = self.seen.provider
        provider = own if own.id == call.provider else self.seen.spec.providers.get(call.provider)
        if provider is None:
            return None
        name = named_model(call)
        path = urlsplit(call.path).path.rstrip("/")
        endpoints = [
            one
            for one in provider.endpoints.values()
            if path.endswith(one.path) and one.method == call.method
        ]
        model = provider.models.get(name) if isinstance(name, str) else None
        usual = [one for one in endpoints if model is not None and one.id in model.endpoints]
        return Upstream(provider, model, next(iter(usual or endpoints), None))

    @cached_property
    def request(self) -> ImageRequest | None:
        """The first request for pictures in canonical form; None when nothing readable arrived."""
        if not self.calls:
            return None
        call, upstream = self.calls[0], self.upstream
        if call.decoded is not None:
            data = call.decoded
            return ImageRequest(
                data["model"],
                data["prompt"],
                tuple(data["images"]),
                data["parameters"],
                unknown=tuple(data["unknown"]),
            )
        spelled = upstream.dialect if upstream is not None else None
        return spelled.decode(call.body) if spelled is not None and isinstance(call.body, dict) else None

    @property
    def same_style(self) -> bool:
        """Whether client and upstream speak the same style, so that an answer can be passed on as it is."""
        style = self.upstream.provider.style if self.upstream is not None else ""
        return style == self.seen.provider.style

    @cached_property
    def addresses(self) -> list[str]:
        """The SHA-256 of the addresses of all pictures that the upstream delivered, each once, in order."""
        return list(
            dict.fromkeys(address for one in (*self.calls, *self.queries) for address in one.addresses)
        )

    @cached_property
    def texts(self) -> str:
        """Every text of the gateway's final answer."""
        return texts(self.seen.body)


def named_model(call: Arrived) -> Json:
    """The model a request names; MISSING when it names none."""
    data: Mapping[str, Json] | None = call.decoded if call.decoded is not None else call.body
    return data.get("model", MISSING) if isinstance(data, dict) else MISSING


def pictures(arrived: Arrived) -> list[Item]:
    """The pictures an upstream answer delivers."""
    return [item for item in items(arrived.response) if not item.failed]


def state_of(arrived: Arrived) -> str:
    """The state of the task an upstream answer tells of, empty when it tells none."""
    output = arrived.response.get("output") if isinstance(arrived.response, dict) else None
    state = output.get("task_status") if isinstance(output, dict) else None
    return state if isinstance(state, str) else ""


def entry(arrived: Arrived) -> Mapping[str, Json]:
    """What `task_of` reads."""
    return {"response": arrived.response}


def breaks(calls: Sequence[Arrived], *clauses: str) -> list[tuple[Arrived, Mapping[str, Json]]]:
    """The violations of some clauses (exact, or a group as `messages.*`) that requests have at the upstream."""
    groups = tuple(name[:-1] for name in clauses if name.endswith("*"))
    return [
        (call, violation)
        for call in calls
        for violation in call.violations
        if violation["clause"] in clauses or (groups and str(violation["clause"]).startswith(groups))
    ]
