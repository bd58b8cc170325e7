"""The peers: installed from their own registries into `.peers/`, and how each is started."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

HERE = Path(__file__).parent
PLACE = HERE.parents[1] / ".peers"
MODULES = PLACE / "npm" / "node_modules"
PYTHON = PLACE / "py" / "bin" / "python"
CONFIG = PLACE / "config"


@dataclass(frozen=True)
class Peer:
    """Another server. `needs` is the program that runs it, `file` what must be there after installing."""

    name: str
    version: str
    needs: str
    file: Path
    command: tuple[str, ...]
    checks: str


def install() -> list[str]:
    """Install them all; gives what went wrong, as sentences."""
    wrong: list[str] = []
    npm = PLACE / "npm"
    npm.mkdir(parents=True, exist_ok=True)
    shutil.copy(HERE / "package.json", npm / "package.json")
    if shutil.which("npm") is None:
        wrong.append("npm is not on this machine")
    else:
        # Without install scripts: the archives have all that is needed, the Java programs included.
        quiet = ("--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error")
        wrong += _run("npm", "install", *quiet, folder=npm)
    if not PYTHON.exists():
        wrong += _run(sys.executable, "-m", "venv", str(PLACE / "py"))
    listed = ("--quiet", "--disable-pip-version-check", "-r", str(HERE / "requirements.txt"))
    wrong += _run(str(PYTHON), "-m", "pip", "install", *listed)
    return wrong


def _run(*command: str, folder: Path | None = None) -> list[str]:
    clean = {name: value for name, value in os.environ.items() if name != "PIP_CONSTRAINT"}
    done = subprocess.run(command, cwd=folder, env=clean, check=False, capture_output=True, text=True)  # noqa: S603 # ours
    last = (done.stderr.strip() or "no word").splitlines()[-1]
    return [] if done.returncode == 0 else [f"{Path(command[0]).name} {command[1]} failed: {last}"]


def peers(port: int) -> list[Peer]:
    """Every peer, with the command that starts it on a port."""
    jar = MODULES / "wiremock" / "build" / f"wiremock-standalone-{_version('wiremock')}.jar"
    server = (
        MODULES
        / "mockserver-node"
        / (f"mockserver-netty-{_version('mockserver-node')}-jar-with-dependencies.jar")
    )
    prism, mockoon = MODULES / ".bin" / "prism", MODULES / ".bin" / "mockoon-cli"
    aimock = MODULES / "@copilotkit" / "aimock" / "dist" / "cli.js"
    config, at = str(CONFIG), str(port)
    schema = "JSON Schema"
    return [
        Peer("aimock", _version("@copilotkit/aimock"), "node", aimock,
             ("node", str(aimock), "-p", at, "-f", f"{config}/aimock.json", "--log-level", "silent"),
             "that there is a prompt"),
        Peer("FastAPI + pydantic", _python_version("fastapi"), str(PYTHON), PYTHON,
             (str(PYTHON), str(HERE / "fastapi_app.py"), f"{config}/contract.json", at), "pydantic model"),
        Peer("WireMock", _version("wiremock"), "java", jar,
             ("java", "-jar", str(jar), "--port", at, "--root-dir", f"{config}/wiremock", "--disable-banner",
              "--max-request-journal-entries", "2000"), schema),
        Peer("MockServer", _version("mockserver-node"), "java", server,
             ("java", f"-Dmockserver.initializationJsonPath={config}/mockserver.json",
              "-Dmockserver.logLevel=WARN", "-jar", str(server), "-serverPort", at), schema),
        Peer("Prism", _version("@stoplight/prism-cli"), "node", prism,
             ("node", str(prism), "mock", "-h", "127.0.0.1", "-p", at, "-v", "silent",
              f"{config}/openapi.json"), "OpenAPI document"),
        Peer("Mockoon", _version("@mockoon/cli"), "node", mockoon,
             ("node", str(mockoon), "start", "--data", f"{config}/mockoon.json", "--port", at, "--hostname",
              "127.0.0.1", "--disable-log-to-file", "--disable-admin-api"), schema),
    ]  # fmt: skip


def _version(package: str) -> str:
    return str(json.loads((HERE / "package.json").read_text("utf-8"))["dependencies"][package])


def _python_version(package: str) -> str:
    lines = (HERE / "requirements.txt").read_text("utf-8").splitlines()
    return next(line.partition("==")[2] for line in lines if line.startswith(package))
