"""Requests share their trips to Redis, and each still gets what it is promised."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

import pytest

from mock_server.asked_apps import PATH, generate
from qwen_image_mock import Settings, create_app
from qwen_image_mock.shared.connection import WORD
from qwen_image_mock.shared.trips import Trips
from qwen_image_mock.store import StoreAway

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from mock_server.redis_server import RedisServer
    from qwen_image_mock.app import App

START = 1_800_000_000
CALLS = f"{WORD}journal:calls"
MANY = 40


@pytest.fixture
def store(redis: RedisServer) -> str:
    return redis.url.removesuffix("0") + "4"


@asynccontextmanager
async def replicas(store: str, count: int = 1, **more: Any) -> AsyncIterator[list[App]]:
    """Applications that share an empty database."""
    apps = [create_app(Settings(seed=1, store=store, **more)) for _ in range(count)]
    await apps[0].state.start_over()
    try:
        yield apps
    finally:
        for app in apps:
            assert app.state.shared is not None
            await app.state.shared.close()


def redis_of(app: App) -> Any:
    """The client that an application asks Redis with."""
    assert app.state.shared is not None
    return app.state.shared._connection.redis


async def trips_made(app: App) -> int:
    """How many scripts Redis has run."""
    told = await redis_of(app).info("commandstats")
    return sum(told.get(f"cmdstat_{name}", {}).get("calls", 0) for name in ("eval", "evalsha"))


async def prompts_of(app: App) -> list[str]:
    entries, _ = await app.state.entries({})
    return [entry["effective"]["prompt"] for entry in entries]


def test_a_change_is_seen_by_whoever_begins_after_it(store: str) -> None:
    async def steps() -> None:
        async with replicas(store, 2) as (one, other):
            told = START
            over = False

            async def caller() -> int:
                seen = 0
                while not over:
                    least = told
                    answer = await generate(other)
                    assert answer.json["created"] >= least
                    seen += 1
                return seen

            await one.state.change(lambda: one.state.clock.freeze(START))
            callers = [asyncio.ensure_future(caller()) for _ in range(MANY)]
            for moment in range(START + 1, START + 151):
                await one.state.change(lambda moment=moment: one.state.clock.freeze(moment))  # type: ignore[misc] # mypy infers no default
                told = moment
                assert (await generate(other)).json["created"] >= moment
            over = True
            assert sum(await asyncio.gather(*callers)) > MANY

    asyncio.run(steps())


def test_many_requests_take_few_trips(store: str) -> None:
    async def steps() -> None:
        async with replicas(store) as [app]:
            await generate(app)
            before = await trips_made(app)
            answers = await asyncio.gather(*(generate(app) for _ in range(MANY)))
            assert {answer.status for answer in answers} == {200}
            assert await trips_made(app) - before < MANY / 2

    asyncio.run(steps())


def test_each_count_is_given_once(store: str) -> None:
    async def steps() -> None:
        async with replicas(store, 2) as apps:
            one, other = (app.state.counts for app in apps)
            before = await trips_made(apps[0])
            numbers = await asyncio.gather(
                *(counts.next("group", f"key {at % 2}") for counts in (one, other) for at in range(MANY))
            )
            taken = await asyncio.gather(*(one.take("group", "limited", 7) for _ in range(MANY)))
            assert await trips_made(apps[0]) - before < MANY / 2
            assert sorted(numbers) == sorted([*range(1, MANY + 1)] * 2)
            assert numbers[:MANY:2] == sorted(numbers[:MANY:2])
            assert taken == [True] * 7 + [False] * (MANY - 7)
            assert await other.seen("group") == {"key 0": MANY, "key 1": MANY, "limited": 7}

    asyncio.run(steps())


def test_entries_that_cannot_be_kept_are_of_requests_refused(store: str) -> None:
    async def steps() -> None:
        async with replicas(store) as [app]:
            await redis_of(app).set(CALLS, "no list")
            answers = await asyncio.gather(*(generate(app) for _ in range(MANY)))
            assert [answer.status for answer in answers] == [503] * MANY
            await redis_of(app).delete(CALLS)
            assert (await generate(app)).status == 200
            assert len(await prompts_of(app)) == 1

    asyncio.run(steps())


@pytest.mark.parametrize("bounds", [{}, {"journal_entries": 30}, {"journal_bytes": 40_000}])
def test_order_and_bounds_hold(store: str, bounds: dict[str, int]) -> None:
    async def steps() -> None:
        async with replicas(store, **bounds) as [app]:
            for start in (0, 300):
                await asyncio.gather(*(generate(app, f"cat {start + at}") for at in range(300)))
            kept = await prompts_of(app)
            assert kept == [f"cat {at}" for at in range(600 - len(kept), 600)]
            texts = await redis_of(app).lrange(CALLS, 0, -1)
            bytes_ = sum(map(len, texts))
            assert int(await redis_of(app).get(f"{CALLS}:bytes")) == bytes_
            most = bounds.get("journal_entries", 600)
            limit = bounds.get("journal_bytes", 2**24)
            assert len(kept) <= most
            assert bytes_ <= limit
            assert len(kept) == most or bytes_ > limit * 0.9

    asyncio.run(steps())


def test_a_client_that_goes_leaves_the_others_alone(store: str) -> None:
    async def steps() -> None:
        async with replicas(store) as [app]:
            await generate(app, "first")
            for turns in range(0, 40, 3):  # so that they are met on every leg of their way
                asking = [asyncio.ensure_future(generate(app, f"cat {at}")) for at in range(MANY)]
                for _ in range(turns):
                    await asyncio.sleep(0)
                for one in asking[::4]:
                    one.cancel()
                found = await asyncio.gather(*asking, return_exceptions=True)
                stayed = [one for at, one in enumerate(found) if at % 4]
                assert {getattr(one, "status", one) for one in stayed} == {200}
                prompts = await prompts_of(app)
                assert {f"cat {at}" for at in range(MANY) if at % 4} <= set(prompts)
                await app.state.forget_entries()

    asyncio.run(steps())


class Gate:
    """A trip that takes as long as a test wants."""

    def __init__(self) -> None:
        self.taken: list[list[int]] = []
        self.open = asyncio.Event()
        self.problems: list[Exception] = []

    async def __call__(self, things: list[int]) -> None:
        self.taken.append(things)
        await self.open.wait()
        if self.problems:
            raise self.problems.pop()


def test_nobody_joins_a_trip_that_began() -> None:
    async def steps() -> None:
        gate = Gate()
        trips = Trips(gate, 3)
        asking = [asyncio.ensure_future(trips.take(at)) for at in range(2)]
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        assert gate.taken == [[0, 1]]
        asking += [asyncio.ensure_future(trips.take(at)) for at in range(2, 7)]
        await asyncio.sleep(0)
        gate.open.set()
        await asyncio.gather(*asking)
        assert gate.taken == [[0, 1], [2, 3, 4], [5, 6]]

    asyncio.run(steps())


def test_a_trip_that_fails_fails_for_all_on_it_and_for_nobody_else() -> None:
    async def steps() -> None:
        gate = Gate()
        trips = Trips(gate, 2)
        gate.problems.append(StoreAway("it is away"))
        asking = [asyncio.ensure_future(trips.take(at)) for at in range(4)]
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        gate.open.set()
        first = await asyncio.gather(*asking[:2], return_exceptions=True)
        assert [type(one) for one in first] == [StoreAway] * 2
        assert first[0] is not first[1]
        await asyncio.gather(*asking[2:])

    asyncio.run(steps())


def test_who_waits_when_the_mock_ends_is_told() -> None:
    async def steps() -> None:
        gate = Gate()
        trips = Trips(gate, 1)
        asking = [asyncio.ensure_future(trips.take(at)) for at in range(3)]
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        assert trips._running is not None
        trips._running.cancel()
        found = await asyncio.gather(*asking, return_exceptions=True)
        assert [type(one) for one in found] == [StoreAway] * 3

    asyncio.run(steps())


class Asked:
    """Who asks for a call to be kept, and what it was told."""

    def __init__(self) -> None:
        self.told: list[str] = []
        self.over = asyncio.Event()

    def tell(self, what: str) -> None:
        self.told.append(what)
        self.over.set()

    def kept(self) -> None:
        self.tell("kept")

    def overtaken(self) -> None:
        self.tell("overtaken")

    def lost(self, problem: Exception) -> None:
        self.tell(str(problem))


def test_calls_of_two_controls_are_not_kept_as_of_one(store: str) -> None:
    async def steps() -> None:
        async with replicas(store) as [app]:
            shared = app.state.shared
            assert shared is not None
            plain = shared.plain
            assert plain is not None
            head = app.head({
                "method": "POST", "path": PATH, "query_string": b"", "root_path": "", "scheme": "http",
                "headers": [(b"host", b"mock"), (b"authorization", b"Bearer sk-a")], "server": None,
            })  # fmt: skip
            assert head is not None
            body = b'{"model":"qwen-image","prompt":"a cat","seed":7}'
            old, new = Asked(), Asked()
            await shared.change(lambda: app.state.clock.freeze(START))
            before = plain.answered(head, body)
            await shared.change(lambda: app.state.clock.freeze(START + 1))
            after = plain.answered(head, body)
            assert before is not None
            assert after is not None
            plain.keep(before, old)
            plain.keep(after, new)
            await old.over.wait()
            await new.over.wait()
            assert (old.told, new.told) == (["overtaken"], ["kept"])
            entries, _ = await app.state.entries({})
            assert [entry["time"] for entry in entries] == [START + 1]

    asyncio.run(steps())
