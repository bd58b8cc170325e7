"""The rate and concurrency limits of each model, from the spec, on a frozen clock."""

from __future__ import annotations

from typing import Any

import pytest

from qwen_image_mock.limits import rate_of
from qwen_image_spec import load

SUBMIT = "/api/v1/services/aigc/text2image/image-synthesis"
NATIVE = "/api/v1/services/aigc/multimodal-generation/generation"
ASYNC = {"X-DashScope-Async": "enable"}


@pytest.fixture
def clock(mock: Any) -> Any:
    mock.clock.freeze(1_800_000_000)
    mock.limits(on=True)
    return mock.clock


def generate(client: Any, model: str) -> Any:
    message = {"role": "user", "content": [{"text": "a"}]}
    return client.post(NATIVE, {"model": model, "input": {"messages": [message]}, "parameters": {}})


def submit(client: Any, model: str) -> Any:
    return client.post(SUBMIT, {"model": model, "input": {"prompt": "a"}, "parameters": {}}, ASYNC)


def test_limits_are_off_until_asked_for(client: Any) -> None:
    assert client.get("/_mock/limits").json == {"on": False}
    assert [generate(client, "qwen-image-max").status for _ in range(5)] == [200] * 5


def test_two_a_minute(client: Any, clock: Any) -> None:
    assert [generate(client, "qwen-image-max").status for _ in range(2)] == [200, 200]
    clock.step(20.5)
    refused = generate(client, "qwen-image-max")
    assert (refused.status, refused.json["code"]) == (429, "Throttling.RateQuota")
    assert refused.headers["retry-after"] == "40"
    assert generate(client, "qwen-image-plus").status == 200, "another model has a limit of its own"
    clock.step(39)
    assert generate(client, "qwen-image-max").status == 429
    clock.step(1)
    assert [generate(client, "qwen-image-max").status for _ in range(3)] == [200, 200, 429]


def test_tasks_at_once(client: Any, clock: Any) -> None:
    client.post("/_mock/tasks", {"seconds": 30})
    assert [submit(client, "qwen-image").status for _ in range(2)] == [200, 200]
    clock.step(10)
    refused = submit(client, "qwen-image")
    assert (refused.status, refused.json["code"]) == (429, "Throttling.Concurrency")
    assert refused.headers["retry-after"] == "20"
    clock.step(20)
    assert submit(client, "qwen-image").status == 200


def test_a_cancelled_task_makes_room(client: Any, clock: Any) -> None:
    tasks = [submit(client, "qwen-image").json["output"]["task_id"] for _ in range(2)]
    clock.step(0.1)
    assert submit(client, "qwen-image").status == 429
    client.post(f"/api/v1/tasks/{tasks[0]}/cancel", b"")
    clock.step(0.9)
    assert submit(client, "qwen-image").status == 200


def test_queries_have_a_rate_of_the_account(client: Any, clock: Any) -> None:
    statuses = [client.get("/api/v1/tasks/none").status for _ in range(21)]
    assert statuses == [200] * 20 + [429]
    assert client.get("/api/v1/tasks").status == 200
    clock.step(1)
    assert client.get("/api/v1/tasks/none").status == 200


@pytest.mark.usefixtures("clock")
def test_keys_have_limits_of_their_own(client: Any, client_with: Any) -> None:
    assert [generate(client, "qwen-image-max").status for _ in range(3)] == [200, 200, 429]
    assert generate(client_with("sk-other"), "qwen-image-max").status == 200


@pytest.mark.usefixtures("clock")
def test_the_journal_says_which_limit(mock: Any, client: Any) -> None:
    for _ in range(3):
        generate(client, "qwen-image-max")
    assert mock.requests()[-1]["notes"] == ["above the limit: submit-rate 2 in 60 s"]


def test_every_rate_of_the_spec_is_understood() -> None:
    rates = {
        str(fact.value)
        for provider in load().providers.values()
        for model in provider.models.values()
        for name, fact in model.limits.items()
        if name.endswith("-rate")
    }
    assert {"2/s", "2/min"} <= rates
    assert all(rate_of(rate) is not None for rate in rates)
    assert rate_of("2/min") == (2, 60.0)
    assert rate_of("unlimited") is None


@pytest.mark.parametrize("body", [{}, {"on": 1}, [True]])
def test_nonsense_is_refused(client: Any, body: Any) -> None:
    assert client.post("/_mock/limits", body).status == 400
