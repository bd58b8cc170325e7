"""Pictures: downloads of large ones, sizes never drawn before, and how long each keeps the server busy."""

from __future__ import annotations

import statistics
import time
from collections.abc import Iterator
from urllib.parse import urlsplit
from urllib.request import Request, urlopen

import orjson
from asked import KEY, NATIVE, PROMPT
from figures import spread, table
from load import load, message
from process import Server

from qwen_image_spec import load as load_spec
from qwen_image_spec.size import literal

WARM = ("2048x2048", "4096x4096")
COLD = 30


def post(url: str, path: str, body: object, headers: dict[str, str] | None = None) -> bytes:
    """The answer to a request."""
    request = Request(f"{url}{path}", orjson.dumps(body), headers or KEY)  # noqa: S310 # loopback
    with urlopen(request, timeout=30) as answer:  # noqa: S310 # loopback
        return bytes(answer.read())


def get(url: str) -> bytes:
    """What stands at an address."""
    with urlopen(url, timeout=30) as answer:  # noqa: S310 # loopback
        return bytes(answer.read())


def addresses(url: str, sizes: Iterator[str] | tuple[str, ...]) -> Iterator[str]:
    """Addresses of pictures of these sizes, from a model that takes any size up to the largest of WARM."""
    provider = load_spec().providers[NATIVE]
    largest = literal(WARM[-1])
    endpoint, model = next(
        (provider.endpoints[place], model)
        for model in provider.models.values()
        for place in model.endpoints
        if provider.endpoints[place].envelope == "messages"
        and provider.endpoints[place].asynchronous != "required"
        and any(grant.free and grant.flaw(largest) is None for grant in model.params["size"].base.grants)
    )
    path = f"/{NATIVE}{endpoint.path}"
    content = [{"role": "user", "content": [{"text": PROMPT}]}]
    for size in sizes:
        parameters = {"size": size.replace("x", "*"), "watermark": True, "n": 1}
        answer = post(
            url, path, {"model": model.id, "input": {"messages": content}, "parameters": parameters}
        )
        yield orjson.loads(answer)["output"]["choices"][0]["message"]["content"][0]["image"]


def new_sizes(round_: int) -> Iterator[str]:
    """Sizes that nothing else asks for: about 4096x4096, other ones each round."""
    for number in range(COLD):
        yield f"{4094 - 2 * number}x{4095 - 2 * round_}"


def downloads(running: Server, seconds: float, round_: int, found: dict[str, list[float]]) -> None:
    """Add this round's figures: milliseconds of server CPU, milliseconds of waiting, and kilobytes."""
    for size, address in zip(WARM, addresses(running.url, WARM), strict=True):
        place = urlsplit(address)
        request = message("GET", f"{place.path}?{place.query}")
        found.setdefault(f"{size}, kB", []).append(len(get(address)) / 1000)
        before = running.cpu()
        figures = load(running.url, request, seconds=seconds, connections=1)
        found.setdefault(f"{size}, CPU ms", []).append((running.cpu() - before) / figures.answers * 1000)
        found.setdefault(f"{size}, ms", []).append(figures.percentile(0.5))
    get(next(addresses(running.url, new_sizes(-1))))
    busy, waited = [], []
    for address in addresses(running.url, new_sizes(round_)):
        before, begin = running.cpu(), time.perf_counter()
        get(address)
        waited.append((time.perf_counter() - begin) * 1000)
        busy.append((running.cpu() - before) * 1000)
    found.setdefault("new size near 4096x4096, CPU ms", []).append(statistics.median(busy))
    found.setdefault("new size near 4096x4096, longest, CPU ms", []).append(max(busy))
    found.setdefault("new size near 4096x4096, ms", []).append(statistics.median(waited))


def told(found: dict[str, list[float]]) -> str:
    """The figures as a table."""
    return table(("download", "median (min to max)"), [(name, spread(row)) for name, row in found.items()])
