"""Asynchronous tasks of the native style."""

from __future__ import annotations

import re
from typing import Any

import pytest

SUBMIT = "/api/v1/services/aigc/text2image/image-synthesis"
WAN = "/api/v1/services/aigc/image-generation/generation"
ASYNC = {"X-DashScope-Async": "enable"}
ASK = {"model": "qwen-image-plus", "input": {"prompt": "一只猫"}, "parameters": {"n": 1}}
TIME = re.compile(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d{3}")


@pytest.fixture
def frozen(mock: Any) -> Any:
    mock.clock.freeze(1_800_000_000)
    return mock.clock


def submit(client: Any, **changes: Any) -> str:
    answer = client.post(SUBMIT, {**ASK, **changes}, ASYNC)
    assert answer.status == 200, answer.body
    assert answer.json["output"]["task_status"] == "PENDING"
    return str(answer.json["output"]["task_id"])


def query(client: Any, task: str) -> dict[str, Any]:
    answer = client.get(f"/api/v1/tasks/{task}")
    assert answer.status == 200
    output: dict[str, Any] = answer.json["output"]
    return output


def test_a_task_goes_its_way(client: Any, frozen: Any) -> None:
    task = submit(client)
    waiting = query(client, task)
    assert waiting["task_status"] == "PENDING"
    assert waiting["submit_time"] == "2027-01-15 16:00:00.000"
    assert "scheduled_time" not in waiting
    frozen.step(0.5)
    running = query(client, task)
    assert running["task_status"] == "RUNNING"
    assert "results" not in running
    assert running["scheduled_time"] == "2027-01-15 16:00:00.300"
    frozen.step(0.5)
    done = query(client, task)
    assert done["task_status"] == "SUCCEEDED"
    assert done["end_time"] == "2027-01-15 16:00:01.000"
    assert done["task_metrics"] == {"TOTAL": 1, "SUCCEEDED": 1, "FAILED": 0}
    [result] = done["results"]
    assert result["orig_prompt"] == "一只猫"
    assert result["actual_prompt"].startswith("一只猫，")
    assert client.get(result["url"], Authorization=None).status == 200
    assert all(TIME.fullmatch(done[key]) for key in ("submit_time", "scheduled_time", "end_time"))


def test_no_actual_prompt_without_prompt_extend(client: Any, frozen: Any) -> None:
    task = submit(client, parameters={"prompt_extend": False})
    frozen.step(2)
    assert "actual_prompt" not in query(client, task)["results"][0]


def test_the_same_picture_at_every_query(client: Any, frozen: Any) -> None:
    task = submit(client)
    frozen.step(2)
    pictures = {client.get(query(client, task)["results"][0]["url"]).body for _ in range(2)}
    assert len(pictures) == 1


def test_choices_where_the_model_gives_choices(client: Any, frozen: Any) -> None:
    document = {
        "model": "wan2.7-image-pro",
        "input": {"messages": [{"role": "user", "content": [{"text": "a cat"}]}]},
        "parameters": {"n": 2, "size": "1K"},
    }
    task = client.post(WAN, document, ASYNC).json["output"]["task_id"]
    frozen.step(2)
    done = query(client, task)
    assert len(done["choices"]) == 2
    assert "results" not in done
    assert done["finished"] is True


def test_the_header_is_needed_there_and_refused_elsewhere(client: Any) -> None:
    refused = client.post(SUBMIT, ASK)
    assert (refused.status, refused.json["code"]) == (403, "AccessDenied")
    assert "synchronous" in refused.json["message"]
    assert client.post(SUBMIT, ASK, {"X-DashScope-Async": "disable"}).status == 403
    document = {
        "model": "qwen-image-plus",
        "input": {"messages": [{"role": "user", "content": [{"text": "a"}]}]},
        "parameters": {},
    }
    path = "/api/v1/services/aigc/multimodal-generation/generation"
    refused = client.post(path, document, ASYNC)
    assert (refused.status, refused.json["code"]) == (403, "AccessDenied")
    assert client.post(path, document, {"X-DashScope-Async": "disable"}).status == 200


def test_a_model_on_a_path_that_is_not_its_own(client: Any) -> None:
    answer = client.post(SUBMIT, {**ASK, "model": "qwen-image-2.0-pro"}, ASYNC)
    assert (answer.status, answer.json["code"]) == (400, "InvalidParameter")
    assert "url error" in answer.json["message"]


def test_others_do_not_see_a_task(client: Any, client_with: Any) -> None:
    task = submit(client)
    assert query(client_with("sk-other"), task) == {"task_id": task, "task_status": "UNKNOWN"}


def test_a_task_is_forgotten_after_a_day(client: Any, frozen: Any) -> None:
    task = submit(client)
    frozen.step(86_399)
    assert query(client, task)["task_status"] == "SUCCEEDED"
    frozen.step(1)
    assert query(client, task)["task_status"] == "UNKNOWN"


def test_only_a_waiting_task_can_be_cancelled(client: Any, frozen: Any) -> None:
    task, late = submit(client), submit(client)
    answer = client.post(f"/api/v1/tasks/{task}/cancel", b"")
    assert answer.status == 200
    assert list(answer.json) == ["request_id"]
    frozen.step(5)
    assert query(client, task)["task_status"] == "CANCELED"
    for other in (task, late, "no-such-task"):
        refused = client.post(f"/api/v1/tasks/{other}/cancel", b"")
        assert (refused.status, refused.json["code"]) == (400, "UnsupportedOperation")


def test_the_list_is_flat_and_paged(client: Any, client_with: Any, frozen: Any) -> None:
    tasks = [submit(client) for _ in range(3)]
    submit(client_with("sk-other"))
    frozen.step(5)
    page = client.get("/api/v1/tasks/?page_no=1&page_size=2").json
    assert (page["total"], page["total_page"], page["page_no"], page["page_size"]) == (3, 2, 1, 2)
    assert [row["task_id"] for row in page["data"]] == tasks[:0:-1]
    assert page["data"][0]["status"] == "SUCCEEDED"
    assert "output" not in page
    assert client.get("/api/v1/tasks?status=FAILED").json["total"] == 0
    assert client.get("/api/v1/tasks?model_name=qwen-image-plus").json["total"] == 3
    assert client.get(f"/api/v1/tasks?task_id={tasks[0]}").json["total"] == 1
    assert client.get("/api/v1/tasks?start_time=20270115160000&end_time=20270115160001").json["total"] == 3
    assert client.get("/api/v1/tasks?start_time=20270115160001").json["total"] == 0
    assert client.get("/api/v1/tasks?page_no=x&page_size=-1").json["page_size"] == 10


def test_a_model_that_checks_late_fails_in_the_task(client: Any, frozen: Any) -> None:
    answer = client.post(
        SUBMIT,
        {"model": "wan2.2-t2i-flash", "input": {"prompt": "a cat"}, "parameters": {"size": "9999*9999"}},
        ASYNC,
    )
    assert answer.status == 200
    frozen.step(5)
    output = query(client, answer.json["output"]["task_id"])
    assert output["task_status"] == "FAILED"
    assert output["code"] == "InvalidParameter"
    assert output["message"]
    assert output["task_metrics"]["FAILED"] == 1
