"""Whole two-ended runs: through gateways that only pass on, through worse ones, side by side, and judged again."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from qwen_image_conformance.campaign import Options, Run, rejudge, run
from qwen_image_conformance.evidence import Recording
from qwen_image_conformance.plan import make_plan
from qwen_image_conformance.probe import Tier
from qwen_image_conformance.target import make_target
from qwen_image_conformance.upstream import trials
from qwen_image_conformance.upstream.gateway import Gateway
from qwen_image_mock import Settings, create_app, serve
from qwen_image_spec import load
from servers.passthrough import Message, passing

SPEC = load()
NATIVE = ("dashscope", "qwen-image-plus")
OPENAI = ("dieyuyun", "qwen-image-2.0")
BROKEN = ("fail", "warn")
SCHEMA = Path(__file__).parents[2] / "conformance/qwen_image_conformance/schema/result.schema.json"


@pytest.fixture(scope="module")
def upstream() -> Iterator[str]:
    with serve(app=create_app(Settings(seed=3, task_seconds=0.02))) as mock:
        yield mock.url


def held(
    upstream: str,
    out: Path,
    place: tuple[str, str] = OPENAI,
    tier: Tier = Tier.SMOKE,
    gateway: Gateway | None = None,
    url: str = "",
    **hooks: Callable[[Message], Any],
) -> Run:
    """A two-ended run through a gateway that passes on, but for the hooks."""
    provider = SPEC.providers[place[0]]
    chosen = gateway or Gateway()
    plan = make_plan(SPEC, provider, [place[1]], tier, gateway=chosen, both_ends=True)
    with passing(f"{upstream}/{provider.id}", **hooks) as proxy:
        target = make_target(provider, url or proxy)
        return run(SPEC, provider, target, plan, out, Options(journal=upstream, gateway=chosen))


def found(done: Run) -> dict[str, Any]:
    """The two-ended clauses that are broken, with what came."""
    return {
        case["clause"]: case["actual"]
        for case in done.cases
        if case["group"] == "gateway" and case["status"] in BROKEN
    }


@pytest.mark.parametrize(
    "place", [OPENAI, NATIVE, ("dashscope", "wan2.2-t2i-flash"), ("skyengine", "qwen-image-edit")]
)
def test_a_gateway_that_only_passes_on_keeps_every_clause(
    place: tuple[str, str], upstream: str, tmp_path: Path
) -> None:
    done = held(upstream, tmp_path / "run", place, Tier.CORE)
    assert found(done) == {}
    assert done.exit_code == 0
    kept = {case["clause"] for case in done.cases if case["group"] == "gateway" and case["status"] == "pass"}
    assert {"gateway.parameter-lost", "gateway.not-repeated", "gateway.url-identity"} <= kept


def _without(*names: str) -> Callable[[Message], None]:
    def up(message: Message) -> None:
        if message.body and message.method == "POST":
            body = json.loads(message.body)
            for name in names:
                body.pop(name, None)
            message.body = json.dumps(body).encode()

    return up


def test_an_allow_list_loses_parameters_and_each_is_named(upstream: str, tmp_path: Path) -> None:
    done = held(upstream, tmp_path / "run", up=_legal(_without("seed", "watermark")))
    (case,) = (case for case in done.cases if case["clause"] == "gateway.parameter-lost")
    assert case["status"] == "fail"
    assert {text.split(":")[0] for text in case["actual"]} == {"seed", "watermark"}
    assert "nothing arrived at /watermark" in " ".join(case["actual"])
    assert case["source"]
    assert "curl" in case["curl"]
    assert f"{upstream}/_mock/requests?contains=qi-" in case["journal"]
    assert done.exit_code == 1


def _legal(change: Callable[[Message], None]) -> Callable[[Message], None]:
    """A change to requests that can be read as JSON objects only."""

    def up(message: Message) -> None:
        try:
            readable = isinstance(json.loads(message.body), dict)
        except ValueError:
            readable = False
        if readable:
            change(message)

    return up


def _nested(message: Message) -> None:
    body = json.loads(message.body)
    if "seed" in body:
        body["extra_body"] = {"seed": body.pop("seed")}
    message.body = json.dumps(body).encode()


def test_a_nested_parameter_is_moved_and_the_place_is_named(upstream: str, tmp_path: Path) -> None:
    clauses = found(held(upstream, tmp_path / "run", up=_legal(_nested)))
    assert set(clauses) == {"gateway.parameter-moved"}
    assert "/extra_body/seed" in clauses["gateway.parameter-moved"][0]


def test_a_forced_parameter_is_added(upstream: str, tmp_path: Path) -> None:
    def up(message: Message) -> None:
        body = json.loads(message.body)
        body.setdefault("size", "1024x1024")
        message.body = json.dumps(body).encode()

    clauses = found(held(upstream, tmp_path / "run", ("dieyuyun", "qwen-image-2.0"), up=_legal(up)))
    assert "gateway.parameter-added" in clauses


def test_a_retry_of_an_error_is_a_second_request(upstream: str, tmp_path: Path) -> None:
    done = held(
        upstream,
        tmp_path / "run",
        tier=Tier.CORE,
        times=lambda message: 1 + (b"[[mock:503]]" in message.body),
    )
    assert set(found(done)) == {"gateway.not-repeated"}


def test_a_header_lost_on_queries_is_found(upstream: str, tmp_path: Path) -> None:
    def up(message: Message) -> None:
        if "/tasks/" in message.path:
            message.headers.pop("authorization", None)

    done = held(upstream, tmp_path / "run", ("dashscope", "wan2.2-t2i-flash"), up=up)
    assert "gateway.poll-request" in found(done)


def test_an_asynchronous_header_on_every_request_is_found(upstream: str, tmp_path: Path) -> None:
    def up(message: Message) -> None:
        message.headers["x-dashscope-async"] = "enable"

    done = held(upstream, tmp_path / "run", ("dashscope", "qwen-image-2.0"), up=up)
    assert "gateway.async-header" in found(done)


def test_a_changed_address_is_found_unless_the_description_allows_it(upstream: str, tmp_path: Path) -> None:
    def down(message: Message) -> None:
        message.body = message.body.replace(b"&OSSAccessKeyId", b"&amp;OSSAccessKeyId")

    assert "gateway.url-identity" in found(held(upstream, tmp_path / "one", down=down))
    allowed = held(upstream, tmp_path / "two", gateway=Gateway(rewrites_urls=True), down=down)
    assert "gateway.url-identity" not in found(allowed)


def test_an_alias_must_arrive_as_the_description_says(upstream: str, tmp_path: Path) -> None:
    def up(message: Message) -> None:
        message.body = message.body.replace(b'"my-pictures"', b'"qwen-image-2.0"')

    named = Gateway(models={"qwen-image-2.0": "my-pictures"})
    assert found(held(upstream, tmp_path / "one", gateway=named, up=up)) == {}
    other = Gateway(
        models={"qwen-image-2.0": "my-pictures"}, upstream_models={"qwen-image-2.0": "qwen-image-max"}
    )
    assert "gateway.model-mapped" in found(held(upstream, tmp_path / "two", gateway=other, up=up))


def test_the_upstreams_key_in_an_answer_is_found_and_not_stored(
    upstream: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("UPSTREAM_KEY", "sk-upstream-4711-secret")

    def down(message: Message) -> None:
        message.body = message.body.replace(b'{"created"', b'{"debug":"sk-upstream-4711-secret","created"', 1)

    done = held(upstream, tmp_path / "run", down=down)
    assert "gateway.upstream-key" in found(done)
    assert b"4711-secret" not in (tmp_path / "run" / "evidence.jsonl").read_bytes()


def test_runs_side_by_side_at_one_mock_do_not_meet(upstream: str, tmp_path: Path) -> None:
    """A worse gateway's run beside a right one's: each finds what is its own."""
    with ThreadPoolExecutor() as pool:
        right = [pool.submit(held, upstream, tmp_path / f"right-{index}") for index in range(2)]
        worse = pool.submit(held, upstream, tmp_path / "worse", up=_legal(_without("seed")))
    assert [found(one.result()) for one in right] == [{}, {}]
    assert set(found(worse.result())) == {"gateway.parameter-lost"}


def test_a_recorded_run_is_judged_again_alike(upstream: str, tmp_path: Path) -> None:
    done = held(upstream, tmp_path / "run", up=_legal(_without("seed")))
    again = rejudge(SPEC, SPEC.providers[OPENAI[0]], Recording(tmp_path / "run"), tmp_path)
    assert again.cases == done.cases
    assert "gateway.parameter-lost" in found(again)


def test_the_result_file_keeps_to_its_schema(upstream: str, tmp_path: Path) -> None:
    held(upstream, tmp_path / "run", up=_legal(_without("seed")))
    schema = json.loads(SCHEMA.read_text("utf-8"))
    lines = [json.loads(line) for line in (tmp_path / "run" / "result.jsonl").read_text("utf-8").splitlines()]
    for line in lines:
        jsonschema.validate(line, schema)
    assert lines[0]["journal"] == upstream


def test_a_run_with_one_end_has_no_two_ended_cases(upstream: str, tmp_path: Path) -> None:
    provider = SPEC.providers[OPENAI[0]]
    plan = make_plan(SPEC, provider, [OPENAI[1]], Tier.SMOKE)
    done = run(SPEC, provider, make_target(provider, f"{upstream}/{provider.id}"), plan, tmp_path / "run")
    assert {case["group"] for case in done.cases} & {"gateway"} == set()
    assert "journal" not in done.head
    assert all(exchange.upstream is None for exchange in done.exchanges)


def test_what_a_gateway_does_not_offer_is_not_asked_and_no_failure(upstream: str, tmp_path: Path) -> None:
    offered = Gateway(operations=("generate",))
    done = held(upstream, tmp_path / "run", ("dashscope", "qwen-image-plus"), gateway=offered)
    assert {exchange.operation for exchange in done.exchanges} == {"generate"}
    others = {case["status"] for case in done.cases if case["operation"] == "submit"}
    assert others == {"not-applicable"}


def test_a_gateway_that_does_not_recover_is_spared_further_faults(
    upstream: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A gateway that never recovers is told once, and not blamed for every condition after the first."""
    monkeypatch.setattr(trials, "PAUSES", (0.0, 0.0))
    state = {"sick": False}

    def down(message: Message) -> None:
        state["sick"] = state["sick"] or message.status == 429
        if state["sick"]:
            message.status, message.body = 429, b'{"error":{"message":"cooling down"}}'

    done = held(upstream, tmp_path / "run", tier=Tier.CORE, down=down)
    assert "gateway.recovers" in found(done)
    asked = {exchange.fault for exchange in done.exchanges if exchange.fault}
    assert asked == {"throttle"}


def test_tasks_refused_side_by_side_are_told_apart(upstream: str, tmp_path: Path) -> None:
    """Probes whose pictures are compared share a mark; what arrived because of each is known all the same."""

    def up(message: Message) -> None:
        message.headers.pop("x-dashscope-async", None)

    done = held(upstream, tmp_path / "run", ("dashscope", "wan2.2-t2i-flash"), Tier.CORE, up=up)
    assert set(found(done)) == {"gateway.async-header"}
    compared = {
        case["clause"] for case in done.cases if case["group"] == "gateway" and case["status"] == "pass"
    }
    assert {"gateway.parameter-lost", "gateway.prompt-kept"} <= compared


def test_a_model_that_is_not_served_is_asked_for_no_conditions(upstream: str, tmp_path: Path) -> None:
    def down(message: Message) -> None:
        message.status, message.body = 404, b'{"error":{"message":"no such model"}}'

    done = held(upstream, tmp_path / "run", tier=Tier.CORE, down=down)
    assert not any(exchange.fault for exchange in done.exchanges)
    unmeasured = [case for case in done.cases if case["clause"] == "gateway.fault-status"]
    assert {case["status"] for case in unmeasured} == {"not-run"}
