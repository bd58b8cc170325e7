"""Input images of too many bytes: sent once, judged where no count is in doubt, kept once, and shown by a command that works."""

from __future__ import annotations

import json
import subprocess
from dataclasses import asdict, replace
from pathlib import Path

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

from defects.reading import put_in_order
from defects.stage import Stage
from defects.wrap import Asked, Defect
from qwen_image_conformance.campaign import Options, Run, rejudge, run
from qwen_image_conformance.checks import CHECKS
from qwen_image_conformance.curl import curl
from qwen_image_conformance.evidence import Recording
from qwen_image_conformance.exchange import Exchange, Received, Sent
from qwen_image_conformance.plan import Plan, make_plan
from qwen_image_conformance.probe import Probe, Tier
from qwen_image_conformance.report.html import render
from qwen_image_conformance.report.read import read
from qwen_image_conformance.seen import Seen
from qwen_image_conformance.target import make_target
from qwen_image_conformance.upstream.forms import as_form
from qwen_image_conformance.upstream.large import ready
from qwen_image_mock import serve
from qwen_image_spec import load
from qwen_image_spec.loader import load_provider
from qwen_image_spec.model import Provider
from servers.right_gateway import PROVIDER_FILE

BYTES, URI = "images.bytes", "images.data-uri"
SPEC = load()
NATIVE, GATEWAY = SPEC.providers["dashscope"], SPEC.providers["skyengine"]
RIGHT = load_provider(PROVIDER_FILE)
BOTH_LIMITS, LONGER_LIMIT, ONLY_URIS = "qwen-image-edit", "wan2.7-image", "qwen-image-2.1-pro"
MIB = 2**20
TAKEN = Received(200, body=b'{"data":[{"url":"http://127.0.0.1:1/a.png"}]}')
REFUSED = Received(400, body=b'{"code":"InvalidParameter","message":"too large"}')


def _plan(provider: Provider, *models: str, tier: Tier = Tier.FULL) -> Plan:
    return make_plan(SPEC, provider, models, tier, [BYTES, URI])


def _probe(provider: Provider, model: str) -> Probe:
    (probe,) = (probe for probe in _plan(provider, model).probes if probe.operation == "edit")
    return probe


def _exchange(probe: Probe, received: Received, side: int | None = None) -> Exchange:
    """The exchange of a probe, with a picture of its own size or another one."""
    one = ready(probe).probe
    asked = asdict(one.asked) if one.asked is not None else {}
    asked = {name: asked[name] for name in ("model", "prompt", "images", "parameters", "texts")}
    if side is not None:
        asked["images"] = (f"data:image/png;side={side};bytes={side * side * 3};sha256={'0' * 64},",)
    sent = Sent("POST", "http://127.0.0.1:1/", one.headers, one.body)
    place = (probe.provider, probe.model, probe.operation, probe.endpoint)
    return Exchange("x1", probe.id, *place, sent, received, asked)


def _ok(clause: str, exchange: Exchange) -> bool | str | None:
    """Whether a clause is kept; "observed" where it is only told, None where nothing is said."""
    provider = RIGHT if exchange.provider == RIGHT.id else SPEC.providers[exchange.provider]
    found = CHECKS[clause](Seen(SPEC, provider, exchange, lambda _digest: b""))
    return None if found is None else "observed" if found.ok is None else found.ok


@pytest.fixture(scope="module")
def done(mock_url: str, tmp_path_factory: pytest.TempPathFactory) -> Run:
    """The right server, asked with two models of the same limit."""
    out = tmp_path_factory.mktemp("too-large") / "run"
    target = make_target(NATIVE, f"{mock_url}/{NATIVE.id}")
    return run(SPEC, NATIVE, target, _plan(NATIVE, BOTH_LIMITS, ONLY_URIS), out, Options(select=[BYTES, URI]))


def test_the_right_server_refuses_and_nothing_is_bought(done: Run) -> None:
    assert {(case["clause"], case["model"], case["status"]) for case in done.cases} == {
        (BYTES, BOTH_LIMITS, "pass"),
        (URI, BOTH_LIMITS, "pass"),
        (URI, ONLY_URIS, "pass"),
    }
    assert (done.end["requests"], done.end["images"]) == (2, 0)


def test_one_request_of_the_full_tier_for_each_way_and_none_without_a_limit() -> None:
    plan = _plan(NATIVE, *NATIVE.models)
    assert {probe.buys for probe in plan.probes} == {0}
    places = {(case.model, case.operation) for case in plan.cases}
    assert sorted((probe.model, probe.operation) for probe in plan.probes) == sorted(places)
    assert not _plan(NATIVE, *NATIVE.models, tier=Tier.CORE).probes
    assert not _plan(SPEC.providers["dieyuyun"], "qwen-image-2.0").cases


def test_where_nobody_promises_a_refusal_a_picture_is_set_aside() -> None:
    assert {probe.buys for probe in _plan(GATEWAY, *GATEWAY.models).probes} == {1}


@pytest.mark.parametrize(
    ("model", "clauses"), [(BOTH_LIMITS, (BYTES, URI)), (LONGER_LIMIT, (BYTES, URI)), (ONLY_URIS, (URI,))]
)
def test_a_picture_above_every_limit_must_be_refused(model: str, clauses: tuple[str, ...]) -> None:
    probe = _probe(NATIVE, model)
    assert probe.clauses == clauses
    assert len(ready(probe).body) < 32 * MIB
    for clause in (BYTES, URI):
        wanted = clause in clauses
        assert _ok(clause, _exchange(probe, REFUSED)) is (True if wanted else None)
        assert _ok(clause, _exchange(probe, TAKEN)) is (False if wanted else None)


