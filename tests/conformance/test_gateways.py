"""The real gateways' descriptions, launchers and matrix; and paths that take forms only."""

from __future__ import annotations

import sys
import tomllib
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import Any

import orjson
import pytest

from qwen_image_conformance.campaign import run
from qwen_image_conformance.configuration_check import check
from qwen_image_conformance.plan import make_plan
from qwen_image_conformance.probe import Tier
from qwen_image_conformance.target import make_target
from qwen_image_spec.loader import load_provider
from qwen_image_spec.model import Spec

ROOT = Path(__file__).resolve().parents[2]
DESCRIPTIONS = sorted((ROOT / "gateways").glob("*/*.toml"))
BY_FORM = ROOT / "gateways" / "edits-by-form.yaml"
EDITOR = "qwen-image-edit-plus"


@pytest.fixture
def tools(monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.syspath_prepend(str(ROOT / "tools"))

    def imported(name: str) -> ModuleType:
        monkeypatch.delitem(sys.modules, name, raising=False)
        return import_module(name)

    return imported


@pytest.mark.parametrize("path", DESCRIPTIONS, ids=lambda path: f"{path.parent.name}-{path.stem}")
def test_every_description_is_valid(path: Path) -> None:
    assert check(path) == []


def test_every_gateway_has_a_launcher_and_every_launcher_a_description(tools: Any) -> None:
    assert {path.parent.name for path in DESCRIPTIONS} == set(tools("gateways_products").PRODUCTS)


def _product(products: ModuleType, code: str) -> Any:
    return products.Product(
        "fake",
        "Fake",
        0,
        "sk",
        "/",
        lambda: "1",
        lambda port, _upstream: [sys.executable, "-c", code, str(port)],
    )


def test_a_gateway_runs_as_long_as_its_block(
    tools: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    products = tools("gateways_products")
    monkeypatch.setattr(products, "HOME", tmp_path)
    code = (
        "import http.server, sys\n"
        "http.server.HTTPServer(('127.0.0.1', int(sys.argv[1])), http.server.BaseHTTPRequestHandler).serve_forever()"
    )
    with products.started(_product(products, code), "http://127.0.0.1:9") as url:
        port = int(url.rpartition(":")[2])
        assert products.free(port) != port
    assert products.free(port) == port


def test_a_gateway_that_ends_at_once_says_what_it_printed(
    tools: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    products = tools("gateways_products")
    monkeypatch.setattr(products, "HOME", tmp_path)
    with (
        pytest.raises(products.NotInstalled, match="no such upstream"),
        products.started(_product(products, "raise SystemExit('no such upstream')"), "http://127.0.0.1:9"),
    ):
        pytest.fail("it did not run")


def test_the_matrix_tells_the_worst_of_each_clause(tools: Any, tmp_path: Path) -> None:
    matrix = tools("gateways_matrix")
    cases = [
        {"clause": "n.count", "status": "warn"},
        {"clause": "n.count", "status": "fail"},
        {"clause": "gateway.parameter-lost", "status": "warn"},
        {"clause": "url.open", "status": "pass"},
        {"clause": "size.accepted", "status": "fail", "reason": "not testable: model.served is broken"},
    ]
    rows = [
        matrix.Row("Fake gateway", "1.0", "openai", "dieyuyun", 1, cases, {"requests": 7}, 3.2),
        matrix.Row("Other", "", "openai", "", 2, why="no such package"),
    ]
    file = tmp_path / "docs" / "README.md"
    matrix.write(file, rows)
    text = file.read_text("utf-8")
    assert "| Fake gateway 1.0 | openai | dieyuyun | 5 | 1 | 1 | 2 | 1 | 7 | 3 |" in text
    assert "not available here: no such package" in text
    lines = [line for line in text.splitlines() if line.startswith("| `")]
    assert lines == ["| `gateway.parameter-lost` | warn |", "| `n.count` | **fail** |"]


def test_what_was_written_by_hand_below_the_matrix_is_kept(tools: Any, tmp_path: Path) -> None:
    matrix = tools("gateways_matrix")
    file = tmp_path / "README.md"
    row = matrix.Row("Other", "", "openai", "", 2, why="no such package")
    matrix.write(file, [row])
    bare = file.read_text("utf-8")
    assert matrix.BY_HAND not in bare
    file.write_text(f"{bare}\n{matrix.BY_HAND}\n\n## By hand\n", "utf-8")
    matrix.write(file, [row])
    matrix.write(file, [row])
    assert file.read_text("utf-8") == f"{bare}\n{matrix.BY_HAND}\n\n## By hand\n"


def test_the_readme_keeps_its_section_of_the_full_tier(tools: Any) -> None:
    text = (ROOT / "docs" / "gateways" / "README.md").read_text("utf-8")
    assert "## nginx, full tier" in text.partition(tools("gateways_matrix").BY_HAND)[2]


def test_nothing_committed_names_a_path_of_a_machine() -> None:
    for path in [*(ROOT / "gateways").rglob("*"), *(ROOT / "docs" / "gateways").rglob("*")]:
        if path.is_file():
            text = path.read_text("utf-8")
            assert str(ROOT) not in text, path
            assert "/home/" not in text, path


def test_a_description_names_its_own_ports() -> None:
    for path in DESCRIPTIONS:
        data = tomllib.loads(path.read_text("utf-8"))
        assert data["url"].startswith("http://127.0.0.1:"), path
        assert data["journal"] == "http://127.0.0.1:8000", path


def test_a_path_that_takes_forms_only_is_asked_by_form(spec: Spec) -> None:
    plan = make_plan(spec, load_provider(BY_FORM), [EDITOR], Tier.FULL, both_ends=True)
    bodies = [probe for probe in plan.probes if probe.body and probe.operation == "edit"]
    assert len(bodies) > 30
    kinds = {probe.headers.get("content-type", "").partition(";")[0] for probe in bodies}
    assert kinds == {"multipart/form-data"}
    parts = {part.headers["content-type"] for probe in bodies for part in probe.splits}
    assert all(kind.startswith("multipart/form-data") for kind in parts)


def test_where_json_is_taken_it_is_still_sent(spec: Spec) -> None:
    plan = make_plan(spec, spec.providers["skyengine"], [EDITOR], Tier.CORE)
    assert any(isinstance(orjson.loads(probe.body), dict) for probe in plan.probes if probe.buys)


def test_the_mock_takes_every_form(spec: Spec, mock_url: str, tmp_path: Path) -> None:
    provider = load_provider(BY_FORM)
    target = make_target(provider, f"{mock_url}/skyengine")
    done = run(spec, provider, target, make_plan(spec, provider, [EDITOR], Tier.CORE), tmp_path)
    broken = [
        (case["clause"], case["actual"]) for case in done.cases if case["status"] in ("fail", "warn", "error")
    ]
    assert broken == []
    assert done.end["counts"]["pass"] > 40
