"""All that a running mock knows: the contract it serves, and what happened so far."""

from __future__ import annotations

from typing import TYPE_CHECKING

from qwen_image_mock.addresses import Addresses
from qwen_image_mock.clock import Clock
from qwen_image_mock.credentials import Credentials
from qwen_image_mock.faults import Faults
from qwen_image_mock.ids import Randomness
from qwen_image_mock.inputs import Inputs
from qwen_image_mock.journal import Journal
from qwen_image_mock.limits import Limits
from qwen_image_mock.routing import Router
from qwen_image_mock.scenarios import scenario
from qwen_image_mock.settings import COMPATIBLE, NATIVE, USAGES, Settings
from qwen_image_mock.store import MemoryStore, Store
from qwen_image_mock.task_fate import Pace
from qwen_image_mock.thumbnails import Thumbnails
from qwen_image_mock.uploads import Uploads
from qwen_image_spec import Problem, UnknownName, load, load_provider

if TYPE_CHECKING:
    from qwen_image_spec.model import Provider


class State:
    """One mock.

    Raises SpecError when a provider file is wrong or the provider for the bare paths does not exist, and
    UnknownScenario when there is no such scenario.
    """

    def __init__(
        self, settings: Settings | None = None, *, clock: Clock | None = None, store: Store | None = None
    ) -> None:
        self.settings = settings or Settings()
        spec = load()
        self.spec_version = spec.version
        providers: dict[str, Provider] = dict(spec.providers)
        for file in self.settings.provider_files:
            own = load_provider(file)
            providers[own.id] = own
        default = self.settings.openai_provider
        if default not in providers:
            raise UnknownName([Problem.unknown("--openai-provider", 1, "provider", default, providers)])
        if self.settings.usage and self.settings.usage not in USAGES:
            raise UnknownName([Problem.unknown("--usage", 1, "usage", self.settings.usage, USAGES)])
        self.providers = providers
        self.clock = clock or Clock()
        self.randomness = Randomness(self.settings.seed)
        self.addresses = Addresses(self.randomness.secret(), self.clock, self.randomness)
        self.thumbnails = Thumbnails()
        self.uploads = Uploads(self.randomness.secret(), self.clock, self.randomness, self.thumbnails)
        self.inputs = Inputs(self.settings, self.addresses, self.uploads, self.thumbnails)
        self.credentials = Credentials(self.settings.keys)
        name = self.settings.scenario
        self.faults = Faults(providers, scenario(name, self.randomness.seed) if name else None)
        self.pace = Pace(0.0)
        self.limits = Limits()
        self._start_over()
        self.journal = Journal(self.settings.journal_entries, self.settings.journal_bytes)
        self.store: Store = store or MemoryStore(self.settings.tasks)
        self.router = Router(
            providers, {"/v1": default, "/api/v1": NATIVE, "/compatible-mode/v1": COMPATIBLE}
        )

    def reset(self) -> None:
        """Forget what happened.

        Journal, tasks, faults, counts, changes of clock and pace, the randomness drawn.
        """
        self.journal.clear()
        self.store.clear()
        self.uploads.clear()
        self.thumbnails.clear()
        self.faults.clear()
        self.clock.reset()
        self.randomness.reset()
        self._start_over()

    def _start_over(self) -> None:
        """Pace and limits as the settings and the scenario have them."""
        mix, settings = self.faults.scenario, self.settings
        self.pace.seconds = settings.task_seconds if mix is None or mix.seconds is None else mix.seconds
        self.pace.polls = settings.task_polls
        self.limits.on = settings.limits or (mix is not None and mix.limits)
        self.limits.clear()
