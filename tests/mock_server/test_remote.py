"""A mock in another process, seen from a test: the same methods, by its admin API."""

from __future__ import annotations

from inspect import getmembers, signature
from typing import Any

import pytest

from mock_server.conftest import Client
from qwen_image_mock.remote import RemoteClock, RemoteMock
from qwen_image_mock.server import Mock, serve
from qwen_image_mock.settings import Settings

PATH = "/v1/images/generations"
ASK = {"model": "qwen-image-2.0-pro", "prompt": "a cat"}
SUBMIT = "/api/v1/services/aigc/text2image/image-synthesis"
TASK = {"model": "qwen-image", "input": {"prompt": "a"}}
ASYNC = {"X-DashScope-Async": "enable"}


@pytest.fixture
def remote(mock: Mock) -> RemoteMock:
    return RemoteMock(mock.url + "/")


def test_it_has_what_a_mock_has(mock: Mock) -> None:
    for one, other in ((Mock, RemoteMock), (type(mock.clock), RemoteClock)):
        public = {name: value for name, value in getmembers(one) if not name.startswith("_")}
        for name, value in public.items():
            if name in ("dump", "load"):
                continue
            theirs = getattr(other, name, None)
            if callable(value):
                assert signature(value).parameters.keys() == signature(theirs).parameters.keys(), name
            else:
                assert name == "clock" or theirs is not None, name


def test_it_tells_what_the_mock_tells(remote: RemoteMock, mock: Mock, client: Client) -> None:
    client.post(PATH, {**ASK, "n": 99})
    client.post(PATH, {**ASK, "prompt": 'ein "Hund" & mehr'})
    assert remote.requests() == mock.requests()
    assert len(remote.requests(contains='ein "Hund" & mehr')) == 1
    assert remote.violations == mock.violations != []


def test_it_changes_what_the_mock_does(remote: RemoteMock, mock: Mock, client: Client) -> None:
    remote.clock.freeze(1_800_000_000)
    remote.clock.step(2.5)
    assert (mock.clock.now(), remote.clock.now(), remote.clock.frozen) == (
        1_800_000_002.5,
        1_800_000_002.5,
        True,
    )
    remote.clock.thaw()
    assert not mock.clock.frozen
    remote.tasks(polls=1)
    task = client.post(SUBMIT, TASK, ASYNC).json["output"]["task_id"]
    states = [client.get(f"/api/v1/tasks/{task}").json["output"]["task_status"] for _ in range(2)]
    assert states == ["RUNNING", "SUCCEEDED"]
    assert remote.fault("throttle", times=1).startswith("fault-")
    assert [client.post(PATH, ASK).status for _ in range(2)] == [429, 200]
    remote.limits(on=True)
    assert mock.app.state.limits.on
    remote.clock.reset()
    remote.reset()
    assert mock.requests() == []
    assert not mock.app.state.limits.on


def test_what_the_mock_has_against_a_call_is_told(remote: RemoteMock) -> None:
    with pytest.raises(ValueError, match="did you mean"):
        remote.fault("throtle")
    with pytest.raises(ValueError, match="seconds is a number"):
        remote.tasks(seconds=-1)


def test_a_token_opens_it() -> None:
    with serve(Settings(token="t")) as mock:
        assert RemoteMock(mock.url, "t").requests() == []


def test_a_shared_mock_in_this_process_is_asked_by_http(redis: Any) -> None:
    with serve(Settings(store=redis.url.removesuffix("0") + "6")) as mock:
        assert isinstance(mock, RemoteMock)
        assert mock.app is not None
        mock.reset()
        mock.fault("throttle", times=1)
        assert [Client(mock.url).post(PATH, ASK).status for _ in range(2)] == [429, 200]
