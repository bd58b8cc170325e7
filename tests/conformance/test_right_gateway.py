"""The right gateway keeps the contract it promises, and hands on what only the upstream's end shows."""

from __future__ import annotations

import hashlib
import io
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from PIL import Image

from qwen_image_conformance.campaign import run
from qwen_image_conformance.plan import make_plan
from qwen_image_conformance.probe import Tier
from qwen_image_conformance.target import make_target
from qwen_image_mock import Settings, serve
from qwen_image_mock.server import Mock
from qwen_image_spec.loader import load_provider
from qwen_image_spec.model import Spec
from servers.right_gateway import PROVIDER_FILE, Manners
from servers.right_gateway.running import running

AT_ONCE, TASKS, EDITS = "qwen-image-2.0", "wan2.2-t2i-flash", "wan2.5-i2i-preview"


@pytest.fixture(scope="module")
def upstream() -> Iterator[Mock]:
    with serve(Settings(seed=1, task_seconds=0.05)) as mock:
        yield mock


@pytest.fixture(scope="module")
def url(upstream: Mock) -> Iterator[str]:
    with running(upstream.url, aliases={"my-pictures": TASKS}) as address:
        yield address


@pytest.fixture
def mock(upstream: Mock) -> Mock:
    upstream.reset()
    return upstream


def post(url: str, body: Any, path: str = "/v1/images/generations", key: str = "sk-a") -> httpx.Response:
    with httpx.Client(trust_env=False) as client:
        return client.post(url + path, json=body, headers={"authorization": f"Bearer {key}"})


def form(url: str, fields: dict[str, str], files: list[tuple[str, bytes]]) -> httpx.Response:
    named = [(name, (f"{index}.png", data)) for index, (name, data) in enumerate(files)]
    with httpx.Client(trust_env=False) as client:
        headers = {"authorization": "Bearer sk-a"}
        return client.post(f"{url}/v1/images/edits", data=fields, files=named, headers=headers)


def picture(colour: str) -> bytes:
    buffer = io.BytesIO()
    Image.new("RGB", (512, 512), colour).save(buffer, "PNG")
    return buffer.getvalue()


def arrived(mock: Mock) -> list[Any]:
    return [entry["body"] for entry in mock.requests() if entry["method"] == "POST"]


@pytest.mark.parametrize("model", [AT_ONCE, "qwen-image-edit-plus", TASKS, EDITS])
def test_it_keeps_its_contract(spec: Spec, url: str, model: str, tmp_path: Path) -> None:
    provider = load_provider(PROVIDER_FILE)
    done = run(
        spec, provider, make_target(provider, url), make_plan(spec, provider, [model], Tier.CORE), tmp_path
    )
    broken = [case["clause"] for case in done.cases if case["status"] in ("fail", "warn", "error")]
    assert broken == []
    assert done.end["counts"]["pass"] > 50


def test_what_is_absent_stays_absent(mock: Mock, url: str) -> None:
    assert post(url, {"model": AT_ONCE, "prompt": "a cat"}).status_code == 200
    assert arrived(mock) == [
        {"model": AT_ONCE, "input": {"messages": [{"role": "user", "content": [{"text": "a cat"}]}]}}
    ]


def test_zero_and_false_and_nothing_arrive_where_the_upstream_reads_them(mock: Mock, url: str) -> None:
    asked = {"seed": 0, "watermark": False, "parameters": {"prompt_extend": False, "negative_prompt": ""}}
    for model in (AT_ONCE, TASKS):
        assert post(url, {"model": model, "prompt": "a", "size": "1024x768", **asked}).status_code == 200
    at_once, task = arrived(mock)
    same = {"size": "1024*768", "seed": 0, "watermark": False, "prompt_extend": False}
    assert at_once["parameters"] == {**same, "negative_prompt": ""}
    assert (task["parameters"], task["input"]) == (same, {"prompt": "a", "negative_prompt": ""})
    assert [entry["violations"] for entry in mock.requests()] == [[]] * len(mock.requests())


