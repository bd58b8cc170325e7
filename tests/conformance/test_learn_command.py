"""The command `learn`: from recordings and targets to a file that the other commands take; clear answers to the rest."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx
import pytest
from click.testing import CliRunner, Result

from defects.catalogue import DEFECTS
from defects.stage import Stage
from qwen_image_conformance import learn_asking
from qwen_image_conformance.cli import cli
from qwen_image_conformance.evidence import Recording
from qwen_image_conformance.exchange import Arrived
from qwen_image_conformance.learn import learn
from qwen_image_conformance.problems import BudgetSpent
from qwen_image_conformance.proxy import Options, running
from qwen_image_conformance.target import Target
from qwen_image_mock import serve
from qwen_image_spec.cli import main as spec_command
from qwen_image_spec.loader import load_provider
from qwen_image_spec.model import Spec

MODEL = "qwen-image-plus"
KEY = "sk-of-the-learn-tests-0123456789"


class Paid(Target):
    """A target that is not on this machine, as far as anyone asks."""

    @property
    def local(self) -> bool:
        return False


def suite(*args: str) -> Result:
    return CliRunner().invoke(cli, list(args))


def run_of(url: str, out: Path) -> Path:
    where = ("--provider", "dieyuyun", "--url", f"{url}/dieyuyun", "--model", MODEL)
    done = suite("run", *where, "--out", str(out), "--report", "none")
    assert done.exit_code in (0, 1), done.output
    return out


@pytest.fixture(scope="module")
def recorded(mock_url: str, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a run against the right server."""
    return run_of(mock_url, tmp_path_factory.mktemp("learn") / "run")


def test_a_recorded_run_becomes_a_provider_that_the_other_commands_take(
    recorded: Path, mock_url: str, tmp_path: Path
) -> None:
    file = tmp_path / "mine.yaml"
    done = suite("learn", str(recorded), "--name", "mine", "--out", str(file), "--confirmed")
    assert done.exit_code == 0, done.output
    assert f"qwen-image-spec diff dieyuyun {file}" in done.output
    assert load_provider(file).id == "mine"
    assert CliRunner().invoke(spec_command, ["validate", str(file)]).exit_code == 0
    told = CliRunner().invoke(spec_command, ["diff", "dieyuyun", str(file), "--json"])
    assert told.exit_code in (0, 1)
    assert json.loads(told.output)["differences"] == []
    again = ("run", "--provider", str(file), "--url", f"{mock_url}/dieyuyun", "--model", MODEL)
    assert suite(*again, "--out", str(tmp_path / "again"), "--report", "line").exit_code == 0


def test_a_wrong_server_conforms_to_what_was_learned_of_it(
    stage: Stage, stage_url: str, tmp_path: Path
) -> None:
    file = tmp_path / "learned-dieyuyun.yaml"
    where = ("--url", f"{stage_url}/dieyuyun", "--model", "qwen-image-2.0", "--report", "none")
    with stage.broken(DEFECTS["four-by-default"]):
        asked = ("--provider", "dieyuyun", *where[:4], "--out", str(file), "--evidence", str(tmp_path / "e"))
        assert suite("learn", *asked).exit_code == 0
        assert suite("run", "--provider", "dieyuyun", *where, "--out", str(tmp_path / "a")).exit_code == 1
        assert suite("run", "--provider", str(file), *where, "--out", str(tmp_path / "b")).exit_code == 0


