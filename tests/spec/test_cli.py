from __future__ import annotations

import json
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest
import yaml
from click.testing import CliRunner, Result

from qwen_image_spec import console, load
from qwen_image_spec.cli import main

if TYPE_CHECKING:
    from pathlib import Path

EVERY = (
    ["list"],
    ["list", "providers"],
    ["list", "clauses"],
    ["list", "sources"],
    ["list", "disputes"],
    ["list", "errors"],
    ["show", "qwen-image-plus"],
    ["diff", "dieyuyun", "skyengine"],
    ["openapi", "dieyuyun"],
    ["schema", "dieyuyun", "qwen-image-max"],
    ["explain", "size.not-listed"],
)


def run(*args: str) -> Result:
    return CliRunner(env={"COLUMNS": "100"}).invoke(main, list(args))


def parsed(*args: str) -> Any:
    result = run(*args, "--json")
    assert result.exit_code == 0, result.output
    return json.loads(result.stdout)


@pytest.mark.parametrize("args", EVERY, ids=" ".join)
def test_every_command_prints_text_for_people_without_colour_or_long_lines(args: list[str]) -> None:
    result = run(*args)
    assert result.exit_code == 0, result.output
    assert result.stdout.strip()
    assert "\x1b" not in result.stdout
    if args[0] not in ("openapi", "schema"):
        assert max(map(len, result.stdout.splitlines())) <= 100
        assert not any(line.endswith(" ") for line in result.stdout.splitlines())


@pytest.mark.parametrize("args", EVERY, ids=" ".join)
def test_every_command_prints_the_same_sorted_json_every_time(args: list[str]) -> None:
    first = run(*args, "--json").stdout
    assert first == run(*args, "--json").stdout
    data = json.loads(first)
    assert first == json.dumps(data, ensure_ascii=False, indent=2, sort_keys=True) + "\n"


@pytest.mark.parametrize(
    ("args", "line"),
    [
        (["show", "qwen-image-pls"], "unknown model 'qwen-image-pls': did you mean 'qwen-image-plus'?"),
        (
            ["show", "qwen-image-mx", "-p", "dieyuyun"],
            "unknown model of dieyuyun 'qwen-image-mx': did you mean 'qwen-image-max'?",
        ),
        (["show", "qwen-image", "-p", "dieyuyn"], "unknown provider 'dieyuyn': did you mean 'dieyuyun'?"),
        (["diff", "dieyuyun", "skyengin"], "unknown provider 'skyengin': did you mean 'skyengine'?"),
        (["openapi", "skyengin"], "unknown provider 'skyengin': did you mean 'skyengine'?"),
        (
            ["schema", "dieyuyun", "qwen-imag"],
            "unknown model of dieyuyun 'qwen-imag': did you mean 'qwen-image'?",
        ),
        (["explain", "size.not-lsted"], "unknown clause 'size.not-lsted': did you mean 'size.not-listed'?"),
        (["list", "clases"], "unknown list 'clases': did you mean 'clauses'?"),
        (["shwo"], "unknown command 'shwo': did you mean 'show'?"),
    ],
)
def test_a_wrong_name_is_one_line_with_the_nearest_right_one(args: list[str], line: str) -> None:
    result = run(*args)
    assert (result.exit_code, result.stdout, result.stderr) == (2, "", f"{line}\n")


def test_list_shows_every_model_of_every_provider() -> None:
    rows = parsed("list")
    assert {(row["provider"], row["model"]) for row in rows} == {
        (one.id, model) for one in load().providers.values() for model in one.models
    }
    pro = next(row for row in rows if (row["provider"], row["model"]) == ("dieyuyun", "qwen-image-2.0-pro"))
    assert (pro["n"], pro["default size"], pro["operations"]) == ("1-6", "2048x2048", ["generate"])
    only = parsed("list", "-p", "skyengine")
    assert {row["provider"] for row in only} == {"skyengine"}


def test_list_errors_is_the_catalogue_by_status() -> None:
    rows = parsed("list", "errors", "-p", "dieyuyun")
    assert [row["status"] for row in rows] == sorted(row["status"] for row in rows)
    assert {row["code"][0] for row in rows if row["status"] == 401} == {"invalid_api_key"}


def test_show_tells_everything_at_every_provider_with_sources() -> None:
    text = " ".join(run("show", "qwen-image-plus").stdout.split())
    for part in (
        "qwen-image-plus at dieyuyun",
        "qwen-image-plus at skyengine",
        "1664x928 [",
        "1472x1140",
        "/parameters/watermark",
        "0 to 2147483647",
        "reject [",
        "dieyuyun-guide (documented)",
        "every other source says false",
    ):
        assert part in text
    assert set(parsed("show", "qwen-image-plus", "-p", "skyengine")) == {"skyengine"}


def test_explain_tells_the_level_at_each_provider() -> None:
    holds = parsed("explain", "watermark.default")["holds"]
    assert {"dieyuyun", "skyengine"} <= {each["provider"] for each in holds}
    assert {each["level"] for each in holds if each["provider"] == "dieyuyun"} == {"MUST"}
    text = run("explain", "watermark.default").stdout
    assert load().clauses["watermark.default"].sentence.split()[0] in text
    assert "dieyuyun-guide" in text


