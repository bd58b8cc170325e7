"""An exchange seen through the contract: what was asked, what that breaks, and what came of it."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from qwen_image_conformance.claims import claims_of
from qwen_image_conformance.exchange import Exchange
from qwen_image_conformance.found import Item, items
from qwen_image_conformance.upstream.large import looked_at
from qwen_image_spec.evidence import Reaction
from qwen_image_spec.model import Endpoint, Facets, Model, Provider, Spec
from qwen_image_spec.pointers import MISSING
from qwen_image_spec.request import ImageRequest
from qwen_image_spec.rules import Violation, check
from qwen_image_spec.situation import effective, facets_of
from qwen_image_spec.size import Size, parse

SUCCEEDED = "SUCCEEDED"
_TITLE = re.compile(rb"<title>([^<]+)</title>", re.IGNORECASE)


@dataclass(frozen=True)
class Seen:
    """One exchange with the provider's contract beside it. `load` gives the bytes of a stored picture by digest."""

    spec: Spec
    provider: Provider
    exchange: Exchange
    load: Callable[[str], bytes]

    @cached_property
    def model(self) -> Model | None:
        """The contract of the model asked; None when it is not one of the provider's."""
        return self.provider.models.get(self.exchange.model)

    @property
    def endpoint(self) -> Endpoint:
        """The endpoint the request was sent to."""
        return self.provider.endpoints[self.exchange.endpoint]

    @cached_property
    def asked(self) -> ImageRequest | None:
        """The canonical request; None for a request that is none."""
        data = self.exchange.asked
        if data is None:
            return None
        return ImageRequest(
            data["model"], data["prompt"], tuple(data["images"]), data["parameters"], data["texts"]
        )

    @cached_property
    def violations(self) -> list[Violation]:
        """What the request breaks by the rules of the model."""
        if self.asked is None or self.model is None:
            return []
        return check(self.asked, self.model, looked_at(self.asked.images))

    @cached_property
    def broken(self) -> tuple[str, ...]:
        """Every clause the request breaks and for which it must be refused, in the frame or by the rules."""
        return (*self.exchange.breaks, *(v.clause for v in self.violations if v.reaction is Reaction.REJECT))

    @cached_property
    def claims(self) -> frozenset[str]:
        """The clauses of acceptance that rest on the request."""
        return claims_of(self)

    @cached_property
    def doubtful(self) -> tuple[str, ...]:
        """Clauses the request touches whose outcome is not known: no acceptance may be demanded."""
        return tuple(v.clause for v in self.violations if v.reaction is Reaction.UNKNOWN)

    @cached_property
    def status(self) -> int:
        """The status of the answer (0 when there was none)."""
        return self.exchange.received.status

    @cached_property
    def body(self) -> Any:
        """The parsed JSON of the final answer, or MISSING."""
        return _json(self.exchange.final.body)

    @cached_property
    def first_body(self) -> Any:
        """The parsed JSON of the first answer (the submit of a task), or MISSING."""
        return _json(self.exchange.received.body)

    @cached_property
    def items(self) -> list[Item]:
        """The pictures the answer names."""
        return items(self.body)

    @property
    def answered(self) -> bool:
        """True when there was an answer at all."""
        return self.status > 0

    @property
    def refused(self) -> bool:
        """True when the answer is an error by its status, or the task failed."""
        return self.status >= 400 or self.task_status in ("FAILED", "CANCELED")

    @property
    def came(self) -> str:
        """What came, for people: the status, and the number of pictures, the title of a page or the beginning of a text."""
        if self.accepted:
            return f"status {self.status} with {len(self.items)} picture(s)"
        body = self.exchange.final.body
        title = _TITLE.search(body[:1000]) if body.lstrip().startswith(b"<") else None
        text = (b"a page, " + title[1] if title is not None else body)[:160].decode("utf-8", "replace")
        return f"status {self.status}: {text}" if text else f"status {self.status}"

    @property
    def accepted(self) -> bool:
        """True when pictures were delivered."""
        return 200 <= self.status < 300 and any(not item.failed for item in self.items)

    @property
    def task_status(self) -> str | None:
        """The status of the task, where there is one."""
        output = self.body.get("output") if isinstance(self.body, dict) else None
        status = output.get("task_status") if isinstance(output, dict) else None
        return status if isinstance(status, str) else None

    @cached_property
    def effective(self) -> dict[str, Any]:
        """Every parameter's value after the documented defaults."""
        return effective(self.asked, self.model) if self.asked is not None and self.model is not None else {}

    def facets(self, name: str) -> Facets | None:
        """What the contract says of a parameter in this very situation."""
        if self.model is None or self.asked is None or name not in self.model.params:
            return None
        return facets_of(self.model.params[name], self.asked, self.model)

    @cached_property
    def size(self) -> Size | None:
        """The pixels that were asked for or documented as default; None when the contract does not say."""
        text = self.effective.get("size")
        facets = self.facets("size")
        if not isinstance(text, str) or facets is None or self.model is None:
            return None
        for grant in facets.grants:
            if text in grant.tokens:
                return grant.tokens[text]
        return parse(text, self.model.params["size"].separator) or parse(text, "x")

    def only_breaks(self, clause: str) -> bool:
        """True when the request breaks this clause and nothing else."""
        return set(self.broken) == {clause} and not set(self.doubtful) - {clause}


def _json(body: bytes) -> Any:
    try:
        return json.loads(body)
    except (ValueError, RecursionError):
        return MISSING
