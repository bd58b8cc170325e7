"""The way to Redis: scripts and a few commands, and what is said when it is away."""

from __future__ import annotations

import sys
from contextlib import suppress
from typing import TYPE_CHECKING, Any, TypeVar

from redis.asyncio import BlockingConnectionPool, Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import ConnectionError, RedisError  # noqa: A004 # the one that Redis raises

from qwen_image_mock.store import StoreAway

if TYPE_CHECKING:
    from collections.abc import Awaitable

    from qwen_image_mock.shared.address import Address

T = TypeVar("T")
WORD = "{qwen-image-mock}:"
"""What every key begins with."""
_AT_ONCE = 1000
"""So many keys are forgotten in one command: writing it takes this process a while, too."""
_CONNECTIONS = 64
_CONNECTING = 2.0
_ANSWERING = 5.0
_QUEUEING = 20.0
"""Seconds to connect, to an answer, and for a connection where all are in use."""


class Connection:
    """Asks Redis. Whatever goes wrong on the way raises StoreAway and is told once in the mock's log."""

    def __init__(self, address: Address) -> None:
        self.address = address
        self.problem = ""
        self._pool = pool = BlockingConnectionPool.from_url(
            address.url,
            password=address.password,
            max_connections=_CONNECTIONS,
            timeout=_QUEUEING,
            socket_connect_timeout=_CONNECTING,
            socket_timeout=_ANSWERING,
            retry=Retry(NoBackoff(), 0),
            protocol=2,  # with 3, the pool gives out connections that Redis has closed
        )
        self.redis: Any = Redis(connection_pool=pool)
        self._scripts: dict[str, Any] = {}

    async def ask(self, answer: Awaitable[T]) -> T:
        """What Redis answers; raises StoreAway when it does not."""
        try:
            given = await answer
        except (RedisError, OSError) as error:
            self._lost(error)
            if isinstance(error, ConnectionError):  # then the others are dead, too
                with suppress(RedisError, OSError):
                    await self._pool.disconnect(inuse_connections=False)
            raise StoreAway(f"the store {self.address.shown} does not answer: {self.problem}") from None
        if self.problem:
            self.problem = ""
            _log(f"the store {self.address.shown} is back")
        return given

    async def run(self, script: str, keys: list[str], *arguments: str | bytes | float) -> Any:
        """What a script gives; keys without the word they begin with."""
        ready = self._scripts.get(script)
        if ready is None:
            ready = self._scripts[script] = self.redis.register_script(script)
        return await self.ask(ready(keys=[WORD + key for key in keys], args=arguments))

    async def get(self, key: str) -> bytes | None:
        """The text of a key."""
        found: bytes | None = await self.ask(self._get(WORD + key))
        return found

    async def _get(self, key: str) -> Any:
        """Ask once more when the connection was dead, as all are after Redis started again: reading is safe."""
        try:
            return await self.redis.get(key)
        except ConnectionError:
            await self._pool.disconnect(inuse_connections=False)
            return await self.redis.get(key)

    async def get_all(self, keys: list[str]) -> list[bytes | None]:
        """The texts of keys."""
        found: list[bytes | None] = (
            await self.ask(self.redis.mget([WORD + key for key in keys])) if keys else []
        )
        return found

    async def rows(self, key: str) -> list[bytes]:
        """A whole list."""
        found: list[bytes] = await self.ask(self.redis.lrange(WORD + key, 0, -1))
        return found

    async def drop(self, *keys: str) -> None:
        """Forget keys."""
        for start in range(0, len(keys), _AT_ONCE):
            await self.ask(self.redis.unlink(*(WORD + key for key in keys[start : start + _AT_ONCE])))

    async def keys(self) -> list[str]:
        """Every key of the mock."""
        return await self.ask(self._scan())

    async def close(self) -> None:
        """End the connections."""
        await self.redis.aclose()
        await self._pool.disconnect()

    async def _scan(self) -> list[str]:
        return [key.decode().removeprefix(WORD) async for key in self.redis.scan_iter(f"{WORD}*", 1000)]

    def _lost(self, error: Exception) -> None:
        known = self.problem
        self.problem = problem_of(error)
        if not known:
            _log(
                f"the store {self.address.shown} does not answer: {self.problem}; "
                "requests are answered with 503 until it does"
            )


def problem_of(error: Exception) -> str:
    """An error of Redis in a few words, without credentials."""
    text = str(error).strip().partition("\n")[0]
    return f"{type(error).__name__}: {text}" if text else type(error).__name__


def _log(text: str) -> None:
    print(f"qwen-image-mock: {text}", file=sys.stderr, flush=True)  # noqa: T201 # the mock's log
