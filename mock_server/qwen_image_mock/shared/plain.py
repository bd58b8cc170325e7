"""Plain calls when others share what is known: answered first, kept then, and sent when they are kept.

A call of the beaten way (`beaten.py`) asks nothing of the store but whether the controls still are those it was
answered under. The script that keeps its entry looks at them in the same step, so one trip does for both. When
they are others, nothing was kept, and the call goes the usual way as if nothing had been.
"""

from __future__ import annotations

import asyncio
import sys
import traceback
from functools import partial
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol, cast

from qwen_image_mock.admission import Admission
from qwen_image_mock.beaten import Beaten
from qwen_image_mock.plans import Plans
from qwen_image_mock.shared.control import KEY
from qwen_image_mock.shared.journal import AT_ONCE, CALLS, keys_of
from qwen_image_mock.shared.record import Writer
from qwen_image_mock.shared.scripts import NOTE_UNDER
from qwen_image_mock.shared.trips import Trips

if TYPE_CHECKING:
    from qwen_image_mock.heads import Head
    from qwen_image_mock.plans import Settled
    from qwen_image_mock.shared.connection import Connection
    from qwen_image_mock.shared.control import Control
    from qwen_image_mock.state import State
    from qwen_image_spec.model import Model

Json = Any


class Answered(NamedTuple):
    """A call with its answer of 200, not yet kept: `text` is its entry, `seen` the controls it was made under."""

    identity: str
    content: bytes
    model: Model
    text: bytes
    seen: bytes


class Asking(Protocol):
    """Who has an answer that waits to be kept."""

    def kept(self) -> None:
        """It is kept."""

    def overtaken(self) -> None:
        """It is not: the controls are others."""

    def lost(self, problem: Exception) -> None:
        """Nobody knows: the store is away."""


class _Unnumbered(Exception):  # an outcome, not a mistake
    """A call without a seed: its number among those is the store's to give."""


class _Alone:
    """The state as the beaten way sees it: that of a mock alone, whose journal is the next text."""

    shared = None

    def __init__(self, state: State) -> None:
        self.settings, self.limits, self.faults = state.settings, state.limits, state.faults
        self.clock, self.addresses = state.clock, state.addresses
        self.uuid = state.randomness.uuid
        self.randomness = self.journal = self
        self.last: tuple[str, float, Head, bytes, bytes, Settled, int] | None = None

    def brief(
        self, identity: str, now: float, head: Head, body: bytes, content: bytes, settled: Settled, seed: int
    ) -> None:
        """Take down what a mock alone would keep."""
        self.last = identity, now, head, body, content, settled, seed

    def derived_seed(self, _caller: str) -> int:
        """None: it depends on what other workers were asked."""
        raise _Unnumbered


class Plain(Beaten):
    """The beaten way with a store. It never answers at once."""

    def __init__(self, state: State, connection: Connection, control: Control) -> None:
        self._alone = alone = _Alone(state)
        super().__init__(cast("State", alone), Admission(state.providers), Plans())
        self._connection = connection
        self._control = control
        self._bounds = state.settings.journal_entries, state.settings.journal_bytes
        self._writer = Writer()
        self._trips: Trips[tuple[Answered, Asking]] = Trips(self._note, AT_ONCE)

    def answer(self, _head: Head, _body: bytes) -> None:
        """Nothing: no call is answered before it is kept."""
        return

    def answered(self, head: Head, body: bytes) -> Answered | None:
        """A call with its answer, to be kept with `keep` in the same turn; None when it has to go the usual way."""
        seen = self._control.seen
        try:
            made = super().answer(head, body) if seen else None
        except _Unnumbered:
            return None
        except Exception:  # noqa: BLE001 # a bug of the beaten way: the usual one answers
            traceback.print_exc(file=sys.stderr)
            return None
        last = self._alone.last
        if made is None or last is None:
            return None
        identity, now, head, body, content, settled, seed = last
        text = self._writer.brief(identity, now, head, body, content, settled.plan.model, seed)
        return None if text is None else Answered(identity, content, settled.plan.model, text, seen)

    def keep(self, answered: Answered, asking: Asking) -> None:
        """Keep a call with the next trip, and tell who asks."""
        self._trips.send((answered, asking), partial(_told, asking))

    async def _note(self, going: list[tuple[Answered, Asking]]) -> None:
        """Keep those that were answered under the same controls as the last."""
        seen = going[-1][0].seen
        texts = [answered.text for answered, _ in going if answered.seen == seen]
        kept = await self._connection.run(NOTE_UNDER, [*keys_of(CALLS), KEY], *self._bounds, seen, *texts)
        soon = asyncio.get_running_loop().call_soon
        for answered, asking in going:
            soon(asking.kept if kept and answered.seen == seen else asking.overtaken)


def _told(asking: Asking, problem: Exception | None) -> None:
    if problem is not None:
        asyncio.get_running_loop().call_soon(asking.lost, problem)
