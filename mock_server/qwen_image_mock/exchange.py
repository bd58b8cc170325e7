"""One request and all that became of it, put into words only when somebody reads the journal."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from qwen_image_mock.credentials import NOBODY

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from qwen_image_mock.credentials import Caller
    from qwen_image_mock.fault_condition import Condition
    from qwen_image_mock.heads import Head
    from qwen_image_mock.inputs import Brought
    from qwen_image_mock.transport_faults import Manner
    from qwen_image_spec.model import Endpoint, Model, Provider
    from qwen_image_spec.request import ImageRequest
    from qwen_image_spec.rules import Violation

Json = Any


@dataclass(slots=True)
class Exchange:
    """A request on its way through the mock; each step fills in what it finds out.

    `id` is the request id, `time` seconds since the epoch, `path` with its query as it came. `condition` is
    the simulated fault it met, `manner` how its answer goes onto the wire when not as usual, `notes` what
    the mock has to say about it. `answer_headers` are those of this answer alone, `sent_headers` all of them.
    """

    id: str
    time: float
    provider: Provider
    method: str
    path: str
    headers: Sequence[tuple[bytes, bytes]]
    origin: str
    caller: Caller = NOBODY
    endpoint: Endpoint | None = None
    operation: str = ""
    body: bytes = b""
    form: Json = None
    document: Json = None
    model: Model | None = None
    decoded: ImageRequest | None = None
    inputs: Sequence[Brought] = ()
    effective: Mapping[str, Json] | None = None
    violations: list[Violation] = field(default_factory=list)
    status: int = 0
    answer: Json = None
    answer_headers: list[tuple[bytes, bytes]] = field(default_factory=list)
    sent_headers: Sequence[tuple[bytes, bytes]] = ()
    condition: Condition | None = None
    manner: Manner | None = None
    notes: list[str] = field(default_factory=list)

    @classmethod
    def of(cls, head: Head, identity: str, time: float, body: bytes = b"") -> Exchange:
        """The exchange that begins with a head."""
        return cls(
            identity,
            time,
            head.provider,
            head.method,
            head.path,
            head.headers,
            head.origin,
            head.caller,
            body=body,
        )

    def outline(self) -> Exchange:
        """The exchange without what may be large: enough to filter by."""
        return Exchange(
            self.id,
            self.time,
            self.provider,
            self.method,
            "",
            (),
            "",
            self.caller,
            self.endpoint,
            self.operation,
            status=self.status,
        )
