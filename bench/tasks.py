"""Load test of the mock's tasks: submit many from many connections, poll each to its end, lose none.

    python bench/tasks.py [--tasks 10000] [--connections 64] [--seconds 1.0]

Starts a mock of its own. Prints the rates, the p50, p99 and maximum of a poll, and the server's memory;
exits 1 when a task was lost, was told twice, or did not end well.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import subprocess
import sys
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

ROOT = Path(__file__).resolve().parents[1]
SUBMIT = "/api/v1/services/aigc/text2image/image-synthesis"
ASYNC = "X-DashScope-Async: enable\r\n"
LIMIT = 300.0
PAUSE = 0.02


@dataclass
class Seen:
    """What all connections saw. Times in seconds."""

    submits: list[float] = field(default_factory=list)
    polls: list[float] = field(default_factory=list)
    ids: Counter[str] = field(default_factory=Counter)
    ended: Counter[str] = field(default_factory=Counter)
    prompts: Counter[str] = field(default_factory=Counter)


class Connection:
    """One kept-alive HTTP connection, as plain as it gets."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader, self._writer = reader, writer

    async def ask(self, method: str, path: str, body: Any = None, headers: str = "") -> Any:
        """Send a request and give the JSON of a 200."""
        content = b"" if body is None else json.dumps(body).encode()
        self._writer.write(
            f"{method} {path} HTTP/1.1\r\nHost: mock\r\nAuthorization: Bearer sk-bench\r\n{headers}"
            f"Content-Type: application/json\r\nContent-Length: {len(content)}\r\n\r\n".encode()
            + content
        )
        head = (await self._reader.readuntil(b"\r\n\r\n")).lower()
        length = int(head.split(b"content-length:")[1].split(b"\r\n")[0])
        answer = await self._reader.readexactly(length)
        if b" 200 " not in head.split(b"\r\n")[0]:
            raise SystemExit(f"{method} {path}: {head[:60]!r} {answer[:200]!r}")
        return json.loads(answer)

    def close(self) -> None:
        """Hang up."""
        self._writer.close()


async def work(host: str, port: int, numbers: range, seen: Seen) -> None:
    """Submit the tasks of these numbers, then poll them round and round until all have ended."""
    connection = Connection(*await asyncio.open_connection(host, port))
    waiting: dict[str, str] = {}
    for number in numbers:
        prompt = f"picture {number}"
        body = {
            "model": "qwen-image-plus",
            "input": {"prompt": prompt},
            "parameters": {"prompt_extend": False},
        }
        before = time.perf_counter()
        task = (await connection.ask("POST", SUBMIT, body, ASYNC))["output"]["task_id"]
        seen.submits.append(time.perf_counter() - before)
        seen.ids[task] += 1
        waiting[task] = prompt
    while waiting:
        for task in tuple(waiting):
            before = time.perf_counter()
            output = (await connection.ask("GET", f"/api/v1/tasks/{task}"))["output"]
            seen.polls.append(time.perf_counter() - before)
            if output["task_status"] in ("PENDING", "RUNNING"):
                continue
            seen.ended[output["task_status"]] += 1
            prompt = waiting.pop(task)
            if [result["orig_prompt"] for result in output.get("results", ())] == [prompt]:
                seen.prompts[prompt] += 1
        await asyncio.sleep(PAUSE)
    connection.close()


def memory(pid: int) -> tuple[float, float]:
    """The process's memory now and at most, in MiB; zeros where the system does not tell."""
    try:
        rows = dict(
            line.split(":", 1) for line in Path(f"/proc/{pid}/status").read_text().splitlines() if ":" in line
        )
        return tuple(int(rows[name].split()[0]) / 1024 for name in ("VmRSS", "VmHWM"))  # type: ignore[return-value] # two of them
    except (OSError, KeyError):
        return 0.0, 0.0


def part(values: list[float], share: float) -> float:
    """A quantile, in milliseconds."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(len(ordered) * share))] * 1000


async def run(url: str, pid: int, tasks: int, connections: int) -> bool:
    """Do it all, print what was seen; True when nothing was lost or told twice."""
    own = urlsplit(url)
    host, port, seen = own.hostname or "", own.port or 80, Seen()
    at_first = memory(pid)[0]
    before = time.perf_counter()
    shares = [range(start, tasks, connections) for start in range(connections)]
    await asyncio.wait_for(asyncio.gather(*(work(host, port, share, seen) for share in shares)), LIMIT)
    took = time.perf_counter() - before
    now, most = memory(pid)
    listed = (
        await Connection(*await asyncio.open_connection(host, port)).ask("GET", "/api/v1/tasks?page_size=1")
    )["total"]
    rate = (len(seen.polls) + tasks) / took
    print(f"{tasks} tasks, {connections} connections, {took:.1f} s, {rate:.0f} requests/s")
    print(f"submit   p50 {part(seen.submits, 0.5):.1f} ms, p99 {part(seen.submits, 0.99):.1f} ms")
    print(f"poll     p50 {part(seen.polls, 0.5):.1f} ms, p99 {part(seen.polls, 0.99):.1f} ms, "
          f"max {max(seen.polls) * 1000:.1f} ms, {len(seen.polls)} polls")  # fmt: skip
    print(f"memory   {at_first:.0f} MiB at first, {now:.0f} MiB at the end, {most:.0f} MiB at most")
    lost = tasks - len(seen.prompts)
    twice = sum(count - 1 for count in (*seen.ids.values(), *seen.prompts.values()))
    print(f"lost {lost}, told twice {twice}, ended {dict(seen.ended)}, listed {listed}")
    return lost == 0 and twice == 0 and seen.ended == {"SUCCEEDED": tasks} and listed == tasks


def main() -> None:
    """Start a mock, load it, stop it."""
    options = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    options.add_argument("--tasks", type=int, default=10_000)
    options.add_argument("--connections", type=int, default=64)
    options.add_argument("--seconds", type=float, default=1.0, help="how long a task takes")
    chosen = options.parse_args()
    places = os.pathsep.join(str(ROOT / name) for name in ("spec", "mock_server"))
    command = [
        sys.executable,
        "-m",
        "qwen_image_mock",
        "--port",
        "0",
        "--quiet",
        "--task-seconds",
        str(chosen.seconds),
    ]
    mock = subprocess.Popen(  # noqa: S603 # our own command
        command, stdout=subprocess.PIPE, text=True, env={**os.environ, "PYTHONPATH": places}
    )
    try:
        url = mock.stdout.readline().strip() if mock.stdout is not None else ""
        good = asyncio.run(run(url, mock.pid, chosen.tasks, chosen.connections))
    finally:
        mock.terminate()
        mock.wait(10)
    sys.exit(0 if good else 1)


if __name__ == "__main__":
    main()
