"""One condition that was asked for by an admin call."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

Json = Any


@dataclass(slots=True)
class Fault:
    """One condition asked for by an admin call.

    `times` is how often it happens in all (None: always); the empty filters match everything.
    """

    id: str
    name: str
    times: int | None = None
    provider: str = ""
    key: str = ""
    model: str = ""
    operation: str = ""
    options: dict[str, Json] = field(default_factory=dict)

    def meets(self, provider: str, caller: str, model: str, operation: str) -> bool:
        """Whether the fault is for such a request."""
        return (
            self.provider in ("", provider)
            and self.key in ("", caller)
            and self.model in ("", model)
            and self.operation in ("", operation)
        )

    def as_json(self, happened: int = 0) -> Json:
        """The fault for the admin API: `times` as often as it still happens, the key as its tag."""
        return {
            **self.options,
            "id": self.id,
            "name": self.name,
            "times": None if self.times is None else max(0, self.times - happened),
            "provider": self.provider,
            "key": self.key,
            "model": self.model,
            "operation": self.operation,
        }
