"""Where the limits of a target are, by halving what lies between a value that is taken and one that is not.

Everything is recorded as in a run, so that learning reads it from the evidence. Only the order of what is accepted is
of interest here, so pictures are not fetched.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import orjson

from qwen_image_conformance.budget import Budget
from qwen_image_conformance.client import Client
from qwen_image_conformance.evidence import Recorder, Recording
from qwen_image_conformance.exchange import Delivered, Received
from qwen_image_conformance.execute import Before, Executor
from qwen_image_conformance.found import items
from qwen_image_conformance.learn import BARE
from qwen_image_conformance.learn_reading import delivered, taken
from qwen_image_conformance.learn_sizes import familiar_sizes
from qwen_image_conformance.probe import Tier, accepted
from qwen_image_conformance.problems import Stop
from qwen_image_conformance.prompts import PLAIN
from qwen_image_conformance.seen import Seen
from qwen_image_conformance.target import Target
from qwen_image_conformance.ways import Way, ways
from qwen_image_spec.model import Model, Provider, Spec
from qwen_image_spec.size import Size

_LARGEST_SIDE = 9999
_SMALLEST_SIDE = 16
_MOST_PICTURES = 64
_ARBITRARY = (Size(1000, 1000), Size(777, 1111))
_COMMON = (Size(1024, 1024), Size(1328, 1328), Size(1280, 1280), Size(768, 768), Size(512, 512))
Tell = Callable[[str], None]
Shape = Callable[[int], Size]


class _Quick(Executor):
    """An executor that fetches no pictures and waits for no task, unless a model refuses only in the task."""

    waits = False

    def _polls(self, received: Received) -> Iterator[Received]:
        return super()._polls(received) if self.waits else iter(())

    def _pictures(self, answer: Received, *, tamper: bool) -> Iterator[Delivered]:  # noqa: ARG002 # its parent's signature
        for item in items(_json(answer.body)):
            if not item.failed:
                yield Delivered(url=item.url or "", inline=item.b64 is not None)


class Explorer:
    """Asks one thing after the other and keeps the evidence in the folder of the run."""

    def __init__(
        self, spec: Spec, provider: Provider, target: Target, folder: Path, budget: Budget, tell: Tell
    ) -> None:
        self.spec, self.provider, self.tell, self.budget = spec, provider, tell, budget
        before = Before({exchange.probe: exchange for exchange in Recording(folder).exchanges})
        self._client = Client(target, budget)
        self._recorder = Recorder(folder, {}, target.key, resume=True)
        self._executor = _Quick(provider, self._client, self._recorder, before, first_pause=0.05)

    def explore(self, models: tuple[str, ...]) -> Stop | None:
        """Ask for every model; gives what ended it early."""
        try:
            for name in models:
                model = self.provider.models[name]
                way = next(iter(ways(self.provider, model)), None)
                if way is not None:
                    self._executor.waits = model.validates == "task"
                    self._counts(model, way)
                    self._sizes(model, way)
        except Stop as stop:
            return stop
        finally:
            self._client.close()
            self._recorder.close({"images": self.budget.spent}, whole=True)
        return None

    def _send(self, model: Model, way: Way, name: str, value: object) -> Seen | None:
        probe = accepted(
            self.provider,
            model,
            way.operation,
            way.endpoint,
            way.request(model, PLAIN, **{name: value}),
            f"{BARE}{name}-{value}",
            (),
            Tier.FULL,
        )
        self.tell(f"{model.id} {name} {value}")
        found = next(iter(self._executor.run((probe,), lambda *_: None)), None)
        if found is None:
            return None
        self._executor.before.done[probe.id] = found  # asked once, and numbers go on from here
        return Seen(self.spec, self.provider, found, lambda _: b"")

    def _counts(self, model: Model, way: Way) -> None:
        """From the documented maximum on, twice as many until it is too much; then halving."""
        param = model.params.get("n")
        if param is None or param.base.range is None or not param.base.supported.value:
            return

        def takes(count: int) -> bool:
            seen = self._send(model, way, "n", count)
            return seen is not None and taken(seen) and delivered(seen) in (count, 0)

        low, high = param.base.range.value
        if takes(high):
            top = _doubled(high, _MOST_PICTURES, takes)
            _halved(*top, takes)
        elif low < high:
            _halved(low, high, takes)
        takes(low - 1)

    def _sizes(self, model: Model, way: Way) -> None:
        """Sizes that some document lists; and where any size is taken, how far that goes in each direction."""
        param = model.params.get("size")
        if param is None or not param.base.grants or not param.base.supported.value:
            return
        grants = param.base.grants
        for name in dict.fromkeys(name for grant in grants for name in grant.tokens):
            self._send(model, way, "size", name)
        if any(grant.tokens or grant.when for grant in grants):
            return

        def takes(size: Size) -> bool:
            seen = self._send(model, way, "size", size.spell(param.separator))
            return seen is not None and taken(seen)

        if not any(grant.free for grant in grants):
            for size in sorted(familiar_sizes(self.spec)):
                takes(size)
        start = next((size for size in (*_ARBITRARY, *_COMMON) if takes(size)), None)
        if start is None or (start not in _ARBITRARY and not any(grant.free for grant in grants)):
            return
        for shape in (
            lambda side: Size(side, side),
            lambda side: Size(side, start.height),
            lambda side: Size(start.width, side),
            lambda side: Size(side, start.height * 3 // 5),  # tells a bound of a side from one of the ratio
        ):
            _extent(shape, start, takes)


def _extent(shape: Shape, start: Size, takes: Callable[[Size], bool]) -> None:
    """How far one side goes, up and down, while the rest of the shape follows it or stays."""
    middle = min(start.width, start.height)
    if not takes(shape(middle)):
        return
    if not takes(shape(_LARGEST_SIDE)):
        _halved(middle, _LARGEST_SIDE, lambda side: takes(shape(side)))
    if not takes(shape(_SMALLEST_SIDE)):
        _halved(_SMALLEST_SIDE, middle, lambda side: not takes(shape(side)))


def _doubled(low: int, most: int, takes: Callable[[int], bool]) -> tuple[int, int]:
    """The last number that was taken and the first that was not, doubling; both `most` when there is none."""
    if not takes(low + 1):
        return low, low + 1
    low += 1
    while low < most:
        high = min(low * 2, most)
        if not takes(high):
            return low, high
        low = high
    return most, most


def _halved(low: int, high: int, holds: Callable[[int], bool]) -> None:
    """Ask between a number for which something holds and a higher one for which it does not, until they are neighbours."""
    while high - low > 1:
        middle = (low + high) // 2
        if holds(middle):
            low = middle
        else:
            high = middle


def _json(body: bytes) -> object:
    try:
        return orjson.loads(body)
    except orjson.JSONDecodeError:
        return None
