"""The `image_gen` tool of qwen-agent: it asks for a stream of events and is content with one answer."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from clients.client_process import ClientProcess
from clients.conftest import Started
from clients.looking import all_downloaded
from clients.wire import KEY
from qwen_image_mock.server import Mock

Json = Any
PRO = "qwen-image-2.0-pro"
PARAMS = json.dumps({"prompt": "一只狐狸"}, ensure_ascii=False)


@pytest.fixture(scope="session")
def agent(by_python: Started) -> Iterator[ClientProcess]:
    with by_python("run_qwen_agent.py", {}) as client:
        yield client


def llm(mock: Mock, **generate: Json) -> Json:
    return {
        "model": PRO,
        "model_type": "qwenvlo_dashscope",
        "base_http_api_url": f"{mock.url}/api/v1",
        "api_key": KEY,
        "generate_cfg": generate,
    }


def test_it_is_that_release(agent: ClientProcess) -> None:
    assert agent.ask("version", distribution_name="qwen-agent") == "0.0.34"


@pytest.mark.parametrize("fault", ["", "one-event"], ids=["json", "one-event"])
def test_a_picture(mock: Mock, agent: ClientProcess, fault: str) -> None:
    if fault:
        mock.fault(fault, times=1)
    content = agent.ask("image_gen", llm=llm(mock, n=2, size="512*768"), params=PARAMS)
    all_downloaded([item["image"] for item in content], (512, 768))
    [entry] = mock.requests()
    assert entry["headers"]["x-dashscope-sse"] == "enable"
    assert entry["headers"]["accept"] == "text/event-stream"
    assert entry["decoded"]["prompt"] == "一只狐狸"
    assert entry["effective"]["n"] == 2


def test_what_it_adds_does_no_harm(mock: Mock, agent: ClientProcess) -> None:
    agent.ask("image_gen", llm=llm(mock), params=PARAMS)
    [entry] = mock.requests()
    added = entry["body"]["parameters"]
    assert (added["result_format"], added["incremental_output"]) == ("message", True)
    assert isinstance(added["seed"], int)
    assert entry["effective"]["seed"] == added["seed"]
    assert "/parameters/incremental_output" in entry["decoded"]["unknown"]
    assert {found["reaction"] for found in entry["violations"]} == {"ignore"}


@pytest.mark.parametrize(
    ("fault", "code"), [("throttle", "Throttling"), ("data-inspection", "DataInspectionFailed")]
)
def test_an_error_is_raised_at_once(mock: Mock, agent: ClientProcess, fault: str, code: str) -> None:
    mock.fault(fault)
    error = agent.refused("image_gen", llm=llm(mock), params=PARAMS)
    assert error["kind"] == "ModelServiceError"
    assert error["code"] == code
    assert len(mock.requests()) == 1
