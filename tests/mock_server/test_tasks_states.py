"""Tasks off the straight way: failed in three shapes or in part, stuck, lost, canceled; and their pace."""

from __future__ import annotations

from typing import Any

import pytest

SUBMIT = "/api/v1/services/aigc/text2image/image-synthesis"
WAN = "/api/v1/services/aigc/image-generation/generation"
ASYNC = {"X-DashScope-Async": "enable"}


@pytest.fixture(autouse=True)
def clock(mock: Any) -> Any:
    mock.clock.freeze(1_800_000_000)
    return mock.clock


def submit(client: Any, fault: str = "", model: str = "wan2.5-t2i-preview", n: int = 3) -> str:
    prompt = f"a cat [[mock:{fault}]]" if fault else "a cat"
    answer = client.post(SUBMIT, {"model": model, "input": {"prompt": prompt}, "parameters": {"n": n}}, ASYNC)
    assert answer.status == 200, answer.body
    return str(answer.json["output"]["task_id"])


def query(client: Any, task: str) -> dict[str, Any]:
    answer = client.get(f"/api/v1/tasks/{task}")
    assert answer.status == 200, answer.body
    output: dict[str, Any] = answer.json["output"]
    return output


def states(client: Any, task: str, count: int) -> list[str]:
    return [query(client, task)["task_status"] for _ in range(count)]


def test_failed_with_the_code_inside_the_output(client: Any, clock: Any) -> None:
    task = submit(client, "task-failed error=data-inspection")
    assert query(client, task)["task_status"] == "PENDING"
    clock.step(2)
    answer = client.get(f"/api/v1/tasks/{task}").json
    assert (answer["output"]["task_status"], answer["output"]["code"]) == ("FAILED", "DataInspectionFailed")
    assert answer["output"]["message"]
    assert answer["output"]["task_metrics"] == {"TOTAL": 3, "SUCCEEDED": 0, "FAILED": 3}
    assert {"code", "message", "usage"}.isdisjoint(answer)
    assert "results" not in answer["output"]


def test_failed_with_the_code_beside_the_output(client: Any, clock: Any) -> None:
    task = submit(client, "task-failed shape=beside")
    clock.step(2)
    answer = client.get(f"/api/v1/tasks/{task}").json
    assert (answer["output"]["task_status"], answer["code"]) == ("FAILED", "InternalError")
    assert "code" not in answer["output"]


def test_failed_with_a_bare_error_is_no_200(client: Any, clock: Any) -> None:
    task = submit(client, "task-failed shape=bare error=data-inspection")
    clock.step(2)
    answer = client.get(f"/api/v1/tasks/{task}")
    assert answer.status == 400
    assert sorted(answer.json) == ["code", "message", "request_id"]


@pytest.mark.parametrize("fault", ["task-partial failed=2", "output-inspection failed=2"])
def test_some_pictures_fail(client: Any, clock: Any, fault: str) -> None:
    task = submit(client, fault)
    clock.step(2)
    answer = client.get(f"/api/v1/tasks/{task}").json
    output = answer["output"]
    assert output["task_status"] == "SUCCEEDED"
    assert output["task_metrics"] == {"TOTAL": 3, "SUCCEEDED": 1, "FAILED": 2}
    good, *failed = output["results"]
    assert client.get(good["url"], Authorization=None).status == 200
    assert [sorted(item) for item in failed] == [["code", "message"]] * 2
    assert failed[0]["code"] == "DataInspectionFailed"
    assert failed[0]["message"].startswith("Output data")
    assert answer["usage"]["image_count"] == 1


def test_a_task_without_a_good_picture_has_failed(client: Any, clock: Any) -> None:
    task = submit(client, "task-partial failed=3")
    clock.step(2)
    assert query(client, task)["task_status"] == "FAILED"


def test_a_stuck_task_ends_with_the_providers_own_limit(client: Any, clock: Any) -> None:
    task = submit(client, "task-stuck")
    clock.step(10_799)
    assert query(client, task)["task_status"] == "RUNNING"
    clock.step(1)
    done = query(client, task)
    assert (done["task_status"], done["code"]) == ("FAILED", "InternalError.Timeout")


@pytest.mark.parametrize("state", ["PENDING", "SUSPENDED"])
def test_a_task_may_be_stuck_in_another_state(client: Any, clock: Any, state: str) -> None:
    task = submit(client, f"task-stuck state={state}")
    clock.step(600)
    assert query(client, task)["task_status"] == state
    clock.step(20_000)
    done = query(client, task)
    assert done["task_status"] == "FAILED"
    assert done["scheduled_time"] <= done["end_time"]
    assert client.get("/api/v1/tasks").json["data"][0]["status"] == "FAILED"


def test_lost_canceled_and_slow_tasks(client: Any, clock: Any) -> None:
    lost, canceled, slow = (
        submit(client, f"task-{name}") for name in ("unknown", "canceled", "slow seconds=100")
    )
    assert [query(client, task)["task_status"] for task in (lost, canceled, slow)] == ["PENDING"] * 3
    clock.step(29)
    assert query(client, lost) == {"task_id": lost, "task_status": "UNKNOWN"}
    assert query(client, canceled)["task_status"] == "CANCELED"
    assert query(client, slow)["task_status"] == "PENDING"
    clock.step(70)
    assert query(client, slow)["task_status"] == "RUNNING"
    clock.step(1)
    assert query(client, slow)["task_status"] == "SUCCEEDED"


