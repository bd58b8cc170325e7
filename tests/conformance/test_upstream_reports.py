"""What a reader is shown of a two-ended finding: every parameter, whole, and where to see what arrived."""

from __future__ import annotations

import io
import json
from collections.abc import Callable

import pytest
from rich.console import Console

from qwen_image_conformance.campaign import Options, Run, run
from qwen_image_conformance.plan import make_plan
from qwen_image_conformance.probe import Tier
from qwen_image_conformance.report import console, html, markdown, read
from qwen_image_conformance.target import make_target
from qwen_image_spec import load
from servers.passthrough import Message, passing

SPEC = load()
LOST = ("seed", "watermark", "prompt_extend", "negative_prompt", "size")


def _lossy(message: Message) -> None:
    try:
        body = json.loads(message.body)
    except ValueError:
        return
    if isinstance(body, dict):
        message.body = json.dumps({name: value for name, value in body.items() if name not in LOST}).encode()


@pytest.fixture(scope="module")
def done(mock_url: str, tmp_path_factory: pytest.TempPathFactory) -> Run:
    provider = SPEC.providers["dieyuyun"]
    plan = make_plan(SPEC, provider, ["qwen-image-2.0"], Tier.SMOKE, both_ends=True)
    with passing(f"{mock_url}/dieyuyun", up=_lossy) as url:
        out = tmp_path_factory.mktemp("report") / "run"
        return run(SPEC, provider, make_target(provider, url), plan, out, Options(journal=mock_url))


def _terminal(done: Run) -> str:
    written = io.StringIO()
    console.show(Console(file=written, width=132), SPEC, done.head, done.cases, done.end)
    return written.getvalue()


def _markdown(done: Run) -> str:
    return markdown.render(read.read(done.out), SPEC)


def _page(done: Run) -> str:
    return html.render(read.read(done.out), SPEC)


@pytest.mark.parametrize("shown", [_terminal, _markdown, _page])
def test_every_lost_parameter_is_shown(shown: Callable[[Run], str], done: Run) -> None:
    text = shown(done)
    assert "gateway.parameter-lost" in text
    for name in LOST:
        assert f"nothing arrived at /{name}" in text.replace("&#x2F;", "/"), name


@pytest.mark.parametrize("shown", [_terminal, _markdown, _page])
def test_a_finding_tells_where_to_see_what_arrived(shown: Callable[[Run], str], done: Run) -> None:
    assert "/_mock/requests?contains=qi-" in shown(done)


def test_each_lost_parameter_begins_a_line_in_a_terminal(done: Run) -> None:
    lines = [line.strip().removeprefix("came").strip() for line in _terminal(done).splitlines()]
    assert {line.split(":")[0] for line in lines if "nothing arrived" in line} == set(LOST)
