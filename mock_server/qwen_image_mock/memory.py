"""What a mock remembers of requests when it is alone: all of it in this process, all of it bounded."""

from __future__ import annotations

from typing import TYPE_CHECKING

from qwen_image_mock.counts import MemoryCounts
from qwen_image_mock.journal import Journal
from qwen_image_mock.shelf import MemoryShelf
from qwen_image_mock.store import MemoryStore
from qwen_image_mock.windows import MemoryWindows

if TYPE_CHECKING:
    from qwen_image_mock.settings import Settings


class Memory:
    """Tasks, journal, counts, windows of rates, uploaded objects."""

    def __init__(self, settings: Settings) -> None:
        self.tasks = MemoryStore(settings.tasks)
        self.journal = Journal(settings.journal_entries, settings.journal_bytes)
        self.counts = MemoryCounts()
        self.windows = MemoryWindows()
        self.shelf = MemoryShelf(settings.uploads)

    def forget(self) -> None:
        """Forget everything."""
        self.tasks.forget()
        self.journal.clear()
        self.counts.forget()
        self.windows.forget()
        self.shelf.forget()
