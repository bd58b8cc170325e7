"""Two servers with one seed say the same; two keys on one server never meet."""

from __future__ import annotations

from typing import Any

from qwen_image_mock import Settings, serve

PATH = "/v1/images/generations"
SUBMIT = "/api/v1/services/aigc/text2image/image-synthesis"
ASYNC = {"X-DashScope-Async": "enable"}
HOST = {"Host": "mock.example"}


def story(client: Any, mock: Any) -> list[Any]:
    """A sequence of requests of every kind; what came back, pictures included."""
    mock.clock.freeze(1_800_000_000)
    told: list[Any] = []
    first = client.post(PATH, {"model": "qwen-image-2.0", "prompt": "a cat", "n": 2}, HOST)
    told.append(first.json)
    task = client.post(SUBMIT, {"model": "qwen-image", "input": {"prompt": "[[mock:task-slow seconds=3]]"}},
                       {**ASYNC, **HOST}).json["output"]["task_id"]  # fmt: skip
    for _ in range(3):
        told.append(client.send("GET", f"/api/v1/tasks/{task}", headers=dict(HOST)).json)
        mock.clock.step(1.5)
    told.append(client.get("/api/v1/tasks").json)
    told.append(
        client.post(PATH, {"model": "qwen-image-2.0", "prompt": "a", "n": 99}).headers["x-request-id"]
    )
    told.append(client.get(first.json["data"][1]["url"].replace("http://mock.example", mock.url)).body)
    return told


def test_the_same_seed_gives_the_same_ids_times_and_pictures(client_of: Any) -> None:
    stories = []
    for seed in (5, 5, 6):
        with serve(Settings(seed=seed)) as mock:
            stories.append(story(client_of(mock), mock))
    assert stories[0] == stories[1]
    assert all(here != there for here, there in zip(stories[0], stories[2], strict=True))


def test_what_another_key_does_changes_no_picture(client_of: Any) -> None:
    pictures = []
    for noise in (0, 3):
        with serve(Settings(seed=5)) as mock:
            for _ in range(noise):
                client_of(mock).send("POST", PATH, b'{"model":"qwen-image","prompt":"x"}', {
                    "Authorization": "Bearer sk-other", "Content-Type": "application/json"})  # fmt: skip
            url = client_of(mock).post(PATH, {"model": "qwen-image", "prompt": "a"}).json["data"][0]["url"]
            pictures.append(client_of(mock).get(url).body)
    assert pictures[0] == pictures[1]


def test_keys_never_meet(mock: Any, client_with: Any) -> None:
    one, two = client_with("sk-one"), client_with("sk-two")
    mock.fault("throttle", key="sk-one", times=1)
    task = two.post(SUBMIT, {"model": "qwen-image", "input": {"prompt": "a"}}, ASYNC).json["output"][
        "task_id"
    ]
    assert one.get(f"/api/v1/tasks/{task}").status == 429
    assert one.get(f"/api/v1/tasks/{task}").json["output"]["task_status"] == "UNKNOWN"
    assert one.post(f"/api/v1/tasks/{task}/cancel", b"").status == 400
    assert one.get("/api/v1/tasks").json["total"] == 0
    assert two.get("/api/v1/tasks").json["total"] == 1
    marked = {"model": "qwen-image-2.0", "prompt": "[[mock:throttle times=1]]"}
    assert [caller.post(PATH, marked).status for caller in (one, two, one, two)] == [429, 429, 200, 200]
    assert len(mock.requests(key="sk-one")) == 6


def test_the_isolated_fixture_is_a_server_of_its_own(
    qwen_image_mock: Any, qwen_image_mock_isolated: Any
) -> None:
    assert qwen_image_mock.url != qwen_image_mock_isolated.url
    qwen_image_mock_isolated.clock.freeze(1)
    assert not qwen_image_mock.clock.frozen


def test_old_tasks_age_out(client_of: Any) -> None:
    with serve(Settings(tasks=50)) as mock:
        mock.clock.freeze(1_800_000_000)
        client = client_of(mock)
        ask = {"model": "qwen-image", "input": {"prompt": "a"}}
        ids = [client.post(SUBMIT, ask, ASYNC).json["output"]["task_id"] for _ in range(60)]
        assert len(mock.app.state.store) == 50
        states = [
            client.get(f"/api/v1/tasks/{task}").json["output"]["task_status"] for task in (ids[9], ids[10])
        ]
        assert states == ["UNKNOWN", "PENDING"]
        mock.clock.step(86_400)
        client.post(SUBMIT, ask, ASYNC)
        assert len(mock.app.state.store) == 1
