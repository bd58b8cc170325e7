"""What `make demo` shows: the mock conforms for every provider, a broken gateway does not, and why."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
BROKEN = ("n-clamped", "parameters-object-lost")
SHOWN = "dieyuyun"


def main() -> int:
    """Run the demo; 0 when everything came out as it should."""
    from qwen_image_spec import load  # the interpreter of the virtual environment has it

    os.chdir(ROOT)
    out = Path("runs") / "demo"
    shutil.rmtree(out, ignore_errors=True)
    with _server([sys.executable, "-m", "qwen_image_mock", "--port", "0", "--quiet"]) as url:
        print(f"The mock serves every provider at {url}. Is it what the documents say?\n", flush=True)
        good = [
            _suite(name, f"{url}/{name}", out / name, "--report", "line")
            for name in load().providers
            if name != SHOWN
        ]
        print(f"\n--- the whole report for one of them: {SHOWN} ---", flush=True)
        good.append(_suite(SHOWN, f"{url}/{SHOWN}", out / SHOWN))
    print(
        f"\n--- the same suite against a gateway with two real-world bugs: {', '.join(BROKEN)} ---",
        flush=True,
    )
    with _server([sys.executable, str(ROOT / "tests" / "defects" / "serve.py"), *BROKEN]) as url:
        broken = _suite(SHOWN, f"{url}/{SHOWN}", out / "broken", "--model", "qwen-image-2.0*")
    print(
        f"\nThe mock: exit code 0 for {good.count(0)} of {len(good)} providers. The broken gateway: exit code {broken}."
    )
    return 0 if set(good) == {0} and broken == 1 else 1


@contextmanager
def _server(command: list[str]) -> Iterator[str]:
    """A server as a subprocess; gives its address, which is the first line it prints."""
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)  # noqa: S603 # our own commands
    try:
        assert process.stdout is not None  # noqa: S101 # piped above
        url = process.stdout.readline().strip()
        if not url:
            sys.exit(f"the server did not start: {' '.join(command)}")
        yield url
    finally:
        process.terminate()
        process.wait(10)


def _suite(provider: str, url: str, out: Path, *more: str) -> int:
    environment = {**os.environ, "QWEN_IMAGE_API_KEY": "sk-demo"}
    command = [
        sys.executable,
        "-m",
        "qwen_image_conformance",
        "run",
        "--provider",
        provider,
        "--url",
        url,
        "--out",
        str(out),
        *more,
    ]
    return subprocess.call(command, env=environment)  # noqa: S603 # our own command


if __name__ == "__main__":
    sys.exit(main())
