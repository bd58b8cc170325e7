"""All that a running mock knows: the contract it serves, and what happened so far."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar

from qwen_image_mock.addresses import Addresses
from qwen_image_mock.apart import apart
from qwen_image_mock.clock import Clock
from qwen_image_mock.credentials import Credentials
from qwen_image_mock.faults import Faults
from qwen_image_mock.ids import Randomness
from qwen_image_mock.inputs import Inputs
from qwen_image_mock.limits import Limits
from qwen_image_mock.memory import Memory
from qwen_image_mock.routing import Router
from qwen_image_mock.scenarios import scenario
from qwen_image_mock.settings import COMPATIBLE, NATIVE, USAGES, Settings
from qwen_image_mock.task_fate import Pace
from qwen_image_mock.thumbnails import Thumbnails
from qwen_image_mock.uploads import Uploads
from qwen_image_spec import Problem, UnknownName, load, load_provider

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from qwen_image_mock.shared import Shared
    from qwen_image_spec.model import Provider

Json = Any
T = TypeVar("T")


class State:
    """One mock.

    Raises SpecError when a provider file is wrong or the provider for the bare paths does not exist, and
    UnknownScenario when there is no such scenario, StoreProblem when the shared store cannot be used.
    """

    def __init__(self, settings: Settings | None = None, *, clock: Clock | None = None) -> None:
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
        self.memory = Memory(self.settings)
        self.shared = _shared(self.settings, providers)
        kept = self.memory if self.shared is None else self.shared
        self.clock = clock or Clock()
        self.randomness = Randomness(self.settings.seed if self.shared is None else self.shared.seed)
        if self.shared is not None:
            self.randomness.scatter()
        self.addresses = Addresses(self.randomness.secret(), self.clock, self.randomness)
        self.thumbnails = Thumbnails()
        secret = self.randomness.secret()
        self.uploads = Uploads(secret, self.clock, self.randomness, self.thumbnails, kept.shelf)
        others = None if self.shared is None else self.shared.thumbnails
        self.inputs = Inputs(self.settings, self.addresses, self.uploads, self.thumbnails, others)
        self.credentials = Credentials(self.settings.keys)
        name = self.settings.scenario
        self.counts = kept.counts
        self.faults = Faults(providers, kept.counts, scenario(name, self.randomness.seed) if name else None)
        self.pace = Pace(0.0)
        self.windows = kept.windows
        self.limits = Limits(kept.windows)
        self.journal = self.memory.journal
        self.store = kept.tasks
        self._as_new()
        if self.shared is not None:
            self.shared.govern(self)
        self.router = Router(
            providers, {"/v1": default, "/api/v1": NATIVE, "/compatible-mode/v1": COMPATIBLE}
        )

    def reset(self) -> None:
        """Forget what happened in this process; `start_over` is for all workers.

        Journal, tasks, faults, counts, changes of clock and pace, the randomness drawn.
        """
        self.memory.forget()
        self.thumbnails.clear()
        self.randomness.reset()
        self._as_new()

    async def start_over(self) -> None:
        """Forget what happened, in every worker."""
        self.reset()
        if self.shared is not None:
            await self.shared.clear()
            await self.change(self._as_new)

    async def change(self, how: Callable[[], T]) -> T:
        """Change clock, pace, limits or faults, for every worker; gives what `how` gives.

        `how` may be called again when somebody else changed them meanwhile.
        """
        return how() if self.shared is None else await self.shared.change(how)

    async def entries(self, filters: Mapping[str, str]) -> tuple[list[Json], int]:
        """The journal's entries that all filters let through, and how many exchanges it holds.

        In a thread: a full journal takes a tenth of a second to put into words.
        """
        if self.shared is None:
            total = len(self.journal)  # now: the thread may begin a little later
            return await apart(self.journal.read, filters), total
        return await self.shared.journal.read(filters), await self.shared.journal.count()

    async def forget_entries(self) -> None:
        """Clear the journal, for every worker."""
        self.journal.clear()
        if self.shared is not None:
            await self.shared.journal.clear()

    def _as_new(self) -> None:
        """Clock, faults, pace and limits as the settings and the scenario have them."""
        self.faults.clear()
        self.clock.reset()
        mix, settings = self.faults.scenario, self.settings
        self.pace.seconds = settings.task_seconds if mix is None or mix.seconds is None else mix.seconds
        self.pace.polls = settings.task_polls
        self.limits.on = settings.limits or (mix is not None and mix.limits)


def _shared(settings: Settings, providers: Mapping[str, Provider]) -> Shared | None:
    if not settings.store:
        return None
    from qwen_image_mock.shared import connect  # needs a package that the mock alone does without

    return connect(settings, providers)