@pytest.mark.parametrize("clause", sorted(load().clauses))
def test_every_clause_can_be_explained(clause: str) -> None:
    assert run("explain", clause).exit_code == 0


@pytest.mark.parametrize(
    ("provider", "model"), [(one.id, model) for one in load().providers.values() for model in one.models]
)
def test_every_model_can_be_shown_with_lines_that_fit(provider: str, model: str) -> None:
    result = run("show", model, "-p", provider)
    assert result.exit_code == 0, result.output
    assert max(map(len, result.stdout.splitlines())) <= 100


def test_openapi_as_yaml_is_the_same_document_without_anchors() -> None:
    text = run("openapi", "dieyuyun", "--yaml").stdout
    assert yaml.safe_load(text) == parsed("openapi", "dieyuyun")
    assert "&id" not in text
    assert run("openapi", "dieyuyun", "--yaml", "--json").exit_code == 2


def test_schema_has_a_request_for_endpoints_that_take_a_body_only() -> None:
    made = parsed("schema", "xiaohongshu", "qwen-image")["endpoints"]
    assert {name: each["request"] is not None for name, each in made.items()} == {
        "multimodal": True,
        "text2image": True,
        "task": False,
    }


def test_validate_sums_up_a_good_file(tmp_path: Path) -> None:
    path = tmp_path / "mine.yaml"
    path.write_text("provider: mine\nextends: dieyuyun\nbase_url: https://gw.example.com\n", "utf-8")
    result = run("validate", str(path))
    assert (result.exit_code, result.stderr) == (0, "")
    assert result.stdout.startswith(f"{path} is valid: provider mine, extends dieyuyun")
    assert parsed("validate", str(path))["valid"] is True


def test_a_file_of_ones_own_stands_for_a_provider_everywhere(tmp_path: Path) -> None:
    path = tmp_path / "mine.yaml"
    path.write_text("provider: mine\nextends: dieyuyun\nparameters: {watermark: {default: false}}\n", "utf-8")
    assert "watermark: default" in run("diff", "dieyuyun", str(path)).stdout
    assert run("openapi", str(path)).exit_code == 0
    assert run("show", "qwen-image", "-p", str(path)).stdout.startswith("qwen-image at mine")


def test_validate_lists_the_mistakes_on_stderr_and_exits_2(tmp_path: Path) -> None:
    path = tmp_path / "mine.yaml"
    path.write_text("provider: mine\nextends: dieyuyun\nparamters: {}\nstyle: opanai\n", "utf-8")
    result = run("validate", str(path))
    assert (result.exit_code, result.stdout) == (2, "")
    assert result.stderr == (
        f"{path}:3: unknown key 'paramters'\n    hint: did you mean 'parameters'?\n"
        f"{path}:4: unknown value 'opanai' in style\n    hint: did you mean 'openai'?\n2 mistakes in {path}\n"
    )
    told = run("validate", str(path), "--json")
    assert told.exit_code == 2
    assert [each["line"] for each in json.loads(told.stdout)["mistakes"]] == [3, 4]


@pytest.mark.parametrize("content", [None, b"\xff\xfe\x00", b"a: [1", b"a: 1\na: 2\n", b""])
def test_a_file_that_cannot_be_read_is_told_without_a_traceback(
    tmp_path: Path, content: bytes | None
) -> None:
    path = tmp_path / "mine.yaml"
    if content is not None:
        path.write_bytes(content)
    result = run("validate", str(path))
    assert result.exit_code == 2
    assert str(path) in result.stderr
    assert "Traceback" not in result.stderr


@pytest.mark.parametrize("flag", ["-h", "--help"])
def test_help_is_short_and_lists_every_command(flag: str) -> None:
    text = run(flag).stdout
    for name in ("list", "show", "diff", "openapi", "schema", "explain", "validate"):
        assert f"\n  {name} " in text
        assert run(name, flag).exit_code == 0


def test_version_names_the_contract() -> None:
    assert load().version in run("--version").stdout


def test_the_module_runs_and_help_loads_neither_rich_nor_jsonschema() -> None:
    code = "import sys; import qwen_image_spec.cli; print(sorted({'rich', 'jsonschema'} & set(sys.modules)))"
    assert (
        subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
        == "[]\n"
    )
    done = subprocess.run(  # our own module
        [sys.executable, "-m", "qwen_image_spec", "list", "providers"],
        capture_output=True,
        text=True,
        check=True,
    )
    assert "dieyuyun" in done.stdout


def test_colour_needs_a_terminal_and_no_no_color(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdout.isatty", lambda: True, raising=False)
    monkeypatch.delenv("NO_COLOR", raising=False)
    assert console.coloured()
    monkeypatch.setenv("NO_COLOR", "1")
    assert not console.coloured()
    monkeypatch.delenv("NO_COLOR")
    monkeypatch.setattr("sys.stdout.isatty", lambda: False, raising=False)
    assert not console.coloured()
