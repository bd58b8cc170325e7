"""pytest fixtures: a mock for the whole run, empty at the start of each test.

Imports nothing heavy until one is used.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator

    from qwen_image_mock.server import Mock


@pytest.fixture(scope="session")
def qwen_image_mock_server() -> Iterator[Mock]:
    """A mock on a free port, started once for the whole run."""
    from qwen_image_mock.server import serve  # only when a test wants it

    with serve() as mock:
        yield mock


@pytest.fixture
def qwen_image_mock(qwen_image_mock_server: Mock) -> Iterator[Mock]:
    """The run's mock, with journal, tasks, faults and clock as new."""
    qwen_image_mock_server.reset()
    yield qwen_image_mock_server
    qwen_image_mock_server.reset()


@pytest.fixture
def qwen_image_mock_isolated() -> Iterator[Mock]:
    """A mock of the test's own, on a free port: nothing is shared with other tests, not even the clock."""
    from qwen_image_mock.server import serve  # only when a test wants it

    with serve() as mock:
        yield mock


@pytest.fixture
def qwen_image_mock_url(qwen_image_mock: Mock) -> str:
    """The address of the run's mock, such as http://127.0.0.1:40123."""
    return qwen_image_mock.url
