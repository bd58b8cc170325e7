"""Running Schemathesis with our checks, as a process of its own: its registries are global."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from tempfile import TemporaryDirectory

import orjson

from qwen_image_conformance.finding import Finding, Findings
from qwen_image_conformance.problems import UsageProblem
from qwen_image_conformance.target import Target
from qwen_image_spec.model import Provider, Spec
from qwen_image_spec.openapi import document

HOOKS = "qwen_image_conformance.schemathesis_hooks"
_KEY = "QWEN_IMAGE_FUZZ_KEY"
_RAN = (0, 1)


@dataclass
class Stock:
    """What a run of Schemathesis found: `findings` with our checks, `codes` its own names for what failed.

    `notes` say why nothing was run, or what went wrong.
    """

    findings: list[Finding] = field(default_factory=list)
    requests: int = 0
    notes: list[str] = field(default_factory=list)
    codes: frozenset[str] = frozenset()
    output: str = ""


def explore(
    spec: Spec,
    provider: Provider,
    target: Target,
    models: Sequence[str],
    max_examples: int,
    seed: int,
    reference: str = "",
) -> Stock:
    """Run Schemathesis on the generated OpenAPI document of some models, with our checks added to its own.

    It cannot keep a budget, so it is not run against a target that may charge. Raises UsageProblem when it
    cannot start.
    """
    if not target.local:
        return Stock(
            notes=[
                "Schemathesis was not run: it cannot keep a budget, and this target may charge for pictures"
            ]
        )
    name = (
        provider.id
        if provider.id in spec.providers and spec.providers[provider.id] is provider
        else reference
    )
    if not name:
        return Stock(notes=["Schemathesis was not run: it needs the file of your provider's document"])
    hooks = {
        "SCHEMATHESIS_HOOKS": HOOKS,
        "QWEN_IMAGE_PROVIDER": str(Path(name).resolve()) if name.endswith((".yaml", ".yml")) else name,
    }
    return run(only(provider, models), target, max_examples, seed, hooks, "--continue-on-failure")


def only(provider: Provider, models: Sequence[str]) -> Provider:
    """A provider with some of its models, and the endpoints that serve them or none in particular."""
    kept = {name: provider.models[name] for name in models}
    used = {endpoint for model in kept.values() for endpoint in model.endpoints}
    endpoints = {
        key: endpoint
        for key, endpoint in provider.endpoints.items()
        if key in used or endpoint.envelope == "none"
    }
    return replace(provider, models=kept, endpoints=endpoints, families={})


def run(
    provider: Provider,
    target: Target,
    max_examples: int,
    seed: int,
    environment: dict[str, str],
    *options: str,
) -> Stock:
    """Run Schemathesis in a folder that is thrown away. The key stands in the environment only."""
    with TemporaryDirectory(prefix="qwen-image-schemathesis-") as folder:
        here = Path(folder)
        (here / "openapi.json").write_bytes(orjson.dumps(document(provider)))
        (here / "schemathesis.toml").write_text(
            f'headers = {{ Authorization = "Bearer ${{{_KEY}}}" }}\n', "utf-8"
        )
        command = [
            sys.executable,
            "-m",
            "schemathesis.cli",
            "run",
            "openapi.json",
            "--url",
            target.url,
            "-n",
            str(max_examples),
            "--seed",
            str(seed),
            "--generation-database",
            "none",
            "--no-color",
            "--report",
            "json",
            "--report-json-path",
            "report.json",
            *options,
        ]
        whole = {
            **os.environ,
            "PYTHONPATH": os.pathsep.join(path for path in sys.path if path),
            _KEY: target.key,
            "QWEN_IMAGE_FINDINGS": str(here / "findings.jsonl"),
            **environment,
        }
        ended = subprocess.run(command, cwd=here, env=whole, capture_output=True, text=True, check=False)  # noqa: S603 # our own interpreter
        if ended.returncode not in _RAN or not (here / "report.json").exists():
            raise UsageProblem(
                f"Schemathesis did not run: {(ended.stderr or ended.stdout).strip()[-400:]}",
                "pip install 'schemathesis>=4.10'",
            )
        return _read(here, seed, ended.stdout)


def _read(folder: Path, seed: int, output: str) -> Stock:
    report = orjson.loads((folder / "report.json").read_bytes())
    path = folder / "findings.jsonl"
    found = Findings()
    for line in path.read_bytes().splitlines() if path.exists() else ():
        found.add(Finding(**{**orjson.loads(line), "seed": seed}))
    notes = [f"Schemathesis: {error['title']} ({error['count']})" for error in report["errors"]]
    codes = frozenset(str(failure["code"]) for failure in report["failures"])
    return Stock(list(found), report["test_cases"]["generated"], notes, codes, output)
