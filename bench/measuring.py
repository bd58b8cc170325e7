"""One figure: requests per second of server CPU."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from load import Figures, Requests, load

if TYPE_CHECKING:
    from process import Server

CONNECTIONS = (1, 16, 64)
WARM_UP = 0.3
"""Seconds of load before each figure."""


def measure(
    running: Server, asked: Requests | bytes, status: int, seconds: float, connections: int
) -> tuple[float, Figures]:
    """Requests per second of server CPU, and what the client saw. Exits when an answer was wrong."""
    load(running.url, asked, seconds=WARM_UP, connections=connections, status=status)
    before = running.cpu()
    figures = load(running.url, asked, seconds=seconds, connections=connections, status=status)
    used = running.cpu() - before
    if figures.wrong or not figures.answers:
        sys.exit(f"{figures.wrong} wrong answers of {figures.answers}: {running.process.args!r}")
    return figures.answers / used, figures
