"""Ten minutes of everything at once: no task may be lost, no answer be wrong, the memory stays flat.

    python bench/soak.py [--seconds 600] [--connections 64] [--workers 1 --store redis://...] [--page docs]

Starts a mock of its own. 64 users with a key each generate, edit, upload, submit, poll, cancel, list and fetch;
one in a hundred asks for a fault; sixteen more connections send half a request and hang. Exits 1 when a task was
lost, an answer was wrong or the memory grew by more than an eighth after the first third.
"""

from __future__ import annotations

import argparse
import asyncio
import statistics
import sys
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

sys.path.insert(0, str(Path(__file__).parent))
from process import Server, python_server
from soak_page import page
from soak_stories import Seen, User

HANGING = 16
SHORT = 300.0
FULL_SOON = ["--keep-tasks", "1500", "--keep-uploads", "300", "--journal-limit", "2"]
"""For a short run: what is kept reaches its bounds within the first third, so that growth after it is a leak."""
GROWTH = 1.125
SLACK = 4.0
"""Megabytes of growth that are no growth: one picture more in a cache."""


@dataclass(frozen=True)
class Sample:
    """What was measured over a while: seconds since the start, answers a second, milliseconds, megabytes."""

    at: float
    rate: float
    middle: float
    late: float
    memory: float
    cores: float


async def hang(host: str, port: int, until: float) -> None:
    """Send half a request, wait until the server hangs up, and again."""
    loop = asyncio.get_running_loop()
    while loop.time() < until:
        reader, writer = await asyncio.open_connection(host, port)
        writer.write(b"POST /v1/images/generations HTTP/1.1\r\nHost: mock\r\nContent-Length: 99\r\n\r\n{")
        with suppress(OSError, TimeoutError):
            await asyncio.wait_for(reader.read(1), max(0.0, until - loop.time()))
        writer.close()


async def measure(server: Server, seen: Seen, every: float, until: float) -> list[Sample]:
    """Look at the server and at what was seen, every so many seconds."""
    loop = asyncio.get_running_loop()
    begin, samples = loop.time(), []
    last, used = begin, server.cpu()
    while loop.time() < until:
        await asyncio.sleep(min(every, max(0.0, until - loop.time())))
        now, cpu = loop.time(), server.cpu()
        times = sorted(seen.times)
        seen.times.clear()
        if times and now - last > every / 2:
            late = times[min(int(len(times) * 0.99), len(times) - 1)]
            middle = statistics.median(times)
            span = now - last
            samples.append(
                Sample(
                    now - begin,
                    len(times) / span,
                    middle * 1000,
                    late * 1000,
                    server.memory(),
                    (cpu - used) / span,
                )
            )
        last, used = now, cpu
    return samples


async def soak(server: Server, seconds: float, connections: int) -> tuple[Seen, list[Sample]]:
    """Let all users work for so long."""
    parts = urlsplit(server.url)
    host, port = parts.hostname or "", parts.port or 0
    seen = Seen()
    until = asyncio.get_running_loop().time() + seconds
    users = [User(host, port, number, seen).work(until) for number in range(connections)]
    rude = [hang(host, port, until) for _ in range(HANGING)]
    samples, *_ = await asyncio.gather(measure(server, seen, max(1.0, seconds / 120), until), *users, *rude)
    return seen, samples


def verdict(seen: Seen, samples: list[Sample]) -> list[str]:
    """What is wrong, in sentences."""
    found = [f"wrong: {text}" for text in seen.wrong[:20]]
    if len(seen.wrong) > len(found):
        found.append(f"and {len(seen.wrong) - len(found)} more wrong answers")
    if seen.submitted != seen.ended.total():
        found.append(f"{seen.submitted - seen.ended.total()} tasks did not end")
    third = len(samples) // 3
    early, late = samples[third : 2 * third], samples[-max(1, third // 2) :]
    before = statistics.median(sample.memory for sample in early or samples)
    after = statistics.median(sample.memory for sample in late)
    if after > before * GROWTH + SLACK:
        found.append(f"the memory grew from {before:.0f} to {after:.0f} MB")
    return found


def main() -> None:
    """Run it and print what came of it."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--seconds", type=float, default=600)
    parser.add_argument("--connections", type=int, default=64)
    parser.add_argument("--workers", type=int, default=1)
    parser.add_argument("--store", default="")
    parser.add_argument("--page", type=Path, help="write soak.md and soak.svg into this folder")
    chosen = parser.parse_args()
    if chosen.page is not None:
        chosen.page.mkdir(parents=True, exist_ok=True)  # before the ten minutes, not after
    options = ["--task-seconds", "0.3", "--header-seconds", "5", "--body-seconds", "5", "--seed", "1"]
    if chosen.seconds < SHORT:
        options += FULL_SOON
    if chosen.store:
        options += ["--store", chosen.store, "--workers", str(chosen.workers)]
    with python_server("-m", "qwen_image_mock", "--port", "0", "--quiet", *options) as server:
        begin = time.perf_counter()
        seen, samples = asyncio.run(soak(server, chosen.seconds, chosen.connections))
        took = time.perf_counter() - begin
    problems = verdict(seen, samples)
    text, plot = page(seen, samples, problems, chosen.connections, HANGING, took)
    print(text)
    if chosen.page is not None:
        (chosen.page / "soak.md").write_text(text, "utf-8")
        (chosen.page / "soak.svg").write_text(plot, "utf-8")
    sys.exit(bool(problems))


if __name__ == "__main__":
    main()
