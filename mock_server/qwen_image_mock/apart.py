"""Work that takes long, done in a thread: one for all of it.

Two threads that compute are no faster than one, because the interpreter does one thing at a time; but each makes
the event loop wait for its turn, and six of them keep other clients waiting for 80 ms instead of 5.
"""

from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, ParamSpec, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable

P = ParamSpec("P")
T = TypeVar("T")
_thread = ThreadPoolExecutor(1, "qwen-image-mock-apart")
"""Started by the first work it gets, so that processes may be forked before."""


async def apart(work: Callable[P, T], *given: P.args, **named: P.kwargs) -> T:
    """What `work` gives, done in the thread when those before are done. It must not wait for other such work."""
    return await asyncio.get_running_loop().run_in_executor(_thread, lambda: work(*given, **named))
