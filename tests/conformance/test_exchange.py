"""Exchanges as JSON, and evidence that is whole, cut off or damaged."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as some

from qwen_image_conformance.evidence import FILE, Recorder, Recording
from qwen_image_conformance.exchange import Exchange, Received, from_json, to_json
from qwen_image_conformance.problems import UsageProblem
from servers.sample import ONE


def _as_read(exchange: Exchange) -> Exchange:
    return from_json(json.loads(orjson.dumps(to_json(exchange))))


def test_an_exchange_survives_json_with_binary_bodies() -> None:
    assert _as_read(ONE) == ONE


@given(some.binary(max_size=60), some.binary(max_size=60), some.lists(some.binary(max_size=20), max_size=3))
def test_any_bytes_survive(sent: bytes, received: bytes, polls: list[bytes]) -> None:
    exchange = dataclasses.replace(
        ONE,
        sent=dataclasses.replace(ONE.sent, body=sent),
        received=dataclasses.replace(ONE.received, body=received),
        polls=tuple(Received(200, {}, body) for body in polls),
    )
    assert _as_read(exchange) == exchange


def test_text_that_looks_like_the_base64_form_stays_text() -> None:
    exchange = dataclasses.replace(ONE, received=Received(200, {}, b'{"base64":"AAAA"}'))
    assert _as_read(exchange).received.body == b'{"base64":"AAAA"}'


def test_an_unknown_or_missing_field_is_told() -> None:
    data = to_json(ONE)
    with pytest.raises(TypeError):
        from_json({**data, "colour": "red"})
    with pytest.raises((KeyError, TypeError)):
        from_json({name: value for name, value in data.items() if name != "sent"})


@pytest.fixture
def evidence(tmp_path: Path) -> Path:
    recorder = Recorder(tmp_path, {"provider": "p", "models": ["m"]}, "sk-key-of-the-test")
    recorder.exchange(1, ONE)
    recorder.exchange(2, dataclasses.replace(ONE, id="x00002"))
    recorder.close({"images": 2}, whole=True)
    return tmp_path / FILE


def test_whole_evidence_is_read_back(evidence: Path) -> None:
    recording = Recording(evidence)
    assert recording.whole
    assert [exchange.id for exchange in recording.exchanges] == ["x00001", "x00002"]
    assert Recording(evidence.parent).exchanges == recording.exchanges


def test_a_last_line_cut_in_the_middle_is_left_out(evidence: Path) -> None:
    lines = evidence.read_bytes().splitlines(keepends=True)
    evidence.write_bytes(b"".join(lines[:2]) + lines[2][: len(lines[2]) // 2])
    recording = Recording(evidence)
    assert not recording.whole
    assert [exchange.id for exchange in recording.exchanges] == ["x00001"]


def test_evidence_without_its_end_is_not_whole(evidence: Path) -> None:
    evidence.write_bytes(b"".join(evidence.read_bytes().splitlines(keepends=True)[:-1]))
    recording = Recording(evidence)
    assert not recording.whole
    assert len(recording.exchanges) == 2


@pytest.mark.parametrize("damage", [b"{\n", b"not json\n", b"\xff\xfe\n", b'{"event":"exchange","id":"x"}\n'])
def test_a_damaged_line_in_the_middle_is_told_with_its_place(evidence: Path, damage: bytes) -> None:
    lines = evidence.read_bytes().splitlines(keepends=True)
    evidence.write_bytes(lines[0] + damage + lines[2] + lines[3])
    with pytest.raises(UsageProblem) as told:
        Recording(evidence)
    assert FILE in told.value.cause
    assert told.value.hint


@pytest.mark.parametrize("content", [b"", b"\n", b'{"event":"end"}\n', b"no json\n{}\n"])
def test_what_is_no_evidence_is_told(tmp_path: Path, content: bytes) -> None:
    (tmp_path / FILE).write_bytes(content)
    with pytest.raises(UsageProblem):
        Recording(tmp_path)


def test_a_folder_without_evidence_is_told(tmp_path: Path) -> None:
    with pytest.raises(UsageProblem, match="no evidence"):
        Recording(tmp_path)


def test_evidence_that_was_paid_for_is_never_written_over(evidence: Path) -> None:
    before = evidence.read_bytes()
    with pytest.raises(UsageProblem, match="already holds"):
        Recorder(evidence.parent, {}, "sk-key-of-the-test")
    assert evidence.read_bytes() == before
