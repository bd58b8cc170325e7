"""The proxy with real clients over real sockets: nothing changes on the way, all is recorded and judged."""

from __future__ import annotations

import json
from collections.abc import Iterator
from http.client import HTTPConnection
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import dashscope
import httpx
import openai
import pytest
from jsonschema import Draft202012Validator

from defects.catalogue import DEFECTS
from defects.stage import Stage
from qwen_image_conformance.campaign import rejudge
from qwen_image_conformance.evidence import Recording
from qwen_image_conformance.proxy import Options, Proxy, running
from qwen_image_conformance.report.read import schema
from qwen_image_spec.model import Spec

KEY = "sk-of-the-proxy-tests-0123456789"
ASK: dict[str, Any] = {"model": "qwen-image-2.0", "prompt": "a cat", "size": "2048x2048", "n": 2}
PATH = "/v1/images/generations"


@pytest.fixture
def through(stage_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[str, Proxy]]:
    """A proxy before the stage's dieyuyun, and its address."""
    monkeypatch.setenv("NO_PROXY", "*")
    options = Options("dieyuyun", f"{stage_url}/dieyuyun", port=0, out=tmp_path / "run")
    with running(options) as (url, proxy):
        yield url, proxy
    proxy.close()


@pytest.fixture
def native(stage_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Proxy]:
    """A proxy before the stage's dashscope, to which the SDK leads."""
    monkeypatch.setenv("NO_PROXY", "*")
    options = Options("dashscope", f"{stage_url}/dashscope", port=0, out=tmp_path / "run")
    with running(options) as (url, proxy):
        monkeypatch.setattr(dashscope, "base_http_api_url", f"{url}/api/v1")
        monkeypatch.setattr(dashscope, "api_key", KEY)
        yield proxy
        dashscope.close_shared_sync_session()
    proxy.close()


def openai_at(url: str) -> openai.OpenAI:
    http = openai.DefaultHttpxClient(trust_env=False)
    return openai.OpenAI(base_url=f"{url}/v1", api_key=KEY, max_retries=0, http_client=http)


def raw(url: str, body: bytes, path: str = PATH, **headers: str) -> tuple[int, list[tuple[str, str]], bytes]:
    """One request by hand: status, headers in lower case, body."""
    place = urlsplit(url)
    connection = HTTPConnection(place.hostname or "", place.port)
    try:
        given = {"Authorization": f"Bearer {KEY}", "Content-Type": "application/json", **headers}
        connection.request("POST", place.path + path, body, given)
        answer = connection.getresponse()
        return answer.status, [(name.lower(), value) for name, value in answer.getheaders()], answer.read()
    finally:
        connection.close()


def test_the_openai_client(through: tuple[str, Proxy]) -> None:
    url, proxy = through
    with openai_at(url) as client:
        made = client.images.generate(**ASK)
        inline = client.images.generate(**{**ASK, "n": 1}, response_format="b64_json")
        with pytest.raises(openai.BadRequestError) as refused:
            client.images.generate(**{**ASK, "size": "1x1"})
    assert len(made.data or []) == 2
    assert refused.value.code == "invalid_value"
    assert inline.data
    assert len(inline.data[0].b64_json or "") > 1000
    found = proxy.close()
    assert (found.requests, found.judged, found.unmatched) == (3, 3, 0)
    assert found.broken == {}
    assert {
        "n.count",
        "response-format.b64",
        "size.not-listed",
        "size.delivered",
        "errors.shape",
    } <= found.seen
    assert "body.malformed" in found.unseen
    assert found.exit_code("should") == 0


def test_the_dashscope_client(native: Proxy) -> None:
    ask = {"model": "qwen-image-2.0", "messages": [{"role": "user", "content": [{"text": "a cat"}]}]}
    answer = dashscope.MultiModalConversation.call(**ask, n=1, size="1024*1024")
    assert answer.status_code == 200
    task = dashscope.ImageSynthesis.call(model="qwen-image-plus", prompt="a cat", n=1)
    assert task.output.task_status == "SUCCEEDED"
    refused = dashscope.MultiModalConversation.call(**ask, n=99)
    assert (refused.status_code, refused.code) == (400, "InvalidParameter")
    found = native.close()
    assert {"tasks.submitted", "tasks.delivers", "n.above-maximum"} <= found.seen
    assert found.broken == {}
    [submitted] = [one for one in Recording(native.out).exchanges if one.operation == "submit"]
    assert submitted.polls


