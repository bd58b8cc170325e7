"""Servers and runs that tests of the suite share."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from defects.stage import Stage
from qwen_image_mock import Settings, create_app, serve
from qwen_image_spec import load
from qwen_image_spec.model import Spec


@pytest.fixture(scope="session")
def spec() -> Spec:
    return load()


@pytest.fixture(autouse=True)
def _no_key_of_the_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("QWEN_IMAGE_API_KEY", "OPENAI_API_KEY", "DASHSCOPE_API_KEY"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture(scope="session")
def stage() -> Stage:
    return Stage(create_app(Settings(seed=1, task_seconds=0.05)))


@pytest.fixture(scope="session")
def stage_url(stage: Stage) -> Iterator[str]:
    with serve(app=stage) as mock:
        yield mock.url


@pytest.fixture(scope="session")
def mock_url() -> Iterator[str]:
    with serve(app=create_app(Settings(seed=1, task_seconds=0.05))) as mock:
        yield mock.url
