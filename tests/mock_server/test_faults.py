"""Simulated conditions: by admin call, by prompt, by key; so many times, then healthy."""

from __future__ import annotations

from typing import Any

import pytest

from qwen_image_spec import load

PATH = "/v1/images/generations"
NATIVE = "/api/v1/services/aigc/multimodal-generation/generation"
ASK = {"model": "qwen-image-2.0-pro", "prompt": "a cat"}


def framed(text: str) -> dict[str, Any]:
    return {
        "model": "qwen-image-2.0-pro",
        "input": {"messages": [{"role": "user", "content": [{"text": text}]}]},
        "parameters": {},
    }


@pytest.mark.parametrize(
    "name", [{"entry": "rate-limit"}, {"clause": "fault.throttle"}, {"name": "throttle"}]
)
def test_a_fault_happens_so_many_times_then_never_again(client: Any, name: dict[str, str]) -> None:
    made = client.post("/_mock/faults", {**name, "times": 2, "retry_after": 3})
    assert made.status == 201
    answers = [client.post(PATH, ASK) for _ in range(3)]
    assert [answer.status for answer in answers] == [429, 429, 200]
    assert answers[0].headers["retry-after"] == "3"
    assert answers[0].json["error"]["code"] == "rate_limit_exceeded"
    assert client.get("/_mock/faults").json["faults"][0]["times"] == 0


@pytest.mark.parametrize(
    "only", [{"provider": "skyengine"}, {"key": "sk-other"}, {"model": "qwen-image"}, {"operation": "query"}]
)
def test_a_fault_for_others_does_not_happen_here(client: Any, only: dict[str, str]) -> None:
    client.post("/_mock/faults", {"name": "throttle", **only})
    assert client.post(PATH, ASK).status == 200


def test_a_fault_for_one_key(client: Any, client_with: Any) -> None:
    listed = client.post("/_mock/faults", {"name": "server-error", "key": "sk-unlucky-one"})
    assert b"sk-unlucky-one" not in listed.body
    assert client_with("sk-unlucky-one").post(PATH, ASK).status == 500
    assert client.post(PATH, ASK).status == 200


def test_faults_can_be_taken_away(client: Any) -> None:
    name = client.post("/_mock/faults", {"name": "throttle"}).json["id"]
    assert client.send("DELETE", f"/_mock/faults/{name}").status == 200
    assert client.send("DELETE", f"/_mock/faults/{name}").status == 404
    client.post("/_mock/faults", {"name": "throttle"})
    assert client.send("DELETE", "/_mock/faults").json == {"faults": []}
    assert client.post(PATH, ASK).status == 200


@pytest.mark.parametrize(
    "body", [{}, {"times": 1}, {"name": "throttle", "times": 0}, {"name": "throttle", "times": "2"}, [1]]
)
def test_nonsense_is_refused(client: Any, body: Any) -> None:
    assert client.post("/_mock/faults", body).status == 400


def test_a_marker_in_the_prompt(client: Any, client_with: Any) -> None:
    marked = {**ASK, "prompt": "a cat [[mock:throttle retry_after=7 times=2]]"}
    assert [client.post(PATH, marked).status for _ in range(3)] == [429, 429, 200]
    other = client_with("sk-other").post(PATH, marked)
    assert other.status == 429
    assert other.headers["retry-after"] == "7"
    assert client.post(PATH, {**ASK, "prompt": "a cat [[mock:no-such-thing]]"}).status == 200


def test_a_marker_without_times_holds_on(client: Any) -> None:
    assert [client.post(NATIVE, framed("[[mock:data-inspection]]")).status for _ in range(3)] == [400] * 3


@pytest.mark.parametrize("name", ["throttle", "throttled"])
def test_a_key_that_asks_for_it(client_with: Any, name: str) -> None:
    answer = client_with(f"sk-mock-{name}").post(PATH, ASK)
    assert answer.status == 429
    assert answer.headers["retry-after"] == "1"


@pytest.mark.parametrize("provider", list(load().providers))
def test_every_condition_of_every_catalogue_can_be_had(client: Any, provider: str) -> None:
    contract = load().providers[provider]
    model = next(iter(contract.models.values()))
    endpoint = contract.endpoints[model.endpoints[0]]
    for row in contract.errors:
        for clause in row.raised_by:
            if clause.startswith("fault."):
                marker = f"[[mock:{clause.removeprefix('fault.')}]]"
                body = (
                    {**framed(marker), "model": model.id}
                    if endpoint.envelope == "messages"
                    else {"model": model.id, "prompt": marker}
                )
                answer = client.post(f"/{provider}{endpoint.path}", body)
                assert answer.status == row.status.value, (clause, answer.body)


def test_bad_requests_are_refused_before_faults(client: Any) -> None:
    assert client.post(PATH, {**ASK, "n": 7, "prompt": "[[mock:throttle]]"}).status == 400


def test_no_address_of_a_picture_meets_a_fault(client: Any) -> None:
    url = client.post(PATH, ASK).json["data"][0]["url"]
    client.post("/_mock/faults", {"name": "server-error"})
    assert client.get(url, Authorization="Bearer sk-mock-throttle").status == 200
