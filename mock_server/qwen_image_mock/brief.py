"""A call of the beaten way, as the journal keeps it: what was asked, what was answered, and the plan between."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any, NamedTuple

import orjson

from qwen_image_mock.bodies import json_object
from qwen_image_mock.exchange import Exchange
from qwen_image_mock.sending import usual_headers
from qwen_image_mock.view import entry_of
from qwen_image_spec.dialect import dialect

if TYPE_CHECKING:
    from qwen_image_mock.heads import Head
    from qwen_image_mock.plans import Settled

Json = Any


class Brief(NamedTuple):
    """One call. All else there is to tell of it follows from these when somebody asks.

    `number` is its place in the journal, `weight` the size of its body and its answer in bytes.
    """

    number: int
    weight: int
    id: str
    time: float
    head: Head
    body: bytes
    content: bytes
    settled: Settled
    seed: int

    @property
    def row(self) -> tuple[str, float, str | None, str, str]:
        """What the journal's filters look at."""
        head = self.head
        return self.id, self.time, head.provider.id, head.endpoint.operations[0], head.caller.tag

    def words(self) -> Json:
        """The journal's entry."""
        return entry_of(self.exchange())

    def exchange(self) -> Exchange:
        """The exchange that it would have been the usual way."""
        head, model = self.head, self.settled.plan.model
        decoded = dialect(model, head.endpoint).decode(json_object(self.body))
        values = self.settled.values(decoded.parameters)
        return replace(
            Exchange.of(head, self.id, self.time, self.body),
            endpoint=head.endpoint,
            operation=head.endpoint.operations[0],
            model=model,
            decoded=decoded,
            effective={**values, "prompt": decoded.prompt, "seed": self.seed},
            status=200,
            answer=orjson.loads(self.content),
            sent_headers=usual_headers(self.id, len(self.content)),
        )
