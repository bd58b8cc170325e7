"""A process that does nothing but serve a mock: the interpreter's pauses kept short."""

from __future__ import annotations

import gc
import sys

_SWITCH = 0.001
"""Seconds after which a thread that computes leaves the event loop its turn."""
_YOUNG, _MIDDLE, _OLD = 700, 5, 20_000
"""Half of Python's own for the middle, so that a search takes 2 ms; through everything it is made hardly ever."""


def tune() -> None:
    """Keep pauses short: of threads, and of the search for garbage.

    What is there already stays, so it is never searched again. Searching through all that is kept, 20,000 tasks
    for example, takes 20 ms and more, and finds nothing: requests leave no cycles behind that live so long.
    """
    sys.setswitchinterval(_SWITCH)
    gc.freeze()
    gc.set_threshold(_YOUNG, _MIDDLE, _OLD)
    gc.enable()
