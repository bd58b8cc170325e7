from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from defects.catalogue import DEFECTS
from qwen_image_conformance import schemathesis_run
from qwen_image_conformance.exchange import Received, Sent
from qwen_image_conformance.problems import UsageProblem
from qwen_image_conformance.schemathesis_bridge import Bridge, Call
from qwen_image_conformance.single import Judge
from qwen_image_conformance.target import make_target
from qwen_image_spec.loader import load_provider

if TYPE_CHECKING:
    from pathlib import Path

    from defects.stage import Stage
    from qwen_image_conformance.schemathesis_run import Stock
    from qwen_image_spec.model import Spec

KEY = {"authorization": "Bearer $KEY", "content-type": "application/json"}
TASK = "986065e3-e533-42b0-aeab-2ea5c09e7652"
SUBMIT = "/api/v1/services/aigc/text2image/image-synthesis"


def explored(spec: Spec, url: str, name: str, models: tuple[str, ...], examples: int = 2) -> Stock:
    provider = spec.providers[name]
    return schemathesis_run.explore(
        spec,
        provider,
        make_target(provider, f"{url}/{name}"),
        models or tuple(provider.models),
        examples,
        seed=1,
    )


@pytest.mark.parametrize(
    ("name", "models"),
    [
        ("skyengine", ()),
        ("xiaohongshu", ()),
        ("dashscope-compatible", ()),
        ("dashscope", ("qwen-image-plus",)),
    ],
)
def test_nothing_is_found_at_the_right_server(
    spec: Spec, mock_url: str, name: str, models: tuple[str, ...]
) -> None:
    found = explored(spec, mock_url, name, models)
    assert [(one.clause, one.actual, one.curl) for one in found.findings] == [], found.output
    assert found.requests > 100
    assert found.notes == []
    if "submit" in spec.providers[name].models[(*models, *spec.providers[name].models)[0]].operations:
        assert "✅ Stateful" in found.output


def test_our_checks_find_what_an_openapi_document_cannot_say(
    spec: Spec, stage: Stage, stage_url: str
) -> None:
    with stage.broken(DEFECTS["last-picture-only"]):
        found = explored(spec, stage_url, "dieyuyun", ("qwen-image-2.0",), 30)
    assert {one.clause for one in found.findings} == {"n.count"}
    (finding,) = found.findings
    assert (finding.engine, finding.seed, finding.model) == ("schemathesis", 1, "qwen-image-2.0")
    assert "qwen_image_n" in found.output
    assert spec.clauses["n.count"].sentence in found.output
    assert "QWEN_IMAGE_API_KEY" in finding.curl


def test_a_provider_of_one_s_own_is_named_by_its_file(spec: Spec, mock_url: str, tmp_path: Path) -> None:
    path = tmp_path / "mine.yaml"
    path.write_text("provider: mine\nextends: dieyuyun\n", "utf-8")
    provider = load_provider(path)
    target = make_target(provider, f"{mock_url}/dieyuyun")
    told = schemathesis_run.explore(spec, provider, target, ("qwen-image-max",), 1, 1)
    assert "needs the file" in told.notes[0]
    found = schemathesis_run.explore(spec, provider, target, tuple(provider.models), 2, 1, str(path))
    assert (found.findings, found.notes) == ([], []), found.output


def test_the_hooks_say_which_variable_they_need(spec: Spec, mock_url: str) -> None:
    provider = spec.providers["dieyuyun"]
    hooks = {"SCHEMATHESIS_HOOKS": "qwen_image_conformance.schemathesis_hooks", "QWEN_IMAGE_PROVIDER": ""}
    with pytest.raises(UsageProblem, match="QWEN_IMAGE_PROVIDER is not set"):
        schemathesis_run.run(provider, make_target(provider, mock_url), 1, 1, hooks)


def call(path: str, body: Any, answer: Any, status: int = 200, method: str = "POST", **headers: str) -> Call:
    given = {**KEY, **{name.replace("_", "-"): value for name, value in headers.items()}}
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    sent = Sent(method, f"http://127.0.0.1{path}", given, raw)
    received = Received(status, {"content-type": "application/json"}, json.dumps(answer).encode())
    return Call(method, path, {}, sent, received)


def asked(task_id: str, answer: Any, status: int = 200) -> Call:
    made = call("/api/v1/tasks/{task_id}", b"", answer, status, "GET")
    return replace(made, variables={"task_id": task_id})