def test_traffic_of_the_proxy_is_learned_from(
    stage: Stage, stage_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NO_PROXY", "*")
    folder = tmp_path / "traffic"
    options = Options("dieyuyun", f"{stage_url}/dieyuyun", port=0, out=folder, fetch=True)
    with stage.broken(DEFECTS["watermark-off-by-default"]), running(options) as (url, proxy):
        with httpx.Client(headers={"Authorization": f"Bearer {KEY}"}, trust_env=False) as client:
            for more in ({}, {"watermark": True}, {"watermark": False}, {"n": 7}):
                ask = {"model": "qwen-image-2.0", "prompt": "a cat", "seed": 7, **more}
                client.post(f"{url}/v1/images/generations", json=ask)
        proxy.close()
    file = tmp_path / "l.yaml"
    done = suite("learn", str(folder / "evidence.jsonl"), "--out", str(file))
    assert done.exit_code == 0, done.output
    text = file.read_text("utf-8")
    assert KEY not in text
    assert "watermark left out is false" in text
    watermark = load_provider(file).models["qwen-image-2.0"].params["watermark"].base.default
    assert watermark is not None
    assert (watermark.value, watermark.evidence) == (False, "observed")


def test_defaults_are_read_behind_a_gateway(spec: Spec, recorded: Path) -> None:
    recording = Recording(recorded)
    effective = {"watermark": False, "size": "1664x928", "n": 1}
    behind = Arrived("r", 0.0, "dashscope", "generate", "POST", "/", {}, None, None, effective, (), 200, None)
    exchanges = [replace(one, upstream=(behind,)) for one in recording.exchanges]
    lesson = learn(spec, spec.providers["dieyuyun"], exchanges, recording.load)
    told = {
        one.place[1:]: (one.value, one.known) for _, one in lesson.learned if one.place[:1] == ("parameters",)
    }
    assert told["watermark", "default"] == (False, False)
    assert told["size", "default"] == ("1664x928", True)
    assert told["n", "default"] == (1, True)


def test_a_target_that_may_charge_is_asked_for_refusals_only(
    spec: Spec, mock_url: str, tmp_path: Path
) -> None:
    target = Paid(f"{mock_url}/dieyuyun", "KEY", "sk-paid")
    provider = spec.providers["dieyuyun"]
    asked = learn_asking.ask(spec, provider, target, (MODEL,), tmp_path / "e", max_images=None, about={})
    assert (asked.images, asked.stopped) == (0, None)
    exchanges = Recording(tmp_path / "e").exchanges
    assert len(exchanges) > 20
    assert {one.received.status // 100 for one in exchanges} == {4}


def test_the_budget_ends_the_asking_and_what_was_seen_is_kept(
    spec: Spec, mock_url: str, tmp_path: Path
) -> None:
    target = Paid(f"{mock_url}/dieyuyun", "KEY", "sk-paid")
    provider = spec.providers["dieyuyun"]
    asked = learn_asking.ask(
        spec, provider, target, ("qwen-image-2.0",), tmp_path / "e", max_images=9, about={}
    )
    assert isinstance(asked.stopped, BudgetSpent)
    assert asked.images <= 9
    recording = Recording(tmp_path / "e")
    assert sum(len(one.pictures) for one in recording.exchanges) == asked.images
    assert learn(spec, provider, recording.exchanges, recording.load).learned


def test_a_spent_budget_still_writes_and_tells_so(mock_url: str, tmp_path: Path) -> None:
    file = tmp_path / "l.yaml"
    where = ("--provider", "dieyuyun", "--url", f"{mock_url}/dieyuyun", "--model", MODEL)
    done = suite("learn", *where, "--max-images", "2", "--out", str(file), "--evidence", str(tmp_path / "e"))
    assert done.exit_code == 4
    assert "raise --max-images" in done.output
    assert load_provider(file).models[MODEL]


def test_nothing_is_asked_twice_and_every_exchange_has_a_number(mock_url: str, tmp_path: Path) -> None:
    where = ("--provider", "dieyuyun", "--url", f"{mock_url}/dieyuyun", "--model", "qwen-image-2.0")
    out = ("--out", str(tmp_path / "l.yaml"), "--evidence", str(tmp_path / "e"))
    assert suite("learn", *where, *out).exit_code == 0
    exchanges = Recording(tmp_path / "e").exchanges
    assert len({one.id for one in exchanges}) == len(exchanges)
    assert len({one.probe for one in exchanges}) == len(exchanges)


@pytest.mark.parametrize(
    ("args", "code", "words"),
    [
        ((), 2, "learn runs/NAME"),
        (("nowhere",), 2, "holds no evidence"),
        (("nowhere", "--url", "http://127.0.0.1:9"), 2, "and not both"),
        (("--url", "http://127.0.0.1:9"), 2, "--provider is missing"),
        (("--url", "ftp://x", "--provider", "dieyuyun"), 2, "no http(s) address"),
        (("--url", "http://127.0.0.1:9", "--provider", "dieyuyu"), 2, "dieyuyun"),
        (("--url", "http://127.0.0.1:9", "--provider", "dieyuyun", "--model", "qwen"), 2, "has no model"),
        (("--url", "http://127.0.0.1:9", "--provider", "dieyuyun", "--name", "My Gateway"), 2, "my-gateway"),
        (
            ("--url", "http://127.0.0.1:9", "--provider", "dieyuyun", "--out", "no/such/x.yaml"),
            2,
            "no folder",
        ),
        (
            ("--url", "http://127.0.0.1:9", "--provider", "dieyuyun", "--key-env", "NO_SUCH_KEY"),
            2,
            "is not set",
        ),
        (("--url", "http://127.0.0.1:9", "--provider", "dieyuyun"), 3, "does not answer"),
    ],
)
def test_what_cannot_be_is_told_with_a_way_out(
    args: tuple[str, ...], code: int, words: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    done = suite("learn", *args)
    assert done.exit_code == code, done.output
    assert words in done.output
    assert "hint:" in done.output
    assert "Traceback" not in done.output
    assert not list(tmp_path.glob("*.yaml"))


def test_a_refused_key_ends_it(mock_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("QWEN_IMAGE_API_KEY", "sk-invalid-of-learn-123456")
    where = ("--provider", "dieyuyun", "--url", f"{mock_url}/dieyuyun", "--model", MODEL)
    done = suite("learn", *where, "--out", str(tmp_path / "l.yaml"), "--evidence", str(tmp_path / "e"))
    assert done.exit_code == 3
    assert "sk-invalid-of-learn" not in done.output
    assert not (tmp_path / "l.yaml").exists()


def test_a_file_that_is_there_is_kept(recorded: Path, tmp_path: Path) -> None:
    file = tmp_path / "l.yaml"
    file.write_text("mine", "utf-8")
    done = suite("learn", str(recorded), "--out", str(file))
    assert (done.exit_code, file.read_text("utf-8")) == (2, "mine")
    assert "--force" in done.output
    assert suite("learn", str(recorded), "--out", str(file), "--force").exit_code == 0
    assert file.read_text("utf-8") != "mine"


def test_a_recording_of_another_provider_teaches_nothing(recorded: Path, tmp_path: Path) -> None:
    done = suite(
        "learn",
        str(recorded),
        "--provider",
        "skyengine",
        "--model",
        "qwen-image-edit",
        "--out",
        str(tmp_path / "l"),
    )
    assert done.exit_code == 2
    assert "--provider" in done.output


@pytest.mark.parametrize(
    ("status", "body", "code"),
    [
        (200, b"<html>", 2),
        (200, b"[]", 2),
        (500, b"oops", 2),
        (200, b'{"data": [5, null, "x", {"url": 7}], "output": [1], "created": {"a": 1}}', 0),
        (400, b'{"error": null, "code": null}', 0),
        (404, b'{"error": {"message": "no", "code": "model_not_found", "type": "x"}}', 0),
    ],
)
@pytest.mark.parametrize(("name", "model"), [("dieyuyun", "qwen-image-2.0"), ("dashscope", MODEL)])
def test_answers_of_any_form_end_in_a_valid_file_or_a_clear_word(
    name: str, model: str, status: int, body: bytes, code: int, tmp_path: Path
) -> None:
    async def constant(scope: Any, receive: Any, send: Any) -> None:
        while scope["type"] == "http" and (await receive()).get("more_body"):
            pass
        headers = [(b"content-type", b"application/json")]
        await send({"type": "http.response.start", "status": status, "headers": headers})
        await send({"type": "http.response.body", "body": body})

    file = tmp_path / "l.yaml"
    with serve(app=constant) as server:  # type: ignore[arg-type] # any application can be served
        where = ("--provider", name, "--url", server.url, "--model", model)
        done = suite("learn", *where, "--out", str(file), "--evidence", str(tmp_path / "e"))
    assert done.exit_code == code, done.output
    if code:
        assert "nothing can be learned" in done.output
    else:
        assert load_provider(file).id == f"learned-{name}"


def test_the_help_tells_the_exit_codes() -> None:
    done = suite("learn", "--help")
    assert done.exit_code == 0
    for words in ("\n  exit codes: 0 written", "\n              4 budget spent", "--max-images", "SOURCE"):
        assert words in done.output
