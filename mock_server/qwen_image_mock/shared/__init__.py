"""One mock in several processes: what happened is kept in Redis, and every worker sees the same.

How it goes, and why:

- A mock that is alone never comes here. What needs to be remembered stands behind five small protocols
  (tasks, journal, counts, windows of rates, objects) whose methods are coroutines; those in memory never wait,
  so a request passes through them without the event loop, and the code of a request is written once.
- A request costs two round trips: one before it for what controls the mock (clock, pace, limits, faults: one
  small text, compared with the one seen last), one after it for the journal. Tasks, counted faults, rates and
  uploads add one or two where they are used.
- Requests that come together share these trips (`trips.py`). Nobody joins one that has begun: who waits for a
  reading knows that Redis was asked afterwards, and who waits for an entry to be kept that it is.
- A plain call with a seed costs one trip (`plain.py`): it is answered under the controls seen last, and the script
  that keeps its entry looks whether they still are the same. If not, nothing was kept and it begins anew.
- The journal holds texts that are put into words by whoever reads it (`record.py`). No key is in them.
- Nothing is locked. A count or a rate is one script in Redis; a task or the control text is read, changed here
  by the same code as in memory, and written only if it still is as it was read, else changed again.
- A request is journalled, and its task kept, before it is answered. Redis with `appendonly yes` has written
  both by then, so a killed worker or a restarted Redis loses nothing a client was told of.
- Nothing is tried twice behind a client's back: a write whose answer is lost may have happened. While Redis is
  away, requests are answered with the provider's own 503, and the mock's log and `/_mock/health` say why.
- Values are JSON. No pickles: who can write into the database cannot run code here.
"""

from __future__ import annotations

from qwen_image_mock.shared.connect import Shared, connect

__all__ = ["Shared", "connect"]
