"""The gateways that are tried: how each is installed into `.gateways/`, started on the loopback, and stopped."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.error import HTTPError, URLError
from urllib.request import Request, urlopen

ROOT = Path(__file__).resolve().parent.parent
HOME = ROOT / ".gateways"
GATEWAYS = ROOT / "gateways"
_PATIENCE = 120.0
_LITELLM = "1.106.2"
# Without it a request without a key ends in a traceback, though no database is used.
_PRISMA = "prisma==0.15.0"
_PORTKEY = "1.15.2"


class NotInstalled(Exception):
    """A gateway that cannot be had here; the text says why."""


@dataclass(frozen=True)
class Product:
    """One gateway. `install` makes it ready and gives its version; `command` starts it; `ready` answers once it runs.

    `port` is where it listens when nobody else does; `key` is what its clients show it.
    """

    name: str
    title: str
    port: int
    key: str
    ready: str
    install: Callable[[], str]
    command: Callable[[int, str], list[str]]
    environment: Callable[[str], Mapping[str, str]] = lambda _upstream: {}


def free(port: int) -> int:
    """The port, or any other when it is taken."""
    for wanted in (port, 0):
        with closing(socket.socket()) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", wanted))
            except OSError:
                continue
            return int(probe.getsockname()[1])
    raise OSError("no port is free")


@contextmanager
def started(product: Product, upstream: str) -> Iterator[str]:
    """The address of a gateway that runs as long as the block. What it prints goes to `.gateways/NAME.log`."""
    port = free(product.port)
    url = f"http://127.0.0.1:{port}"
    command = product.command(port, upstream)
    environment = {**os.environ, **product.environment(upstream)}
    with (HOME / f"{product.name}.log").open("wb") as log:
        process = subprocess.Popen(  # noqa: S603 # our own command
            command, stdout=log, stderr=log, env=environment, cwd=HOME, start_new_session=True
        )
        try:
            _wait(process, url + product.ready, HOME / f"{product.name}.log")
            yield url
        finally:
            _stop(process)


def _wait(process: subprocess.Popen[bytes], url: str, log: Path) -> None:
    end = time.monotonic() + _PATIENCE
    while time.monotonic() < end:
        if process.poll() is not None:
            break
        try:
            urlopen(Request(url), timeout=2).read()  # noqa: S310 # our own server
        except HTTPError:
            return
        except (URLError, OSError):
            time.sleep(0.2)
        else:
            return
    tail = log.read_text("utf-8", "replace")[-2000:]
    raise NotInstalled(f"it does not answer at {url}:\n{tail}")


def _stop(process: subprocess.Popen[bytes]) -> None:
    """End the process and what it started: it leads a session of its own."""
    for number in (signal.SIGTERM, signal.SIGKILL):
        try:
            os.killpg(process.pid, number)
            process.wait(10)
        except ProcessLookupError:
            return
        except subprocess.TimeoutExpired:
            continue
        else:
            return


def _ran(command: list[str], folder: Path = HOME) -> str:
    try:
        done = subprocess.run(command, check=True, capture_output=True, text=True, cwd=folder)  # noqa: S603 # commands of our own list
    except (OSError, subprocess.CalledProcessError) as error:
        said = getattr(error, "stderr", "") or str(error)
        raise NotInstalled(f"{' '.join(command[:3])}: {said.strip()[-300:]}") from error
    return (done.stdout + done.stderr).strip()


def _nginx() -> str:
    """The nginx of this machine, else the package of its distribution, unpacked and not installed."""
    found = shutil.which("nginx")
    unpacked = HOME / "nginx" / "usr" / "sbin" / "nginx"
    if found is None and not unpacked.exists():
        _ran(["apt-get", "download", "nginx"])
        for package in HOME.glob("nginx_*.deb"):
            _ran(["dpkg", "-x", str(package), str(HOME / "nginx")])
            package.unlink()
    return _ran([found or str(unpacked), "-v"]).rpartition("/")[2]


def _nginx_command(port: int, upstream: str) -> list[str]:
    work = HOME / "nginx-work"
    work.mkdir(exist_ok=True)
    text = (GATEWAYS / "nginx" / "nginx.conf").read_text("utf-8")
    for name, value in (("WORK", str(work)), ("PORT", str(port)), ("UPSTREAM", upstream)):
        text = text.replace(f"@{name}@", value)
    (work / "nginx.conf").write_text(text, "utf-8")
    binary = shutil.which("nginx") or str(HOME / "nginx" / "usr" / "sbin" / "nginx")
    return [binary, "-p", str(work), "-c", str(work / "nginx.conf"), "-e", "stderr"]


def _litellm() -> str:
    folder = HOME / "litellm"
    if not (folder / "bin" / "litellm").exists():
        _ran([sys.executable, "-m", "venv", str(folder)])
        _ran([str(folder / "bin" / "pip"), "install", "--quiet", f"litellm[proxy]=={_LITELLM}", _PRISMA])
    shown = _ran([str(folder / "bin" / "pip"), "show", "litellm"])
    return next(line.partition(": ")[2] for line in shown.splitlines() if line.startswith("Version"))


def _litellm_command(port: int, _upstream: str) -> list[str]:
    config = str(GATEWAYS / "litellm" / "config.yaml")
    binary = str(HOME / "litellm" / "bin" / "litellm")
    return [binary, "--config", config, "--host", "127.0.0.1", "--port", str(port)]


def _litellm_environment(upstream: str) -> dict[str, str]:
    native = f"{upstream}/api/v1"
    return {
        "LITELLM_LOCAL_MODEL_COST_MAP": "True",
        "UPSTREAM_OPENAI": f"{upstream}/v1",
        "UPSTREAM_EDITS": f"{upstream}/skyengine/v1",
        "UPSTREAM_NATIVE": upstream,
        "UPSTREAM_NATIVE_IMAGES": f"{native}/services/aigc/multimodal-generation/generation",
    }


def _portkey() -> str:
    folder = HOME / "portkey"
    script = folder / "node_modules" / "@portkey-ai" / "gateway" / "build" / "start-server.js"
    if not script.exists():
        folder.mkdir(exist_ok=True)
        shutil.copy(GATEWAYS / "portkey" / "package.json", folder)
        _ran(["npm", "install", "--silent", "--no-fund", "--no-audit", "--ignore-scripts"], folder)
    return _PORTKEY


def _portkey_command(port: int, _upstream: str) -> list[str]:
    script = "portkey/node_modules/@portkey-ai/gateway/build/start-server.js"
    return ["node", str(HOME / script), f"--port={port}", "--headless"]


PRODUCTS = {
    product.name: product
    for product in (
        Product("nginx", "nginx", 8080, "sk-upstream", "/", _nginx, _nginx_command),
        Product(
            "portkey", "Portkey AI Gateway", 8787, "sk-upstream", "/", _portkey, _portkey_command
        ),
        Product(
            "litellm", "LiteLLM proxy", 4000, "sk-gateway", "/health/liveliness",
            _litellm, _litellm_command, _litellm_environment,
        ),
    )
}  # fmt: skip
