"""What an answer says was used, in each dialect. A known proxy answers 500 to a usage that is OpenAI's by half."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.request import Request, urlopen

import pytest
from click.testing import CliRunner

from qwen_image_conformance.cli import cli
from qwen_image_mock import Mock, Settings, create_app, serve
from qwen_image_mock.cli import main
from qwen_image_mock.settings import USAGES
from qwen_image_spec import SpecError, load

if TYPE_CHECKING:
    from collections.abc import Iterator

OPENAI = sorted(name for name, provider in load().providers.items() if provider.style == "openai")
PLACES = [
    (name, model.id)
    for name in OPENAI
    for model in load().providers[name].models.values()
    if "generate" in model.operations
]
WHOLE = {"input_tokens", "input_tokens_details", "output_tokens", "total_tokens"}
FIELDS = {
    "none": None,
    "image-count": {"width", "height", "image_count"},
    "openai": WHOLE,
    "seed-004": {"total_tokens", "output_tokens", "input_tokens_details"},
}


@pytest.fixture(scope="module", params=USAGES)
def dialect(request: pytest.FixtureRequest) -> Iterator[tuple[str, Mock]]:
    with serve(Settings(seed=1, usage=request.param)) as mock:
        yield request.param, mock


@pytest.fixture(scope="module")
def usual() -> Iterator[Mock]:
    with serve(Settings(seed=1)) as mock:
        yield mock


def answer(mock: Mock, provider: str, body: dict[str, Any], *, submit: bool = False) -> Any:
    endpoints = load().providers[provider].endpoints
    first = next(key for key, endpoint in endpoints.items() if "generate" in endpoint.operations)
    path = endpoints["text2image" if submit else first].path
    headers = {"Authorization": "Bearer sk-usage", "Content-Type": "application/json"}
    asked = Request(
        f"{mock.url}/{provider}{path}",
        json.dumps(body).encode(),
        headers | ({"X-DashScope-Async": "enable"} if submit else {}),
    )
    with urlopen(asked, timeout=10) as reply:
        return json.loads(reply.read())


def understood(usage: Any) -> bool:
    """Whether a strict reader of OpenAI's usage takes it: not there, or nothing of OpenAI's, or all of it."""
    if usage is None or not WHOLE & set(usage):
        return True
    return set(usage) >= WHOLE and set(usage["input_tokens_details"]) >= {"text_tokens", "image_tokens"}


@pytest.mark.parametrize(("provider", "model"), PLACES)
def test_the_usual_answer_is_taken_by_strict_readers(usual: Mock, provider: str, model: str) -> None:
    assert understood(answer(usual, provider, {"model": model, "prompt": "a cat"}).get("usage"))


def test_the_half_form_is_not_taken() -> None:
    assert not understood({"total_tokens": 1, "output_tokens": 1, "input_tokens_details": {}})
    assert not understood({**dict.fromkeys(WHOLE, 1), "input_tokens_details": {}})


@pytest.mark.parametrize("provider", OPENAI)
def test_a_dialect_can_be_chosen(dialect: tuple[str, Mock], provider: str) -> None:
    name, mock = dialect
    model = next(model for place, model in PLACES if place == provider)
    usage = answer(mock, provider, {"model": model, "prompt": "a cat"}).get("usage")
    wanted = FIELDS[name]
    assert usage is None if wanted is None else set(usage) == wanted
    if name == "image-count":
        assert usage["image_count"] == 1


def test_native_answers_keep_theirs(dialect: tuple[str, Mock]) -> None:
    frame = {"messages": [{"role": "user", "content": [{"text": "a cat"}]}]}
    usage = answer(dialect[1], "dashscope", {"model": "qwen-image-2.0", "input": frame})["usage"]
    assert usage == {"width": 2048, "height": 2048, "image_count": 1}


@pytest.mark.parametrize("provider", OPENAI)
def test_the_suite_takes_every_dialect_the_documents_allow(
    dialect: tuple[str, Mock], tmp_path: Path, provider: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("QWEN_IMAGE_API_KEY", raising=False)
    _, mock = dialect
    model = next(model for place, model in PLACES if place == provider)
    where = ["--provider", provider, "--url", f"{mock.url}/{provider}", "--model", model]
    chosen = ["--select", "usage", "--select", "response", "--out", str(tmp_path / "run"), "--report", "line"]
    done = CliRunner().invoke(cli, ["run", *where, *chosen])
    assert done.exit_code == 0, done.output
    lines = (tmp_path / "run" / "result.jsonl").read_text("utf-8").splitlines()
    statuses = {case["status"] for line in lines if (case := json.loads(line))["event"] == "case"}
    assert "pass" in statuses
    assert not statuses & {"fail", "warn", "error"}


def test_a_task_says_its_counts_when_it_is_submitted_where_a_page_lists_them(usual: Mock) -> None:
    body = {"model": "qwen-image", "input": {"prompt": "a cat"}}
    output = answer(usual, "xiaohongshu", body, submit=True)["output"]
    assert output["task_metric"] == {"TOTAL": 1, "SUCCEEDED": 0, "FAILED": 0}
    plain = answer(
        usual, "dashscope", {"model": "qwen-image-plus", "input": {"prompt": "a cat"}}, submit=True
    )
    assert set(plain["output"]) == {"task_id", "task_status"}


def test_a_dialect_that_does_not_exist_is_told() -> None:
    with pytest.raises(SpecError, match="image-count"):
        create_app(Settings(usage="image-counts"))
    done = CliRunner().invoke(main, ["--usage", "image-counts"])
    assert done.exit_code == 2
    assert "image-count" in done.output
    assert "Traceback" not in done.output