def test_answers_are_the_same_to_the_byte(through: tuple[str, Proxy], stage_url: str) -> None:
    url, _ = through
    for body in (json.dumps({**ASK, "n": 99}).encode(), b"{", "一只猫".encode(), b""):
        direct, passed = raw(f"{stage_url}/dieyuyun", body), raw(url, body)
        assert passed[0] == direct[0]
        assert passed[2] == direct[2]
        own = {"date", "server", "x-request-id"}
        assert [pair for pair in passed[1] if pair[0] not in own] == [
            pair for pair in direct[1] if pair[0] not in own
        ]


def test_drift_is_told_once_and_counted(through: tuple[str, Proxy], stage: Stage, spec: Spec) -> None:
    url, proxy = through
    told: list[tuple[str, str]] = []
    proxy.drifted = lambda drift: told.append((drift.clause, drift.model))  # type: ignore[method-assign] # listens in
    with stage.broken(DEFECTS["n-clamped"]):
        for _ in range(3):
            assert raw(url, json.dumps({**ASK, "n": 7}).encode())[0] == 200
    found = proxy.close()
    assert told == [("n.above-maximum", "qwen-image-2.0")]
    assert found.broken == {("n.above-maximum", "qwen-image-2.0"): 3}
    assert [found.exit_code(level) for level in ("must", "should", "never")] == [1, 1, 0]
    done = rejudge(spec, proxy.provider, Recording(proxy.out), proxy.out)
    again = {(case["clause"], case["model"]) for case in done.cases if case["status"] == "fail"}
    assert again == set(told)


def test_judged_again_it_comes_to_the_same(through: tuple[str, Proxy], spec: Spec) -> None:
    url, proxy = through
    for change in (
        {},
        {"n": 99},
        {"size": "2048*2048"},
        {"response_format": "b64_json"},
        {"model": "none"},
        {"prompt": ""},
    ):
        raw(url, json.dumps({**ASK, **change}).encode())
    raw(url, b"{")
    raw(url, json.dumps(ASK).encode(), Authorization="Bearer sk-wrong-key")
    proxy.close()
    live = {
        result.case.key: (result.status, result.actual) for result in proxy.live.results() if result.judged
    }
    done = rejudge(spec, proxy.provider, Recording(proxy.out), proxy.out)
    again = {result.case.key: (result.status, result.actual) for result in done.results}
    lines = [json.loads(line) for line in (proxy.out / "result.jsonl").read_text("utf-8").splitlines()]
    validator = Draft202012Validator(schema())
    assert [error.message for line in lines for error in validator.iter_errors(line)] == []
    assert len(live) > 15
    assert {key: again[key] for key in live} == live


def test_the_key_and_large_texts_stand_nowhere(through: tuple[str, Proxy]) -> None:
    url, proxy = through
    body = {**ASK, "n": 1, "response_format": "b64_json", "prompt": f"my key is {KEY}"}
    status, _, answer = raw(f"{url}", json.dumps(body).encode(), path=f"{PATH}?api_key={KEY}")
    assert status == 200
    proxy.close()
    evidence = (proxy.out / "evidence.jsonl").read_bytes()
    assert KEY.encode() not in evidence
    assert b"Bearer $OPENAI_API_KEY" in evidence
    assert len(evidence) < len(answer)
    [exchange] = Recording(proxy.out).exchanges
    assert [(picture.width, picture.height) for picture in exchange.pictures] == [(2048, 2048)]


def test_what_is_outside_the_contract_passes_unjudged(through: tuple[str, Proxy]) -> None:
    url, proxy = through
    assert raw(url, b"{}", path="/v1/chat/completions")[0] == 404
    assert proxy.close().unmatched == 1


def test_a_picture_below_the_upstream_passes_whole(stage_url: str, tmp_path: Path) -> None:
    with running(Options("dieyuyun", stage_url, port=0, out=tmp_path / "run")) as (url, proxy):
        _, _, answer = raw(url, json.dumps(ASK).encode(), path=f"/dieyuyun{PATH}")
        address = json.loads(answer)["data"][0]["url"]
        place = urlsplit(address)
        picture = httpx.get(address, trust_env=False).content
        assert picture.startswith(b"\x89PNG")
        assert httpx.get(f"{url}{place.path}?{place.query}", trust_env=False).content == picture
    found = proxy.close()
    assert address.startswith(stage_url)
    assert (found.requests, found.judged, found.unmatched) == (2, 0, 2)
