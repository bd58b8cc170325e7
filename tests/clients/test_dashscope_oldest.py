"""`dashscope` 1.25.15, the oldest release that the documents allow, in an environment of its own."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from clients.client_process import ClientProcess
from clients.conftest import Started
from clients.looking import all_downloaded, download, pictures_in
from clients.wire import KEY
from qwen_image_mock.server import Mock

Json = Any
PRO = "qwen-image-2.0-pro"
MESSAGES: Json = [{"role": "user", "content": [{"text": "a fox"}]}]
SYNTHESIS: Json = {"of": "synthesis", "model": "qwen-image-plus", "prompt": "a fox", "size": "1328*1328"}
GENERATION: Json = {"of": "generation", "model": "wan2.7-image", "messages": MESSAGES, "size": "1024*768"}


@pytest.fixture(scope="session")
def old(running: Mock, by_python: Started) -> Iterator[ClientProcess]:
    variables = {"DASHSCOPE_HTTP_BASE_URL": f"{running.url}/api/v1", "DASHSCOPE_API_KEY": KEY}
    with by_python("run_dashscope.py", variables) as client:
        yield client


def edit_of(image: str) -> Json:
    return [{"role": "user", "content": [{"image": image}, {"text": "make it blue"}]}]


def test_it_is_that_release(old: ClientProcess) -> None:
    assert old.ask("version", distribution_name="dashscope") == "1.25.15"


def test_a_conversation(mock: Mock, old: ClientProcess) -> None:
    answer = old.ask(
        "conversation", model=PRO, messages=MESSAGES, n=2, size="2688*1536", seed=0, watermark=False
    )
    assert (answer["status_code"], answer["code"], answer["message"]) == (200, "", "")
    assert [choice["message"]["role"] for choice in answer["output"]["choices"]] == ["assistant"]
    assert len(pictures_in(answer["output"])) == 2
    all_downloaded(pictures_in(answer["output"]), (2688, 1536))
    assert (answer["usage"]["width"], answer["usage"]["image_count"]) == (2688, 2)
    [entry] = mock.requests()
    assert answer["request_id"] == entry["id"]
    assert entry["headers"]["user-agent"].startswith("dashscope/1.25.15;")
    assert "x-dashscope-sdk-client" not in entry["headers"]
    assert entry["decoded"]["parameters"] == {"n": 2, "size": "2688*1536", "seed": 0, "watermark": False}
    assert entry["violations"] == []


def test_the_word_stream_leaks_into_the_parameters(mock: Mock, old: ClientProcess) -> None:
    assert old.ask("conversation", model=PRO, messages=MESSAGES, stream=False)["status_code"] == 200
    [entry] = mock.requests()
    assert entry["body"]["parameters"] == {"stream": False}
    assert [(found["clause"], found["reaction"]) for found in entry["violations"]] == [
        ("request.unknown-field", "ignore")
    ]


def test_a_choice_for_each_picture(mock: Mock, old: ClientProcess) -> None:
    answer = old.ask("generation", model="wan2.6-t2i", messages=MESSAGES, n=2, size="1280*1440")
    assert [len(choice["message"]["content"]) for choice in answer["output"]["choices"]] == [1, 1]
    all_downloaded(pictures_in(answer["output"]), (1280, 1440))
    assert mock.requests()[0]["operation"] == "generate"


def test_a_refusal_is_an_object(mock: Mock, old: ClientProcess) -> None:
    answer = old.ask("conversation", model=PRO, messages=MESSAGES, size="1*1")
    assert (answer["status_code"], answer["code"], answer["output"]) == (400, "InvalidParameter", None)
    assert answer["message"]
    assert answer["request_id"] == mock.requests()[0]["id"]
    wrong = old.ask("conversation", model=PRO, messages=MESSAGES, api_key="sk-wrong-key")
    assert (wrong["status_code"], wrong["code"]) == (401, "InvalidApiKey")


@pytest.mark.parametrize(
    ("fault", "status", "code"), [("throttle", 429, "Throttling"), ("html", 502, "Unknown")]
)
def test_it_tries_nothing_again(mock: Mock, old: ClientProcess, fault: str, status: int, code: str) -> None:
    mock.fault(fault, times=1)
    answer = old.ask("conversation", model=PRO, messages=MESSAGES)
    assert (answer["status_code"], answer["code"]) == (status, code)
    assert len(mock.requests()) == 1


@pytest.mark.parametrize(
    ("fault", "kind"),
    [("ok-error", "TypeError"), ("empty-body", "JSONDecodeError"), ("reset", "ConnectionError")],
)
def test_what_makes_it_raise_can_be_tried(mock: Mock, old: ClientProcess, fault: str, kind: str) -> None:
    """A business error under status 200, no body, a connection reset: the caller needs a `try`."""
    mock.fault(fault, times=1)
    assert old.refused("conversation", model=PRO, messages=MESSAGES)["kind"] == kind
    assert len(mock.requests()) == 1
    assert old.ask("conversation", model=PRO, messages=MESSAGES)["status_code"] == 200


@pytest.mark.parametrize("ask", [SYNTHESIS, GENERATION], ids=["synthesis", "generation"])
def test_submit_fetch_wait_and_list(mock: Mock, old: ClientProcess, ask: Json) -> None:
    mock.clock.freeze(1_800_000_000)
    of = ask["of"]
    submitted = old.ask("task", do="async_call", n=2 if of == "generation" else 1, **ask)
    task = submitted["output"]["task_id"]
    assert submitted["output"]["task_status"] == "PENDING"
    assert mock.requests()[0]["headers"]["x-dashscope-async"] == "enable"
    assert old.ask("task", of=of, do="fetch", task=task)["output"]["task_status"] == "PENDING"
    mock.clock.step(0.1)
    assert old.ask("task", of=of, do="fetch", task=task)["output"]["task_status"] == "RUNNING"
    mock.clock.step(1)
    done = old.ask("task", of=of, do="wait", task=task)
    assert (done["status_code"], done["output"]["task_status"]) == (200, "SUCCEEDED")
    width, height = (int(side) for side in ask["size"].split("*"))
    all_downloaded(pictures_in(done["output"]), (width, height))
    listed = old.ask("task", of=of, do="list", status="SUCCEEDED")
    assert [row["task_id"] for row in listed["output"]["data"]] == [task]


def test_call_submits_and_waits(mock: Mock, old: ClientProcess) -> None:
    mock.tasks(at_once=True)
    answer = old.ask("task", do="call", n=1, **SYNTHESIS)
    all_downloaded(pictures_in(answer["output"]), (1328, 1328))
    assert [entry["operation"] for entry in mock.requests()] == ["submit", "query"]


@pytest.mark.parametrize("ask", [SYNTHESIS, GENERATION], ids=["synthesis", "generation"])
def test_asyncio_paths_end_in_a_slash(mock: Mock, old: ClientProcess, ask: Json) -> None:
    mock.tasks(at_once=True)
    of = ask["of"]
    task = old.ask("task_in_asyncio", do="async_call", **ask)["output"]["task_id"]
    assert old.ask("task_in_asyncio", of=of, do="fetch", task=task)["output"]["task_status"] == "SUCCEEDED"
    assert old.ask("task_in_asyncio", of=of, do="wait", task=task)["output"]["task_status"] == "SUCCEEDED"
    assert [entry["path"].partition(task)[2] for entry in mock.requests()[1:]] == ["/", "/"]


def test_its_asyncio_cancel_asks_with_the_wrong_method(mock: Mock, old: ClientProcess) -> None:
    """A mistake of this release: GET, which cancels nothing. The caller is told, the journal says why."""
    mock.clock.freeze(1_800_000_000)
    task = old.ask("task", do="async_call", **SYNTHESIS)["output"]["task_id"]
    answer = old.ask("task_in_asyncio", of="synthesis", do="cancel", task=task)
    assert answer["status_code"] == 400
    entry = mock.requests()[-1]
    assert (entry["method"], entry["path"].partition(task)[2]) == ("GET", "/cancel/")
    assert [found["clause"] for found in entry["violations"]] == ["method.refused"]
    assert old.ask("task", of="synthesis", do="fetch", task=task)["output"]["task_status"] == "PENDING"


def test_cancel(mock: Mock, old: ClientProcess) -> None:
    mock.clock.freeze(1_800_000_000)
    task = old.ask("task", do="async_call", **SYNTHESIS)["output"]["task_id"]
    assert old.ask("task", of="synthesis", do="cancel", task=task)["status_code"] == 200
    assert old.ask("task", of="synthesis", do="wait", task=task)["output"]["task_status"] == "CANCELED"
    again = old.ask("task", of="synthesis", do="cancel", task=task)
    assert (again["status_code"], again["code"]) == (400, "UnsupportedOperation")


def test_a_task_nobody_knows_ends_the_wait(old: ClientProcess) -> None:
    answer = old.ask("task", of="synthesis", do="wait", task="no-such-task")
    assert (answer["status_code"], answer["output"]["task_status"]) == (200, "UNKNOWN")


@pytest.mark.parametrize(("fault", "statuses"), [("throttle", [200, 429]), ("unavailable", [200, 503, 200])])
def test_polls_that_fail(mock: Mock, old: ClientProcess, fault: str, statuses: list[int]) -> None:
    mock.tasks(at_once=True)
    task = old.ask("task", do="async_call", **SYNTHESIS)["output"]["task_id"]
    mock.fault(fault, operation="query", times=1)
    old.ask("task", of="synthesis", do="wait", task=task)
    assert [entry["status"] for entry in mock.requests()] == statuses


def test_call_raises_when_the_submit_is_refused(old: ClientProcess) -> None:
    error = old.refused("task", of="synthesis", do="call", model="qwen-image-max", prompt="a fox")
    assert error["kind"] == "InvalidTask"
    assert "url error" in error["text"]


def test_a_local_file_is_uploaded(mock: Mock, old: ClientProcess, photos: list[str]) -> None:
    answer = old.ask(
        "conversation", model="qwen-image-edit-plus", messages=edit_of(f"file://{photos[0]}"), n=2
    )
    pictures = [download(url) for url in pictures_in(answer["output"])]
    assert [picture.width / picture.height for picture in pictures] == [pytest.approx(4 / 3, rel=0.03)] * 2
    upload, edit = mock.requests()
    assert (upload["operation"], edit["operation"]) == ("upload", "edit")
    assert edit["headers"]["x-dashscope-ossresourceresolve"] == "enable"
    assert edit["body"]["input"]["messages"][0]["content"][0]["image"].startswith("oss://")
    assert (edit["inputs"][0]["mime"], edit["inputs"][0]["size"]) == ("image/png", "640x480")


def test_a_task_uploads_a_local_file_too(mock: Mock, old: ClientProcess, photos: list[str]) -> None:
    mock.tasks(at_once=True)
    task = old.ask(
        "task", of="synthesis", do="async_call", model="wan2.5-i2i-preview", prompt="blue", images=photos
    )
    done = old.ask("task", of="synthesis", do="fetch", task=task["output"]["task_id"])
    assert done["output"]["task_status"] == "SUCCEEDED"
    assert [told["size"] for told in mock.requests(operation="submit")[0]["inputs"]] == ["640x480", "400x800"]
