"""Every kind of condition, over a real socket: what the client sees, and what the journal says."""

from __future__ import annotations

import http.client
import json
import time
from email.utils import parsedate_to_datetime
from typing import Any

import pytest

from qwen_image_mock.fault_kinds import KINDS, Place

PATH = "/v1/images/generations"
NATIVE = "/api/v1/services/aigc/multimodal-generation/generation"
SUBMIT = "/api/v1/services/aigc/text2image/image-synthesis"
ASYNC = {"X-DashScope-Async": "enable"}


def ask(fault: str = "", **fields: Any) -> dict[str, Any]:
    marker = f" [[mock:{fault}]]" if fault else ""
    return {"model": "qwen-image-2.0-pro", "prompt": f"a cat{marker}", **fields}


@pytest.mark.parametrize(
    ("fault", "headers"),
    [
        ("throttle", {"retry-after": "1"}),
        ("throttle retry_after=7", {"retry-after": "7"}),
        ("throttle retry_after=none", {}),
        ("throttle-ms", {"retry-after-ms": "500"}),
        ("throttle-long", {"retry-after": "300"}),
        ("rate-quota", {"retry-after": "1"}),
        ("burst", {"retry-after": "1"}),
        ("quota", {"retry-after": "1"}),
        ("concurrency", {"retry-after": "1"}),
    ],
)
@pytest.mark.parametrize("path", [PATH, f"/dashscope{NATIVE}"])
def test_throttling_in_its_forms(client: Any, path: str, fault: str, headers: dict[str, str]) -> None:
    text = {"text": f"a cat [[mock:{fault}]]"}
    body = (
        ask(fault)
        if path == PATH
        else {**ask(), "input": {"messages": [{"role": "user", "content": [text]}]}}
    )
    body.pop("prompt") if path != PATH else None
    answer = client.post(path, body)
    assert answer.status == 429
    assert {name: value for name, value in answer.headers.items() if name.startswith("retry")} == headers


def test_the_native_codes_tell_the_kinds_of_throttling_apart(client: Any) -> None:
    codes = []
    for fault in ("throttle", "rate-quota", "burst", "quota", "concurrency"):
        client.post("/_mock/faults", {"name": fault, "times": 1})
        codes.append(
            client.post(SUBMIT, {"model": "qwen-image", "input": {"prompt": "a"}}, ASYNC).json["code"]
        )
    kinds = ("RateQuota", "BurstRate", "AllocationQuota", "Concurrency")
    assert codes == ["Throttling", *(f"Throttling.{kind}" for kind in kinds)]


def test_retry_after_as_a_date(mock: Any, client: Any) -> None:
    mock.clock.freeze(1_800_000_000)
    answer = client.post(PATH, ask("throttle-date retry_after=90"))
    assert parsedate_to_datetime(answer.headers["retry-after"]).timestamp() == 1_800_000_090


@pytest.mark.parametrize(
    ("fault", "status"),
    [("500", 500), ("502", 502), ("503", 503), ("504", 504), ("throttle status=418", 418)],
)
def test_statuses_in_the_shape_of_the_provider(client: Any, fault: str, status: int) -> None:
    answer = client.post(PATH, ask(fault))
    assert (answer.status, list(answer.json)) == (status, ["error"])


@pytest.mark.parametrize(("options", "status"), [("", 502), (" status=503", 503)])
def test_a_page_where_json_should_be(client: Any, options: str, status: int) -> None:
    answer = client.post(PATH, ask(f"html{options}"))
    assert (answer.status, answer.headers["content-type"]) == (status, "text/html")
    assert answer.body.startswith(b"<html>")


def test_an_empty_body(client: Any) -> None:
    answer = client.post(PATH, ask("empty-body"))
    assert (answer.status, answer.body, answer.headers["content-length"]) == (200, b"", "0")


def test_an_error_that_says_200(client: Any) -> None:
    answer = client.post(PATH, ask("ok-error error=data-inspection"))
    assert answer.status == 200
    assert answer.json["error"]["code"] == "content_policy_violation"


def test_a_truncated_body(mock: Any, client: Any) -> None:
    with pytest.raises(http.client.IncompleteRead) as cut:
        client.post(PATH, ask("truncated"))
    assert cut.value.expected is not None
    whole = len(cut.value.partial) + cut.value.expected
    assert whole == len(json.dumps(mock.requests()[0]["response"], separators=(",", ":")).encode())


def test_a_connection_that_is_reset(mock: Any, client: Any) -> None:
    with pytest.raises((ConnectionResetError, http.client.RemoteDisconnected)):
        client.post(PATH, ask("reset"))
    [entry] = mock.requests()
    assert (entry["fault"], entry["status"]) == ("reset", 200)
    assert client.post(PATH, ask()).status == 200


def test_headers_that_come_late(client: Any) -> None:
    before = time.monotonic()
    assert client.post(PATH, ask("slow-headers seconds=0.3")).status == 200
    assert time.monotonic() - before >= 0.3


def test_a_body_that_comes_drop_by_drop(mock: Any) -> None:
    connection = http.client.HTTPConnection(mock.url.removeprefix("http://"), timeout=10)
    before = time.monotonic()
    connection.request(
        "POST", PATH, json.dumps(ask("slow-drip seconds=0.3 parts=4")), {"Authorization": "Bearer k"}
    )
    answer = connection.getresponse()
    headed = time.monotonic() - before
    body = answer.read()
    assert headed < 0.25
    assert time.monotonic() - before >= 0.3
    assert len(json.loads(body)["data"]) == 1
    connection.close()


