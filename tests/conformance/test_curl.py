"""The curl command of a report really shows what it is about."""

from __future__ import annotations

import dataclasses
import os
import shutil
import subprocess
from pathlib import Path

import pytest

from qwen_image_conformance.campaign import run
from qwen_image_conformance.curl import curl
from qwen_image_conformance.exchange import Exchange
from qwen_image_conformance.plan import make_plan
from qwen_image_conformance.target import make_target
from qwen_image_mock.server import serve
from qwen_image_spec.model import Spec
from servers.minimal import Minimal
from servers.sample import ONE

KEY = "sk-of-someone"
TRIED = (
    "auth.missing-key",
    "auth.invalid-key",
    "method.refused",
    "body.malformed",
    "body.encoding",
    "body.media-type",
    "prompt.missing",
    "plain",
    "rich",
    "async.required",
    "async.refused",
    "tasks.unknown-id",
    "size.spelling",
    "route.unknown",
)


@pytest.mark.skipif(
    shutil.which("curl") is None or shutil.which("bash") is None,
    reason="curl and bash are needed to try the commands",
)
@pytest.mark.parametrize(
    ("provider_id", "model"), [("dieyuyun", "qwen-image-plus"), ("dashscope", "qwen-image-plus")]
)
def test_the_commands_give_the_recorded_status(
    spec: Spec, tmp_path: Path, provider_id: str, model: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Against a server that knows one key only: the command must really put it in."""
    monkeypatch.setenv("QWEN_IMAGE_API_KEY", KEY)
    provider = spec.providers[provider_id]
    tried: dict[str, tuple[int, int]] = {}
    with serve(app=Minimal(provider_id, KEY)) as server:  # type: ignore[arg-type] # any application
        plan = make_plan(spec, provider, [model])
        for exchange in run(spec, provider, make_target(provider, server.url), plan, tmp_path).exchanges:
            name = exchange.probe.split(":")[0]
            if name in TRIED and name not in tried:
                tried[name] = (exchange.received.status, _status(exchange))
    assert len(tried) >= 10
    assert {name: pair for name, pair in tried.items() if pair[0] != pair[1]} == {}


def _status(exchange: Exchange) -> int:
    command = curl(exchange)
    assert KEY not in command
    environment = {**os.environ, "QWEN_IMAGE_API_KEY": KEY, "no_proxy": "*"}
    shown = subprocess.run(
        ["bash", "-c", command],  # noqa: S607 # the one on the path
        capture_output=True,
        check=True,
        env=environment,
        timeout=30,
    )
    heads = [
        line
        for line in shown.stdout.split(b"\r\n")
        if line.startswith(b"HTTP/1.1 ") and not line.startswith(b"HTTP/1.1 100")
    ]
    return int(heads[0].split()[1])


def test_a_long_body_is_cut_and_says_so() -> None:
    sent = dataclasses.replace(ONE.sent, body=b"a" * 10_000)
    assert "9600 characters cut" in curl(dataclasses.replace(ONE, sent=sent))
