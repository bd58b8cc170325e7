"""The order of simulated faults."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from qwen_image_conformance.exchange import Exchange, Received, Sent
from qwen_image_conformance.plan import make_plan
from qwen_image_conformance.probe import Probe
from qwen_image_conformance.upstream import trials as under_test
from qwen_image_conformance.upstream.faults import faults, healthy
from qwen_image_conformance.upstream.trials import trials
from qwen_image_spec import load

MODEL = "qwen-image-2.0"


def _faults() -> list[Probe]:
    provider = load().providers["dieyuyun"]
    return [probe for probe in make_plan(load(), provider, [MODEL], both_ends=True).probes if probe.fault]


def _exchange(probe: Probe, status: int) -> Exchange:
    sent = Sent(probe.method, probe.path, {}, probe.body)
    return Exchange(
        "x", probe.id, probe.provider, probe.model, probe.operation, probe.endpoint, sent, Received(status)
    )


def _asked(answer: Callable[[Probe], int], *, served: bool = True) -> list[str]:
    asked: list[str] = []

    def ask(probe: Probe) -> Exchange:
        asked.append(probe.id.split(":")[0])
        return _exchange(probe, answer(probe))

    places = {(MODEL, "generate")} if served else set()
    list(trials(_faults(), ask, places, 0.0, lambda _index, _probe: None))
    return asked


@pytest.fixture(autouse=True)
def _at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(under_test, "PAUSES", (0.0, 0.0, 0.0))


def test_an_error_is_followed_by_a_plain_request_and_a_success_is_not() -> None:
    asked = _asked(lambda probe: 429 if probe.fault == "throttle" else 200)
    assert asked[:3] == ["gateway.fault-throttle", "gateway.after-throttle-0", "gateway.fault-arrearage"]
    assert sum(name.startswith("gateway.after-") for name in asked) == 1


def test_the_next_condition_waits_until_the_target_has_recovered() -> None:
    answers = iter([429, 429, 200])
    asked = _asked(lambda _probe: next(answers, 200))
    assert asked[:4] == [
        "gateway.fault-throttle",
        "gateway.after-throttle-0",
        "gateway.after-throttle-1",
        "gateway.fault-arrearage",
    ]


def test_a_target_that_does_not_recover_is_asked_no_more() -> None:
    asked = _asked(lambda _probe: 500)
    assert asked == ["gateway.fault-throttle", *(f"gateway.after-throttle-{attempt}" for attempt in range(3))]


def test_what_is_not_served_is_not_asked() -> None:
    assert _asked(lambda _probe: 200, served=False) == []


def test_a_plain_request_is_the_same_without_the_condition() -> None:
    probe = replace(_faults()[0], token="qi-000000-0001")
    plain = healthy(probe, 2)
    assert probe.asked is not None
    assert plain.asked is not None
    assert "[[mock:" in str(probe.asked.prompt)
    assert "[[mock:" not in str(plain.asked.prompt)
    assert b"[[mock:" not in plain.body
    assert (plain.fault, plain.token, plain.buys) == ("", probe.token, 1)
    assert plain.id.startswith("gateway.after-throttle-2:")


def test_every_condition_is_judged_by_a_clause_of_its_own() -> None:
    clauses = load().clauses
    assert {fault.clause for fault in faults().values()} <= set(clauses)
    assert all(clauses[fault.clause].ends == 2 for fault in faults().values())


def test_every_marker_is_one_the_mock_knows() -> None:
    from qwen_image_mock.fault_kinds import names_of

    known = names_of(load().providers.values())
    assert {fault.marker.split()[0] for fault in faults().values()} <= known
