"""Large input images: what is planned, what goes out, what is kept, and what a gateway's limits are told as."""

from __future__ import annotations

import base64
import json
import subprocess
from collections.abc import Iterator
from dataclasses import replace
from hashlib import sha256
from pathlib import Path

import pytest

from defects.two_ended import EDITS, TASK_EDITS, full_plan_of, provider
from qwen_image_conformance.campaign import Options, Run, rejudge, run
from qwen_image_conformance.checks import CHECKS
from qwen_image_conformance.curl import curl
from qwen_image_conformance.evidence import Recording
from qwen_image_conformance.exchange import Exchange, Received, Sent
from qwen_image_conformance.plan import make_plan
from qwen_image_conformance.probe import Tier
from qwen_image_conformance.seen import Seen
from qwen_image_conformance.target import make_target
from qwen_image_conformance.upstream.forms import as_form, parts_of
from qwen_image_conformance.upstream.large import MOST, SOME, made, ready
from qwen_image_mock import Settings, serve
from qwen_image_spec import load
from servers.passthrough import passing

CLAUSE, SOME_LARGE = "gateway.large-body", "gateway.large-some"
SPEC = load()
SKY = SPEC.providers["skyengine"]


@pytest.fixture(scope="module")
def done(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Run]:
    """A run of both large pictures through a gateway that only passes on."""
    out = tmp_path_factory.mktemp("large") / "run"
    plan = make_plan(SPEC, SKY, [EDITS], Tier.FULL, both_ends=True)
    wanted = [
        probe for index, probe in enumerate(plan.probes) if not index or probe.id.startswith("gateway.large")
    ]
    with serve(Settings(seed=1)) as mock, passing(f"{mock.url}/{SKY.id}") as url:
        options = Options(journal=mock.url)
        yield run(SPEC, SKY, make_target(SKY, url), replace(plan, probes=tuple(wanted)), out, options)


def _large(done: Run) -> list[Exchange]:
    return [one for one in done.exchanges if one.probe.startswith("gateway.large")]


def _case(done: Run) -> dict[str, object]:
    return next(case for case in done.cases if case["clause"] == CLAUSE)


def _verdict(exchange: Exchange) -> tuple[bool | None, str]:
    found = CHECKS[CLAUSE](Seen(SPEC, SKY, exchange, lambda _digest: b""))
    assert found is not None
    return found.ok, str(found.actual)


def test_large_pictures_that_arrive_whole_keep_the_clause(done: Run) -> None:
    assert _case(done)["status"] == "pass"
    lengths = [one.upstream[0].inputs[0]["bytes"] for one in _large(done) if one.upstream]
    assert [round(length / 1e6, 1) for length in lengths] == [1.5, 7.9]


def test_the_evidence_stays_small_and_the_pictures_stand_beside_it(done: Run) -> None:
    assert (done.out / "evidence.jsonl").stat().st_size < 300_000
    for one in _large(done):
        digest = str((one.asked or {})["images"][0]).rpartition("sha256=")[2].rstrip(",")
        assert sha256((done.out / "images" / digest).read_bytes()).hexdigest() == digest


def test_they_are_judged_again_alike(done: Run, tmp_path: Path) -> None:
    assert rejudge(SPEC, SKY, Recording(done.out), tmp_path).cases == done.cases


def test_a_refusal_a_broken_connection_and_other_bytes_are_each_told(done: Run) -> None:
    one = _large(done)[0]
    refused = replace(one, upstream=(), received=Received(413, body=b"<h1>413 Too Large</h1>"), pictures=())
    broken = replace(refused, received=Received(0, error="WriteError: Broken pipe"))
    assert _verdict(one)[0] is True
    assert _verdict(refused) == (
        False,
        "status 413: <h1>413 Too Large</h1>; nothing arrived at the upstream",
    )
    assert _verdict(broken) == (
        False,
        "no answer: WriteError: Broken pipe; nothing arrived at the upstream",
    )
    other = {"sha256": "0" * 64}
    changed = replace(one, upstream=tuple(replace(call, inputs=(other,)) for call in one.upstream or ()))
    assert _verdict(changed)[0] is False
    assert _verdict(changed)[1].endswith(" sent, bytes 000000000000 arrived")


def test_only_the_full_tier_of_models_with_a_known_limit_sends_them() -> None:
    def names(place: str, model: str, tier: Tier) -> list[str]:
        plan = make_plan(SPEC, SPEC.providers[place], [model], tier, both_ends=True)
        return [probe.id.partition(":")[0] for probe in plan.probes if "gateway.large" in probe.id]

    both = [SOME_LARGE, "gateway.large-most"]
    assert names("skyengine", EDITS, Tier.FULL) == both
    assert names("dashscope", TASK_EDITS, Tier.FULL) == both
    assert names("skyengine", EDITS, Tier.CORE) == []
    assert names("dieyuyun", "qwen-image-2.0", Tier.FULL) == []


def test_no_picture_is_longer_than_the_contract_allows_as_a_data_uri() -> None:
    rule = SKY.models[EDITS].images[0]
    assert rule.bytes is not None
    plan = make_plan(SPEC, SKY, [EDITS], Tier.FULL, both_ends=True)
    sent = [ready(probe) for probe in plan.probes if probe.id.startswith("gateway.large")]
    lengths = [len(json.loads(one.body)["image"]) for one in sent]
    assert lengths[0] > SOME
    assert MOST < lengths[1] <= rule.bytes.value


def test_a_form_carries_the_bytes_themselves_and_its_command_reads_the_file() -> None:
    plan = full_plan_of(EDITS, (SOME_LARGE,))
    form = ready(as_form(plan.probes[1], "image"))
    (part,) = (part for part in parts_of(form.body, form.probe.headers["content-type"]) if part.filename)
    assert part.content == form.picture == made(706)
    sent = Sent("POST", "http://127.0.0.1:1/v1/images/edits", form.probe.headers, form.probe.body)
    text = curl(Exchange("x1", "p", "p", "m", "edit", "edits", sent, Received(413)))
    name = f"images/{sha256(form.picture).hexdigest()}"
    assert f"-F 'image=@{name};type=image/png;filename=picture-1.png'" in text
    assert text.startswith(": in the folder of the run; curl ")
    assert "base64 -d" not in text


def test_the_command_of_a_finding_sends_what_was_sent(tmp_path: Path) -> None:
    one = ready(full_plan_of(EDITS, (SOME_LARGE,)).probes[1])
    folder = tmp_path / "images"
    folder.mkdir()
    (folder / sha256(one.picture).hexdigest()).write_bytes(one.picture)
    sent = Sent("POST", "http://127.0.0.1:1/", one.probe.headers, one.probe.body)
    text = curl(Exchange("x1", "p", "p", "m", "edit", "edits", sent, Received(413)))
    made_body = text.partition("| curl")[0]
    written = subprocess.run(  # our own command
        ["bash", "-c", made_body],  # noqa: S607 # any bash
        capture_output=True,
        check=True,
        cwd=tmp_path,
    ).stdout
    assert written == one.body
    assert base64.b64decode(json.loads(written)["image"].partition(",")[2]) == one.picture


def test_a_request_without_a_large_picture_goes_out_as_it_is() -> None:
    plain = full_plan_of(EDITS, (SOME_LARGE,)).probes[0]
    assert ready(plain).probe is plain
    assert ready(plain).body is plain.body
    assert provider().models[EDITS].images
