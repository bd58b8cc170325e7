"""What takes long is done in a thread, or in slices with a turn for everybody else between them."""

from __future__ import annotations

import asyncio
import gc
import sys
import threading
from collections import OrderedDict
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import orjson
import pytest

from mock_server.test_bounds_kept import NOW, task
from mock_server.test_redis_text import submitted
from qwen_image_mock import Settings, create_app, letting_go, task_list
from qwen_image_mock.apart import apart
from qwen_image_mock.exchange import Exchange
from qwen_image_mock.journal_filters import Filters
from qwen_image_mock.letting_go import let_go
from qwen_image_mock.long_answers import InPieces, journal_in_pieces
from qwen_image_mock.store import _AGED, DAY, Crowded, MemoryStore, Task, check_room
from qwen_image_mock.task_list import listing
from qwen_image_mock.tuning import tune

if TYPE_CHECKING:
    from collections.abc import Coroutine

    from mock_server.conftest import Client
    from qwen_image_mock.server import Mock


@pytest.fixture(scope="module")
def one() -> Task:
    _, [task] = submitted("a cat")
    assert isinstance(task, Task)
    return task


async def turns(work: Coroutine[Any, Any, Any]) -> tuple[int, Any]:
    """How many turns others had while it worked, and what it gave."""
    had = 0

    async def other() -> None:
        nonlocal had
        while True:
            await asyncio.sleep(0)
            had += 1

    beside = asyncio.create_task(other())
    await asyncio.sleep(0)
    given = await work
    beside.cancel()
    return had, given


def test_works_are_done_in_a_thread_one_after_the_other() -> None:
    seen: list[tuple[str, int]] = []
    busy: list[int] = []

    def work(number: int, *, fails: bool = False) -> int:
        busy.append(number)
        seen.append((threading.current_thread().name, len(busy)))
        threading.Event().wait(0.01)  # another one would come in now
        busy.remove(number)
        if fails:
            raise ValueError(number)
        return number

    async def story() -> list[Any]:
        works = [apart(work, 1), apart(work, 2, fails=True), apart(work, 3)]
        return await asyncio.gather(*works, return_exceptions=True)

    first, second, third = asyncio.run(story())
    assert (first, third) == (1, 3)
    assert isinstance(second, ValueError)
    assert len({name for name, _ in seen}) == 1
    assert {together for _, together in seen} == {1}
    assert threading.current_thread().name != seen[0][0]


def entries(count: int) -> list[Any]:
    return [{"id": number, "body": ["x\ny" * 1000, {}, [], {"a": [None]}]} for number in range(count)]


@pytest.mark.parametrize("count", [0, 1, 2, 200])
def test_the_journal_in_pieces_is_the_journal(count: int) -> None:
    given = entries(count)
    pieces = journal_in_pieces(given, 7)
    assert b"".join(pieces) == orjson.dumps(
        {"requests": entries(count), "total": 7}, option=orjson.OPT_INDENT_2
    )
    assert given == [None] * count, "each is let go when it is told"
    assert len(pieces) == (4 if count == 200 else 1)


def test_each_piece_is_sent_in_a_turn_of_its_own() -> None:
    sent: list[Any] = []

    async def send(message: Any) -> None:
        sent.append(message)

    async def receive() -> Any:
        raise AssertionError

    answer = InPieces([b"abc", b"de", b"f"])
    had, _ = asyncio.run(turns(answer({"type": "http"}, receive, send)))
    assert had >= 3
    assert b"".join(message.get("body", b"") for message in sent) == b"abcdef"
    assert (b"content-length", b"6") in sent[0]["headers"]
    assert [message.get("more_body", False) for message in sent] == [False, True, True, True, False]


def test_the_journal_is_put_into_words_in_a_thread(
    client: Client, mock: Mock, monkeypatch: pytest.MonkeyPatch
) -> None:
    client.get("/v1/models")
    seen = set()
    usual = mock.app.state.journal.read

    def watched(filters: Any) -> Any:
        seen.add(threading.current_thread().name)
        return usual(filters)

    monkeypatch.setattr(mock.app.state.journal, "read", watched)
    answer = client.get("/_mock/requests")
    assert answer.json["total"] == len(answer.json["requests"]) == 1
    assert answer.headers["content-length"] == str(len(answer.body))
    assert len(seen) == 1
    assert "qwen-image-mock" not in seen, "the name of the thread of the event loop"


def test_only_the_entries_asked_for_are_put_into_words() -> None:
    told = []

    def words(number: int) -> Any:
        told.append(number)
        return {"id": number, "text": "odd" if number % 2 else "even"}

    rows = [((str(number), 0.0, "p", "generate", "k"), lambda n=number: words(n)) for number in range(10)]
    assert [entry["id"] for entry in Filters({"limit": "3"}).apply(rows)] == [7, 8, 9]
    assert told == [7, 8, 9]
    assert [entry["id"] for entry in Filters({"limit": "2", "contains": "even"}).apply(rows)] == [6, 8]