def test_the_pictures_own_limit_is_judged_alone_where_data_uris_have_none() -> None:
    probe = _probe(RIGHT, "qwen-image-edit-plus")
    assert probe.clauses == (BYTES,)
    found = [(_ok(URI, one), _ok(BYTES, one)) for one in (_exchange(probe, REFUSED), _exchange(probe, TAKEN))]
    assert found == [(None, True), (None, False)]


def test_a_server_that_takes_any_data_uri_is_found_by_that_clause_alone(
    stage: Stage, stage_url: str, tmp_path: Path
) -> None:
    def shrink(asked: Asked) -> None:
        if len(asked.raw) > 10 * MIB:
            put_in_order(NATIVE, NATIVE.models[ONLY_URIS], asked)

    plan = make_plan(SPEC, NATIVE, [ONLY_URIS], Tier.FULL, ["images"])
    target = make_target(NATIVE, f"{stage_url}/{NATIVE.id}")
    with stage.broken(Defect("any-length", URI, NATIVE.id, ONLY_URIS, request=shrink)):
        found = run(SPEC, NATIVE, target, plan, tmp_path, Options(select=["images"]))
    assert [case["clause"] for case in found.cases if case["status"] in ("fail", "warn")] == [URI]


@pytest.mark.parametrize(
    ("model", "side", "why"),
    [
        (BOTH_LIMITS, 1750, "9.2 MB are 12 MB of text"),
        (LONGER_LIMIT, 1900, "10.8 MB are less than the model's own limit"),
    ],
)
def test_what_one_count_allows_is_told_and_not_judged(model: str, side: int, why: str) -> None:
    for received in (TAKEN, REFUSED):
        exchange = _exchange(_probe(NATIVE, model), received, side)
        assert (_ok(URI, exchange), _ok(BYTES, exchange)) == ("observed", None), why


def test_a_picture_within_all_limits_says_nothing() -> None:
    exchange = _exchange(_probe(NATIVE, BOTH_LIMITS), TAKEN, 1600)
    assert (_ok(URI, exchange), _ok(BYTES, exchange)) == (None, None)


def test_an_open_question_is_told() -> None:
    assert [_ok(BYTES, _exchange(_probe(GATEWAY, BOTH_LIMITS), one)) for one in (TAKEN, REFUSED)] == [
        "observed",
        "observed",
    ]


def test_a_form_has_no_data_uri() -> None:
    exchange = _exchange(as_form(_probe(NATIVE, BOTH_LIMITS), "image"), TAKEN)
    assert (_ok(URI, exchange), _ok(BYTES, exchange)) == (None, False)


def test_another_mistake_or_no_answer_says_nothing() -> None:
    exchange = _exchange(_probe(NATIVE, BOTH_LIMITS), REFUSED)
    asked = dict(exchange.asked or {})
    wrong = replace(exchange, asked={**asked, "parameters": {"n": 99}})
    for one in (wrong, _exchange(_probe(NATIVE, BOTH_LIMITS), Received(0, error="WriteError"))):
        assert (_ok(URI, one), _ok(BYTES, one)) == (None, None)


def test_a_throttled_request_is_not_sent_again_and_not_judged(tmp_path: Path) -> None:
    lengths: list[int] = []

    async def busy(request: Request) -> JSONResponse:
        lengths.append(len(await request.body()))
        return JSONResponse({"code": "Throttling", "message": "busy"}, 429, {"retry-after": "0"})

    app = Starlette(routes=[Route("/{path:path}", busy, methods=["POST"])])
    with serve(app=app) as server:
        target, options = make_target(NATIVE, server.url), Options(select=[BYTES, URI])
        found = run(SPEC, NATIVE, target, _plan(NATIVE, BOTH_LIMITS), tmp_path, options)
    assert [length > 10 * MIB for length in lengths] == [True]
    assert {case["status"] for case in found.cases} == {"not-run"}


def test_the_evidence_holds_the_picture_once_and_is_judged_again_alike(done: Run, tmp_path: Path) -> None:
    (picture,) = (done.out / "images").iterdir()
    assert picture.stat().st_size > 10 * MIB
    assert sum(path.stat().st_size for path in done.out.iterdir() if path.is_file()) < 100_000
    assert len(render(read(done.out), SPEC, images=done.out / "images")) < 500_000
    assert rejudge(SPEC, NATIVE, Recording(done.out), tmp_path).cases == done.cases


def test_the_command_is_short_and_sends_what_was_sent(done: Run) -> None:
    one = ready(_probe(NATIVE, BOTH_LIMITS))
    (exchange,) = (exchange for exchange in done.exchanges if exchange.model == BOTH_LIMITS)
    text = curl(exchange)
    assert len(text) < 2000
    assert text.startswith(": in the folder of the run; {")
    written = subprocess.run(  # our own command
        ["bash", "-c", text.partition("| curl")[0]],  # noqa: S607 # any bash
        capture_output=True,
        check=True,
        cwd=done.out,
    ).stdout
    assert json.loads(written) == json.loads(one.body)