def test_no_pictures_at_all(client: Any) -> None:
    assert client.post(PATH, ask("empty-data", n=2)).json["data"] == []
    document = {
        "model": "qwen-image-2.0-pro",
        "input": {"messages": [{"role": "user", "content": [{"text": "a cat [[mock:empty-data]]"}]}]},
    }
    assert client.post(NATIVE, document).json["output"]["choices"] == []


def test_fewer_pictures_than_asked_for(mock: Any, client: Any) -> None:
    assert len(client.post(PATH, ask("fewer", n=3)).json["data"]) == 2
    assert len(client.post(PATH, ask("fewer by=2", n=3)).json["data"]) == 1
    assert mock.requests()[0]["effective"]["n"] == 3


def test_an_address_that_expires_early(mock: Any, client: Any) -> None:
    mock.clock.freeze(1_800_000_000)
    dead = client.post(PATH, ask("expiring-url")).json["data"][0]["url"]
    short = client.post(PATH, ask("expiring-url life=10")).json["data"][0]["url"]
    assert [client.get(url, Authorization=None).status for url in (dead, short)] == [403, 200]
    mock.clock.step(10)
    assert client.get(short, Authorization=None).status == 403


@pytest.mark.parametrize("way", ["marker", "key", "alias", "admin"])
def test_four_ways_to_ask(client: Any, client_with: Any, way: str) -> None:
    asking = client_with("sk-mock-503") if way == "key" else client
    if way == "admin":
        client.post("/_mock/faults", {"name": "503"})
    model = "qwen-image-2.0-pro+mock-503" if way == "alias" else "qwen-image-2.0-pro"
    assert asking.post(PATH, {**ask("503" if way == "marker" else ""), "model": model}).status == 503


def test_an_alias_has_options_and_counts_for_itself(mock: Any, client: Any, client_with: Any) -> None:
    aliased = ask(model="qwen-image-2.0-pro+mock-throttle,times=2,retry_after=3")
    answers = [client.post(PATH, aliased) for _ in range(3)]
    assert [answer.status for answer in answers] == [429, 429, 200]
    assert answers[0].headers["retry-after"] == "3"
    assert client_with("sk-other").post(PATH, aliased).status == 429
    assert mock.requests()[0]["body"]["model"].endswith("+mock-throttle,times=2,retry_after=3")
    assert client.post(PATH, ask(model="no-such-model+mock-throttle")).status == 404


@pytest.mark.parametrize("where", ["marker", "alias"])
def test_a_name_that_does_not_exist_is_noted_and_overlooked(mock: Any, client: Any, where: str) -> None:
    body = ask("throtle") if where == "marker" else ask(model="qwen-image-2.0-pro+mock-throtle")
    assert client.post(PATH, body).status == 200
    [entry] = mock.requests()
    assert entry["notes"] == ["unknown fault 'throtle': did you mean 'throttle'?"]
    assert "fault" not in entry


def test_what_a_provider_does_not_have_is_noted(mock: Any, client: Any) -> None:
    assert client.post(PATH, ask("arrearage")).status == 200
    assert mock.requests()[0]["notes"] == ["fault 'arrearage' is not in the catalogue of dieyuyun"]


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ({"name": "throtle"}, "did you mean 'throttle'?"),
        ({"name": "throttle", "retry_afer": 1}, "did you mean 'retry_after'?"),
        ({"name": "throttle", "provider": "dashscop"}, "did you mean 'dashscope'?"),
        ({"name": "arrearage", "provider": "dieyuyun"}, "not in the catalogue of dieyuyun"),
        ({"name": "task-failed", "error": "data-inspecton"}, "did you mean 'data-inspection'?"),
        ({"name": 7}, "name the fault"),
    ],
)
def test_admin_calls_explain_mistakes(client: Any, body: dict[str, Any], words: str) -> None:
    answer = client.post("/_mock/faults", body)
    assert answer.status == 400
    assert words in answer.json["error"]


@pytest.mark.parametrize("name", [name for name, kind in KINDS.items() if kind.place is not Place.WIRE])
def test_every_kind_is_taken_and_leaves_the_mock_healthy(client: Any, name: str) -> None:
    submit = {"model": "qwen-image-plus", "input": {"prompt": f"a [[mock:{name} times=1]]"}}
    assert client.post("/_mock/faults", {"name": name, "times": 1}).status == 201
    client.post(SUBMIT, submit, ASYNC)
    client.post("/_mock/reset", {})
    answer = client.post(SUBMIT, {**submit, "input": {"prompt": "a"}}, ASYNC)
    assert answer.json["output"]["task_status"] == "PENDING"


def test_keys_named_after_conditions_are_never_refused_as_keys(client_with: Any) -> None:
    wrong = [name for name in KINDS if client_with(f"sk-mock-{name}").get("/_mock/health").status != 200]
    refused = [name for name in KINDS if KINDS[name].place is not Place.WIRE
               and client_with(f"sk-mock-{name}").post(PATH, ask()).status == 401]  # fmt: skip
    assert (wrong, refused) == ([], [])