def test_undocumented_fields_are_handed_on(mock: Mock, url: str) -> None:
    asked = {"model": AT_ONCE, "prompt": "a", "fancy": 1, "user": "u", "parameters": {"more": {"x": None}}}
    assert post(url, asked).status_code == 200
    assert arrived(mock)[0]["parameters"] == {"fancy": 1, "more": {"x": None}}


def test_a_form_arrives_typed_and_its_pictures_in_order(mock: Mock, url: str) -> None:
    files = [picture(colour) for colour in ("red", "green", "blue")]
    for name, model in (("image[]", AT_ONCE), ("image", EDITS)):
        fields = {"model": model, "prompt": "a", "n": "2", "watermark": "false", "parameters[seed]": "0"}
        assert form(url, fields, [(name, data) for data in files]).status_code == 200
    at_once, task = arrived(mock)
    assert at_once["parameters"] == task["parameters"] == {"n": 2, "watermark": False, "seed": 0}
    sent = [item["image"] for item in at_once["input"]["messages"][0]["content"][:3]]
    digests = [hashlib.sha256(data).hexdigest() for data in files]
    assert all(digest in image for digest, image in zip(digests, sent, strict=True))
    assert task["input"]["images"] == sent


def test_an_alias_decides_nothing(mock: Mock, url: str) -> None:
    assert post(url, {"model": "my-pictures", "prompt": "a"}).status_code == 200
    submit = mock.requests()[0]
    assert (submit["operation"], submit["body"]["model"]) == ("submit", TASKS)
    assert submit["headers"]["x-dashscope-async"] == "enable"
    assert {entry["operation"] for entry in mock.requests()[1:]} == {"query"}


@pytest.mark.parametrize(
    ("model", "marker", "status", "code"),
    [
        (AT_ONCE, "throttle retry_after=7", 429, "Throttling"),
        (AT_ONCE, "arrearage", 400, "Arrearage"),
        (AT_ONCE, "data-inspection", 400, "DataInspectionFailed"),
        (AT_ONCE, "server-error", 500, "InternalError"),
        (AT_ONCE, "html", 502, "UpstreamAnswer"),
        (AT_ONCE, "empty-body", 502, "UpstreamAnswer"),
        (AT_ONCE, "ok-error error=arrearage", 400, "Arrearage"),
        (AT_ONCE, "empty-data", 502, "NoPictures"),
        (AT_ONCE, "reset", 502, "UpstreamUnreachable"),
        (TASKS, "throttle retry_after=7", 429, "Throttling"),
        (TASKS, "task-failed error=data-inspection", 400, "DataInspectionFailed"),
        (TASKS, "task-failed error=internal-error", 500, "InternalError"),
        (TASKS, "task-canceled", 502, "Task.Canceled"),
        (TASKS, "task-unknown", 502, "Task.Unknown"),
        (TASKS, "task-partial failed=4", 400, "DataInspectionFailed"),
    ],
)
def test_what_goes_wrong_upstream_is_told_and_never_repeated(
    mock: Mock, url: str, model: str, marker: str, status: int, code: str
) -> None:
    answer = post(url, {"model": model, "prompt": f"a [[mock:{marker}]]"})
    error = answer.json()["error"]
    assert (answer.status_code, error["code"]) == (status, code)
    assert len(arrived(mock)) == 1
    if "throttle" in marker:
        assert answer.headers["retry-after"] == "7"
    if status in (400, 429, 500):
        upstream = mock.requests()[-1]["response"]
        assert error["message"] in str(upstream)
        assert answer.headers["x-request-id"] == upstream["request_id"]


@pytest.mark.parametrize("marker", ["failing-poll times=2", "failing-poll status=html times=2"])
def test_a_poll_that_fails_is_tried_again(mock: Mock, url: str, marker: str) -> None:
    answer = post(url, {"model": TASKS, "prompt": f"a [[mock:{marker}]]", "n": 1})
    assert answer.status_code == 200
    assert len(arrived(mock)) == 1


