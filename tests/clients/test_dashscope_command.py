"""The `dashscope` command of release 2.0.2: its image commands, its tasks and its uploads."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from dashscope.aigc.image_synthesis import ImageSynthesis

from clients.client_process import HERE, ClientProcess, environment
from clients.looking import all_downloaded, pictures_in
from clients.wire import KEY
from qwen_image_mock.server import Mock

Json = Any


@dataclass(frozen=True)
class Done:
    """What a command printed, and its exit code."""

    code: int
    out: str
    errors: str

    @property
    def documents(self) -> list[Json]:
        """The JSON documents it printed, one after the other; it must have succeeded."""
        assert self.code == 0, self.out + self.errors
        found, rest = [], self.out.strip()
        while rest:
            document, end = json.JSONDecoder().raw_decode(rest)
            found.append(document)
            rest = rest[end:].strip()
        return found


Command = Callable[..., Done]


def variables(mock: Mock) -> dict[str, str]:
    """The command finds its provider by the variable that the 1.x surface reads."""
    return environment(DASHSCOPE_HTTP_BASE_URL=f"{mock.url}/api/v1", DASHSCOPE_API_KEY=KEY)


@pytest.fixture(scope="session")
def warm(running: Mock, tmp_path_factory: pytest.TempPathFactory) -> Iterator[ClientProcess]:
    log = tmp_path_factory.mktemp("client") / "command.txt"
    script: list[str | Path] = [sys.executable, HERE / "other" / "run_command.py"]
    with ClientProcess(script, variables(running), log) as client:
        yield client


@pytest.fixture
def run(mock: Mock, warm: ClientProcess) -> Command:
    """Runs a command line against the mock, which is as new."""
    assert mock.requests() == []
    return lambda *words: Done(**warm.ask("command", words=words))


def test_as_a_process_it_sends_nulls_for_what_was_not_given(mock: Mock) -> None:
    words = ["create", "-m", "wan2.6-t2i", "-t", "一只狐狸", "--size", "1280*1440", "-n", "2"]
    started = subprocess.run(
        [sys.executable, "-m", "dashscope.cli", "image-generation", *words],
        capture_output=True,
        check=False,
        encoding="utf-8",
        env=variables(mock),
    )
    output, usage = Done(started.returncode, started.stdout, started.stderr).documents
    assert len(pictures_in(output)) == 2
    all_downloaded(pictures_in(output), (1280, 1440))
    assert usage["image_count"] == 2
    [entry] = mock.requests()
    assert entry["body"]["parameters"] == {"size": "1280*1440", "n": 2, "max_images": None}
    assert entry["decoded"]["prompt"] == "一只狐狸"
    assert entry["headers"]["x-dashscope-sdk-client"] == "python-cli/2.0.2/aigc"
    assert {found["reaction"] for found in entry["violations"]} <= {"ignore"}


def test_create_uploads_local_files(mock: Mock, run: Command, photos: list[str]) -> None:
    images = [word for photo in photos for word in ("--image", photo)]
    output = run("image-generation", "create", "-m", "wan2.6-image", "-t", "make it blue", *images).documents[
        0
    ]
    assert pictures_in(output)
    entry = mock.requests()[-1]
    assert entry["operation"] == "edit"
    assert entry["body"]["parameters"] == {"size": None, "n": None, "max_images": None}
    assert [told["size"] for told in entry["inputs"]] == ["640x480", "400x800"]
    assert len(mock.requests(operation="upload-object")) == 2


def test_create_waits_for_the_task_of_an_older_model(mock: Mock, run: Command) -> None:
    mock.tasks(at_once=True)
    words = ("-m", "qwen-image-plus", "-p", "a fox", "--size", "928*1664", "--negative-prompt", "")
    output, usage = run("image-synthesis", "create", *words).documents
    assert output["task_status"] == "SUCCEEDED"
    all_downloaded(pictures_in(output), (928, 1664))
    assert usage == {"image_count": 1}
    assert [entry["operation"] for entry in mock.requests()] == ["submit", "query"]


def test_a_conversation(mock: Mock, run: Command, photos: list[str]) -> None:
    words = ("-m", "qwen-image-edit-plus", "-t", "make it blue", "--image", photos[0], "--seed", "0")
    [output, usage] = run("multimodal-conversation", "create", *words).documents
    assert pictures_in(output)
    assert usage["image_count"] == 1
    entry = mock.requests()[-1]
    assert (entry["operation"], entry["decoded"]["parameters"]) == ("edit", {"seed": 0})


@pytest.mark.usefixtures("native_once")
@pytest.mark.parametrize("group", ["image-synthesis", "image-generation"])
def test_fetch_list_cancel_and_wait(mock: Mock, run: Command, group: str) -> None:
    mock.clock.freeze(1_800_000_000)
    task = ImageSynthesis.async_call(model="qwen-image", prompt="a fox").output.task_id
    [fetched] = run(group, "fetch", task).documents
    assert (fetched["task_id"], fetched["task_status"]) == (task, "PENDING")
    [listed] = run(group, "list", "--status", "PENDING", "-s", "1").documents
    assert [row["task_id"] for row in listed["data"]] == [task]
    assert run(group, "cancel", task).code == 0
    [waited] = run(group, "wait", task).documents
    assert waited["task_status"] == "CANCELED"
    again = run(group, "cancel", task)
    assert again.code == 3
    assert "UnsupportedOperation" in again.errors


def test_upload(mock: Mock, run: Command, photos: list[str]) -> None:
    done = run("oss", "upload", "-f", photos[0], "-m", "qwen-image-edit-plus")
    assert done.code == 0, done.errors
    assert "".join(done.out.split()).partition("url:")[2].startswith("oss://dashscope-instant/")
    [upload] = mock.requests(operation="upload-object")
    assert upload["status"] == 200
    assert "authorization" not in upload["headers"]


@pytest.mark.parametrize(
    ("fault", "size", "code", "word"),
    [
        ("", "1*1", 3, "InvalidParameter"),
        ("throttle", "1280*1280", 4, "Throttling"),
        ("access-denied", "1280*1280", 2, "AccessDenied"),
        ("server-error", "1280*1280", 1, "InternalError"),
    ],
)
def test_exit_codes_tell_the_kinds_of_errors_apart(
    mock: Mock, run: Command, fault: str, size: str, code: int, word: str
) -> None:
    if fault:
        mock.fault(fault)
    done = run("image-generation", "create", "-m", "wan2.6-t2i", "-t", "a fox", "--size", size)
    assert (done.code, done.out) == (code, "")
    assert word in done.errors
    [entry] = mock.requests()
    assert entry["id"] in "".join(done.errors.split())