@pytest.mark.parametrize(
    ("fault", "statuses"),
    [
        ("failing-poll", [503, 503, 200]),
        ("failing-poll status=429 times=1", [429, 200, 200]),
        ("failing-poll status=html times=1", [502, 200, 200]),
        ("throttle on=poll times=2", [429, 429, 200]),
        ("500 on=poll", [500, 200, 200]),
    ],
)
def test_queries_that_fail_a_few_times(client: Any, fault: str, statuses: list[int]) -> None:
    task, other = submit(client, fault), submit(client)
    assert query(client, other)["task_status"] == "PENDING"
    assert [client.get(f"/api/v1/tasks/{task}").status for _ in range(3)] == statuses


def test_failing_polls_by_admin_call(client: Any) -> None:
    task = submit(client)
    client.post("/_mock/faults", {"name": "failing-poll"})
    assert [client.get(f"/api/v1/tasks/{task}").status for _ in range(3)] == [503, 503, 200]
    client.post("/_mock/faults", {"name": "failing-poll", "times": 1})
    task = submit(client)
    assert [client.get(f"/api/v1/tasks/{task}").status for _ in range(3)] == [503, 200, 200]


@pytest.mark.parametrize(
    ("polls", "seen"),
    [
        (0, ["SUCCEEDED"]),
        (1, ["RUNNING", "SUCCEEDED"]),
        (2, ["PENDING", "RUNNING", "SUCCEEDED"]),
        (4, ["PENDING", "RUNNING", "RUNNING", "RUNNING", "SUCCEEDED", "SUCCEEDED"]),
    ],
)
def test_progress_by_polls_never_skips_running(client: Any, clock: Any, polls: int, seen: list[str]) -> None:
    assert client.post("/_mock/tasks", {"polls": polls}).json["polls"] == polls
    task = submit(client)
    clock.step(5000)
    assert states(client, task, len(seen)) == seen


def test_times_follow_the_polls(client: Any, clock: Any) -> None:
    client.post("/_mock/tasks", {"polls": 2})
    task = submit(client)
    for _ in range(2):
        query(client, task)
        clock.step(10)
    done = query(client, task)
    times = [done[name][-6:] for name in ("submit_time", "scheduled_time", "end_time")]
    assert times == ["00.000", "10.000", "20.000"]


def test_a_task_done_at_once_ends_when_it_was_submitted(client: Any, clock: Any) -> None:
    client.post("/_mock/tasks", {"polls": 0})
    task = submit(client)
    clock.step(10)
    done = query(client, task)
    assert done["submit_time"] == done["scheduled_time"] == done["end_time"]


def test_by_polls_a_task_can_be_cancelled_before_it_runs(client: Any) -> None:
    client.post("/_mock/tasks", {"polls": 2})
    early, late = submit(client), submit(client)
    states(client, late, 2)
    cancelled = [client.post(f"/api/v1/tasks/{task}/cancel", b"").status for task in (early, late)]
    assert cancelled == [200, 400]
    assert query(client, early)["task_status"] == "CANCELED"


def test_the_pace_changes_while_the_mock_runs(client: Any, clock: Any) -> None:
    assert client.get("/_mock/tasks").json == {"seconds": 1.0, "polls": None, "at_once": False}
    assert client.post("/_mock/tasks", {"at_once": True}).json["at_once"] is True
    assert query(client, submit(client))["task_status"] == "SUCCEEDED"
    client.post("/_mock/tasks", {"seconds": 100})
    task = submit(client)
    clock.step(99)
    assert query(client, task)["task_status"] == "RUNNING"
    client.post("/_mock/reset", {})
    assert client.get("/_mock/tasks").json["seconds"] == 1.0


@pytest.mark.parametrize(
    "body", [{"seconds": -1}, {"seconds": "1"}, {"polls": 1.5}, {"polls": True}, {"second": 1}, [1]]
)
def test_nonsense_about_the_pace_is_refused(client: Any, body: Any) -> None:
    assert client.post("/_mock/tasks", body).status == 400


def test_the_list_takes_every_filter(client: Any, clock: Any) -> None:
    old = submit(client)
    clock.step(3600)
    new = submit(client, model="qwen-image-plus", n=1)

    def listed(words: str) -> list[str]:
        return [row["task_id"] for row in client.get(f"/api/v1/tasks/?{words}").json["data"]]

    [row, _] = client.get("/api/v1/tasks").json["data"]
    assert listed("status=PENDING") == [new]
    assert listed("status=SUCCEEDED") == [old]
    assert listed(f"api_key_id={row['api_key_id']}&region={row['region']}") == [new, old]
    assert listed("region=elsewhere") == listed("api_key_id=12") == []
    assert listed("end_time=20270115160100") == [old]
    assert listed("start_time=20270115160001&end_time=20270116160000") == [new]
    assert row["user_api_unique_key"] == "apikey:v1:aigc:text2image:image-synthesis:qwen-image-plus"
    assert "start_time" not in row
    clock.step(86_400 - 3600)
    assert listed("") == [new]


def test_a_span_above_a_day_is_journalled(mock: Any, client: Any) -> None:
    submit(client)
    assert client.get("/api/v1/tasks?start_time=20270101000000&end_time=20270116000000").json["total"] == 1
    assert [violation["clause"] for violation in mock.violations] == ["tasks.list-span"]


def test_actual_prompt_and_choices(client: Any, clock: Any) -> None:
    document = {
        "model": "wan2.6-image",
        "input": {"messages": [{"role": "user", "content": [{"text": "a tale"}]}]},
        "parameters": {"enable_interleave": True, "max_images": 3, "seed": 5},
    }
    task = client.post(WAN, document, ASYNC).json["output"]["task_id"]
    clock.step(2)
    answer = client.get(f"/api/v1/tasks/{task}").json
    [choice] = answer["output"]["choices"]
    kinds = [item["type"] for item in choice["message"]["content"]]
    assert kinds == ["text", "image"] * kinds.count("image") + ["text"]
    assert 1 <= kinds.count("image") <= 3
    assert answer["usage"]["image_count"] == kinds.count("image")