def test_of_a_partial_result_only_the_pictures_are_told(url: str) -> None:
    body = post(url, {"model": TASKS, "prompt": "a [[mock:task-partial failed=1]]", "n": 3}).json()
    assert len(body["data"]) == body["usage"]["image_count"] == 2
    assert all(item["url"].startswith("http") for item in body["data"])


def test_the_rewritten_prompt_of_a_task_is_told(url: str) -> None:
    told = post(url, {"model": TASKS, "prompt": "a cat", "n": 2}).json()["data"]
    assert all(item["revised_prompt"].startswith("a cat, ") for item in told)
    plain = post(url, {"model": TASKS, "prompt": "a cat", "n": 1, "prompt_extend": False}).json()["data"]
    assert "revised_prompt" not in plain[0]


def test_a_stuck_task_ends_by_the_deadline_with_its_name(mock: Mock) -> None:
    with running(mock.url, Manners(timeout=2.0, pause=0.02, deadline=0.2)) as url:
        answer = post(url, {"model": TASKS, "prompt": "a [[mock:task-stuck]]"})
    task_id = mock.requests()[0]["response"]["output"]["task_id"]
    assert answer.status_code == 504
    assert task_id in answer.json()["error"]["message"]


def test_addresses_are_the_upstreams_own(mock: Mock, url: str) -> None:
    answer = post(url, {"model": AT_ONCE, "prompt": "a", "n": 2})
    own = [
        item["image"]
        for choice in mock.requests()[0]["response"]["output"]["choices"]
        for item in choice["message"]["content"]
    ]
    assert [item["url"] for item in answer.json()["data"]] == own
    assert all(address in answer.text for address in own)


@pytest.mark.parametrize(
    "wrong",
    [
        {"prompt": ""},
        {"n": 99},
        {"n": 0},
        {"size": "1024*1024"},
        {"size": 1024},
        {"model": "nobody"},
        {"model": EDITS},
        {"stream": True},
        {"mask": "https://h/mask.png"},
        {"response_format": "png"},
        {"image": ["not an address"]},
    ],
)
def test_bad_input_is_refused_before_the_upstream_is_asked(
    mock: Mock, url: str, wrong: dict[str, Any]
) -> None:
    answer = post(url, {"model": AT_ONCE, "prompt": "a", **wrong})
    assert 400 <= answer.status_code < 500
    assert answer.json()["error"]["message"]
    assert mock.requests() == []


@pytest.mark.parametrize("spelled", ["one", "list", "objects"])
def test_pictures_come_in_json_too(mock: Mock, url: str, spelled: str) -> None:
    address = post(url, {"model": AT_ONCE, "prompt": "a"}).json()["data"][0]["url"]
    given = {
        "one": {"image": address},
        "list": {"image": [address]},
        "objects": {"images": [{"image_url": address}]},
    }
    asked = {"model": "qwen-image-edit-plus", "prompt": "blue", **given[spelled]}
    assert post(url, asked, "/v1/images/edits").status_code == 200
    assert arrived(mock)[-1]["input"]["messages"][0]["content"][0] == {"image": address}


def test_an_unknown_key_is_the_upstreams_refusal(mock: Mock, url: str) -> None:
    answer = post(url, {"model": AT_ONCE, "prompt": "a"}, key="sk-invalid-1")
    assert (answer.status_code, answer.json()["error"]["code"]) == (401, "InvalidApiKey")
    assert "sk-invalid-1" not in answer.text
    assert len(mock.requests()) == 1


def test_models_are_listed_without_asking_upstream(mock: Mock, url: str) -> None:
    with httpx.Client(trust_env=False) as client:
        answer = client.get(f"{url}/v1/models", headers={"authorization": "Bearer sk-a"})
        assert client.get(f"{url}/v1/models").status_code == 401
    assert {item["id"] for item in answer.json()["data"]} == set(load_provider(PROVIDER_FILE).models)
    assert mock.requests() == []
