"""What the proxy adds: the same request direct to the mock and through the proxy, in turns, over loopback.

One connection each, kept alive. The goal is an added median under 2 ms, as the median of all
rounds. Each round has new processes.
"""

from __future__ import annotations

import argparse
import http.client
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

import orjson

from qwen_image_spec import load as load_spec

GOAL = 2.0
HEADERS = {"authorization": "Bearer sk-bench", "content-type": "application/json"}
PROXY = (
    "import sys; from pathlib import Path; from qwen_image_conformance.proxy import Options, serve; "
    "sys.exit(serve(Options(sys.argv[1], sys.argv[2], port=0, out=Path(sys.argv[3]), fail_on='never')))"
)


@contextmanager
def started(*command: str) -> Iterator[str]:
    """A server as a subprocess; its first line is its address."""
    process = subprocess.Popen([sys.executable, *command], stdout=subprocess.PIPE, text=True)  # noqa: S603 # ours
    try:
        assert process.stdout is not None  # noqa: S101 # piped above
        yield process.stdout.readline().strip()
    finally:
        process.terminate()
        process.communicate(timeout=60)


def asked(b64: bool) -> tuple[str, str, bytes]:  # one of two
    """The provider, the path and the body of the request."""
    provider = load_spec().providers["dieyuyun"]
    model = provider.models[next(iter(provider.models))]
    size = next(iter(sorted(model.params["size"].base.grants[0].presets))).spell("x")
    body = {"model": model.id, "prompt": "一幅中国山水画,烟雨朦胧,远山如黛", "size": size, "n": 1}
    if b64:
        body["response_format"] = "b64_json"
    return provider.id, provider.endpoints["generations"].path, orjson.dumps(body)


class Connection:
    """A kept connection on which the same request is sent again and again."""

    def __init__(self, url: str, path: str, body: bytes) -> None:
        place = urlsplit(url)
        self.connection = http.client.HTTPConnection(place.hostname or "", place.port)
        self.path, self.body = place.path + path, body
        self.times: list[float] = []

    def once(self) -> None:
        """Send the request and take the time until the whole answer is there, in milliseconds."""
        begin = time.perf_counter()
        self.connection.request("POST", self.path, self.body, HEADERS)
        answer = self.connection.getresponse()
        answer.read()
        self.times.append((time.perf_counter() - begin) * 1000)
        if answer.status != 200:
            sys.exit(f"status {answer.status}")

    def spread(self) -> tuple[float, float]:
        """Median and 99th percentile, the first tenth left out."""
        warm = sorted(self.times[len(self.times) // 10 :])
        return statistics.median(warm), warm[int(len(warm) * 0.99)]


def measure(requests: int, *, b64: bool) -> tuple[tuple[float, float], tuple[float, float]]:
    """Direct and through: median and p99 in milliseconds."""
    provider, path, body = asked(b64)
    mock = ("-m", "qwen_image_mock", "--port", "0", "--quiet")
    with tempfile.TemporaryDirectory() as folder, started(*mock) as url:
        upstream = f"{url}/{provider}"
        with started("-c", PROXY, provider, upstream, str(Path(folder) / "run")) as proxy:
            direct, through = Connection(upstream, path, body), Connection(proxy, path, body)
            for index in range(requests):
                for one in (direct, through) if index % 2 else (through, direct):
                    one.once()
            return direct.spread(), through.spread()


def main() -> None:
    """Measure and print; ends with 1 when the goal is missed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--requests", type=int, default=1500)
    options = parser.parse_args()
    print(
        f"{'answer':<8} {'direct ms: median p99':>24} {'through: median p99':>22} {'added: median p99':>20}"
    )
    middle = 0.0
    for name, b64, share in (("url", False, 1), ("b64", True, 10)):
        added: list[float] = []
        for _ in range(options.rounds):
            direct, through = measure(options.requests // share, b64=b64)
            added.append(through[0] - direct[0])
            print(
                f"{name:<8} {direct[0]:>16.2f} {direct[1]:>7.2f} {through[0]:>14.2f} {through[1]:>7.2f} "
                f"{through[0] - direct[0]:>12.2f} {through[1] - direct[1]:>7.2f}"
            )
        if name == "url":
            middle = statistics.median(added)
    print(f"added, median of {options.rounds} rounds: {middle:.2f} ms (goal: under {GOAL:g} ms)")
    sys.exit(middle >= GOAL)


if __name__ == "__main__":
    main()
