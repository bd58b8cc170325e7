"""Many at once on two replicas: what may happen so many times happens exactly so many times."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import pytest

from mock_server.conftest import KEY, Client
from qwen_image_mock.server import serve
from qwen_image_mock.settings import Settings

if TYPE_CHECKING:
    from mock_server.redis_server import RedisServer

PATH = "/v1/images/generations"
NATIVE = "/api/v1/services/aigc/multimodal-generation/generation"
SUBMIT = "/api/v1/services/aigc/text2image/image-synthesis"
ASYNC = {"X-DashScope-Async": "enable"}
ASK = {"model": "qwen-image-2.0-pro", "prompt": "a cat"}
TASK = {"model": "qwen-image", "input": {"prompt": "a"}, "parameters": {}}
AT_ONCE = 24


@pytest.fixture(scope="module")
def pair(redis: RedisServer) -> Iterator[tuple[Any, Any]]:
    settings = Settings(seed=1, store=redis.url.removesuffix("0") + "1")
    with serve(settings) as first, serve(settings) as second:
        yield first, second


@pytest.fixture
def replicas(pair: tuple[Any, Any]) -> tuple[Any, Any]:
    pair[0].reset()
    pair[0].clock.freeze(1_800_000_000)
    return pair


Do = Callable[[Client], Any]


@pytest.fixture
def at_once(replicas: tuple[Any, Any]) -> Callable[[Do], list[Any]]:
    """Does something with clients of both replicas, all at the same time."""
    clients = [Client(replicas[number % 2].url, KEY) for number in range(AT_ONCE)]

    def run(what: Do) -> list[Any]:
        with ThreadPoolExecutor(AT_ONCE) as pool:
            return list(pool.map(what, clients))

    return run


def submit(client: Client) -> Any:
    return client.post(SUBMIT, TASK, ASYNC)


def test_a_fault_happens_so_many_times(replicas: Any, at_once: Any) -> None:
    replicas[0].fault("throttle", times=7)
    statuses = at_once(lambda client: client.post(PATH, ASK).status)
    assert Counter(statuses) == {429: 7, 200: AT_ONCE - 7}
    assert Client(replicas[1].url).get("/_mock/faults").json["faults"][0]["times"] == 0


def test_a_marker_happens_so_many_times(at_once: Any) -> None:
    marked = {**ASK, "prompt": "a cat [[mock:throttle times=5]]"}
    assert Counter(at_once(lambda client: client.post(PATH, marked).status))[429] == 5


def test_a_rate_lets_so_many_in(replicas: Any, at_once: Any) -> None:
    replicas[1].limits(on=True)
    ask = {
        **TASK,
        "model": "qwen-image-max",
        "input": {"messages": [{"role": "user", "content": [{"text": "a"}]}]},
    }
    statuses = at_once(lambda client: client.post(NATIVE, ask).status)
    assert Counter(statuses) == {200: 2, 429: AT_ONCE - 2}


def test_no_more_tasks_run_than_may(replicas: Any, at_once: Any) -> None:
    replicas[0].limits(on=True)
    replicas[0].tasks(seconds=60)
    at_once(submit)
    assert Client(replicas[0].url).get("/api/v1/tasks").json["total"] == 2


def test_one_of_many_cancels_wins(replicas: Any, at_once: Any) -> None:
    task = submit(Client(replicas[0].url)).json["output"]["task_id"]
    statuses = at_once(lambda client: client.post(f"/api/v1/tasks/{task}/cancel", b"").status)
    assert Counter(statuses) == {200: 1, 400: AT_ONCE - 1}


def test_each_poll_counts_once(replicas: Any, at_once: Any) -> None:
    replicas[0].tasks(polls=AT_ONCE)
    client = Client(replicas[1].url)
    task = submit(client).json["output"]["task_id"]
    at_once(lambda client: client.get(f"/api/v1/tasks/{task}"))
    assert client.get(f"/api/v1/tasks/{task}").json["output"]["task_status"] == "SUCCEEDED"


def test_one_poll_less_and_the_task_still_runs(replicas: Any, at_once: Any) -> None:
    replicas[0].tasks(polls=AT_ONCE + 1)
    client = Client(replicas[1].url)
    task = submit(client).json["output"]["task_id"]
    at_once(lambda client: client.get(f"/api/v1/tasks/{task}"))
    assert client.get(f"/api/v1/tasks/{task}").json["output"]["task_status"] == "RUNNING"
    assert client.get(f"/api/v1/tasks/{task}").json["output"]["task_status"] == "SUCCEEDED"


def test_every_task_is_kept_and_listed(replicas: Any, at_once: Any) -> None:
    ids = {answer.json["output"]["task_id"] for answer in at_once(submit)}
    assert len(ids) == AT_ONCE
    for replica in replicas:
        rows = Client(replica.url).get("/api/v1/tasks?page_size=100").json["data"]
        assert {row["task_id"] for row in rows} == ids


def test_every_step_of_the_clock_counts(replicas: Any, at_once: Any) -> None:
    at_once(lambda client: client.post("/_mock/clock", {"step": 2}))
    assert replicas[0].clock.now() == replicas[1].clock.now() == 1_800_000_000 + 2 * AT_ONCE


def test_every_fault_is_kept_under_an_id_of_its_own(replicas: Any, at_once: Any) -> None:
    ids = at_once(lambda client: client.post("/_mock/faults", {"name": "throttle", "key": "k"}).json["id"])
    listed = Client(replicas[1].url).get("/_mock/faults").json["faults"]
    assert len(set(ids)) == AT_ONCE
    assert {fault["id"] for fault in listed} == set(ids)


def test_every_request_is_journalled_under_an_id_of_its_own(replicas: Any, at_once: Any) -> None:
    ids = [answer.headers["x-request-id"] for answer in at_once(lambda client: client.post(PATH, ASK))]
    assert {entry["id"] for entry in replicas[1].requests()} == set(ids)
    assert len(set(ids)) == AT_ONCE


def test_no_two_requests_without_a_seed_get_the_same(replicas: Any, at_once: Any) -> None:
    at_once(lambda client: client.post(PATH, ASK))
    assert len({entry["effective"]["seed"] for entry in replicas[0].requests()}) == AT_ONCE
