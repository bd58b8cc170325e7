"""The shared part of a mock, connected."""

from __future__ import annotations

from secrets import randbits
from typing import TYPE_CHECKING, Any, TypeVar

from qwen_image_mock.shared.address import Address, address_of
from qwen_image_mock.store import StoreAway, StoreProblem

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from qwen_image_mock.exchange import Exchange
    from qwen_image_mock.settings import Settings
    from qwen_image_mock.shared.control import Control
    from qwen_image_mock.shared.plain import Plain
    from qwen_image_mock.state import State
    from qwen_image_spec.model import Provider

Json = Any
T = TypeVar("T")
_STARTING = 3.0


class Shared:
    """What all workers share. `seed` is that of the worker which came first, unless all were given one.

    `plain` is the beaten way of calls, once there is a state to govern.
    """

    def __init__(
        self, address: Address, seed: int, settings: Settings, providers: Mapping[str, Provider]
    ) -> None:
        from qwen_image_mock.shared.connection import Connection  # needs the package redis
        from qwen_image_mock.shared.counts import SharedCounts  # same
        from qwen_image_mock.shared.journal import SharedJournal  # same
        from qwen_image_mock.shared.objects import SharedShelf, SharedThumbnails  # same
        from qwen_image_mock.shared.tasks import SharedTasks  # same
        from qwen_image_mock.shared.windows import SharedWindows  # same

        self.seed = seed
        self.address = address
        self._connection = connection = Connection(address)
        self._control: Control | None = None
        self.plain: Plain | None = None
        self.tasks = SharedTasks(connection, providers, settings.tasks)
        self.journal = SharedJournal(connection, settings, providers)
        self.counts = SharedCounts(connection)
        self.windows = SharedWindows(connection)
        self.shelf = SharedShelf(connection, settings.uploads)
        self.thumbnails = SharedThumbnails(connection)

    def govern(self, state: State) -> None:
        """Let the controls of a state follow those of all."""
        from qwen_image_mock.shared.control import Control  # needs the package redis
        from qwen_image_mock.shared.plain import Plain  # same

        self._control = control = Control(self._connection, state)
        self.plain = Plain(state, self._connection, control)

    async def refresh(self) -> None:
        """Take over clock, pace, limits and faults as they stand now. Raises StoreAway."""
        if self._control is not None:
            await self._control.refresh()

    async def begin(self, exchange: Exchange) -> None:
        """The same for a request that begins; its time is the clock's."""
        if self._control is not None:
            await self._control.refresh()
            exchange.time = self._control.now()

    async def noted(self, exchange: Exchange, content: bytes) -> bool:
        """Keep an exchange in the journal, with its answer as it is sent. False when the store is away: then it was not served."""
        try:
            await self.journal.add(exchange, content)
        except StoreAway:
            return False
        return True

    async def change(self, how: Callable[[], T]) -> T:
        """Change them for every worker."""
        return how() if self._control is None else await self._control.change(how)

    async def clear(self) -> None:
        """Forget everything but the seed and the controls."""
        from qwen_image_mock.shared.control import KEY  # needs the package redis

        keys = [key for key in await self._connection.keys() if key not in (KEY, SEED)]
        if keys:
            await self._connection.drop(*keys)

    async def close(self) -> None:
        """End the connections."""
        await self._connection.close()

    async def health(self) -> dict[str, Json]:
        """How the store is, for the health page."""
        try:
            await self._connection.ask(self._connection.redis.ping())
        except StoreAway:
            return {"address": self.address.shown, "status": "away", "problem": self._connection.problem}
        return {"address": self.address.shown, "status": "ok"}


SEED = "seed"


def connect(settings: Settings, providers: Mapping[str, Provider]) -> Shared:
    """The shared part for settings that name a store.

    Raises StoreProblem when the package is missing, the address is none, nobody answers there, or who does
    serves another seed.
    """
    address = address_of(settings.store)
    try:
        import redis  # only with a store
    except ModuleNotFoundError:
        raise StoreProblem(
            "a shared store needs the package redis", "pip install 'qwen-image-contract[redis]'"
        ) from None
    from qwen_image_mock.shared.connection import WORD, problem_of  # needs the package redis

    client: Any = redis.Redis.from_url(
        address.url, password=address.password, socket_connect_timeout=_STARTING, socket_timeout=_STARTING
    )
    wanted = randbits(64) if settings.seed is None else settings.seed
    try:
        client.set(f"{WORD}{SEED}", wanted, nx=True)
        seed = int(client.get(f"{WORD}{SEED}"))
    except (redis.exceptions.AuthenticationError, redis.exceptions.NoPermissionError) as error:
        raise StoreProblem(
            f"the store {address.shown} does not let us in: {problem_of(error)}",
            "give the password in the environment variable REDIS_PASSWORD",
        ) from None
    except (redis.exceptions.RedisError, OSError) as error:
        raise StoreProblem(
            f"the store {address.shown} does not answer: {problem_of(error)}",
            "is a Redis server running there? `redis-server --appendonly yes` starts one",
        ) from None
    finally:
        client.close()
    if settings.seed is not None and seed != settings.seed:
        raise StoreProblem(
            f"the mock at {address.shown} has another seed than --seed {settings.seed}",
            "give every worker the same seed, or take another database",
        )
    return Shared(address, seed, settings, providers)
