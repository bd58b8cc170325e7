"""Real gateways in front of the mock, each held to a contract by both ends: `python tools/gateways.py [NAME[/ROUTE] ...]`.

`make gateways` runs all of them. A gateway is installed into `.gateways/` and started on the loopback; every route has a
description of its own, `gateways/NAME/ROUTE.toml`. Results go to `runs/gateways/`, the matrix to docs/gateways/README.md
when every route was run. With --replay the curl command of every finding is run again, too. With --full the full tier is
run, for a model or more, and the matrix stays. The exit code is 0 unless a run could not be made: findings are what is
looked for.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
import tomllib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

from gateways_matrix import Row, write
from gateways_products import GATEWAYS, HOME, PRODUCTS, ROOT, NotInstalled, Product, free, started
from gateways_replay import replay, told

MOCK_PORT = 8000
RUNS = Path("runs") / "gateways"
REPLAY, FULL = "--replay", "--full"
SUITE = [sys.executable, "-m", "qwen_image_conformance"]
REPORTED = ("litellm", "portkey")


def main(names: Sequence[str]) -> int:
    """Run the routes named, all without any."""
    os.chdir(ROOT)
    HOME.mkdir(exist_ok=True)
    routes = [path for path in sorted(GATEWAYS.glob("*/*.toml")) if _chosen(path, names)]
    if not routes:
        known = ", ".join(f"{path.parent.name}/{path.stem}" for path in sorted(GATEWAYS.glob("*/*.toml")))
        print(f"no such gateway; known: {known}", file=sys.stderr)
        return 2
    rows: list[Row] = []
    for name in dict.fromkeys(path.parent.name for path in routes):
        own = [path for path in routes if path.parent.name == name]
        rows += _tried(PRODUCTS[name], own)
    whole = len(routes) == len(list(GATEWAYS.glob("*/*.toml")))
    if whole and FULL not in sys.argv:
        write(ROOT / "docs" / "gateways" / "README.md", rows)
    return 1 if any(row.exit_code not in (0, 1) for row in rows) else 0


def _chosen(path: Path, names: Sequence[str]) -> bool:
    return not names or path.parent.name in names or f"{path.parent.name}/{path.stem}" in names


def _tried(product: Product, routes: Sequence[Path]) -> list[Row]:
    """The rows of one gateway; a gateway that cannot be had here is told and left out."""
    try:
        version = product.install()
        rows = []
        for route in routes:
            with _mock() as upstream, started(product, upstream) as url:
                rows.append(_held(product, version, route, url, upstream))
    except NotInstalled as reason:
        print(f"{product.title}: not available here: {reason}", flush=True)
        return [
            Row(product.title, "", path.stem, "", 2, why=str(reason).partition("\n")[0]) for path in routes
        ]
    return rows


def _held(product: Product, version: str, route: Path, url: str, upstream: str) -> Row:
    """One run of the suite; a gateway and a mock of its own for each, so that no run sees what another left."""
    data = tomllib.loads(route.read_text("utf-8"))
    out = RUNS / f"{product.name}-{route.stem}{'-full' if FULL in sys.argv else ''}"
    shutil.rmtree(out, ignore_errors=True)
    address = url + urlsplit(data["url"]).path
    environment = {**os.environ, "QWEN_IMAGE_API_KEY": product.key}
    begin = time.monotonic()
    code = subprocess.call(  # noqa: S603 # our own command
        [*SUITE, "run", "--config", str(_here(route, upstream)), "--provider", _provider(route, data["provider"]),
         "--url", address, "--journal", upstream,
         "--out", str(out), "--report", "line", "--quiet", *(["--tier", "full"] if FULL in sys.argv else [])],
        env=environment,
    )  # fmt: skip
    print(f"{product.title} {version}, {route.stem}: exit code {code}", flush=True)
    if REPLAY in sys.argv and _ended(code, out):
        print(told(replay(out, environment)), flush=True)
    if not _ended(code, out):
        return Row(
            product.title, version, route.stem, data["provider"], max(code, 2), why=f"exit code {code}"
        )
    if product.name in REPORTED and FULL not in sys.argv:
        _report(out, ROOT / "docs" / "gateways" / f"{product.name}-{route.stem}.md")
    events = [json.loads(line) for line in (out / "result.jsonl").read_text("utf-8").splitlines()]
    cases = tuple(event for event in events if event["event"] == "case")
    seconds = time.monotonic() - begin
    return Row(
        product.title, version, route.stem, Path(data["provider"]).stem, code, cases, events[-1], seconds
    )


def _ended(code: int, out: Path) -> bool:
    """Whether a run came to its end: the interpreter's own failures have exit code 1, too."""
    return code in (0, 1) and (out / "result.jsonl").exists()


def _here(route: Path, upstream: str) -> Path:
    """The route's description with the address of the mock that runs now, where another port than usual had to be taken."""
    file = RUNS / f"{route.parent.name}-{route.stem}.toml"
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(route.read_text("utf-8").replace(f"http://127.0.0.1:{MOCK_PORT}", upstream), "utf-8")
    return file


def _provider(route: Path, name: str) -> str:
    """A provider by name, or the path of its document as seen from here."""
    file = route.parent / name
    return str(file.resolve().relative_to(ROOT)) if file.is_file() else name


def _report(out: Path, file: Path) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    command = [*SUITE, "report", str(out), "--format", "markdown", "--out", str(file)]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)  # noqa: S603 # our own command


@contextmanager
def _mock() -> Iterator[str]:
    """A mock as the upstream. It is seeded, so that two runs see the same pictures."""
    command = [sys.executable, "-m", "qwen_image_mock", "--quiet", "--seed", "1", "--task-seconds", "0.2"]
    process = subprocess.Popen(  # noqa: S603 # our own command
        [*command, "--port", str(free(MOCK_PORT))], stdout=subprocess.PIPE, text=True
    )
    try:
        url = process.stdout.readline().strip() if process.stdout is not None else ""
        if not url.startswith("http"):
            sys.exit("the mock did not start")
        yield url
    finally:
        process.terminate()
        process.wait(10)


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # so that what was started is stopped
    sys.exit(main([name for name in sys.argv[1:] if name not in (REPLAY, FULL)]))
