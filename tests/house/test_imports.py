"""Data flows one way: spec <- mock_server, spec <- conformance. Start-up imports nothing heavy."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PACKAGES = {
    "qwen_image_spec": ROOT / "spec" / "qwen_image_spec",
    "qwen_image_mock": ROOT / "mock_server" / "qwen_image_mock",
    "qwen_image_conformance": ROOT / "conformance" / "qwen_image_conformance",
}
ALLOWED = {
    "qwen_image_spec": {"qwen_image_spec"},
    "qwen_image_mock": {"qwen_image_mock", "qwen_image_spec"},
    "qwen_image_conformance": {"qwen_image_conformance", "qwen_image_spec"},
}
HEAVY = ("hypothesis", "schemathesis", "pytest", "jsonschema", "rich", "PIL", "httpx", "openai", "dashscope")


def imported(path: Path) -> set[str]:
    """The top-level names a module imports, wherever the import stands."""
    names: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            names |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module and node.level == 0:
            names.add(node.module.split(".")[0])
    return names


@pytest.mark.parametrize("package", list(PACKAGES))
def test_a_package_imports_only_what_lies_upstream(package: str) -> None:
    files = list(PACKAGES[package].rglob("*.py"))
    assert files
    wrong = {
        str(path.relative_to(ROOT)): found
        for path in files
        if (found := (imported(path) & set(PACKAGES)) - ALLOWED[package])
    }
    assert wrong == {}


def test_the_check_sees_an_import_in_the_wrong_direction(tmp_path: Path) -> None:
    module = tmp_path / "module.py"
    module.write_text(
        "def late():\n    from qwen_image_mock.app import create_app\n    return create_app\n", "utf-8"
    )
    assert imported(module) & set(PACKAGES) == {"qwen_image_mock"}


@pytest.mark.parametrize(
    "module",
    ["qwen_image_mock.app", "qwen_image_mock.server", "qwen_image_spec", "qwen_image_mock.pytest_plugin"],
)
def test_importing_the_mock_imports_nothing_heavy(module: str) -> None:
    allowed = {"pytest"} if module.endswith("plugin") else set()
    code = f"import sys, {module}; print(' '.join(name for name in {HEAVY!r} if name in sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert set(done.stdout.split()) - allowed == set()


def test_no_model_name_stands_in_code_but_in_examples_of_docstrings() -> None:
    found = [
        f"{path.relative_to(ROOT)}: {text[:60]}"
        for package in PACKAGES.values()
        for path in package.rglob("*.py")
        for text in _texts(path)
        if _names_a_model(text)
    ]
    assert found == []


def _texts(path: Path) -> list[str]:
    """The string literals of a module, but for its docstrings."""
    tree = ast.parse(path.read_text("utf-8"))
    scopes = (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)
    docstrings = {
        id(node.body[0].value)
        for node in ast.walk(tree)
        if isinstance(node, scopes) and node.body and isinstance(node.body[0], ast.Expr)
    }
    return [
        node.value
        for node in ast.walk(tree)
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in docstrings
    ]


def _names_a_model(text: str) -> bool:
    from qwen_image_spec import load

    words = set(text.replace('"', " ").replace("'", " ").split())
    return any(
        word in model_ids
        for provider in load().providers.values()
        for model_ids in [provider.models]
        for word in words
        if word != "qwen-image"
    )


def test_files_stay_small() -> None:
    sizes = sorted(
        len(path.read_text("utf-8").splitlines())
        for package in PACKAGES.values()
        for path in package.rglob("*.py")
    )
    assert sizes[len(sizes) // 2] < 150
    assert sizes[-1] <= 400