def task(state: str, **output: Any) -> dict[str, Any]:
    return {"request_id": "r", "output": {"task_id": TASK, "task_status": state, **output}}


def judged(spec: Spec, bridge: Bridge, made: Call) -> set[str] | None:
    exchange = bridge.exchange(made)
    if exchange is None:
        return None
    found = Judge(spec, bridge.provider, lambda digest: bridge.store[digest]).findings(exchange)
    return {finding.clause for finding in found}


@pytest.mark.parametrize(
    ("body", "breaks"),
    [
        (b"{", ("body.malformed",)),
        (b"[]", ("body.not-object",)),
        ({}, ("model.missing",)),
        ({"model": 5}, ("model.type",)),
        ({"model": "none"}, ("model.unknown",)),
        ({"model": "qwen-image-max", "prompt": "a"}, ()),
        ({"model": "qwen-image-max", "prompt": "a", "parameters": 5}, ("parameters.type",)),
    ],
)
def test_what_is_wrong_with_a_request_is_read_from_its_bytes(
    spec: Spec, body: Any, breaks: tuple[str, ...]
) -> None:
    bridge = Bridge(spec.providers["dieyuyun"])
    exchange = bridge.exchange(call("/v1/images/generations", body, {}, 400))
    assert exchange is not None
    assert exchange.breaks == breaks


def test_a_refusal_that_an_unknown_field_may_explain_proves_nothing(spec: Spec) -> None:
    bridge = Bridge(spec.providers["dieyuyun"])
    error = {"error": {"message": "m", "type": "t", "code": "c"}}
    plain = {"model": "qwen-image-max", "prompt": "a"}
    assert judged(spec, bridge, call("/v1/images/generations", plain, error, 400)) == {"model.served"}
    assert judged(spec, bridge, call("/v1/images/generations", {**plain, "style": 1}, error, 400)) is None


def test_a_call_without_the_key_or_outside_the_contract_is_read_so(spec: Spec) -> None:
    bridge = Bridge(spec.providers["dieyuyun"])
    made = call("/v1/images/generations", {"model": "qwen-image-max", "prompt": "a"}, {}, 401)
    assert bridge.exchange(made) is None  # the key may be wrong: nobody's fault
    bare = replace(made, sent=replace(made.sent, headers={"content-type": "application/json"}))
    exchange = bridge.exchange(bare)
    assert exchange is not None
    assert exchange.breaks == ("auth.missing-key",)
    assert bridge.exchange(replace(made, method="PUT")) is None
    assert bridge.exchange(replace(made, path="/elsewhere")) is None


def test_a_submitted_task_is_judged_when_its_query_ends_it(spec: Spec) -> None:
    bridge = Bridge(spec.providers["dashscope"])
    body = {"model": "qwen-image-plus", "input": {"prompt": "a"}, "parameters": {"n": 1}}
    submitted = call(SUBMIT, body, task("PENDING"), x_dashscope_async="enable")
    assert bridge.exchange(submitted) is None
    assert judged(spec, bridge, asked(TASK, task("RUNNING"))) is None
    assert judged(spec, bridge, asked(TASK, task("CANCELED"))) is None
    two = [{"url": "http://127.0.0.1/1.png"}, {"url": "http://127.0.0.1/2.png"}]
    ended = task("SUCCEEDED", results=two, submit_time="t")
    found = judged(spec, bridge, asked(TASK, ended))
    assert found is not None
    assert found >= {"n.count", "tasks.times"}


def test_a_task_nobody_made_is_unknown(spec: Spec) -> None:
    bridge = Bridge(spec.providers["dashscope"])
    assert judged(spec, bridge, asked(TASK, task("UNKNOWN"))) == set()
    assert judged(spec, bridge, asked(TASK, {"code": "x", "message": "m"}, 404)) == {"tasks.unknown-id"}
    assert judged(spec, bridge, asked("..", {"code": "x", "message": "m"}, 404)) is None
    assert judged(spec, bridge, asked(TASK, task("SUCCEEDED"))) is None  # made by someone else


def test_a_header_value_nobody_documents_is_not_judged(spec: Spec) -> None:
    bridge = Bridge(spec.providers["dashscope"])
    body = {"model": "qwen-image-plus", "input": {"prompt": "a"}}
    assert bridge.exchange(call(SUBMIT, body, {}, 400, x_dashscope_async="perhaps")) is None
    exchange = bridge.exchange(call(SUBMIT, body, {}, 403))
    assert exchange is not None
    assert exchange.breaks == ("async.required",)
