"""The order of simulated faults: one at a time, and none before the target has recovered from the last."""

from __future__ import annotations

import time
from collections.abc import Callable, Container, Iterator, Sequence

from qwen_image_conformance.exchange import Exchange
from qwen_image_conformance.probe import Probe
from qwen_image_conformance.upstream.faults import healthy

PAUSES = (0.0, 0.5, 1.0, 2.0, 4.0, 8.0, 16.0)
"""Seconds before each plain request that shows whether the target has recovered."""
Place = tuple[str, str]
Ask = Callable[[Probe], Exchange | None]


def trials(
    faults: Sequence[Probe],
    ask: Ask,
    served: Container[Place],
    quiet_gap: float,
    progress: Callable[[int, Probe], None],
) -> Iterator[Exchange]:
    """Ask for every fault, and for a plain request after each that ended in an error.

    Models and operations that are not `served` are left out, and from a target that does not recover nothing more is
    asked. `quiet_gap` is the pause after an error, in seconds.
    """
    sick: set[Place] = set()
    for index, probe in enumerate(faults):
        place = (probe.model, probe.operation)
        progress(index, probe)
        if place in sick or place not in served:
            continue
        exchange = ask(probe)
        if exchange is None:
            continue
        yield exchange
        if _good(exchange):
            continue
        time.sleep(quiet_gap)
        for attempt, pause in enumerate(PAUSES):
            time.sleep(pause)
            after = ask(healthy(probe, attempt))
            if after is not None:
                yield after
                if _good(after):
                    break
        else:
            sick.add(place)


def _good(exchange: Exchange) -> bool:
    return 200 <= exchange.received.status < 300 and not exchange.received.error
