"""The key and the signatures stand in no file that a run leaves."""

from __future__ import annotations

from pathlib import Path

import pytest

from defects.answers import FIXED
from defects.stage import Stage
from defects.wrap import Answer, Asked, Defect
from qwen_image_conformance import redact
from qwen_image_conformance.budget import Budget
from qwen_image_conformance.campaign import run
from qwen_image_conformance.client import Client
from qwen_image_conformance.plan import make_plan
from qwen_image_conformance.target import make_target
from qwen_image_spec.model import Spec

KEY = "sk-top-secret-0123456789abcdef"


def _tells_the_key(asked: Asked, answer: Answer) -> None:
    """A gateway that repeats the key in a header, in refusals and in successes."""
    if asked.path.startswith("/pictures"):
        return
    given = asked.headers.get("authorization", "")
    answer.headers["x-debug"] = f"auth={given}"
    answer.headers["set-cookie"] = f"session={given}"
    if isinstance(answer.body, dict):
        answer.body["debug"] = {
            "headers": dict(asked.headers),
            "url": f"https://up.example/x?Signature=abc%2Bd&key={given}",
        }


def test_the_key_stands_in_no_file_of_a_run(
    spec: Spec, stage: Stage, stage_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("QWEN_IMAGE_API_KEY", KEY)
    provider = spec.providers[FIXED[0]]
    target = make_target(provider, f"{stage_url}/{provider.id}")
    with stage.broken(Defect("tells-the-key", "auth.key-secret", *FIXED, answer=_tells_the_key)):
        done = run(spec, provider, target, make_plan(spec, provider, [FIXED[1]]), tmp_path / "run")
    files = [path for path in (tmp_path / "run").rglob("*") if path.is_file()]
    assert {path.name for path in files} >= {"evidence.jsonl", "result.jsonl", "junit.xml"}
    assert [path.name for path in files if KEY.encode() in path.read_bytes()] == []
    assert KEY not in repr(done.cases)
    assert b"abc%2Bd" not in (tmp_path / "run/evidence.jsonl").read_bytes()
    assert next(case for case in done.cases if case["clause"] == "auth.key-secret")["status"] == "warn"


def test_the_key_does_not_even_leave_the_client(
    spec: Spec, stage: Stage, stage_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What waits on disk for its pictures comes straight from the client."""
    monkeypatch.setenv("QWEN_IMAGE_API_KEY", KEY)
    provider = spec.providers[FIXED[0]]
    client = Client(make_target(provider, f"{stage_url}/{provider.id}"), Budget(1))
    with stage.broken(Defect("tells-the-key", "auth.key-secret", *FIXED, answer=_tells_the_key)):
        sent, received = client.send("POST", "/v1/images/generations", b"{}", {}, "key")
    client.close()
    assert received.status == 400
    assert KEY not in repr((sent, received))
    assert KEY.encode() not in received.body


def test_no_signature_of_an_address_is_kept(spec: Spec, stage_url: str, tmp_path: Path) -> None:
    provider = spec.providers["dashscope"]
    target = make_target(provider, f"{stage_url}/dashscope")
    run(spec, provider, target, make_plan(spec, provider, ["qwen-image-max"]), tmp_path)
    text = (tmp_path / "evidence.jsonl").read_text("utf-8")
    assert "Signature=***" in text
    assert text.count("Signature=") == text.count("Signature=***")


@pytest.mark.parametrize(
    ("name", "value", "kept"),
    [
        ("Authorization", "Bearer sk-1", "Bearer $VAR"),
        ("authorization", "Basic dXNlcg==", "Basic $VAR"),
        ("X-Api-Key", "sk-1", "$VAR"),
        ("cookie", "a=b; c=d", "a=b; $VAR"),
        ("Authorization", f"Bearer {redact.CANARY}", f"Bearer {redact.CANARY}"),
        ("content-type", "application/json", "application/json"),
    ],
)
def test_headers_that_hold_credentials(name: str, value: str, kept: str) -> None:
    if name == "cookie":
        assert "c=d" not in redact.headers({name: value}, "VAR")["cookie"]
    else:
        assert redact.headers({name: value}, "VAR") == {name.lower(): kept}


@pytest.mark.parametrize(
    "text",
    [
        "https://h/p.png?Expires=1&OSSAccessKeyId=LTAIabc&Signature=a%2Fb%3D",
        "https://h/p?X-Amz-Credential=AKIA/x&X-Amz-Signature=00ff",
        "https://h/p?security-token=CAIS",
        '{"url":"https://h/p?Signature=a%2Fb"}',
    ],
)
def test_signatures_become_stars(text: str) -> None:
    shown = redact.secret(text.encode(), "").decode()
    for secret in ("LTAIabc", "a%2Fb", "AKIA", "00ff", "CAIS"):
        assert secret not in shown
    assert "***" in shown
    assert shown.count("https://h/p") == 1


def test_a_key_inside_a_text_is_replaced() -> None:
    assert redact.secret(f"key {KEY}!".encode(), KEY) == b"key $KEY!"