def listed(words: dict[str, str], tasks: list[Task]) -> tuple[int, Any]:
    """The turns others had, and the list."""
    state = create_app(Settings(seed=1)).state
    provider = state.providers["dashscope"]

    async def story() -> Any:
        for each in tasks:
            await state.store.put(each)
        exchange = Exchange("id", NOW + 20, provider, "GET", "/", (), "")
        exchange.caller = replace(exchange.caller, tag=tasks[0].owner.rpartition("/")[2])
        return await turns(listing(state, exchange, words))

    found: tuple[int, Any] = asyncio.run(story())
    return found


def test_a_long_list_is_looked_through_in_slices(one: Task, monkeypatch: pytest.MonkeyPatch) -> None:
    tasks = [replace(task(one, number), model=f"m{number % 2}") for number in range(50)]
    whole = [listed(words, tasks) for words in ({}, {"model_name": "m1"}, {"status": "FAILED"})]
    monkeypatch.setattr(task_list, "_AT_ONCE", 10)
    sliced = [listed(words, tasks) for words in ({}, {"model_name": "m1"}, {"status": "FAILED"})]
    assert [answer for _, answer in sliced] == [answer for _, answer in whole]
    assert [answer["total"] for _, answer in whole] == [50, 25, 0]
    assert [had for had, _ in whole] == [0, 0, 0]
    assert [had for had, _ in sliced] == [4, 4, 4]


def test_room_is_counted_as_states_say(one: Task) -> None:
    states = [
        {"ends": NOW - 1},
        {"ends": NOW},
        {"ends": NOW + 1},
        {"ends": NOW + 1, "canceled": NOW},
        {"ends": NOW + 1, "lost": NOW},
        {"ends": NOW - 1, "polls": 2},
        {"ends": NOW - 1, "polls": 0},
        {"ends": NOW - 1, "held": "PENDING"},
    ]
    for more in states:
        fate = replace(one.fate, starts=NOW - 5, **more)
        made = replace(one, submitted=NOW - 9, fate=fate)
        final = made.status(NOW) in {"SUCCEEDED", "FAILED", "CANCELED", "UNKNOWN"}
        crowded = False
        try:
            check_room([made], made.model, NOW, 1)
        except Crowded:
            crowded = True
        assert crowded is not final, more


def test_aged_tasks_go_some_at_a_time_and_are_not_seen_meanwhile(one: Task) -> None:
    store = MemoryStore(10_000)

    async def story() -> list[int]:
        for number in range(3 * _AGED):
            await store.put(task(one, number))
        sizes = []
        for number in range(4):
            await store.put(replace(task(one, 10_000 + number), submitted=NOW + DAY))
            assert len(await store.all(one.owner, NOW + DAY)) == number + 1
            assert await store.get(one.owner, f"task-{3 * _AGED - 1}", NOW + DAY) is None
            sizes.append(len(store))
        return sizes

    assert asyncio.run(story()) == [2 * _AGED + 1, _AGED + 2, 3, 4]


def test_many_things_are_let_go_in_a_thread(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(letting_go, "_MANY", 10)
    few, many = OrderedDict.fromkeys("abc"), OrderedDict.fromkeys(map(str, range(10)))
    more = dict(many)
    let_go(few)
    assert not few
    before = set(threading.enumerate())
    let_go(many, more)
    for thread in set(threading.enumerate()) - before:
        thread.join(10)
    assert not many
    assert not more


def test_a_store_forgets_at_once(one: Task, monkeypatch: pytest.MonkeyPatch) -> None:
    handed: list[Any] = []
    monkeypatch.setattr("qwen_image_mock.store.let_go", lambda *mappings: handed.extend(mappings))
    store = MemoryStore(10)
    asyncio.run(store.put(task(one, 1)))
    store.forget()
    assert len(store) == 0
    assert asyncio.run(store.all(one.owner, NOW)) == []
    assert [list(things) for things in handed] == [["task-1"], ["task-1"]]


def test_a_process_is_tuned(monkeypatch: pytest.MonkeyPatch) -> None:
    done: list[Any] = []
    monkeypatch.setattr(sys, "setswitchinterval", done.append)
    monkeypatch.setattr(gc, "freeze", lambda: done.append("frozen"))
    monkeypatch.setattr(gc, "set_threshold", lambda *given: done.append(given))
    tune()
    assert done == [0.001, "frozen", (700, 5, 20_000)]
