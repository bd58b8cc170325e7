"""The time of the mock: the machine's, or one that a test freezes and steps."""

from __future__ import annotations

import time
from collections.abc import Sequence


class Clock:
    """Seconds since the epoch. `freeze` stops it, `step` moves it, `reset` gives the machine's time back."""

    def __init__(self) -> None:
        self._frozen: float | None = None
        self._offset = 0.0

    def now(self) -> float:
        """The time it is for the mock, in seconds since the epoch."""
        return time.time() + self._offset if self._frozen is None else self._frozen

    @property
    def frozen(self) -> bool:
        """Whether the clock stands still."""
        return self._frozen is not None

    def freeze(self, epoch: float | None = None) -> None:
        """Stand still at the given time, or at the present one."""
        self._frozen = self.now() if epoch is None else epoch

    def thaw(self) -> None:
        """Go on from where the clock stands."""
        if self._frozen is not None:
            self._offset = self._frozen - time.time()
            self._frozen = None

    def step(self, seconds: float) -> None:
        """Move forward (or back, when negative), frozen or not."""
        if self._frozen is None:
            self._offset += seconds
        else:
            self._frozen += seconds

    def reset(self) -> None:
        """Show the machine's time again."""
        self._frozen = None
        self._offset = 0.0

    def dump(self) -> tuple[float | None, float]:
        """How it stands, for `load`: the time it is frozen at, and what it is ahead of the machine's."""
        return self._frozen, self._offset

    def load(self, data: Sequence[float | None]) -> None:
        """Stand as another clock does, on a machine that may be another."""
        self._frozen, self._offset = data[0], data[1] or 0.0
