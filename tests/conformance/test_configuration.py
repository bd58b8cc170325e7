"""The description of a gateway: written by `init`, explained by `validate`, used by `run`."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from qwen_image_conformance.cli import cli
from qwen_image_conformance.configuration import read
from qwen_image_conformance.configuration_check import check
from qwen_image_conformance.configuration_template import quoted
from qwen_image_conformance.problems import UsageProblem
from qwen_image_conformance.upstream.gateway import Gateway
from qwen_image_mock import Settings, serve
from qwen_image_mock.server import Mock
from qwen_image_spec.model import Spec

MODEL = "qwen-image-plus"
GOOD = f'provider = "dieyuyun"\nurl = "http://127.0.0.1:9"\nmodels = ["{MODEL}"]\n'
WHOLE = """
provider = "dieyuyun"
url = "http://127.0.0.1:9/prefix"
[urls]
dashscope = "http://127.0.0.1:9/native"
[auth]
header = "X-Gateway-Key"
scheme = ""
[headers]
X-Portkey-Provider = "openai"
[headers_env]
X-Portkey-Config = "PORTKEY_CONFIG"
[gateway]
operations = ["generate"]
extras = "parameters"
rewrites_urls = true
quiet_gap = 2
[gateway.models]
qwen-image-plus = "my-pictures"
[gateway.upstream_models]
qwen-image-plus = "qwen-image"
"""


def suite(*args: str) -> tuple[int, str]:
    result = CliRunner().invoke(cli, list(args))
    return result.exit_code, result.output


def written(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "qwen-image.toml"
    path.write_text(text, "utf-8")
    return path


def test_everything_that_is_known_of_a_gateway_is_read(
    spec: Spec, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = read(written(tmp_path, WHOLE))
    assert found.gateway == Gateway(
        models={MODEL: "my-pictures"},
        upstream_models={MODEL: "qwen-image"},
        operations=("generate",),
        extras="parameters",
        rewrites_urls=True,
        quiet_gap=2.0,
    )
    assert (found.auth_header, found.auth_scheme) == ("x-gateway-key", "")
    assert found.headers == {"x-portkey-provider": "openai"}
    addresses = {name: found.url_for(spec.providers[name]) for name in ("dieyuyun", "dashscope")}
    assert addresses == {
        "dieyuyun": "http://127.0.0.1:9/prefix",
        "dashscope": "http://127.0.0.1:9/native",
    }
    monkeypatch.delenv("PORTKEY_CONFIG", raising=False)
    with pytest.raises(UsageProblem, match="PORTKEY_CONFIG"):
        found.secret_headers()
    monkeypatch.setenv("PORTKEY_CONFIG", "{}")
    assert found.secret_headers() == {"x-portkey-config": "{}"}


def test_a_right_file_is_called_valid(tmp_path: Path) -> None:
    code, text = suite("validate", str(written(tmp_path, GOOD)))
    assert (code, "is valid" in text) == (0, True)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ('provider = "dieyuyn"', "did you mean 'dieyuyun'"),
        ('url = "http://127.0.0.1:9"', "provider is missing"),
        ('provider = "dieyuyun"', "url is missing"),
        (GOOD.replace("http:", "htp:"), "no http(s) address"),
        (GOOD + 'journal = "127.0.0.1"', "journal = '127.0.0.1' is no http(s) address"),
        (GOOD.replace(MODEL, "qwen-image-pluss"), "did you mean 'qwen-image-plus'"),
        (GOOD + 'select = ["n.counts"]', "did you mean 'n.count'"),
        (GOOD + "models_ = 3", "did you mean 'models'"),
        (GOOD + 'extras = "parameters"', "extras stands in the table [gateway]"),
        (GOOD + '[gateway]\nurl = "x"', "url stands at the top"),
        (GOOD + "[gateway]\nquiet_gap = true", "gateway.quiet_gap = True has the wrong type"),
        (GOOD + '[gateway]\nrewrites_urls = "no"', "write true or false"),
        (GOOD + '[gateway]\nextras = "extra-body"', "did you mean 'extra_body'"),
        (GOOD + '[gateway]\noperations = ["generation"]', "did you mean 'generate'"),
        (GOOD + '[gateway]\noperations = ["cancel"]', "has no 'cancel'"),
        (GOOD + '[gateway.models]\nqwen-image-pls = "x"', "did you mean 'qwen-image-plus'"),
        (GOOD + "[gateway.models]\nqwen-image-plus = 3", "which is no text"),
        (GOOD + '[gateway.upstream_models]\nx = "y"', "has no model 'x'"),
        (GOOD + '[auth]\nheaders = "x"', "unknown key 'auth.headers'"),
        (GOOD + "[headers]\nx-a = 3", "which is no text"),
        (GOOD + '[headers_env]\nx-a = "NOT_SET_ANYWHERE"', "NOT_SET_ANYWHERE is not set"),
        (GOOD + '[headers]\nx-a = "1"\n[headers_env]\nx-a = "HOME"', "keep one of them"),
        (GOOD + 'key_env = "NOT_SET_ANYWHERE"', "export NOT_SET_ANYWHERE"),
        (GOOD.replace("127.0.0.1:9", "gw.example.com"), "no variable holds a key"),
        (GOOD + '[urls]\nopenia = "http://127.0.0.1:9"', "did you mean 'openai'"),
        (GOOD + '[urls]\nopenai = "nowhere"', "urls.openai = 'nowhere' is no http(s) address"),
        (GOOD + 'baseline = "nowhere.yaml"', "nowhere.yaml"),
        ("provider = ", "not readable as TOML"),
    ],
)
def test_every_mistake_is_explained(tmp_path: Path, text: str, words: str) -> None:
    code, told = suite("validate", str(written(tmp_path, text)))
    assert words in told
    assert code == 2
    assert "Traceback" not in told


def test_all_mistakes_are_told_at_once(tmp_path: Path) -> None:
    text = GOOD.replace(MODEL, "qwn-image") + 'key_env = "NOT_SET_ANYWHERE"\njournal = "x"\n'
    found = check(written(tmp_path, text))
    assert [cause.partition(":")[0].partition(" ")[0] for cause, _ in found] == [
        "journal",
        "key_env",
        "models",
    ]


def test_a_file_that_is_not_there_is_told(tmp_path: Path) -> None:
    code, told = suite("validate", str(tmp_path / "none.toml"))
    assert (code, "qwen-image-conformance init" in told) == (2, True)


def _paid(mock: Mock) -> list[Any]:
    return [entry for entry in mock.requests() if entry["method"] != "GET"]


def test_init_asks_a_gateway_what_it_offers_and_buys_nothing(tmp_path: Path) -> None:
    file = tmp_path / "qwen-image.toml"
    with serve(Settings(seed=1)) as mock:
        code, told = suite("init", "--url", f"{mock.url}/dieyuyun", str(file))
        assert code == 0
        assert _paid(mock) == []
        assert mock.requests()
    assert "GET /v1/images/generations answered 405: known." in told
    assert "# GET /v1/images/generations answered 405: known." in file.read_text("utf-8")
    assert suite("validate", str(file))[0] == 0


def test_init_takes_the_names_a_gateway_lists(tmp_path: Path) -> None:
    from servers.right_gateway import PROVIDER_FILE
    from servers.right_gateway.running import running

    file = tmp_path / "qwen-image.toml"
    with serve(Settings(seed=1)) as mock, running(mock.url) as url:
        assert suite("init", "--provider", str(PROVIDER_FILE), "--url", url, str(file))[0] == 0
        assert mock.requests() == []
    found = read(file)
    assert "wan2.2-t2i-flash" in found.options["models"]
    assert found.gateway.operations == ("generate", "edit", "models")
    assert found.gateway.models == {}


def test_init_maps_prefixed_names_and_leaves_out_paths_that_are_not_there(
    spec: Spec, monkeypatch: pytest.MonkeyPatch
) -> None:
    from qwen_image_conformance import configuration_discovery
    from qwen_image_conformance.exchange import Received

    body = json.dumps({"data": [{"id": f"dashscope/{MODEL}"}, {"id": "gpt"}, {"id": 3}, 4]}).encode()
    answers = {"/v1/models": Received(200, {}, body), "/v1/images/generations": Received(405)}
    monkeypatch.setattr(
        configuration_discovery, "_get", lambda _client, path: answers.get(path, Received(404))
    )
    known = configuration_discovery.known_of(
        spec.providers["skyengine"], "skyengine", "http://127.0.0.1:9", None, ()
    )
    assert known.aliases == {MODEL: f"dashscope/{MODEL}"}
    assert known.operations == ["generate"]
    assert any("It also lists: gpt." in note for note in known.notes)


def test_init_writes_its_file_also_when_nobody_answers(tmp_path: Path) -> None:
    file = tmp_path / "qwen-image.toml"
    code, told = suite("init", "--url", "http://127.0.0.1:1", str(file))
    assert code == 0
    assert "did not answer" in told
    assert suite("validate", str(file))[0] == 0


def test_headers_are_sent_and_secret_ones_never_shown(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GATEWAY_ROUTE", "route-secret-1")
    monkeypatch.setenv("MY_KEY", "sk-mine-secret-2")
    out = tmp_path / "run"
    with serve(Settings(seed=1)) as mock:
        extra = '[headers]\nX-Route = "a"\n[headers_env]\nX-Secret = "GATEWAY_ROUTE"\n'
        text = GOOD.replace("http://127.0.0.1:9", f"{mock.url}/dieyuyun") + 'key_env = "MY_KEY"\n' + extra
        code, told = suite(
            "run", "--config", str(written(tmp_path, text)), "--tier", "smoke", "--out", str(out)
        )
        seen = mock.requests()[0]["headers"]
    assert code == 0, told
    assert (seen["x-route"], seen["x-secret"]) == ("a", "route-secret-1")
    kept = "".join(path.read_text("utf-8") for path in out.rglob("*") if path.suffix in (".jsonl", ".xml"))
    assert "route-secret-1" not in kept + told
    assert "sk-mine-secret-2" not in kept + told
    evidence = [json.loads(line) for line in (out / "evidence.jsonl").read_text("utf-8").splitlines()]
    sent = next(line["sent"]["headers"] for line in evidence if line["event"] == "exchange")
    assert (sent["x-route"], sent["x-secret"], sent["authorization"]) == (
        "a",
        "$GATEWAY_ROUTE",
        "Bearer $MY_KEY",
    )


def test_the_key_goes_where_the_file_says(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from qwen_image_conformance.budget import Budget
    from qwen_image_conformance.client import Client
    from qwen_image_conformance.target import described, make_target
    from qwen_image_spec.loader import load

    monkeypatch.setenv("QWEN_IMAGE_API_KEY", "sk-bare-3")
    provider = load().providers["dieyuyun"]
    found = read(written(tmp_path, GOOD + '[auth]\nheader = "X-Gateway-Key"\nscheme = ""\n'))
    with serve(Settings(seed=1)) as mock:
        client = Client(described(make_target(provider, f"{mock.url}/dieyuyun"), found), Budget(0))
        sent, answer = client.send("POST", "/v1/images/generations", b"{}", {}, "key")
        client.close()
        seen = mock.requests()[0]["headers"]
    assert answer.status == 401
    assert seen["x-gateway-key"] == "sk-bare-3"
    assert sent.headers["x-gateway-key"] == "$QWEN_IMAGE_API_KEY"


@pytest.mark.parametrize(
    "text", ["plain", 'quo"te', "back\\slash", "line\nbreak", "\0\x7f", "图 🖼 \u2028 \U000e0001"]
)
def test_any_text_survives_toml(text: str) -> None:
    import tomllib

    assert tomllib.loads(f"x = {quoted(text)}") == {"x": text}
