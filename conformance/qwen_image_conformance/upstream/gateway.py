"""What a gateway's owner says of it, as far as a two-ended run has to know."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

OPERATIONS = ("generate", "edit", "submit", "query", "cancel", "list", "models", "upload")
EXTRAS = ("documented", "top-level", "parameters", "optimize_prompt_options", "extra_body")


@dataclass(frozen=True, slots=True)
class Gateway:
    """A gateway in front of the mock.

    `models` maps the names of the contract to those the gateway is asked with; a name it lacks is asked as it is.
    `upstream_models` maps the names of the contract to those that must reach the upstream; a name it lacks must arrive
    as it is. `operations` are those it offers; None: all that the contract has. `extras` is where parameters beyond the
    common ones are sent: one of `EXTRAS` (`documented`: where the contract says).
    `rewrites_urls` allows other addresses of pictures than the upstream's. `quiet_gap` is the pause after every
    simulated fault that ended in an error, in seconds.
    """

    models: Mapping[str, str] = field(default_factory=dict)
    upstream_models: Mapping[str, str] = field(default_factory=dict)
    operations: tuple[str, ...] | None = None
    extras: str = "documented"
    rewrites_urls: bool = False
    quiet_gap: float = 0.0

    def alias(self, model: str) -> str:
        """The name the gateway is asked with."""
        return self.models.get(model, model)

    def arriving(self, model: str) -> str:
        """The name that must reach the upstream."""
        return self.upstream_models.get(model, model)

    def terms(self, model: str) -> dict[str, object]:
        """What judging has to know: the model that must arrive, and whether addresses may change."""
        return {"model": self.arriving(model), "rewrites_urls": self.rewrites_urls}

    def offers(self, operation: str) -> bool:
        """Whether the gateway offers an operation. What it does not offer is no failure."""
        return self.operations is None or operation in self.operations
