"""What is kept is bounded, in memory and in Redis alike."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import pytest

from mock_server.test_redis_text import submitted
from qwen_image_mock import Settings, create_app
from qwen_image_mock.counts import REMEMBERED
from qwen_image_mock.pictures import Thumbnail
from qwen_image_mock.shelf import Kept
from qwen_image_mock.store import DAY, Crowded, Task
from qwen_image_mock.thumbnails import Thumbnails
from qwen_image_mock.visit import Visit
from qwen_image_spec.input_images import Looked

if TYPE_CHECKING:
    from mock_server.redis_server import RedisServer

NOW = 1_800_000_000.0
BOUNDS = Settings(seed=1, tasks=20, journal_entries=10, journal_bytes=40_000, uploads=5)


@dataclass
class Ground:
    """The state of a mock, and a loop to ask it with."""

    state: Any
    others: Any
    run: Any

    @property
    def journal(self) -> Any:
        return self.state.journal if self.state.shared is None else self.state.shared.journal


@pytest.fixture(params=["memory", "redis"])
def ground(request: pytest.FixtureRequest) -> Iterator[Ground]:
    with asyncio.Runner() as runner:
        if request.param == "memory":
            state = create_app(BOUNDS).state
            yield Ground(state, state, runner.run)
            return
        server: RedisServer = request.getfixturevalue("redis")
        shared = replace(BOUNDS, store=server.url.removesuffix("0") + "4")
        first, second = create_app(shared).state, create_app(shared).state
        runner.run(first.start_over())
        yield Ground(first, second, runner.run)
        for state in (first, second):
            assert state.shared is not None
            runner.run(state.shared.close())


@pytest.fixture(scope="module")
def one() -> Task:
    _, [task] = submitted("a cat")
    assert isinstance(task, Task)
    return task


def task(one: Task, number: int, **more: Any) -> Task:
    fate = replace(one.fate, starts=NOW + 3, ends=NOW + 10)
    return replace(one, id=f"task-{number}", submitted=NOW, fate=fate, **more)


def test_tasks_are_so_many_at_most(ground: Ground, one: Task) -> None:
    for number in range(25):
        ground.run(ground.state.store.put(task(one, number)))
    kept = [found.id for found in ground.run(ground.others.store.all(one.owner, NOW))]
    assert kept == [f"task-{number}" for number in range(24, 4, -1)]
    assert ground.run(ground.others.store.get(one.owner, "task-4", NOW)) is None


def test_tasks_go_after_a_day(ground: Ground, one: Task) -> None:
    ground.run(ground.state.store.put(task(one, 1)))
    ground.run(ground.state.store.put(replace(task(one, 2), submitted=NOW + 10)))
    later = NOW + DAY
    assert [found.id for found in ground.run(ground.others.store.all(one.owner, later))] == ["task-2"]
    ground.run(ground.others.store.put(replace(task(one, 3), submitted=later)))
    assert ground.run(ground.state.store.get(one.owner, "task-1", NOW)) is None, (
        "it is gone, not only too old"
    )


def test_other_owners_see_nothing(ground: Ground, one: Task) -> None:
    ground.run(ground.state.store.put(task(one, 1)))
    assert ground.run(ground.others.store.all("dashscope/other", NOW)) == []
    assert ground.run(ground.others.store.get("dashscope/other", "task-1", NOW)) is None
    assert (
        ground.run(ground.others.store.change("dashscope/other", "task-1", NOW, lambda found: found)) is None
    )


def test_no_more_unfinished_tasks_than_may_be(ground: Ground, one: Task) -> None:
    async def all_at_once() -> list[Any]:
        stores = (ground.state.store, ground.others.store)
        puts = (stores[number % 2].put(task(one, number), 3) for number in range(12))
        return await asyncio.gather(*puts, return_exceptions=True)

    found = ground.run(all_at_once())
    assert [given for given in found if given is None] == [None] * 3
    assert {given.ends for given in found if isinstance(given, Crowded)} == {NOW + 10}
    late = replace(task(one, 99), submitted=NOW + 10)
    ground.run(ground.state.store.put(late, 3))
    assert len(ground.run(ground.state.store.all(one.owner, NOW + 10))) == 4


def visit(number: int, length: int = 10) -> Visit:
    caller = create_app().state.credentials.caller(b"Bearer k")
    path = f"/pictures/{number}" + "x" * length
    return Visit(str(number), NOW, "picture", "GET", path, (), caller, None, 200, (), None)


def visited(ground: Ground, *visits: Visit) -> list[str]:
    for one in visits:
        told = ground.journal.visit(one)
        if told is not None:
            ground.run(told)
    entries, _ = ground.run(ground.others.entries({"operation": "picture"}))
    return [entry["id"] for entry in entries]


def test_the_journal_has_so_many_entries_at_most(ground: Ground) -> None:
    assert visited(ground, *map(visit, range(15))) == [str(number) for number in range(5, 15)]


def test_the_journal_has_so_many_bytes_at_most(ground: Ground) -> None:
    kept = visited(ground, *(visit(number, 15_000) for number in range(8)))
    assert kept[-1] == "7"
    assert 1 <= len(kept) <= 3


def test_counts_are_of_so_many_keys_at_most(ground: Ground) -> None:
    async def many() -> int:
        for start in range(0, REMEMBERED + 10, 50):
            await asyncio.gather(*(ground.state.counts.next("met", str(start + one)) for one in range(50)))
        return len(await ground.others.counts.seen("met"))

    assert 0 < ground.run(many()) <= REMEMBERED


def test_uploads_are_replaced_unless_they_may_not(ground: Ground) -> None:
    async def story() -> list[bool]:
        shelf, other = ground.state.uploads._shelf, ground.others.uploads._shelf
        first, second = (Kept(Looked(1, digest, None, None), NOW) for digest in ("one", "two"))
        return [
            await shelf.put("k", first, replaces=False),
            await other.put("k", first, replaces=False),
            await other.put("k", second, replaces=False),
            (await shelf.get("k")) == first,
            await other.put("k", second, replaces=True),
            (await shelf.get("k")) == second,
        ]

    assert ground.run(story()) == [True, True, False, True, True, True]


def test_uploads_are_so_many_at_most(ground: Ground) -> None:
    async def story() -> list[bool]:
        shelf, other = ground.state.uploads._shelf, ground.others.uploads._shelf
        for number in (*range(8), 7, 7, 7):
            await shelf.put(str(number), Kept(Looked(1, "d", None, None), NOW), replaces=True)
        return [await other.get(str(number)) is not None for number in range(8)]

    assert ground.run(story()) == [False] * 3 + [True] * 5


def test_thumbnails_in_redis_are_so_many_at_most(redis: RedisServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("qwen_image_mock.shared.objects.MOST_KEPT", 3)
    state = create_app(replace(BOUNDS, store=redis.url.removesuffix("0") + "7")).state
    thumbnails, fresh = Thumbnails(), Thumbnails()

    async def story() -> list[bool]:
        assert state.shared is not None
        for number in range(5):
            thumbnails.keep(str(number), Thumbnail(1, 1, b"\0 \n"))
            await state.shared.thumbnails.publish(thumbnails, [str(number)] * 2)
        await state.shared.thumbnails.bring(fresh, list("01234"))
        await state.shared.close()
        return [fresh.made(str(number)) == Thumbnail(1, 1, b"\0 \n") for number in range(5)]

    assert asyncio.run(story()) == [False, False, True, True, True]


@pytest.mark.parametrize("ground", ["redis"], indirect=True)
def test_a_task_of_another_contract_is_nobodys(ground: Ground, one: Task) -> None:
    ground.run(ground.state.store.put(task(one, 1)))
    ground.run(ground.state.store.put(task(one, 2, model="a-model-of-tomorrow")))
    assert [found.id for found in ground.run(ground.others.store.all(one.owner, NOW))] == ["task-1"]
    assert ground.run(ground.others.store.get(one.owner, "task-2", NOW)) is None
